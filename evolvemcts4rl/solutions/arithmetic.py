"""Arithmetic as it stands in a text: its tokens, and the exact value of an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

MAX_DIGITS = 15  # of a number; longer ones are not read
MAX_TERMS = 40  # of a side, counting four tokens to a term
MAX_POWER = 12

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
# Linear in the text: no alternative gives back a character that it has taken.
_TOKEN = re.compile(
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<word>[A-Za-zÀ-ÖØ-öø-ɏ_]+(?:['’][a-z]+)?)|(?P<space>[ \t]+)|(?P<line>\n)|(?P<sign>.)"
)
_COMPARISON = re.compile(r"[=<>≤≥]|\\[lg][et]")


@dataclass(frozen=True)
class Token:
    """A number, sign, word, percent sign or fraction, or a stop."""

    kind: str  # number, sign, word, percent, frac, stop (what ends an expression)
    text: str
    glued: bool = False  # whether no space parts it from what stands before


def may_compare(text: str) -> bool:
    """Return whether a sign of comparison may be among a text's tokens."""
    return bool(_COMPARISON.search(text))


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, with a stop wherever an expression must end."""
    glued = False
    for found in _TOKEN.finditer(text.encode(errors="replace").decode()):
        kind, part = found.lastgroup, found[0]
        if kind == "space":
            glued = False
            continue
        if kind == "number":
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
        elif kind == "word":
            yield Token("word", part, glued)
        elif part == "%":
            yield Token("percent", part, glued)
        elif part in _SIGNS:
            yield Token("sign", _SIGNS[part], glued)
        elif part in "$€£":
            continue
        elif kind == "line" or part in ".,;:?。，；：？！":
            yield Token("stop", part)
        else:
            yield Token("word", part, glued)
        glued = True


def number_value(text: str) -> Fraction:
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


class Parser:
    r"""Recursive descent over numbers, + - * / ^, brackets, \frac and percent signs."""

    def __init__(self, tokens: Sequence[Token]) -> None:
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

    def _peek(self) -> Token | None:
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
            return number_value(token.text)
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
