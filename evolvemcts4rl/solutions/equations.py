"""Equations in numbers that a step states: are they true?

A witness of steps that costs no tokens. Only what can be read without guessing is checked: both
sides numbers, operators and brackets, at least one operator, and nothing beside them that could
change their meaning ("of", a variable, another number). Rounded values, running equalities (3 + 4 =
7 · 2 = 14) and different units are left alone. Exact arithmetic, linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

MAX_DIGITS = 15  # of a number that is read
MAX_TERMS = 40  # of a side
MAX_POWER = 12

# Words beside an expression that may be part of what is calculated.
_PART_OF_IT = frozenset(
    """
    of times plus minus by per percent than to from half twice double triple third
    quarter over divided multiplied sum difference product ratio mod modulo remainder
    and or between every each least most about approximately nearly almost roughly
    around sqrt log ln sin cos tan frac text power square squared cubed root base
    """.split()  # noqa: SIM905
)
_SIGNS = {
    "×": "*", "⋅": "*", "·": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "≤": "≤", "≥": "≥",
    "=": "=", "<": "<", ">": ">",
    "+": "+", "-": "-", "*": "*", "/": "/",
    "^": "^", "(": "(", ")": ")", "[": "(", "]": ")", "{": "(", "}": ")",
}  # fmt: skip
_COMMANDS = {
    "times": "*", "cdot": "*", "div": "/", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "lt": "<", "gt": ">",
    "left": "", "right": "", "quad": "", "qquad": "", "displaystyle": "",
    "frac": "frac", "dfrac": "frac", "tfrac": "frac",
}  # fmt: skip
# Every character is read once, whatever the text: no alternative gives back what it has taken.
_TOKEN = re.compile(
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<word>[A-Za-zÀ-ÖØ-öø-ɏ_]+(?:['’][a-z]+)?)|(?P<space>[ \t]+)|(?P<line>\n)|(?P<sign>.)"
)
_COMPARISONS = "=<>≤≥"


@dataclass(frozen=True)
class _Token:
    kind: str  # number, sign, word, stop (what ends an expression), percent, frac
    text: str
    glued: bool = False  # to what stands before, without a space


@dataclass(frozen=True)
class _Side:
    """One side of a comparison: its value, and what may make it mean something else."""

    value: Fraction | None
    operators: int = 0
    unit: str = ""
    decimals: int = 0  # of its last number
    first: Fraction | None = None  # its first number
    percent: bool = False


def stated_equations(text: str) -> list[bool]:
    """Return whether each equation or inequality in numbers that can be checked is true."""
    verdicts = []
    for clause in _clauses(text):
        sides, comparisons = _sides(clause)
        for left, comparison, right in zip(sides, comparisons, sides[1:], strict=False):
            verdict = _holds(left, comparison, right)
            if verdict is not None:
                verdicts.append(verdict)
    return verdicts


def _clauses(text: str) -> Iterator[list[_Token]]:
    """Yield the stretches of tokens between sentence ends and line ends."""
    clause: list[_Token] = []
    for token in _tokens(text):
        if token.kind == "stop":
            yield clause
            clause = []
        else:
            clause.append(token)
    yield clause


def _tokens(text: str) -> Iterator[_Token]:
    glued = False
    for found in _TOKEN.finditer(text.encode(errors="replace").decode()):
        kind, part = found.lastgroup, found[0]
        if kind == "space":
            glued = False
            continue
        if kind == "number":
            yield _Token("number", part.rstrip(","), glued)
            if part.endswith(","):
                yield _Token("stop", ",")
        elif kind == "command":
            name = part[1:]
            meant = _COMMANDS.get(name)
            if name in ("(", ")", "[", "]", "\\"):
                yield _Token("stop", part)
            elif name in ("$", "%"):
                if name == "%":
                    yield _Token("percent", "%", glued)
            elif meant:
                yield _Token("frac" if meant == "frac" else "sign", meant, glued)
            elif meant is None and name not in (",", ";", "!", ":", " "):
                yield _Token("word", f"\\{name}", glued)
        elif kind == "word":
            yield _Token("word", part, glued)
        elif part == "%":
            yield _Token("percent", part, glued)
        elif part in _SIGNS:
            yield _Token("sign", _SIGNS[part], glued)
        elif part in "$€£":
            continue
        elif kind == "line" or part in ".,;:?。，；：？！":
            yield _Token("stop", part)
        else:
            yield _Token("word", part, glued)
        glued = True


def _sides(clause: Sequence[_Token]) -> tuple[list[_Side], list[str]]:
    """Return what stands between the comparisons of a clause, and the comparisons."""
    places = [
        i for i, token in enumerate(clause) if token.kind == "sign" and token.text in _COMPARISONS
    ]
    if not places:
        return [], []
    bounds = [-1, *places, len(clause)]
    sides = []
    for number, (before, after) in enumerate(pairwise(bounds)):
        part = clause[before + 1 : after]
        if len(places) and number == 0:
            part = _last_expression(part)
        elif number == len(places):
            part = _first_expression(part)
        sides.append(_side(part))
    return sides, [clause[place].text for place in places]


def _last_expression(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Return the expression that ends here; nothing where a word before it may belong to it."""
    start = len(tokens)
    while start and (tokens[start - 1].kind != "word" or _is_unit(tokens, start - 1)):
        start -= 1
    if start and (
        tokens[start - 1].text.lower() in _PART_OF_IT or not tokens[start - 1].text.isalpha()
    ):
        return ()
    expression = tokens[start:]
    # After a word, a sign in front belongs to what the word stands for; a letter beside a number is
    # a variable.
    if (
        start
        and expression
        and (
            expression[0].kind == "sign" or expression[0].glued or len(tokens[start - 1].text) == 1
        )
    ):
        return ()
    return expression


