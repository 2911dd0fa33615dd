"""Arithmetic as it stands in a text: its tokens, and the exact value of an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

MAX_DIGITS = 15  # of a number; longer ones are not read
MAX_TERMS = 40  # of a side, counting four tokens to a term
MAX_POWER = 12
COMPARISONS = "=<>≤≥"

Exact = int | Fraction  # whole numbers are kept as such: their arithmetic is much faster

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
# Linear in the text: no alternative gives back a character that it has taken. Spaces are skipped.
_TOKEN = re.compile(
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<word>[A-Za-zÀ-ÖØ-öø-ɏ_]+(?:['’][a-z]+)?)|(?P<line>\n)|(?P<sign>[^ \t\n])"
)
_COMPARISON = re.compile(r"[=<>≤≥]|\\[lg][et]")


class Token(NamedTuple):
    """A number, sign, word, percent sign or fraction, or a stop; fold_amounts makes units."""

    kind: str  # number, sign, word, percent, frac, unit, stop (what ends an expression)
    text: str
    glued: bool = False  # whether no space parts it from what stands before


_END = Token("stop", "")  # after the last token of an expression


def may_compare(text: str) -> bool:
    """Return whether a sign of comparison may be among a text's tokens."""
    return bool(_COMPARISON.search(text))


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, with a stop wherever an expression must end."""
    end = -1  # of what the next token is glued to
    for found in _TOKEN.finditer(text.encode(errors="replace").decode()):
        kind, part, glued = found.lastgroup, found[0], found.start() == end
        end = found.end()
        if kind == "word":
            yield Token("word", part, glued)
        elif kind == "number":
            yield Token("number", part.rstrip(","), glued)
            if part.endswith(","):
                yield Token("stop", ",")
        elif kind == "command":
            name = part[1:]
            meant = _COMMANDS.get(name)
            if name in ("(", ")", "[", "]", "\\"):
                yield Token("stop", part)
            elif name in ("$", "%"):
                if name == "%":
                    yield Token("percent", "%", glued)
            elif meant:
                yield Token("frac" if meant == "frac" else "sign", meant, glued)
            elif meant is None and name not in (",", ";", "!", ":", " "):
                yield Token("word", f"\\{name}", glued)
        elif part == "%":
            yield Token("percent", part, glued)
        elif part in _SIGNS:
            yield Token("sign", _SIGNS[part], glued)
        elif part in "$€£":
            end = end if glued else -1
        elif kind == "line" or part in ".,;:?。，；：？！":
            yield Token("stop", part)
        else:
            yield Token("word", part, glued)


def number_value(text: str) -> Exact:
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
    if not decimals:
        return int(digits or "0")
    return Fraction(int(digits + decimals), 10 ** len(decimals))


class Parser:
    r"""Recursive descent over numbers, + - * / ^, brackets, \frac and percent signs."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = [*tokens, _END]
        self._place = 0
        self._depth = 0
        self.operators = 0
        self.adds = False  # whether it is a sum or a difference
        self.percent = False

    def whole(self) -> Exact:
        """Return the value of all tokens; raise ValueError where they are no expression."""
        value = self._sum()
        if self._peek() is not _END:
            raise ValueError("more than one expression")
        return value

    def _peek(self) -> Token:
        return self._tokens[self._place]

    def _take(self, signs: str) -> str:
        kind, sign, _ = self._tokens[self._place]
        if kind == "sign" and sign in signs:
            self._place += 1
            return sign
        return ""

    def _sum(self) -> Exact:
        value = self._product()
        while sign := self._take("+-"):
            self.operators += 1
            self.adds = True
            term = self._product()
            value = value + term if sign == "+" else value - term
        return value

    def _product(self) -> Exact:
        value = self._power()
        while True:
            if sign := self._take("*/"):
                self.operators += 1
                factor = self._power()
                value = value * factor if sign == "*" else Fraction(value, factor)
            elif self._peek()[:2] == ("sign", "("):
                self.operators += 1  # 2(3 + 4)
                value *= self._power()
            else:
                return value

    def _power(self) -> Exact:
        base = self._atom()
        if self._take("^"):
            self.operators += 1
            exponent = self._atom()
            if exponent.denominator != 1 or not -MAX_POWER <= exponent <= MAX_POWER:
                raise ValueError("no small whole power")
            base = Fraction(base) ** int(exponent)
        while self._peek().kind == "percent":
            self._place += 1
            self.percent = True
            base = Fraction(base, 100)
        if base.numerator.bit_length() > 400 or base.denominator.bit_length() > 400:
            raise ValueError("too large")
        return base

    def _atom(self) -> Exact:
        token = self._peek()
        self._depth += 1
        if token is _END or self._depth > 4 * MAX_TERMS:
            raise ValueError("no expression")
        self._place += 1
        if token.kind == "number":
            return number_value(token.text)
        if token.kind == "frac":
            self.operators += 1
            return Fraction(self._bracket(), self._bracket())
        if token.kind == "sign" and token.text in "+-":
            value = self._atom()
            return value if token.text == "+" else -value
        if token.kind == "sign" and token.text == "(":
            self._place -= 1
            return self._bracket()
        raise ValueError("no expression")

    def _bracket(self) -> Exact:
        if not self._take("("):
            raise ValueError("no bracket")
        value = self._sum()
        if not self._take(")"):
            raise ValueError("an open bracket")
        return value
