"""How a flag is declared: its default, its kind of value and its meaning, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.kinds import Kind
from evolvemcts4rl.reasons import Status

# The statuses of problems that have been searched, that have labels, and that have solutions.
SEARCHED = frozenset({Status.SEARCHED})
LABELLED = SEARCHED | {Status.NOT_SEARCHED}
SOLVED = LABELLED | {Status.DROPPED, Status.ACCEPTED}


def any_other(before: Any, now: Any) -> bool:
    """Let a run grow to whatever value."""
    return True


def larger(before: int | None, now: int | None) -> bool:
    """Let a run grow to a larger number; None is without a bound."""
    return now is None or (before is not None and now > before)


def switched_off(before: bool, now: bool) -> bool:
    """Let a run grow by a switch that is on no more."""
    return before and not now


@dataclass(frozen=True)
class Growth:
    """How a run grows by another value of a flag.

    `allows` says whether it may go from one value to another. `redone` are the statuses of decided
    problems whose answer, search or labels the flag decides: those are done again.
    """

    allows: Callable[[Any, Any], bool]
    redone: frozenset[Status] = frozenset()


@dataclass(frozen=True)
class Flag:
    """What is declared of one flag.

    `shown` is its default in words. `free` says that it decides only how a run is carried out, so
    that a run may go on with another value; `grows`, that a run may grow by another value;
    `secret`, that its value is written nowhere.
    """

    kind: Kind
    meaning: str
    shown: str | None = None
    free: bool = False
    secret: bool = False
    grows: Growth | None = None
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
