"""What a reward model is worth on held-out problems: first errors, steps, and choices among eight.

No torch here: a reward model is what it says, a chance for each step of each solution.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics import Found, auc, processbench_f1
from evolvemcts4rl.records import Prefix

GROUP = 8  # solutions among which one is chosen
FIGURES = ("F1", "F1 known", "AUC", "best of 8", "weighted vote")


@dataclass(frozen=True)
class Case:
    """A solution of a problem whose truth is known."""

    question: str
    steps: Prefix
    error: int | None  # its first wrong step
    answer: str
    right: bool  # whether the answer is the true one, however it was graded

    def found(self, at: int | None) -> Found:
        """Return it beside the first error that a reward model finds in it."""
        return Found(self.steps, at, self.error, self.right, True)


Chances = Sequence[Sequence[float]]  # of each step of each case, that all up to it is right


def first_below(chances: Sequence[float], threshold: float) -> int | None:
    """Return the first step whose chance is below the threshold, or None."""
    return next((index for index, chance in enumerate(chances) if chance < threshold), None)


def first_error_f1(cases: Sequence[Case], chances: Chances, threshold: float) -> float:
    """Return F1 by ProcessBench's definition; 0 where one kind of solution is missing."""
    found = [
        case.found(first_below(each, threshold)) for case, each in zip(cases, chances, strict=True)
    ]
    value = processbench_f1(found)
    return value if value == value else 0.0


def best_threshold(cases: Sequence[Case], chances: Chances) -> tuple[float, float]:
    """Return the threshold with the best F1 on these cases, and that F1; ½ where all are alike."""
    width = max(map(len, chances))
    table = np.array([[*each, *[1.0] * (width - len(each))] for each in chances])
    errors = np.array([-1 if case.error is None else case.error for case in cases])
    spread = [np.quantile(part, QUANTILES) for part in (table, table.min(axis=1))]
    scored = []
    for threshold in np.unique([*spread[0], *spread[1], 0.5]):
        below = table < threshold
        exact = np.where(below.any(axis=1), below.argmax(axis=1), -1) == errors
        wrong, right = (
            exact[kind].mean() if kind.any() else 0.0 for kind in (errors >= 0, errors < 0)
        )
        scored.append((2 * wrong * right / max(wrong + right, 1e-9), float(threshold)))
    score, threshold = max(scored, key=lambda pair: (pair[0], -abs(pair[1] - 0.5)))
    return threshold, float(score)


QUANTILES = np.linspace(0.02, 0.98, 25)


def steps_auc(cases: Sequence[Case], chances: Chances) -> float:
    """Return the chance that a step of a right prefix is ranked above one of a wrong prefix."""
    values = [
        (chance, case.error is None or index < case.error)
        for case, each in zip(cases, chances, strict=True)
        for index, chance in enumerate(each)
    ]
    value = auc(values)
    return float("nan") if value is None else value


def weighted_vote(answers: Sequence[str], weights: Sequence[float], right: set[str]) -> float:
    """Return whether the answer with the most weight is right; ties count by their share."""
    total: defaultdict[str, float] = defaultdict(float)
    for answer, weight in zip(answers, weights, strict=True):
        total[answer] += weight
    most = max(total.values())
    first = [answer for answer, weight in total.items() if weight >= most - 1e-9]
    return sum(answer in right for answer in first) / len(first)


def best_of(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Return whether the solution with the highest score is right; ties count by their share."""
    best = [index for index, score in enumerate(scores) if score >= max(scores) - 1e-9]
    return sum(right[index] for index in best) / len(best)


def groups(cases: Sequence[Case]) -> list[list[int]]:
    """Return the places of the cases, in groups of eight of one problem; a rest is left out."""
    by_question: defaultdict[str, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        by_question[case.question].append(place)
    return [
        places[start : start + GROUP]
        for places in by_question.values()
        for start in range(0, len(places) - GROUP + 1, GROUP)
    ]


def choices(cases: Sequence[Case], chances: Chances) -> tuple[float, float]:
    """Return how often the best of eight is right, and how often the weighted vote is.

    A solution is worth the chance of its least sure step.
    """
    chosen, voted = [], []
    for group in groups(cases):
        worth = [min(chances[place]) for place in group]
        chosen.append(best_of(worth, [cases[place].right for place in group]))
        voted.append(_vote([cases[place] for place in group], worth))
    return float(np.mean(chosen)), float(np.mean(voted))


def without_model(cases: Sequence[Case]) -> tuple[float, float]:
    """Return how often the majority of eight is right, and how often any of them is."""
    eights = [[cases[place] for place in group] for group in groups(cases)]
    majority = [_vote(eight, [1.0] * len(eight)) for eight in eights]
    return float(np.mean(majority)), float(np.mean([any(c.right for c in e) for e in eights]))


def _vote(cases: Sequence[Case], weights: Sequence[float]) -> float:
    right = {case.answer for case in cases if case.right}
    return weighted_vote([case.answer for case in cases], weights, right)


@dataclass(frozen=True)
class State:
    """What a model says of the held-out cases, and the threshold below which a step is wrong."""

    chances: Chances
    threshold: float


def worth(cases: Sequence[Case], own: State, known: State) -> dict[str, float]:
    """Return the FIGURES of a reward model.

    Its own state and threshold were chosen by the labels that taught it, the known ones by truth.
    """
    best, vote = choices(cases, own.chances)
    return {
        "F1": first_error_f1(cases, own.chances, own.threshold),
        "F1 known": first_error_f1(cases, known.chances, known.threshold),
        "AUC": steps_auc(cases, own.chances),
        "best of 8": best,
        "weighted vote": vote,
    }
