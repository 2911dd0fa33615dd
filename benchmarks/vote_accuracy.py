"""Measure how often the voted answer of an evolved problem is right, and how many the vote loses.

    python benchmarks/vote_accuracy.py

New problems of the toy world are answered by the vote of a run itself (voting.py, grader.py) over
16 solutions of a model whose weaknesses are known, at several --agreement. Beside the slips, which
scatter, a share of the problems holds a trap: a misreading that leads many solutions to the same
wrong answer, which no vote can detect. A second model is right about half of the time; it errs
independently, or falls into the traps half as often as the first.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.toy_world import Model, ToyProblem, continue_solution, make_problem
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.records import Completion, Message, Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.solutions.solver import Solver

MODELS = {"strong": Model(slip=0.03), "middling": Model(slip=0.1), "weak": Model(slip=0.2)}
SECOND = Model(slip=0.16)
AGREEMENTS = (0.0, 0.5, 0.75)
# Shares of problems with a trap; the share of its solutions that fall into it is uniform in [0, 1].
TRAPS = (0.0, 0.2)
# How often the second model falls into a trap, beside the first; None: there is no second model.
SECONDS: dict[str, float | None] = {"none": None, "independent": 0.0, "half alike": 0.5}


@dataclass(frozen=True)
class ToySolutions:
    """A scripted chat that answers with solutions of one toy problem."""

    problem: ToyProblem
    model: Model
    rng: random.Random
    trapped: float  # share of its solutions
    prefill: bool = True

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        start: int = 0,
        affinity_key: str = "",
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        """Return n whole solutions."""
        return [Completion(self._write(), "stop") for _ in range(n)]

    def _write(self) -> str:
        if self.rng.random() < self.trapped:
            return f"The answer is \\boxed{{{self.problem.totals[-1] + 7}}}."
        return "\n\n".join(continue_solution(self.problem, (), self.model, self.rng).steps)


@dataclass(frozen=True)
class Setting:
    """A model, how many problems hold a trap, --agreement, and how alike the second model is."""

    model: Model
    traps: float
    agreement: float
    alike: float | None = None


async def vote_on(setting: Setting, seeds: Sequence[str]) -> tuple[int, int]:
    """Return how many problems were accepted, and how many of those with the right answer."""
    grader = Grader()
    settings = Settings.of(seed_file="toy", agreement=setting.agreement)
    accepted = right = 0
    for number, seed in enumerate(seeds):
        rng = random.Random(seed)
        problem = make_problem(rng)
        trapped = rng.random() if rng.random() < setting.traps else 0.0
        judges = []
        if setting.alike is not None:
            own = random.Random(f"{seed}:second")
            second = ToySolutions(problem, SECOND, own, trapped * setting.alike)
            judges = [Judge("second", second, "second")]
        first = ToySolutions(problem, setting.model, rng, trapped)
        solver = Solver(first, grader, settings, judges=judges)
        voted = await solver.vote(Problem(str(number), "a toy problem", None))
        if voted.status != "dropped":
            accepted += 1
            right += voted.final_answer == str(problem.totals[-1])
    grader.close()
    return accepted, right


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="How often the voted answer of an evolved problem is right."
    )
    parser.add_argument("--problems", type=int, default=1000, help="problems for each row (1000)")
    parser.add_argument("--seed", type=int, default=101)
    flags = parser.parse_args()
    seeds = [f"{flags.seed}:{number}" for number in range(flags.problems)]
    print("model     traps  agreement  second       accepted    lost  right among accepted")
    for traps in TRAPS:
        for name, model in MODELS.items():
            for agreement in AGREEMENTS:
                for second, alike in SECONDS.items():
                    setting = Setting(model, traps, agreement, alike)
                    accepted, right = asyncio.run(vote_on(setting, seeds))
                    share = accepted / len(seeds)
                    row = f"{name:<10}{traps:>5.0%}{agreement:>11.2f}  {second:<12}{share:>9.1%}"
                    print(f"{row}{1 - share:>8.1%}{right / max(accepted, 1):>22.1%}", flush=True)


if __name__ == "__main__":
    main()
