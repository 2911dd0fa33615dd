"""The model of the labels: how often a step errs, what follows, and what witnesses say.

A prefix is *good* (nothing wrong is being carried along), or it carries a *lasting* error or a
*fleeting* one. A step leads from good to wrong with the slip rate and back with the error's
recovery rate, both in proportion to what the step does (its hazard). Slips, recoveries and the
share of fleeting errors differ between problems and are laid out on a grid; what the witnesses are
worth is one number each for a run. All are learned from a run's trees by expectation maximisation,
with the measured values of docs/method.md as the prior.
"""

from __future__ import annotations

import functools
from bisect import bisect
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RIGHT, MENDED, LASTING, FLEETING = range(4)
STATES = 4
ORIGINS = 6  # the states that a step may come from, the good ones before a hard step once more
HARD_RIGHT, HARD_MENDED = 4, 5

# The grid, and how likely each value is beforehand.
SLIPS = (0.015, 0.05, 0.12, 0.28, 0.6)  # of an average step
RECOVERIES = (0.01, 0.06, 0.2, 0.5)  # from a lasting error, without a word
FLEETING_SHARES = (0.05, 0.5)  # of errors
HARD_SHARES = (0.02, 0.3)  # of steps that most of their draws get wrong
GRID = (len(SLIPS), len(RECOVERIES), len(FLEETING_SHARES), len(HARD_SHARES))
SLIP, RECOVERY, FLEETING_SHARE, HARD_SHARE = np.array(
    list(product(SLIPS, RECOVERIES, FLEETING_SHARES, HARD_SHARES))
).T
BEFOREHAND = np.einsum(
    "i,j,k,l->ijkl",
    (0.25, 0.3, 0.25, 0.14, 0.06),
    (0.45, 0.33, 0.16, 0.06),
    (0.75, 0.25),
    (0.85, 0.15),
).ravel()

FLEETING_RECOVERY = 0.9
FALSE_ANNOUNCEMENT = 0.0005  # a step that corrects where nothing is wrong: 5 of 14,327
FALSE_ALARM = 0.001  # a right step with an equation that is found false: 12 of 14,327
HARD_SLIP = 0.75  # how often an average hard step goes wrong
LEVELS = 2.0 ** np.arange(-5.5, 2.25, 0.5)  # of hazard
_BETWEEN_LEVELS: list[float] = (2.0 ** np.arange(-5.25, 2, 0.5)).tolist()

NOT_SEEN, ALONE, SHARED_BY_SOME, SHARED_BY_MOST = range(
    4
)  # whether right answers elsewhere reach a step's result


class StepKey(NamedTuple):
    """All that the chances of a step depend on."""

    level: int  # of its hazard: an index of LEVELS
    equations: bool | None  # whether those in it hold
    corrects: bool
    agreement: int  # of its result, NOT_SEEN where it has none or there is nothing to compare
    agreement_before: int  # of the last result before it
    few: bool  # whether there are few right solutions that it is compared with


class Beta(NamedTuple):
    """A rate learned from counts, with pseudo-counts for its prior."""

    yes: float
    no: float

    @property
    def mean(self) -> float:
        """Return the expected rate."""
        return self.yes / (self.yes + self.no)


PRIORS = {
    "lucky": Beta(1, 50),
    "misgraded": Beta(0.5, 100),
    "announced": Beta(1, 60),
    "announced_well": Beta(4, 6),
    "false_slip": Beta(2, 6),
    "false_carried": Beta(1, 40),
    "shared": Beta(6, 14),
}
GOOD, SLIPPED, CARRIED = range(3)  # what a step is: right or mended, a new error, an old one
# By the agreement before and by what the step is, how its result agrees: alone, shared by some, by
# most. The same is held of few solutions to compare with and of many, until a run teaches better,
# which it soon does: each row is worth AGREEMENT_CASES.
AGREEMENT_CASES = 5
AGREEMENT_PRIOR = (AGREEMENT_CASES / 20) * np.array(
    [
        [
            [[5, 4, 11], [14, 3, 3], [14, 3, 3]],
            [[10, 4, 6], [16, 2, 2], [16, 2, 2]],
            [[5, 7, 8], [14, 4, 2], [14, 4, 2]],
            [[4, 3, 13], [14, 3, 3], [14, 3, 3]],
        ]
    ]
    * 2,
    dtype=float,
)
SHARED_AGAIN = 0.5  # how often an error that others share is made by the next one, at least
SHARED_AGREEMENT = (0.3, 0.2, 0.5)  # of an error that others make as well