def _first_expression(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Return the expression that begins here; nothing where a word after it may belong to it."""
    end = 0
    while end < len(tokens) and (tokens[end].kind != "word" or _is_unit(tokens, end)):
        end += 1
    rest = tokens[end:]
    if rest and (
        rest[0].text.lower()
        in _PART_OF_IT - {"and", "or", "per", "each", "every", "to", "from", "than", "by"}
    ):
        return ()
    if rest and (not rest[0].text.isalpha() or len(rest[0].text) == 1 or rest[0].glued):
        return ()
    if rest and tokens[:end] and tokens[end - 1].kind == "sign" and tokens[end - 1].text not in ")":
        return ()
    return tokens[:end]


def _is_unit(tokens: Sequence[_Token], place: int) -> bool:
    """Whether a word is the unit of the number before it, within a calculation."""
    word = tokens[place].text
    if (
        len(word) < 2
        or not word.isalpha()
        or word.lower() in _PART_OF_IT
        or not place
        or tokens[place].glued
    ):
        return False
    before = tokens[place - 1]
    follows = before.kind in ("number", "percent") or (before.kind == "sign" and before.text == ")")
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    return follows and (after is None or (after.kind == "sign" and after.text in "+-*/)"))


def _side(tokens: Sequence[_Token]) -> _Side:
    nothing = _Side(None)
    if len(tokens) > 1 and tokens[0].text in ("-", "+", "*") and not tokens[1].glued:
        tokens = tokens[1:]  # the mark of a list's item, not a sign
    numbers = [token for token in tokens if token.kind == "number"]
    if not numbers or len(tokens) > 4 * MAX_TERMS:
        return nothing
    words = [place for place, token in enumerate(tokens) if token.kind == "word"]
    if not all(_is_unit(tokens, place) for place in words):
        return nothing
    units = [tokens[place].text.lower() for place in words]
    try:
        parser = _Parser([token for token in tokens if token.kind != "word"])
        value = parser.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return nothing
    last = numbers[-1].text
    decimals = len(last.partition(".")[2])
    return _Side(
        value,
        parser.operators,
        units[-1] if units else "",
        decimals,
        _number(numbers[0].text),
        parser.percent,
    )


def _number(text: str) -> Fraction:
    """Return a number's value; raise ValueError where its commas are no thousands."""
    whole, _, decimals = text.partition(".")
    groups = whole.split(",")
    if len(groups) > 1 and (
        not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])
    ):
        raise ValueError(text)
    digits = "".join(groups)
    if len(digits) + len(decimals) > MAX_DIGITS:
        raise ValueError(text)
    return Fraction(f"{digits or '0'}.{decimals or '0'}")


