"""How sure it is that a voted answer is right.

Three things speak of it: the majority's share of the votes, whether the equations in the solutions
that gave it hold, and what other models answer. A misreading that many solutions share brings a
large majority to a wrong answer, so that the vote alone says little; a model that errs in other
places says much, most of all where it comes to a rival of the voted answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evolvemcts4rl.records import Problem

SECOND_SOLUTIONS = 4  # that each other model writes
# Of another model's answers, the share that is the right one is uniform beforehand; the share that
# is one given wrong answer, by the same error, has this Beta distribution, with a mean of 1 in 20.
RIGHT_SHARE, SAME_WRONG_SHARE = (1.0, 1.0), (0.15, 3.0)
UNSEEN = 2.0  # votes that right answers which nobody gave are worth among the rivals
NEW_RIVAL = 0.5  # and one that other models alone gave, beside its votes
# Weights of a logistic model: constant, log-odds of the majority, share of its solutions with a
# false equation. Learned from the seeds that state an answer, with this prior.
PRIOR_WEIGHTS = np.array([0.6, 0.8, -1.5])
PRIOR_SPREAD = np.array([1.0, 0.5, 1.0])
ROUNDS = 20  # of Newton's method
SUREST = 0.9999  # of a voted answer; 1 is a stated one
# What other models must make of a voted answer for it to stand, unless --min_p_answer says else.
ENOUGH_WITH_SECOND = 0.8


@dataclass(frozen=True)
class Candidate:
    """An answer: its votes among the first solutions, and those of each other model."""

    votes: int
    others: tuple[int, ...] = ()


def second_opinion(candidates: Sequence[Candidate], asked: Sequence[int]) -> float:
    """Return the log-odds by which the other models' answers speak for the first candidate.

    `asked` has how many answers each of them gave.
    """
    voted, *rivals = candidates
    if not any(asked):
        return 0.0
    weights = [rival.votes + NEW_RIVAL for rival in rivals]
    total = sum(weights) + UNSEEN
    against = UNSEEN * math.exp(_speaks_for(Candidate(0, (0,) * len(asked)), asked))
    against += sum(
        weight * math.exp(_speaks_for(rival, asked))
        for weight, rival in zip(weights, rivals, strict=True)
    )
    return _speaks_for(voted, asked) - math.log(against / total)


def _speaks_for(candidate: Candidate, asked: Sequence[int]) -> float:
    """Return log P(the other models' votes for it | it is right) − log P(… | it is wrong)."""
    return sum(
        _log_chance(votes, count, RIGHT_SHARE) - _log_chance(votes, count, SAME_WRONG_SHARE)
        for votes, count in zip(candidate.others, asked, strict=True)
    )


def _log_chance(votes: int, count: int, share: tuple[float, float]) -> float:
    """Return the beta-binomial log-chance of these very votes, up to their order."""
    return _log_beta(share[0] + votes, share[1] + count - votes) - _log_beta(*share)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@dataclass(frozen=True, eq=False)
class AnswerCertainty:
    """The chance that a voted answer is right, as far as it is known how votes err."""

    weights: NDArray[np.float64] = field(default_factory=lambda: PRIOR_WEIGHTS)

    def of_voted(self, problem: Problem, solutions: int) -> float:
        """Return the chance for a problem with so many first solutions; always under 1."""
        odds = float(self.weights @ _features(problem, solutions))
        odds += problem.second_opinion or 0.0
        return min(round(1 / (1 + math.exp(-odds)), 4), SUREST)


def learn_certainty(problems: Iterable[Problem], solutions: int) -> AnswerCertainty:
    """Return what the seeds that state their answers teach of the vote: see `vote_agrees`."""
    known = [
        (_features(problem, solutions), bool(problem.vote_agrees))
        for problem in problems
        if problem.p_answer == 1 and problem.vote_agrees is not None
    ]
    weights = PRIOR_WEIGHTS.copy()
    seen = np.array([features for features, _ in known]).reshape(-1, 3)
    right = np.array([agrees for _, agrees in known], dtype=float)
    for _ in range(ROUNDS):  # the posterior's maximum
        chance = 1 / (1 + np.exp(-np.clip(seen @ weights, -30, 30)))
        slope = seen.T @ (right - chance) - (weights - PRIOR_WEIGHTS) / PRIOR_SPREAD**2
        bend = (seen * (chance * (1 - chance))[:, None]).T @ seen + np.diag(PRIOR_SPREAD**-2.0)
        weights = weights + np.linalg.solve(bend, slope)
    return AnswerCertainty(weights)


def _features(problem: Problem, solutions: int) -> NDArray[np.float64]:
    votes = (problem.agreement or 0.0) * solutions
    odds = math.log((votes + 1) / (solutions - votes + 1))
    return np.array([1.0, odds, problem.false_equations or 0.0])