@dataclass(frozen=True, eq=False)
class Rates:
    """What is taken to be true of a run's model."""

    cells: Array = field(default_factory=lambda: BEFOREHAND)  # how likely each cell of the grid is
    lucky: float = PRIORS["lucky"].mean  # a wrong solution with the right answer
    misgraded: float = PRIORS["misgraded"].mean  # a right solution whose answer is judged wrong
    announced: float = PRIORS[
        "announced"
    ].mean  # a step from a wrong prefix announces a correction …
    announced_well: float = PRIORS["announced_well"].mean  # … and it is one
    false_slip: float = PRIORS[
        "false_slip"
    ].mean  # a first error with a false equation, where it has one that is checked
    false_carried: float = PRIORS["false_carried"].mean  # a step that carries an error on, likewise
    agreement: Array = field(
        default_factory=lambda: AGREEMENT_PRIOR / AGREEMENT_PRIOR.sum(-1, keepdims=True)
    )
    shared: float = PRIORS["shared"].mean  # share of errors that others make as well
    likeness: float = 0.03  # ρ: n rollouts of one prefix tell as much as n / (1 + (n - 1) ρ)

    def summary(self) -> dict[str, float]:
        """Return the mean rates over the problems, as chances per average step."""
        alone = ALONE - 1  # the agreement's last axis begins with it
        named = {
            "slip": float(self.cells @ SLIP),
            "silent_recovery": float(self.cells @ RECOVERY),
            "fleeting_errors": float(self.cells @ FLEETING_SHARE),
            "hard_steps": float(self.cells @ HARD_SHARE),
            "announced_correction": self.announced,
            "lucky_answers": self.lucky,
            "misgraded_answers": self.misgraded,
            "false_equations_in_errors": self.false_slip,
            "results_shared_if_right": float(1 - self.agreement[0, SHARED_BY_MOST, GOOD, alone]),
            "results_shared_if_wrong": float(1 - self.agreement[0, SHARED_BY_MOST, SLIPPED, alone]),
        }
        return {name: round(value, 4) for name, value in named.items()}

    @functools.lru_cache(maxsize=512)  # noqa: B019 — there are a few Rates in a run
    def step(self, key: StepKey) -> Array:
        """Return the chance of a step and of what is seen of it: shape (from, to, cells)."""
        false = np.array([[FALSE_ALARM, self.false_slip], [FALSE_ALARM, self.false_carried]])
        says = np.ones((2, 2))  # from good or wrong, to good or wrong
        if key.equations is not None:
            says *= 1 - false if key.equations else false
        announces = np.array([[FALSE_ANNOUNCEMENT], [self.announced]])
        says = says * (announces if key.corrects else 1 - announces)
        good, _, carried = self.agree(key)
        says = says * np.array([[good, 1.0], [good, carried]])
        says[0, 1] *= sum(self.slip_kinds(key))
        group = (0, 0, 1, 1)
        seen: Array = says[np.ix_((*group, 0, 0), group)][:, :, None]
        return self._moves(key.level, key.corrects) * seen

    @functools.lru_cache(maxsize=256)  # noqa: B019
    def again(self, level: int, corrects: bool) -> tuple[Array, Array]:
        """Return the chance that a step that is drawn once more says what it said.

        If what it says is good, and if it is wrong: shapes (from, cells).
        """
        moves = self._moves(level, corrects)
        good, wrong = moves[:, :LASTING].sum(axis=1), moves[:, LASTING:].sum(axis=1)
        common = np.maximum(wrong, SHARED_AGAIN)
        return good, (1 - self.shared) * wrong + self.shared * common

    def agree(self, key: StepKey) -> Array:
        """Return the chance of how a result agrees, for each of GOOD, SLIPPED and CARRIED."""
        if key.agreement == NOT_SEEN:
            return np.ones(3)
        of_kinds: Array = self.agreement[int(key.few), key.agreement_before, :, key.agreement - 1]
        return of_kinds

    def slip_kinds(self, key: StepKey) -> tuple[float, float]:
        """Return the chances of what is seen of an error that is made once, and of a shared one.

        Right solutions elsewhere do not state an error that nobody else makes; they may state one
        that many make, when they have come back from it.
        """
        alone = self.agree(key)[SLIPPED]
        agrees = 1.0 if key.agreement == NOT_SEEN else SHARED_AGREEMENT[key.agreement - 1]
        return (1 - self.shared) * float(alone), self.shared * agrees

    @functools.lru_cache(maxsize=256)  # noqa: B019
    def move(self, level: int) -> Array:
        """Return the chances of a step with this hazard, shape (from, to, cells)."""
        announced = np.array([0, 0, self.announced, self.announced])[:, None, None]
        easy, mending = self._moves(level, False), self._moves(level, True)[:STATES]
        hard = easy[HARD_RIGHT:]
        chances = (1 - announced) * easy[:STATES] + announced * mending
        chances[:LASTING] = (1 - HARD_SHARE) * chances[:LASTING] + HARD_SHARE * hard
        return chances

    @functools.lru_cache(maxsize=256)  # noqa: B019
    def _moves(self, level: int, corrects: bool) -> Array:
        slip, recovery, fleeting_recovery = _transitions(level)
        if corrects:
            recovery = fleeting_recovery = np.full_like(SLIP, self.announced_well)
        hard = np.full_like(SLIP, 1 - (1 - HARD_SLIP) ** LEVELS[level])
        chances = np.zeros((ORIGINS, STATES, len(SLIP)))
        for origin, to, rate in (
            (RIGHT, RIGHT, slip),
            (MENDED, MENDED, slip),
            (HARD_RIGHT, RIGHT, hard),
            (HARD_MENDED, MENDED, hard),
        ):
            chances[origin, to] = 1 - rate
            chances[origin, LASTING] = rate * (1 - FLEETING_SHARE)
            chances[origin, FLEETING] = rate * FLEETING_SHARE
        for kind, back in ((LASTING, recovery), (FLEETING, fleeting_recovery)):
            chances[kind, MENDED], chances[kind, kind] = back, 1 - back
        return chances

    @functools.lru_cache(maxsize=16)  # noqa: B019
    def verdict(self, correct: bool) -> Array:
        """Return the chance of an answer's verdict, by state: shape (states, 1)."""
        right = np.array([1 - self.misgraded] * 2 + [self.lucky] * 2)
        verdict: Array = (right if correct else 1 - right)[:, None]
        return verdict


