"""How a flag is declared: its default, its kind of value and its meaning, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.kinds import Kind


@dataclass(frozen=True)
class Flag:
    """What is declared of one flag.

    `shown` is its default in words. `free` says that a run may go on with another value, `secret`
    that its value is written nowhere.
    """

    kind: Kind
    meaning: str
    shown: str | None = None
    free: bool = False
    secret: bool = False
    metavar: str | None = None


def flag(default: Any, kind: Kind, meaning: str, **more: Any) -> Any:
    """Return the dataclass field of a flag; `more` goes to Flag."""
    told = Flag(kind, meaning, **more)
    return field(default=default, repr=not told.secret, metadata={"flag": told})


class Group:
    """A group of flags whose values are checked when it is made."""

    def __post_init__(self) -> None:
        """Raise UserError for a value that its flag does not take."""
        for each in declared_flags(self):
            value = getattr(self, each.name)
            if value is None and each.default is None:
                continue
            try:
                each.metadata["flag"].kind.check(value)
            except ValueError as error:
                raise UserError(f"--{each.name}: {error}.") from None


def declared_flags(group: Any) -> Iterator[Field[Any]]:
    """Yield the fields of a group that are flags."""
    return (each for each in fields(group) if "flag" in each.metadata)