class _Parser:
    r"""Recursive descent over numbers, + - * / ^, brackets, \frac and percent signs."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self.operators = 0
        self.percent = False

    def whole(self) -> Fraction:
        """Return the value of all tokens; raise ValueError where they are no expression."""
        value = self._sum()
        if self._place < len(self._tokens):
            raise ValueError("more than one expression")
        return value

    def _peek(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self, signs: str) -> str:
        token = self._peek()
        if token and token.kind == "sign" and token.text in signs:
            self._place += 1
            return token.text
        return ""

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+-"):
            self.operators += 1
            term = self._product()
            value = value + term if sign == "+" else value - term
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while True:
            if sign := self._take("*/"):
                self.operators += 1
                factor = self._power()
                value = value * factor if sign == "*" else value / factor
            elif (token := self._peek()) and token.kind == "sign" and token.text == "(":
                self.operators += 1  # 2(3 + 4)
                value *= self._power()
            else:
                return value

    def _power(self) -> Fraction:
        base = self._atom()
        if self._take("^"):
            self.operators += 1
            exponent = self._atom()
            if exponent.denominator != 1 or abs(exponent) > MAX_POWER:
                raise ValueError("no small whole power")
            base = base ** int(exponent)
        while (token := self._peek()) and token.kind == "percent":
            self._place += 1
            self.percent = True
            base /= 100
        if base.numerator.bit_length() > 400 or base.denominator.bit_length() > 400:
            raise ValueError("too large")
        return base

    def _atom(self) -> Fraction:
        token = self._peek()
        self._depth += 1
        if token is None or self._depth > 4 * MAX_TERMS:
            raise ValueError("no expression")
        self._place += 1
        if token.kind == "number":
            return _number(token.text)
        if token.kind == "frac":
            self.operators += 1
            above = self._bracket()
            return above / self._bracket()
        if token.kind == "sign" and token.text in "+-":
            value = self._atom()
            return value if token.text == "+" else -value
        if token.kind == "sign" and token.text == "(":
            self._place -= 1
            return self._bracket()
        raise ValueError("no expression")

    def _bracket(self) -> Fraction:
        if not self._take("("):
            raise ValueError("no bracket")
        value = self._sum()
        if not self._take(")"):
            raise ValueError("an open bracket")
        return value


def _holds(left: _Side, comparison: str, right: _Side) -> bool | None:
    """Return whether a comparison is true; None where a reader would let it pass."""
    if left.value is None or right.value is None or not left.operators + right.operators:
        return None
    if left.unit and right.unit and left.unit.rstrip("s") != right.unit.rstrip("s"):
        return None
    if not left.operators and left.unit:
        return None  # "for 15 frogs = 10 · 15": a name that ends in a number
    one, other = left.value, right.value
    if comparison != "=":
        return {"<": one < other, ">": one > other, "≤": one <= other, "≥": one >= other}[
            comparison
        ]
    if one == other:
        return True
    if (left.percent != right.percent) and one in (other * 100, other / 100):
        return True
    if right.operators and right.first == one:
        return None  # a running equality: 3 + 4 = 7 · 2 = 14
    if _is_rounding(one, other, right.decimals) or _is_rounding(other, one, left.decimals):
        return None if max(right.decimals, left.decimals) == 0 else True
    return False


def _is_rounding(exact: Fraction, rounded: Fraction, decimals: int) -> bool:
    """Whether a number may stand for a longer one: less than one of its last place away."""
    return exact.denominator != 1 and abs(exact - rounded) < Fraction(1, 10**decimals)
