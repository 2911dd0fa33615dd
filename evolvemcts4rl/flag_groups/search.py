"""The flags of the search and its labels."""

from __future__ import annotations

from dataclasses import dataclass

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.declaration import (
    LABELLED,
    SEARCHED,
    SOLVED,
    Group,
    Growth,
    any_other,
    flag,
    larger,
)
from evolvemcts4rl.flag_groups.kinds import Choice, Separator, Switch
from evolvemcts4rl.flag_groups.number_kinds import NamedNumber, Number, WholeNumber
from evolvemcts4rl.flag_groups.role_kinds import Models

EFFORTS = {"low": 250, "medium": 700, "high": 2000}


def words_per_bit(effort: str | float) -> float:
    """Return what one bit may cost, in words, at an effort that is named or a number."""
    return float(EFFORTS[effort] if isinstance(effort, str) else effort)


def _no_less(before: str | float, now: str | float) -> bool:
    """Let a run grow to a larger effort, or to another name of the same one."""
    return words_per_bit(now) >= words_per_bit(before)


@dataclass(frozen=True)
class SearchSettings(Group):
    """The search."""

    num_solutions: int = flag(
        16,
        WholeNumber(1),
        "first solutions of each problem",
        grows=Growth(larger, SOLVED),
    )
    own_solutions: int = flag(
        0,
        WholeNumber(0),
        "first solutions of the model's own for a problem whose solutions and answer are given "
        "(--solutions_column); every other problem has --num_solutions",
        grows=Growth(larger, SOLVED),
    )
    num_branches: int = flag(
        4, WholeNumber(1), "rollouts asked for each time a prefix is evaluated"
    )
    max_search: int = flag(
        4,
        WholeNumber(0),
        "wrong rollouts searched per problem, at most",
        grows=Growth(larger, SEARCHED),
    )
    max_branches: int = flag(
        40,
        WholeNumber(0),
        "rollouts sampled per problem in the search, at most; the first solutions not counted",
        grows=Growth(larger, SEARCHED),
    )
    effort: str | float = flag(
        "medium",
        NamedNumber(tuple(EFFORTS)),
        "what one bit of knowledge about labels may cost, in words that the model writes: "
        f"{', '.join(f'{name} ({words})' for name, words in EFFORTS.items())}, or a number; "
        "max_branches and max_search bound it",
        grows=Growth(_no_less, SEARCHED),
        metavar="WORDS",
    )
    confidence: float = flag(
        0.95,
        Number(0.5, 1),
        "how sure a first error must be before its search ends",
        grows=Growth(any_other, LABELLED),
    )
    min_solve_rate: float | None = flag(
        None,
        Number(0, 1),
        "search no problem that is solved more seldom (those solved never)",
        shown="none",
    )
    max_solve_rate: float | None = flag(
        None,
        Number(0, 1),
        "search no problem that is solved more often (those solved always)",
        shown="none",
    )
    estimator: str = flag(
        "belief",
        Choice(("belief", "omega", "shepherd")),
        "how a first error is found: our belief, or OmegaPRM's or Math-Shepherd's way",
        grows=Growth(any_other, LABELLED),
    )
    judge_model: tuple[str, ...] = flag(
        (),
        Models(),
        "models that name the first wrong step of solutions, with commas between them or the flag "
        "repeated; MODEL@URL where one is on another server",
        shown="none",
        metavar="MODEL[@URL]",
    )
    judge_solutions: int = flag(
        8,
        WholeNumber(0),
        "solutions of each problem that each judge is asked about, at most, those with the least "
        "sure labels first",
        grows=Growth(larger, LABELLED),
    )
    step_separator: str | None = flag(
        None,
        Separator(),
        r"text after which a step ends; \n, \t and \\ stand for a line feed, a tab and a backslash",
        shown="steps are found by the shape of the text",
    )
    label_thoughts: bool = flag(
        False,
        Switch(),
        "label the steps of a model's thought, not of the answer that it gives after it; a thought "
        "is cut at its paragraphs",
        shown="off",
    )
    random_seed: int = flag(
        0, WholeNumber(), "seed of our own choices: mutations, not the model's sampling"
    )

    def __post_init__(self) -> None:
        """Raise UserError for values that exclude one another too."""
        super().__post_init__()
        least, most = self.min_solve_rate, self.max_solve_rate
        if least is not None and most is not None and least > most:
            raise UserError(
                f"--min_solve_rate {least:g} is over --max_solve_rate {most:g}: "
                "no problem could be searched."
            )
