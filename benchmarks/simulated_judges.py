"""Judges whose rates are known, for label_accuracy.py and the tests: they need no model.

A judge names the first error, a later or an earlier step, or none; it alarms falsely, or guesses.
Judges of one family mostly err on the same solutions in the same way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evolvemcts4rl.labels.judge import solutions_to_judge
from evolvemcts4rl.labels.judge_rates import NO_ERROR, KnownVerdict
from evolvemcts4rl.labels.planted import known_cases
from evolvemcts4rl.labels.witnesses import equations_hold
from evolvemcts4rl.records import Prefix
from evolvemcts4rl.tree import Tree

MOST = 8  # solutions a problem that are judged
FAMILY = 0.7  # how often judges of one family think as one

FirstError = Callable[[str, Prefix], int | None]  # of a problem's solution, by question_id


@dataclass(frozen=True)
class SimulatedJudge:
    """How a judge errs; what is neither hit nor none is spread over the other steps."""

    name: str
    hit: float = 0.5
    none: float = 0.3
    alarm: float = 0.1
    guesses: bool = False  # it says "none" half of the time, else any step
    family: str = ""
    hidden: float | None = None  # how often it names an error that no false equation shows

    def verdict(self, error: int | None, steps: Prefix) -> int:
        """Return its verdict on a solution, always the same for the same one."""
        own = random.Random(f"{self.name}:{steps}")
        alike = self.family and own.random() < FAMILY
        rng = random.Random(f"{self.family}:{steps}") if alike else own
        chance = rng.random()
        if self.guesses:
            return NO_ERROR if chance < 0.5 else rng.randrange(len(steps))
        if error is None:
            return rng.randrange(len(steps)) if chance < self.alarm else NO_ERROR
        others = [step for step in range(len(steps)) if step != error]
        hit, none = self._rates(steps[error])
        if chance < hit or not others:
            return error if chance < hit else NO_ERROR
        return NO_ERROR if chance < hit + none else rng.choice(others)

    def _rates(self, step: str) -> tuple[float, float]:
        """Return how often it names this step as the first error, and how often it names none."""
        if self.hidden is None or equations_hold(step) is False:
            return self.hit, self.none
        return self.hidden, self.none + self.hit - self.hidden


PANELS: dict[str, tuple[SimulatedJudge, ...]] = {
    "1": (SimulatedJudge("a"),),
    "2": (SimulatedJudge("a"), SimulatedJudge("b")),
    "family": (SimulatedJudge("a", family="f"), SimulatedJudge("b", family="f")),
    "guesser": (SimulatedJudge("g", guesses=True),),
    "good": (SimulatedJudge("a", hit=0.8, none=0.1, alarm=0.05),),
    "checks": (SimulatedJudge("a", hit=0.85, none=0.05, hidden=0.35),),
}


def judge_trees(
    trees: Sequence[Tree],
    judges: Sequence[SimulatedJudge],
    first_error: FirstError,
    is_known: Callable[[str, Prefix], bool] = lambda name, steps: True,
) -> dict[str, list[KnownVerdict | None]]:
    """Write the judges' verdicts to the trees; return those on cases whose truth is planted.

    The trees must have their labels, since those say which solutions a run asks about; of these the
    judges speak where the first error `is_known`.
    """
    for tree in trees:
        for path in solutions_to_judge(tree, MOST):
            steps = tuple(node.text.strip() for node in path)
            if not is_known(tree.question_id, steps):
                continue
            error = first_error(tree.question_id, steps)
            path[-1].judgements = {each.name: each.verdict(error, steps) for each in judges}
    cases = known_cases(trees, (), random_seed=0)
    return {
        each.name: [
            KnownVerdict(
                each.verdict(None if case.error == NO_ERROR else case.error, case.steps),
                case.error,
                len(case.steps),
            )
            for case in cases
        ]
        for each in judges
    }
