"""How well a judge names first errors, and what a verdict of its own is therefore worth.

Of a solution with a first error a judge names that step, none, an earlier or a later one; of one
without an error it says so or raises a false alarm. The rates are learned from cases whose truth is
known (planted.py). A judge may also guess: how likely it is that it does not is weighed by the same
cases, so that a guesser is worth next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NO_ERROR = -1  # the verdict that every step is right
HIT, NONE, EARLIER, LATER = range(4)  # what a judge makes of a solution with an error

# The mean of nine judges recorded on MR-MATH (docs/method.md), worth so many cases.
PRIOR_OUTCOMES = 6 * np.array([0.39, 0.25, 0.10, 0.26])
PRIOR_ALARM = 6 * np.array([0.27, 0.73])  # a false alarm, none
PRIOR_CASES = 12
PRIOR_SKILL = 0.2  # a judge has to show that it does not guess
ALIKE = 0.5  # how alike verdicts on solutions that share a step are there
SHRINK = 10  # cases that it takes for half of an observed likeness of judges to be believed


class KnownVerdict(NamedTuple):
    """What a judge said of a solution whose truth is known; both steps are -1 for none."""

    verdict: int
    error: int
    steps: int  # of the solution


@dataclass(frozen=True, eq=False)
class JudgeRates:
    """How a judge errs: chances of what it says of a solution with an error, and of one without."""

    outcomes: Array = field(default_factory=lambda: PRIOR_OUTCOMES / PRIOR_OUTCOMES.sum())
    alarm: float = float(PRIOR_ALARM[0] / PRIOR_ALARM.sum())
    skill: float = PRIOR_SKILL  # the chance that it does not guess
    guessed_none: float = 0.5  # how often it says "none" if it guesses
    weight: float = 1.0  # under 1 beside judges that err as it does
    cases: int = 0  # that it was asked about with the truth known

    def log_factors(self, verdict: int, steps: int) -> Array:
        """Return log(Ψ(verdict | first error at step i) / Ψ(verdict | no error)) for every i."""
        guessed = (1 - self.skill) * _guess(self.guessed_none, verdict, steps)
        wrong = self.skill * _given_error(self.outcomes, verdict, steps) + guessed
        right = self.skill * _given_none(self.alarm, verdict, steps) + guessed
        factors: Array = np.log(wrong / right)
        return factors

    def summary(self) -> dict[str, float]:
        """Return the rates as summary.json has them."""
        names = ("names_first_error", "sees_no_error", "names_earlier_step", "names_later_step")
        rates = dict(zip(names, self.outcomes.tolist(), strict=True))
        rates |= {"false_alarm": self.alarm, "does_not_guess": self.skill, "weight": self.weight}
        return {name: round(rate, 4) for name, rate in rates.items()} | {"known_cases": self.cases}


@dataclass(frozen=True, eq=False)
class Panel:
    """All judges of a run, by name; one that was never asked about known cases is an average one.

    Together they never move the odds of a step further than the known cases can support.
    """

    judges: Mapping[str, JudgeRates] = field(default_factory=dict)

    def of(self, judge: str) -> JudgeRates:
        """Return the rates of a judge."""
        return self.judges.get(judge, _AVERAGE)

    @property
    def cap(self) -> float:
        """Return the most that the judges' verdicts together move the log-odds of a step."""
        cases = max((judge.cases for judge in self.judges.values()), default=0)
        return math.log(1 + PRIOR_CASES + cases)


_AVERAGE = JudgeRates()


def learn_panel(
    known: Mapping[str, Sequence[KnownVerdict | None]],
    seen: Mapping[str, Array] | None = None,
) -> Panel:
    """Return the judges' rates from verdicts on known cases, which are the same for every judge.

    None stands where a judge gave no verdict. `seen` has for a judge how often each outcome is
    believed to have come about on a run's own wrong solutions; it is given no more say than the
    known cases and the prior together.
    """
    judges = {}
    for name, verdicts in known.items():
        judge = _learn([one for one in verdicts if one], (seen or {}).get(name))
        judges[name] = replace(judge, weight=_weight(name, known))
    return Panel(judges)


