"""Arithmetic as it stands in a text: its tokens, and the exact value of an expression."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

MAX_DIGITS = 15  # of a number; longer ones are not read
MAX_TERMS = 40  # of a side, counting four tokens to a term
MAX_POWER = 12
MAX_BITS = 400  # of a numerator or denominator
COMPARISONS = "=<>≤≥"

Exact = int | Fraction  # whole numbers are kept as such: their arithmetic is much faster

# A token's kind is one character, so that the kinds of many make a string that can be searched:
# their shape. A sign is of its own kind. Units are made by fold_amounts.
NUMBER, WORD, UNIT, FRAC, PERCENT, STOP = "n", "w", "u", "f", "%", "."
# What may be a word or not, and is one after fold_amounts: a sign or command that is none of the
# above, the x of "3 x 4", and \text or \boxed.
SYMBOL, X, COMMAND = "s", "x", "c"
SIGNS = "+-*/^()" + COMPARISONS

_SIGNS = {
    "×": "*", "⋅": "*", "·": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "%": PERCENT,
    "[": "(", "]": ")", "{": "(", "}": ")", **{sign: sign for sign in SIGNS},
    **dict.fromkeys(".,;:?。，；：？！", STOP),
}  # fmt: skip
_COMMANDS = {
    "times": "*", "cdot": "*", "div": "/", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "lt": "<", "gt": ">", "%": PERCENT,
    "frac": FRAC, "dfrac": FRAC, "tfrac": FRAC,
    "(": STOP, ")": STOP, "[": STOP, "]": STOP, "\\": STOP,
    **dict.fromkeys(["left", "right", "quad", "qquad", "displaystyle", *"$,;!: "], ""),  # no token
}  # fmt: skip
TEXT_COMMANDS = frozenset(("\\text", "\\textrm", "\\textbf", "\\mathrm", "\\mathbf", "\\mbox"))
BOX_COMMANDS = frozenset(("\\boxed", "\\fbox"))
_WORDS = {"x": X, "X": X} | dict.fromkeys(TEXT_COMMANDS | BOX_COMMANDS, COMMAND)
_NUMBER_BEGINS = "0123456789."
_SKIPPED = " \t$€£"  # between tokens
# Linear in the text: nothing that was taken is given back, but for the commas after a number.
_TOKEN = re.compile(
    r"[ \t$€£]*+(?:[A-Za-zÀ-ÖØ-öø-ɏ_]++(?:['’][a-z]++)?|\\(?:[A-Za-z]++|.)|[^ \t0-9.]|\Z"
    r"|[0-9]++(?:,++[0-9]++)*+(?:,*+\.[0-9]++)?|\.[0-9]*+)"
)
_RARE_COMPARISON = re.compile(r"[<>≤≥]|\\[lg][et]")
_COMPARISON_KIND = re.compile(f"([{COMPARISONS}])")
_SENTENCE_END = re.compile(r"[.,;:?](?<!\\.) ")  # a stop, where it is no number's point or command


@dataclass(slots=True)  # never changed; frozen ones are slow to make
class Token:
    """A number, sign, word, percent sign or fraction, or a stop, where an expression ends."""

    kind: str
    text: str
    glued: bool = False  # whether no space parts it from what stands before
    value: Exact | None = None  # of a number that can be read


def shape_of(tokens: Sequence[Token]) -> str:
    """Return the kinds of tokens, a character each."""
    return "".join([token.kind for token in tokens])


def split_at_comparisons(shape: str) -> list[str]:
    """Return the shapes of sides with the signs of comparison between them."""
    return _COMPARISON_KIND.split(shape)


def _may_compare(text: str) -> bool:
    """Return whether a sign of comparison may be among a text's tokens."""
    return "=" in text or _RARE_COMPARISON.search(text) is not None


def stretches(text: str) -> list[str]:
    """Return the parts of a text that may hold comparisons, cut where expressions must end."""
    if not _may_compare(text):
        return []
    lines = text.encode(errors="replace").decode().split("\n")
    return [
        stretch
        for line in lines
        if _may_compare(line)
        for stretch in _SENTENCE_END.split(line)
        if _may_compare(stretch)
    ]


def tokens_of(stretch: str) -> list[Token]:
    """Return the tokens of a stretch, with a stop wherever an expression must end."""
    return list(filter(None, map(_token, _TOKEN.findall(" " + stretch))))


@lru_cache(maxsize=4096)
def _token(found: str) -> Token | None:
    """Return the token that was found, with what is skipped before it; None where it is none."""
    part = found.lstrip(_SKIPPED)
    if not part:
        return None
    skipped = found[: -len(part)]
    glued = " " not in skipped and "\t" not in skipped
    kind = _COMMANDS.get(part[1:]) if part[0] == "\\" else _SIGNS.get(part)
    if kind is None:
        if part[0] in _NUMBER_BEGINS:
            return Token(NUMBER, part, glued, _number_value(part))
        kind = WORD if part[0].isalpha() else SYMBOL
        return Token(_WORDS.get(part, kind), part, glued)
    return Token(kind, kind, glued) if kind else None


