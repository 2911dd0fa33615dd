"""The kinds of numbers that flags take; kinds.py says what a kind is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WholeNumber:
    """An int, from `least` up where there is a least."""

    least: int | None = None

    def parse(self, text: str) -> int:
        """Return the number that the text stands for."""
        try:
            value = int(text)
        except ValueError:
            raise ValueError(self._wanted(text)) from None
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Refuse what is no int or too small."""
        if type(value) is not int or (self.least is not None and value < self.least):
            raise ValueError(self._wanted(value))

    def _wanted(self, value: object) -> str:
        span = "" if self.least is None else f" from {self.least} up"
        return f"it must be a whole number{span}, not {value}"


@dataclass(frozen=True)
class Number:
    """A float from `least` (above it where `over`) to `most`."""

    least: float = 0.0
    most: float = math.inf
    over: bool = False

    def parse(self, text: str) -> float:
        """Return the number that the text stands for."""
        try:
            value = float(text)
        except ValueError:
            raise ValueError(self._wanted(text)) from None
        self.check(value, text)
        return value

    def check(self, value: Any, text: str | None = None) -> None:
        """Refuse what is no number or lies outside the span."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        inside = (
            number
            and (self.least < value if self.over else self.least <= value)
            and value <= self.most
        )
        if not inside or value == math.inf:
            raise ValueError(self._wanted(value if text is None else text))

    def _wanted(self, value: object) -> str:
        span = f"{'above' if self.over else 'from'} {self.least:g}"
        if self.most != math.inf:
            span += f" to {self.most:g}"
        return f"it must be a number {span}, not {value}"


@dataclass(frozen=True)
class NamedNumber:
    """One of some names, or a number above 0."""

    names: tuple[str, ...]

    def parse(self, text: str) -> str | float:
        """Return the name or the number that the text stands for."""
        if text in self.names:
            return text
        try:
            return Number(over=True).parse(text)
        except ValueError:
            raise ValueError(self._wanted(text)) from None

    def check(self, value: Any) -> None:
        """Refuse what is neither."""
        try:
            if value not in self.names:
                Number(over=True).check(value)
        except ValueError:
            raise ValueError(self._wanted(value)) from None

    def _wanted(self, value: object) -> str:
        return f"it must be {', '.join(self.names)} or a number above 0, not {value}"