def outcome_of(verdict: int, error: int) -> int:
    """Return what a judge made of a solution with an error."""
    if verdict == NO_ERROR:
        return NONE
    return HIT if verdict == error else EARLIER if verdict < error else LATER


def _learn(known: Sequence[KnownVerdict], seen: Array | None) -> JudgeRates:
    outcomes, alarm = PRIOR_OUTCOMES.copy(), PRIOR_ALARM.copy()
    # The log-odds that it guesses: each verdict is foretold by those before, in either way.
    none, guess = np.ones(2), math.log(1 / PRIOR_SKILL - 1)
    for verdict, error, steps in known:
        if error == NO_ERROR:
            foretold = _given_none(float(alarm[0] / alarm.sum()), verdict, steps)
            alarm[int(verdict == NO_ERROR)] += 1
        else:
            foretold = float(_given_error(outcomes / outcomes.sum(), verdict, steps)[error])
            outcomes[outcome_of(verdict, error)] += 1
        guess += math.log(_guess(float(none[1] / none.sum()), verdict, steps) / foretold)
        none[int(verdict == NO_ERROR)] += 1
    if seen is not None and seen.sum() > 0:
        outcomes += seen * min(1.0, outcomes.sum() / seen.sum())
    return JudgeRates(
        outcomes / outcomes.sum(),
        float(alarm[0] / alarm.sum()),
        1 / (1 + math.exp(min(guess, 700.0))),
        float(none[1] / none.sum()),
        cases=len(known),
    )


def _given_error(outcomes: Array, verdict: int, steps: int) -> Array:
    """Return the chance of a verdict for each place of the first error: shape (steps,).

    What is earlier or later is spread evenly over the steps there; where there are none, the other
    outcomes share its part.
    """
    place = np.arange(steps)
    before, after = place, steps - 1 - place
    possible = outcomes[HIT] + outcomes[NONE]
    possible = possible + outcomes[EARLIER] * (before > 0) + outcomes[LATER] * (after > 0)
    if verdict == NO_ERROR:
        return outcomes[NONE] / possible  # type: ignore[no-any-return]
    earlier = outcomes[EARLIER] / np.maximum(before, 1)
    later = outcomes[LATER] / np.maximum(after, 1)
    chances = np.where(verdict < place, earlier, np.where(verdict > place, later, outcomes[HIT]))
    return chances / possible  # type: ignore[no-any-return]


def _given_none(alarm: float, verdict: int, steps: int) -> float:
    return 1 - alarm if verdict == NO_ERROR else alarm / steps


def _guess(none: float, verdict: int, steps: int) -> float:
    return none if verdict == NO_ERROR else (1 - none) / steps


def _weight(name: str, known: Mapping[str, Sequence[KnownVerdict | None]]) -> float:
    """Return 1 / (1 + the sum of the judge's likeness to each other one).

    m judges of one family with likeness c count 1 / (1 + (m - 1) c) each.
    """
    alike = sum(
        _likeness(known[name], verdicts) for other, verdicts in known.items() if other != name
    )
    return 1 / (1 + alike)


def _likeness(one: Sequence[KnownVerdict | None], other: Sequence[KnownVerdict | None]) -> float:
    """Return how much more often two judges are right together than chance has it, from 0 to 1.

    It is the correlation of being right among cases of the same kind, with an error or without.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a and b]
    right = np.array([[each.verdict == each.error for each in pair] for pair in pairs], dtype=float)
    flawed = np.array([a.error != NO_ERROR for a, _ in pairs], dtype=bool)
    for kind in (flawed, ~flawed):
        if kind.any():
            right[kind] -= right[kind].mean(axis=0)
    if not len(pairs) or (right**2).sum(axis=0).min() == 0:
        return 0.0
    spread = np.sqrt((right**2).sum(axis=0))
    correlation = float(right[:, 0] @ right[:, 1] / (spread[0] * spread[1]))
    return max(correlation, 0.0) * len(pairs) / (len(pairs) + SHRINK)
