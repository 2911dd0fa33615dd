"""The flags of what is made from a run's trees for training, and of its way to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.flag_groups.declaration import Group, flag
from evolvemcts4rl.flag_groups.kinds import Switch, Text
from evolvemcts4rl.flag_groups.number_kinds import Number, WholeNumber


@dataclass(frozen=True)
class Bounds:
    """A lower and an upper bound, each from 0 to 1."""

    def parse(self, text: str) -> tuple[float, float]:
        """Return the two bounds."""
        parts = text.split(",")
        if len(parts) != 2:
            raise ValueError(f"it must be two numbers, low,high, not {text}")
        bounds = Number(0, 1).parse(parts[0]), Number(0, 1).parse(parts[1])
        self.check(bounds)
        return bounds

    def check(self, value: Any) -> None:
        """Refuse all but two numbers from 0 to 1 in their order."""
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise ValueError(f"it must be two numbers, low,high, not {value}")
        for bound in value:
            Number(0, 1).check(bound)
        if value[0] > value[1]:
            raise ValueError(f"the lower bound {value[0]:g} is above the upper one, {value[1]:g}")


@dataclass(frozen=True)
class ExportSettings(Group):
    """Training files."""

    min_p_correct: float = flag(
        0.9,
        Number(0, 1),
        "how sure it must be that what a training file shows as right is right, and that what it "
        "shows as wrong is wrong",
        free=True,
    )
    per_problem: int | None = flag(
        None,
        WholeNumber(1),
        "rows of a problem in a training file, at most: the surest and most different ones",
        shown="all",
        free=True,
    )
    balance: bool = flag(
        False,
        Switch(),
        "as many right rows of a problem as wrong ones, in files that have both",
        shown="off",
        free=True,
    )
    learnable: tuple[float, float] | None = flag(
        None,
        Bounds(),
        "rlvr: only problems whose solve rate lies between the two, as in 0.1,0.9",
        shown="all",
        free=True,
        metavar="LOW,HIGH",
    )
    step_tag: str = flag("ки", Text(), "math_shepherd: the tag after each step", free=True)
    test_share: float = flag(
        0.0,
        Number(0, 1),
        "share of the seeds that are held out: their rows, and those of what evolved from them, "
        "stand in NAME.test.jsonl",
        free=True,
    )
    licence: str | None = flag(
        None,
        Text(),
        "licence of the seeds, for the card: a name that the hub knows, such as mit",
        shown="not told",
        free=True,
    )
    push_to_hub: str | None = flag(
        None,
        Text(),
        "send the files to this dataset on the hub once they are made",
        shown="none",
        free=True,
        metavar="OWNER/NAME",
    )
    private: bool = flag(
        False, Switch(), "make the dataset of --push_to_hub private", shown="off", free=True
    )
    export: str | None = flag(
        None,
        Text(),
        "make the files anew from this run's folder, finished or not, without a model; flags that "
        "are not given are those of the run",
        shown="none",
        free=True,
        metavar="RUN",
    )
