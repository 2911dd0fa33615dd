"""Numbers in digits: integers, decimals, fractions and powers of ten, read exactly."""

from __future__ import annotations

from fractions import Fraction

from evolvemcts4rl.answers.patterns import compiled, fullmatch

THOUSANDS = r"-?[1-9]\d{0,2}(?:[, ]\d{3})+(?:\.\d+)?"
INTEGER_OR_DECIMAL = r"[+-]?\d+(?:\.\d*)?"
MIXED_FRACTION = r"([+-]?)(\d*)\\frac\{([+-]?\d+)\}\{([+-]?\d+)\}"
SLASHED_FRACTION = r"([+-]?\d+|\([+-]?\d+\))/(\d+|\(\d+\))"
SCIENTIFIC = r"([+-]?\d+(?:\.\d+)?)(?:\\(?:times|cdot)\s*10\^\{?|[eE])([+-]?\d{1,3})\}?"
RECURRING = r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar|dot)\{(\d+)\}"


def read_number(body: str) -> Fraction | None:
    r"""Return the exact value of a number; None for other formulas.

    Numbers are integers, decimals, fractions and mixed numbers of integers, and a × 10^n.
    A decimal may recur: 0.1\overline{6} is a sixth.
    """
    if fullmatch(INTEGER_OR_DECIMAL, body):
        return Fraction(body)
    if power := fullmatch(SCIENTIFIC, body):
        return Fraction(power[1]) * Fraction(10) ** int(power[2])
    if recurring := fullmatch(RECURRING, body):
        sign, whole, start, cycle = recurring.groups()
        ninths = 10 ** len(start) * (10 ** len(cycle) - 1)
        value = Fraction(int(start + cycle) - int(start or 0), ninths)
        return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
    if found := fullmatch(MIXED_FRACTION, body):
        sign, whole, above, below = found.groups()
    elif found := fullmatch(SLASHED_FRACTION, body):
        sign, whole, above, below = "", "", found[1].strip("()"), found[2].strip("()")
    if not found or int(below) == 0 or (whole and above.startswith(("+", "-"))):
        return None
    return (-1 if sign == "-" else 1) * (int(whole or 0) + Fraction(int(above), int(below)))


def tighten(body: str) -> str:
    """Return a body with only those spaces that part two words or two numbers."""
    tight = ""
    for part in body.split():
        before, after = tight[-1:], part[0]
        parts_words = is_plain_letter(before) and is_plain_letter(after)
        tight += (" " if parts_words and not (before.isdigit() and after.isalpha()) else "") + part
    return str(compiled(r"(^|[^\d.])\.(\d)").sub(r"\g<1>0.\2", tight))


def is_plain_letter(character: str) -> bool:
    """Return whether a character is a letter or digit in ASCII."""
    return character.isascii() and character.isalnum()