@functools.cache
def _transitions(level: int) -> tuple[Array, Array, Array]:
    """Return the slip and the two recovery rates of a step of this hazard."""
    hazard = LEVELS[level]
    back = min(hazard, 1.0)
    fleeting = np.full_like(SLIP, 1 - (1 - FLEETING_RECOVERY) ** back)
    return 1 - (1 - SLIP) ** hazard, 1 - (1 - RECOVERY) ** back, fleeting


def level_of(hazard: float) -> int:
    """Return the index of the nearest level."""
    return bisect(_BETWEEN_LEVELS, hazard)


@dataclass
class Counts:
    """What trees say of the rates: expected counts, [yes, no] each."""

    cells: Array = field(default_factory=lambda: np.zeros_like(SLIP))
    rates: dict[str, list[float]] = field(
        default_factory=lambda: {name: [0.0, 0.0] for name in PRIORS}
    )
    agreement: Array = field(default_factory=lambda: np.zeros_like(AGREEMENT_PRIOR))

    def seen(self, name: str, yes: bool, weight: float) -> None:
        """Count something of this weight."""
        self.rates[name][0 if yes else 1] += weight

    def rates_given(self, before: Rates, pseudo_problems: float) -> Rates:
        """Return the rates under which this was most to be expected, with their priors."""
        learned = {}
        for name, prior in PRIORS.items():
            yes, no = map(sum, zip(self.rates[name], prior, strict=True))
            learned[name] = yes / (yes + no)
        agreement = self.agreement + AGREEMENT_PRIOR
        cells = self.cells + pseudo_problems * BEFOREHAND
        return replace(
            before,
            cells=cells / cells.sum(),
            agreement=agreement / agreement.sum(-1, keepdims=True),
            **learned,
        )