def _number_value(text: str) -> Exact | None:
    """Return a number's value; None where it is too long or its commas are no thousands."""
    whole, _, decimals = text.partition(".")
    first, *groups = whole.split(",")
    if groups and (not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups)):
        return None
    digits = first + "".join(groups)
    if len(digits) + len(decimals) > MAX_DIGITS:
        return None
    if not decimals:
        return int(digits)
    return Fraction(int(digits + decimals), 10 ** len(decimals))


class Calculation(NamedTuple):
    """What an expression comes to, and how."""

    value: Exact
    operators: int
    adds: bool = False  # whether it is a sum or a difference
    percent: bool = False


def calculate(tokens: Sequence[Token], shape: str) -> Calculation | None:
    """Return what tokens come to; None where they are no expression or a number is unreadable."""
    values = [token.value for token in tokens]
    try:
        if shape in _OF_TWO_NUMBERS:  # as most are
            one, _, other = values
            if one is None or other is None:
                return None
            return Calculation(_OF_TWO_NUMBERS[shape](one, other), 1, shape[1] in "+-")
        return _Parser(values, shape).whole()
    except (ValueError, ZeroDivisionError):
        return None


def _quotient(dividend: Exact, divisor: Exact) -> Exact:
    """Return a quotient, as a whole number where that is known at once."""
    if isinstance(dividend, int) and isinstance(divisor, int) and not dividend % divisor:
        return dividend // divisor
    return Fraction(dividend, divisor)


_OF_TWO_NUMBERS: Mapping[str, Callable[[Exact, Exact], Exact]] = {  # NUMBER, a sign, NUMBER
    "n+n": operator.add, "n-n": operator.sub, "n*n": operator.mul, "n/n": _quotient,
}  # fmt: skip


class _Parser:
    r"""Recursive descent over numbers, + - * / ^, brackets, \frac and percent signs."""

    def __init__(self, values: Sequence[Exact | None], shape: str) -> None:
        self._values = [*values, None]
        self._shape = shape + STOP
        self._place = 0
        self._operators = 0
        self._adds = self._percent = False

    def whole(self) -> Calculation:
        """Return what all tokens come to; raise ValueError where they are no expression."""
        value = self._sum()
        if self._shape[self._place] != STOP:
            raise ValueError("more than one expression")
        return Calculation(value, self._operators, self._adds, self._percent)

    def _sum(self) -> Exact:
        value = self._product()
        while (sign := self._shape[self._place]) in "+-":
            self._place += 1
            self._operators += 1
            self._adds = True
            term = self._product()
            value = value + term if sign == "+" else value - term
        return value

    def _product(self) -> Exact:
        value = self._power()
        while (sign := self._shape[self._place]) in "*/(":
            self._place += sign != "("  # 2(3 + 4)
            self._operators += 1
            factor = self._power()
            value = _quotient(value, factor) if sign == "/" else value * factor
        return value

    def _power(self) -> Exact:
        place = self._place
        base = self._values[place]
        if base is not None and self._shape[place + 1] not in "^%":
            self._place += 1
            return base  # a number alone, as most are
        base = self._atom()
        if self._shape[self._place] == "^":
            self._place += 1
            self._operators += 1
            exponent = self._atom()
            if exponent.denominator != 1 or not -MAX_POWER <= exponent <= MAX_POWER:
                raise ValueError("no small whole power")
            base = Fraction(base) ** int(exponent)
        while self._shape[self._place] == PERCENT:
            self._place += 1
            self._percent = True
            base = _quotient(base, 100)
        if base.numerator.bit_length() > MAX_BITS or base.denominator.bit_length() > MAX_BITS:
            raise ValueError("too large")
        return base

    def _atom(self) -> Exact:
        place = self._place
        kind = self._shape[place]
        if kind == "(":
            return self._bracket()
        self._place += 1
        if kind == NUMBER and (value := self._values[place]) is not None:
            return value
        if kind == FRAC:
            self._operators += 1
            return _quotient(self._bracket(), self._bracket())
        if kind == "+":
            return self._atom()
        if kind == "-":
            return -self._atom()
        raise ValueError("no expression")

    def _bracket(self) -> Exact:
        self._step_over("(")
        value = self._sum()
        self._step_over(")")
        return value

    def _step_over(self, bracket: str) -> None:
        if self._shape[self._place] != bracket:
            raise ValueError("no such bracket")
        self._place += 1
