"""The kinds of values that flags take; those of numbers are in number_kinds.py.

Each kind reads a value from the command line (`parse`) and checks one from anywhere (`check`). Both
raise ValueError with the end of a sentence that begins with the flag's name, such as "it must be a
whole number from 1 up, not 0".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Kind(Protocol):
    """A kind of value that a flag takes."""

    def parse(self, text: str) -> Any:
        """Return the value that the text stands for."""

    def check(self, value: Any) -> None:
        """Raise ValueError for a value that is not of this kind."""


@dataclass(frozen=True)
class Switch:
    """On or off: a flag without a value."""

    def parse(self, text: str) -> bool:
        """Return True, since the flag is given."""
        return True

    def check(self, value: Any) -> None:
        """Refuse what is neither True nor False."""
        if not isinstance(value, bool):
            raise ValueError(f"it must be True or False, not {value!r}")


@dataclass(frozen=True)
class Text:
    """A text that is not empty and can be written as UTF-8."""

    def parse(self, text: str) -> str:
        """Return the text."""
        self.check(text)
        return text

    def check(self, value: Any) -> None:
        """Refuse what is no text, an empty text and one that is not UTF-8."""
        if not isinstance(value, str):
            raise ValueError(f"it must be a text, not {value!r}")
        if not value:
            raise ValueError("it must not be empty")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ValueError("it is not written in UTF-8")


@dataclass(frozen=True)
class Separator(Text):
    """A text in which a line feed, a tab and a backslash may be written as a shell leaves them."""

    def parse(self, text: str) -> str:
        r"""Return the text with \n, \t, \r and \\ replaced by the characters they stand for."""
        parts = super().parse(text).split("\\\\")
        return "\\".join(
            part.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for part in parts
        )


@dataclass(frozen=True)
class Texts:
    """One text or several, given as several words or by the same flag several times."""

    item: Kind = Text()

    def parse(self, text: str) -> Any:
        """Return one item; argparse gathers them in a list."""
        return self.item.parse(text)

    def check(self, value: Any) -> None:
        """Refuse what is no sequence of texts."""
        for item in _items(value):
            self.item.check(item)


@dataclass(frozen=True)
class Several:
    """Some texts, separated by commas or given with the flag repeated."""

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the texts; argparse gathers those of every time that the flag is given."""
        found = tuple(part.strip() for part in text.split(",") if part.strip())
        if not found:
            raise ValueError("it must not be empty")
        self.check(found)
        return found

    def check(self, value: Any) -> None:
        """Refuse what is no sequence of texts, and one that holds a text twice."""
        for item in _items(value):
            Text().check(item)
        if len(set(value)) < len(value):
            raise ValueError("it names the same one twice")


@dataclass(frozen=True)
class Choice:
    """One of a few names."""

    names: tuple[str, ...]

    def parse(self, text: str) -> str:
        """Return the name."""
        self.check(text)
        return text

    def check(self, value: Any) -> None:
        """Refuse any other name."""
        if value not in self.names:
            raise ValueError(f"there is no {value!r}; there are {', '.join(self.names)}")


GRADERS = ("math", "exact", "number", "choice")


@dataclass(frozen=True)
class GraderName:
    """A grader of the package by its name, or a function of the user's as FILE_OR_MODULE:NAME."""

    def parse(self, text: str) -> str:
        """Return the name."""
        self.check(text)
        return text

    def check(self, value: Any) -> None:
        """Refuse any other name, and a function without its file or module."""
        Text().check(value)
        place, _, function = value.rpartition(":")
        if value not in GRADERS and not (place and function.isidentifier()):
            raise ValueError(
                f"there is no {value!r}; there are {', '.join(GRADERS)}, and functions of your "
                "own, written as FILE.py:FUNCTION or MODULE:FUNCTION"
            )


@dataclass(frozen=True)
class Names:
    """Some of a few names, separated by commas."""

    names: tuple[str, ...]

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the names, each once."""
        chosen = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        self.check(chosen)
        return chosen

    def check(self, value: Any) -> None:
        """Refuse other names, and none at all."""
        for name in _items(value):
            if name not in self.names:
                raise ValueError(f"there is no {name!r}; there are {', '.join(self.names)}")
        if not value:
            raise ValueError(f"it names none of {', '.join(self.names)}")


@dataclass(frozen=True)
class Urls:
    """Addresses of servers, separated by commas; chat/addresses.py reads them more closely."""

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the addresses."""
        urls = tuple(url.strip().rstrip("/") for url in text.split(",") if url.strip())
        if not urls or not all(url.lower().startswith(("http://", "https://")) for url in urls):
            raise ValueError(
                "each address must begin with http:// or https://, as http://localhost:8000/v1 "
                f"does, unlike {text}"
            )
        self.check(urls)
        return urls

    def check(self, value: Any) -> None:
        """Refuse what is no sequence of texts."""
        for url in _items(value):
            Text().check(url)


@dataclass(frozen=True)
class Weights:
    """Names with a weight each, as in "deepen,simplify:2".

    A group's name stands for its members, which share its weight equally.
    """

    names: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]

    def parse(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return the names of a weight above 0 with their weights, in the order of `names`."""
        weights = dict.fromkeys(self.names, 0.0)
        for part in text.split(","):
            name, _, number = (piece.strip() for piece in part.partition(":"))
            members = self.groups.get(name, (name,))
            self._check_names(members, name)
            weight = self._weight(name, number) if ":" in part else 1.0
            for member in members:
                weights[member] += weight / len(members)
        chosen = tuple((name, weight) for name, weight in weights.items() if weight)
        self.check(chosen)
        return chosen

    def check(self, value: Any) -> None:
        """Refuse unknown names, weights that are not from 0 up, and weights that are all 0."""
        for name, weight in _items(value):
            self._check_names((name,), name)
            self._weight(name, weight)
        if not any(weight for _, weight in value):
            raise ValueError("at least one of the mutations needs a weight above 0")

    def _check_names(self, members: Sequence[str], name: str) -> None:
        if not set(members) <= set(self.names):
            raise ValueError(
                f"there is no {name!r}; there are {', '.join([*self.names, *self.groups])}"
            )

    def _weight(self, name: str, number: Any) -> float:
        try:
            weight = float(number)
        except (TypeError, ValueError):
            weight = math.nan
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of {name} must be a number from 0 up, not {number!r}")
        return weight


def _items(value: Any) -> Sequence[Any]:
    """Return the items of a list or tuple; refuse anything else, such as a single text."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"it must be a list, not {value!r}")
    return value
