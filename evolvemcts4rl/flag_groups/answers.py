"""The flags of answers and of what grades them."""

from __future__ import annotations

from dataclasses import dataclass

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.declaration import Group, flag
from evolvemcts4rl.flag_groups.kinds import GraderName, Texts
from evolvemcts4rl.flag_groups.number_kinds import Number


@dataclass(frozen=True)
class AnswerSettings(Group):
    """The answers."""

    grader: str = flag(
        "math",
        GraderName(),
        "what says whether a solution is right: math, exact, number, choice, or a function of your "
        "own",
        metavar="NAME_OR_FUNCTION",
    )
    choices_column: tuple[str, ...] = flag(
        (),
        Texts(),
        "column of the options, or one column for each, with --grader choice",
        shown="the options stand in the problem",
        metavar="COLUMN",
    )
    grader_timeout: float = flag(
        10.0,
        Number(over=True),
        "seconds that a grader of your own may take for one solution",
        free=True,
    )

    def __post_init__(self) -> None:
        """Raise UserError for values that exclude one another too."""
        super().__post_init__()
        if self.choices_column and self.grader != "choice":
            raise UserError("--choices_column is for --grader choice: give both or neither.")
