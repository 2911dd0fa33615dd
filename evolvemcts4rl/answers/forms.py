"""One written form of an answer taken apart: name, body and unit ("x = 5 cm" → x, 5, cm)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import re2

from evolvemcts4rl.answers.groups import is_list
from evolvemcts4rl.answers.number_words import read_number_words
from evolvemcts4rl.answers.spelling import FUNCTIONS, even_out

MAX_LENGTH = 1000  # longer texts are no final answers: they are compared as they stand

WORDS_IN_FORMULAS = FUNCTIONS | {"lim", "max", "min", "mod", "det", "inf"}
VARIABLE = r"(?:[A-Za-z]|\\[a-z]+|\\(?:vec|hat|bar)\s*\{\w\})(?:_(?:\{\w+\}|\w))?'*(?:\([\w, ]+\))?"
NAME = (
    rf"{VARIABLE}(?: ?: ?{VARIABLE})?"  # x, \theta, x_1, f(x), P(A), A:B
    r"|(?:\\(?:angle|triangle|overline|overrightarrow)\s*)?\{?[A-Z]{2,4}\}?"  # AB, \angle ABC
    r"|\\angle\s*[A-Z]"
    r"|\|[A-Z]{1,2}\||\\frac\{[A-Z]{2}\}\{[A-Z]{2}\}"  # |AB|, AB/CD
    r"|(?:[A-Za-z]{3,} ?)+"  # the total area
    r"|\((?: ?[a-z],?){2,4}\)"  # (x, y)
)
CHOICE = r"(?i)(?:(?:option|choice|answer)\s+|选项?|答案\s*[是为选]?)?\(?([A-Z])\)?[.:]?"
CHOICE_WITH_VALUE = (
    r"(?:\(([A-J])\)|([A-J])[).:]\s)\s*([^-+*/^=<>,)\\({\s].*|\\frac.*|\\sqrt.*|\\\$.*)"
)

THOUSANDS = r"-?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?"
INTEGER_OR_DECIMAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
MIXED_FRACTION = r"([+-]?)(\d*)\\frac\{([+-]?\d+)\}\{([+-]?\d+)\}"
SLASHED_FRACTION = r"([+-]?\d+|\([+-]?\d+\))/(\d+|\(\d+\))"
SCIENTIFIC = r"([+-]?\d+(?:\.\d+)?)(?:\\(?:times|cdot)\s*10\^\{?|[eE])([+-]?\d{1,3})\}?"
RECURRING = r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar|dot)\{(\d+)\}"

# Spellings of known units: where both answers have one of these, it must be the same one.
UNITS = {
    spelling: line.split()[0]
    for line in """mm millimeter millimetre 毫米;cm centimeter centimetre 厘米;dm decimeter 分米
        m meter metre 米;km kilometer kilometre 千米 公里
        in inch inches;ft foot feet;yd yard;mi mile;mg milligram;g gram 克
        kg kilogram 千克 公斤;lb lbs pound;oz ounce;t ton tonne 吨
        s sec second 秒;min minute 分钟;h hr hour 小时
        day 天;week;month 个月;year yr 年;ml milliliter millilitre;L l liter litre;gal gallon
        cup;$ ¤ usd dollar 美元;元 yuan rmb 块;¢ cent
        € eur euro;£ gbp;¥ yen;₹ rupee rs;% percent pct;° degree deg;rad radian;°C;°F;K kelvin;mph
        J joule;N newton;W watt;V volt;Hz hertz;Pa pascal;mol mole
        am a.m midnight;pm p.m noon;m/s;km/h kmh kph
        ft/s;unit""".replace("\n", ";").split(";")
    if line.strip()
    for spelling in line.split()
}
MAGNITUDES = {
    **{"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6},
    **{"mill": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"百": 100, "千": 10**3, "万": 10**4, "亿": 10**8},
}
NOT_COUNTED = frozenset("半多几余十百千万亿分之点")  # 2个半 is more than 2
SYNONYMS = {
    "DNE": "does not exist",
    **dict.fromkeys(["no solution", "no solutions", "no real solution"], r"\emptyset"),
    **dict.fromkeys(["no real solutions", "empty set", "the empty set", "无解"], r"\emptyset"),
}
UNIT_TAIL = (
    r"(.*(?:[\d})!]|\\pi|\\infty))(\s*)((?:°\s*[CF]|[%°$€£¥₹¢¤]"
    r"|[A-Za-z][A-Za-z .\-/]*(?:\^\{?[23]\}?)?(?: ?/ ?[a-z]+)?"
    r"|\p{Han}{1,6}))\.?"
)
CURRENCY_HEAD = r"([+-]?)\s*(?:US|U\.S\.)?\s*(¤|€|£|¥|₹|USD|Rs\.?)\s*([\d.(\\-][^¤€£¥₹]*)"
BASE_TAIL = r"([+-]?\d[\dA-Fa-f]*(?:\.\d+)?)_(\d+|\{\d+\})"
CLOCK = r"0?(\d{1,2}):([0-5]\d)(?::[0-5]\d)?"
RATIO = r"\d+(?:\.\d+)?(?::\d+(?:\.\d+)?)+"
SET_BUILDER = (  # {x | x > 2}
    r"\\\{ ?([a-z])(?: ?\\in ?\\mathbb ?\{ ?R ?\})? ?(?:\\mid|:|\\?\||\\vert)"
    r" ?([^{}]*(?:<|>|\\le |\\ge ).*)\\\}"
)
DEGREES = r"(\d+(?:\.\d+)?|\b[a-z]|\\[a-z]+) ?°"
ANGLE_FUNCTIONS = r"\\(?:sin|cos|tan|cot|sec|csc)\b"
DATE = r"(\d{4})([-/])0?(\d{1,2})[-/]0?(\d{1,2})|0?(\d{1,2})/0?(\d{1,2})/(\d{4})"
# Ranges, scores and letters such as IV or BA look like formulas, but nobody computes them.
UNCOMPUTED = r"\d+(?:\.\d+)?-\d+(?:\.\d+)?|[A-Z]{2,}"


@dataclass(frozen=True)
class Form:
    """A written form, `name` = `body` `unit`, and its exact value where the body is a number."""

    name: str
    body: str
    unit: str
    number: Fraction | None = None
    is_text: bool = False  # no formula: compared letter by letter

    @property
    def text(self) -> str:
        """The canonical text: two texts are equal only where their values are."""
        gap = "" if not self.unit or self.unit.startswith("_") else " "
        return self.equation + gap + self.unit

    @property
    def equation(self) -> str:
        """The form without its unit."""
        return f"{self.name}={self.body}" if self.name else self.body

    @property
    def is_clock(self) -> bool:
        """Whether the body may be a time of day, such as 12:30; it may be a ratio, too."""
        return bool(_fullmatch(CLOCK, self.body))

    @property
    def ratio(self) -> list[Fraction]:
        """Return the members of a ratio such as 1:2:3; empty for all else."""
        return list(map(Fraction, self.body.split(":"))) if _fullmatch(RATIO, self.body) else []

    @property
    def known_unit(self) -> str:
        """The unit, where it is a base or a known unit; empty for counted things (12 apples)."""
        base = self.unit.split("^")[0].split("/")[0]
        return self.unit if base in UNITS.values() or self.unit.startswith("_") else ""


@lru_cache(maxsize=16_384)  # a reference answer is met again at each of its rollouts
def read_form(text: str) -> Form:
    """Take a written answer of at most MAX_LENGTH characters apart."""
    name, body = _split_name(even_out(text))
    if builder := _fullmatch(SET_BUILDER, body):
        body = builder[2].strip()
    body, unit = _split_unit(read_number_words(body))
    if _fullmatch(THOUSANDS, body):
        body = body.replace(",", "").replace(" ", "")
    if opaque := _read_opaque(body):
        return Form(_tighten(name), opaque, unit, None, is_text=True)
    is_text = looks_like_words(body)
    body = _even_words(body) if is_text else _tighten(body)
    return Form(_tighten(name), body, unit, None if is_text else read_number(body), is_text)


@cache
def _compile(pattern: str) -> Any:
    return re2.compile(pattern)


def _fullmatch(pattern: str, text: str) -> Any:
    return _compile(pattern).fullmatch(text)


def _even_words(body: str) -> str:
    words = body.casefold().strip("\"'")
    return SYNONYMS.get(words, words)


def _read_opaque(body: str) -> str:
    """Return the one spelling of a date, a range, a score or letters; empty for all else."""
    tight = _tighten(body)
    if body in SYNONYMS:
        return SYNONYMS[body]
    if date := _fullmatch(DATE, tight):
        return "/".join(part for part in date.groups() if part and part not in "-/")
    return tight if _fullmatch(UNCOMPUTED, tight) else ""


def _tighten(body: str) -> str:
    """Drop the spaces that do not separate two words or two numbers."""
    tight = ""
    for part in body.split():
        before, after = tight[-1:], part[0]
        parts_words = _is_plain_letter(before) and _is_plain_letter(after)
        tight += (" " if parts_words and not (before.isdigit() and after.isalpha()) else "") + part
    return str(_compile(r"(^|[^\d.])\.(\d)").sub(r"\g<1>0.\2", tight))


def _is_plain_letter(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _split_name(text: str) -> tuple[str, str]:
    if letter := _fullmatch(CHOICE, text):
        return "", letter[1].upper() if len(text) > 1 else text
    if choice := _fullmatch(CHOICE_WITH_VALUE, text):
        return f"({choice[1] or choice[2]})", choice[3]
    name, sign, members = text.partition(r"\in ")
    if sign and _fullmatch(NAME, name.strip()):
        return name.strip(), members.strip()
    sides = list(_sides(text))
    if len(sides) == 1 or (len(sides) > 2 and is_list(text)) or not all(sides):
        return "", text
    if _fullmatch(NAME, sides[0]):
        return sides[0], sides[-1]  # x = 5, and x = 2 + 3 = 5
    if _fullmatch(NAME, sides[-1]):
        return sides[-1], sides[0]  # 5 = x
    return ("", sides[-1]) if _is_computation(sides) else ("", text)


def _sides(text: str) -> Iterator[str]:
    """Yield what stands between the equals signs, without those below a sum or of !=, := and ==."""
    depth = start = 0
    for place, character in enumerate(text):
        depth += (character in "{([") - (character in "})]")
        if character == "=" and depth <= 0:
            if (
                text[place - 1 : place] in ("!", ":", "<", ">", "\\")
                or text[place + 1 :][:1] == "="
            ):
                break
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _is_computation(sides: list[str]) -> bool:
    """Return whether all sides are one number (2 + 3 = 5); 10 = 12 is a false relation."""
    if _compile(r"[a-zA-Z<>!,]").search("".join(sides).replace("\\frac", "")):
        return False
    numbers = [number for side in sides if (number := read_number(_tighten(side))) is not None]
    return len(set(numbers)) <= 1


def _split_unit(body: str) -> tuple[str, str]:
    unit = ""
    if money := _fullmatch(CURRENCY_HEAD, body):
        body, unit = money[1] + money[3], UNITS[money[2].lower().rstrip(".")]
    if base := _fullmatch(BASE_TAIL, body):
        return base[1], "_" + base[2].strip("{}")
    if not (tail := _fullmatch(UNIT_TAIL, body)):
        return body, unit
    value, words = tail[1].strip(), tail[3].strip()
    if len(words) == 1 and any(f"\\{name}" in value for name in FUNCTIONS):
        return body, unit  # \sin^2 t has no tons
    factor, words = _split_magnitude(words)
    if factor > 1:
        value = _multiply(value, factor)
    found = _read_unit(words, bool(tail[2]), _is_plain(value)) if words else ""
    if found in ("am", "pm") and (clock := _fullmatch(CLOCK, value)):
        value = clock[1] if clock[2] == "00" else f"{clock[1]}:{clock[2]}"
    if words and not found:
        return (f"{value} {words}", unit) if factor > 1 else (body, unit)
    return value, unit or found


def _split_magnitude(words: str) -> tuple[int, str]:
    """Return the factor that the first words spell ("hundred million dollars"), and the rest."""
    factor = 1
    while words and words[0] in MAGNITUDES and words not in UNITS:  # 亿元, but 千米 is a kilometre
        factor, words = factor * MAGNITUDES[words[0]], words[1:].lstrip()
    rest = words.split(" ")
    while rest and (size := MAGNITUDES.get(rest[0].lower().removesuffix("s"))):
        factor, rest = factor * size, rest[1:]
    return factor, " ".join(rest).removeprefix("of ")


def _multiply(value: str, factor: int) -> str:
    number = read_number(
        _tighten(value.replace(",", "") if _fullmatch(THOUSANDS, value) else value)
    )
    if number is None:
        return rf"({value})\cdot {factor}"
    number *= factor
    below = number.denominator
    return str(number) if below == 1 else rf"\frac{{{number.numerator}}}{{{below}}}"


def _is_plain(body: str) -> bool:
    return bool(_fullmatch(THOUSANDS, body)) or read_number(_tighten(body)) is not None


def _read_unit(tail: str, spaced: bool, counted: bool) -> str:
    """Return the unit that letters spell; empty where none: 5m is five times m, 5 m a length."""
    power, stem = "", tail
    for dimension, spellings in (("^2", ("square", "sq.", "sq")), ("^3", ("cubic", "cu.", "cu"))):
        for spelling in spellings:
            if not power and stem.startswith(spelling + " "):
                stem, power = stem.removeprefix(spelling + " "), dimension
    if raised := _fullmatch(r"(.*?) ?\^\{?([23])\}?", stem):
        stem, power = raised[1], f"^{raised[2]}"
    stem = stem.replace("° ", "°").replace(" per ", "/").replace(" / ", "/").rstrip(".")
    known = [_known_spelling(part.strip()) for part in stem.split("/")]
    if all(known) and (spaced or len(stem) > 1 or not _is_plain_letter(stem)):
        return "/".join(known) + power
    is_words = counted and _fullmatch(r"[A-Za-z]{3,}(?:[ -][A-Za-z]+)*|\p{Han}+", tail)
    if not NOT_COUNTED.isdisjoint(tail):
        return ""
    if is_words and WORDS_IN_FORMULAS.isdisjoint(tail.split()):
        return tail.lower().removesuffix("s")
    return ""


def _known_spelling(word: str) -> str:
    for spelling in (word, word.lower(), word.lower().removesuffix("s")):
        if spelling in UNITS and (len(word) > 1 or spelling == word):
            return UNITS[spelling]
    return ""


def read_number(body: str) -> Fraction | None:
    r"""Return the exact value of a number; None for other formulas.

    Numbers are integers, decimals, fractions and mixed numbers of integers, and a × 10^n.
    A decimal may recur: 0.1\overline{6} is a sixth.
    """
    if _fullmatch(INTEGER_OR_DECIMAL, body):
        return Fraction(body)
    if power := _fullmatch(SCIENTIFIC, body):
        return Fraction(power[1]) * Fraction(10) ** int(power[2])
    if recurring := _fullmatch(RECURRING, body):
        sign, whole, start, cycle = recurring.groups()
        ninths = 10 ** len(start) * (10 ** len(cycle) - 1)
        value = Fraction(int(start + cycle) - int(start or 0), ninths)
        return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
    if found := _fullmatch(MIXED_FRACTION, body):
        sign, whole, above, below = found.groups()
    elif found := _fullmatch(SLASHED_FRACTION, body):
        sign, whole, above, below = "", "", found[1].strip("()"), found[2].strip("()")
    if not found or int(below) == 0 or (whole and above.startswith(("+", "-"))):
        return None
    return (-1 if sign == "-" else 1) * (int(whole or 0) + Fraction(int(above), int(below)))


def in_radians(formula: str) -> str:
    """Return a formula with the degrees of its angles as radians: the tangent of 45° is 1."""
    if not _compile(ANGLE_FUNCTIONS).search(formula):
        return formula
    return str(_compile(DEGREES).sub(r"(\\frac{\1\\pi}{180})", formula))


def looks_like_words(body: str) -> bool:
    """Return whether an answer is in words: as formulas, evil and live would be one product."""
    runs = _letter_runs(_compile(r"\\[a-zA-Z]+").sub(" ", body))
    is_word = [
        (len(run) >= 3 and run.lower() not in WORDS_IN_FORMULAS) or not run.isascii()
        for run in runs
    ]
    return (any(is_word) and "\\begin" not in body) or body.lower() == "no"


def _letter_runs(text: str) -> list[str]:
    return "".join(c if c.isalpha() else " " for c in text).split()
