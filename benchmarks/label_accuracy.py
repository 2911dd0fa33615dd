"""The search against the truth: python benchmarks/label_accuracy.py [seed …]

Every estimator labels the same problems of a toy world whose steps can be checked. The seeds of the default table are not
those that the belief's constants were tuned on (1 to 6). A world's problems are one run, from which the belief learns its rates. No
HTTP, no clock: the table depends on the seeds alone.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # one process a core; more threads only wait for one another
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import mcts
from benchmarks.toy_world import Model, ToyProblem, continue_solution, first_error, make_problem
from evolvemcts4rl.labels import labelling
from evolvemcts4rl.labels.belief import learn_rates
from evolvemcts4rl.labels.labelling import labelled_solutions
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.settings import SearchSettings
from evolvemcts4rl.tree import Node, Tree

PROBLEMS = 16  # a world and seed


@dataclass(frozen=True)
class World:
    """A kind of problems, and the model that solves them."""

    model: Model = field(default_factory=Model)
    steps: tuple[int, int] = (4, 10)
    slips: tuple[float, float] | None = None  # where each problem has a slip rate of its own


WORLDS = {
    "slips 3-20 %, recoveries 8 %": World(slips=(0.03, 0.2)),
    "strong model": World(Model(slip=0.04)),
    "weak model": World(Model(slip=0.2)),
    "seldom recovers": World(Model(silent=0.01, announced=0.02)),
    "often recovers": World(Model(silent=0.2, announced=0.1)),
    "never announces": World(Model(announced=0.0)),
    "a hard step": World(Model(slip=0.03, hard_step=0.5)),
    "short solutions": World(Model(slip=0.15), steps=(2, 4)),
    "long solutions": World(Model(slip=0.06), steps=(10, 16)),
    "only skipped steps": World(Model(kinds=("skipped",))),
    "only wrong formulas": World(Model(kinds=("formula",))),
}


@dataclass(frozen=True)
class Method:
    """An estimator, its settings, and how many of a problem's first solutions it is given."""

    estimator: str
    num_branches: int = 4
    max_branches: int = 40
    num_solutions: int = 16
    max_search: int = 4

    @property
    def settings(self) -> SearchSettings:
        """The search's settings."""
        budgets = {f.name: getattr(self, f.name) for f in fields(self)}
        return SearchSettings(**budgets)


METHODS = {
    "belief": Method("belief"),
    "omega": Method("omega"),
    "shepherd": Method("shepherd"),
    # Without a limit on rollouts: what the published numbers of completions cost.
    "omega K 8": Method("omega", 8, 10_000),
    "omega K 16": Method("omega", 16, 10_000),
    "shepherd K 8": Method("shepherd", 8, 10_000, num_solutions=4),
}
ALONE = "belief alone"  # the same trees before the rates of the run are learned: each problem's labels by itself
TITLES = ["belief", ALONE, *list(METHODS)[1:]]


@dataclass
class Tally:
    """What came out of some problems. Pairs are [of how many, as it should be]."""

    wrong: list[int] = field(
        default_factory=lambda: [0, 0]
    )  # wrong answer: the exact first error is labelled
    right: list[int] = field(
        default_factory=lambda: [0, 0]
    )  # right throughout: no error is labelled
    kept_wrong: list[int] = field(
        default_factory=lambda: [0, 0]
    )  # the same among those that prm.jsonl keeps
    kept_right: list[int] = field(default_factory=lambda: [0, 0])
    announced: list[int] = field(
        default_factory=lambda: [0, 0]
    )  # right answer after a correction that is announced
    tokens: int = 0
    solutions: int = 0  # that prm.jsonl keeps
    values: list[tuple[float, bool]] = field(
        default_factory=list
    )  # p_correct and the truth, of each labelled prefix
    shares: list[tuple[float, bool]] = field(default_factory=list)  # mc_value and the truth

    def add(self, other: Tally) -> Tally:
        """Both together."""
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            pair = isinstance(mine, list) and f.name not in ("values", "shares")
            setattr(
                self,
                f.name,
                [a + b for a, b in zip(mine, theirs, strict=True)] if pair else mine + theirs,
            )
        return self

    def enter(self, problem: ToyProblem, tree: Tree) -> None:
        """Hold a tree's labels against the truth."""
        kept = [path[-1] for path in labelled_solutions(tree)]
        self.solutions += len(kept)
        for path in tree.solutions():
            if all(node.p_correct is not None for node in path):
                steps = tuple(node.text for node in path)
                error, found = (
                    first_error(problem, steps),
                    next((i for i, n in enumerate(path) if not n.label), None),
                )
                announced = any(step.startswith("Wait") for step in steps)
                for pair in self._pairs(error, bool(path[-1].correct), announced, path[-1] in kept):
                    pair[0] += 1
                    pair[1] += found == error
        for node, truth in _with_truth(problem, tree):
            if node.p_correct is not None:
                self.values.append((node.p_correct, truth))
                if node.mc_value is not None:
                    self.shares.append((node.mc_value, truth))

    def _pairs(
        self, error: int | None, correct: bool, announced: bool, kept: bool
    ) -> Iterator[list[int]]:
        if error is None:
            yield from (self.right, self.kept_right)[: 1 + kept]
        elif not correct:
            yield from (self.wrong, self.kept_wrong)[: 1 + kept]
        elif announced:
            yield self.announced

    def row(self) -> list[str]:
        """The table's columns."""
        values, truth = np.array(self.values).T if self.values else np.zeros((2, 0))
        sure, nearly = truth[values >= 0.9], truth[(values >= 0.85) & (values < 0.95)]
        return [
            _figure(_f1(self.wrong, self.right)),
            _figure(_f1(self.kept_wrong, self.kept_right)),
            _figure(_share(self.announced)),
            _figure(auc(self.values)),
            _figure(auc(self.shares)),
            _figure(calibration_error(self.values)),
            _figure(sure.mean() if len(sure) else None),
            _figure(nearly.mean() if len(nearly) else None),
            f"{self.tokens / max(self.solutions, 1):.0f}",
            f"{self.tokens / max(len(self.values), 1):.1f}",
        ]


# F1: of all solutions that were searched or have a right answer. F1 kept: of those that prm.jsonl keeps, to which
# tokens/sol refers. announced: share of corrected errors found. AUC: of p_correct, and of mc_value. ECE: expected
# calibration error. if ≥ 0.9, if ≈ 0.9: how many of the labels given with 0.9 or more, and with 0.85 to 0.95, are right.
HEADS = [
    "F1",
    "F1 kept",
    "announced",
    "AUC",
    "AUC mc",
    "ECE",
    "if ≥ 0.9",
    "if ≈ 0.9",
    "tokens/sol",
    "tokens/step",
]


def auc(values: Sequence[tuple[float, bool]]) -> float | None:
    """Chance that a right prefix has the higher value than a wrong one, ties counted half; None where one kind is missing."""
    right = np.array([value for value, truth in values if truth])
    wrong = np.sort([value for value, truth in values if not truth])
    if not len(right) or not len(wrong):
        return None
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong))


def calibration_error(values: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error over ten bins of equal width."""
    if not values:
        return None
    chance, truth = np.array(values).T
    bins = np.minimum(chance * 10, 9).astype(int)
    return float(sum(abs((chance - truth)[bins == k].sum()) for k in range(10)) / len(chance))


def run(world: World, seeds: Sequence[int], problems: int = PROBLEMS) -> dict[str, Tally]:
    """What each of the methods makes of the same problems of a world, by title; all of them together are one run."""
    return asyncio.run(
        _run(world, [f"{seed}:{index}" for seed in seeds for index in range(problems)])
    )


async def _run(world: World, names: Sequence[str]) -> dict[str, Tally]:
    tallies = {title: Tally() for title in TITLES}
    searched: list[tuple[ToyProblem, Tree]] = []
    always: list[
        Tree
    ] = []  # nothing is to be labelled there, but they speak of the model's rates as well
    for name in names:
        rng = random.Random(name)
        problem = make_problem(rng, world.steps)
        model = replace(world.model, slip=rng.uniform(*world.slips)) if world.slips else world.model
        sample = functools.partial(_sample, problem, model, name)
        asked = Problem(name, "", str(problem.totals[-1]))
        verdicts = {solution.verdict for solution in sample((), 16, 0)}
        if verdicts == {True}:
            always.append(await _search(asked, METHODS["belief"], sample, Tally()))
        elif len(verdicts) == 2:  # the others are not searched
            for title, method in METHODS.items():
                tree = await _search(asked, method, sample, tallies[title])
                if title == "belief":
                    searched.append((problem, tree))
                else:
                    tallies[title].enter(problem, tree)
    tallies[ALONE].tokens = tallies["belief"].tokens
    for problem, tree in searched:
        tallies[ALONE].enter(problem, tree)
    rates = learn_rates(
        labelling.evidence(tree) for tree in [*(tree for _, tree in searched), *always]
    )
    for problem, tree in searched:
        labelling.relabel(tree, rates, METHODS["belief"].settings.confidence)
        tallies["belief"].enter(problem, tree)
    return tallies


async def _search(
    problem: Problem, method: Method, sample: Callable[..., list[Rollout]], tally: Tally
) -> Tree:
    async def roll_out(prefix: Prefix, count: int, start: int) -> list[Rollout]:
        rollouts = sample(prefix, count, start)
        tally.tokens += sum(rollout.tokens for rollout in rollouts)
        return rollouts

    solutions = await roll_out((), method.num_solutions, 0)
    return await mcts.search(problem, solutions, roll_out, method.settings)


def _sample(
    problem: ToyProblem, model: Model, name: str, prefix: Prefix, count: int, start: int
) -> list[Rollout]:
    """The completions of some indices from a prefix: the same ones for whatever method asks."""
    rngs = (random.Random(f"{name}:{prefix}:{index}") for index in range(start, start + count))
    return [continue_solution(problem, prefix, model, rng) for rng in rngs]


def _with_truth(problem: ToyProblem, tree: Tree) -> Iterator[tuple[Node, bool]]:
    """Each node of the tree, and whether every step up to it is right."""
    stack: list[tuple[Node, Prefix, bool]] = [(tree.root, (), True)]
    while stack:
        node, steps, right = stack.pop()
        right = right and first_error(problem, steps) is None
        yield node, right
        stack.extend((child, (*steps, child.text), right) for child in node.children)


def _share(pair: list[int]) -> float | None:
    return pair[1] / pair[0] if pair[0] else None


def _f1(wrong: list[int], right: list[int]) -> float | None:
    """Harmonic mean of the two shares, as ProcessBench has it (arXiv 2412.06559)."""
    a, b = _share(wrong), _share(right)
    return None if a is None or b is None else 2 * a * b / max(a + b, 1e-9)


def _figure(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Labels of each estimator against the truth of a toy world."
    )
    parser.add_argument("seeds", nargs="*", type=int, default=[101, 102, 103])
    parser.add_argument(
        "--problems", type=int, default=PROBLEMS, help="problems of each world and seed"
    )
    args = parser.parse_args()
    print(f"{'':16}" + "".join(f"{head:>12}" for head in HEADS))
    everywhere = {title: Tally() for title in TITLES}
    with ProcessPoolExecutor() as pool:
        run_world = functools.partial(run, seeds=args.seeds, problems=args.problems)
        for name, tallies in zip(WORLDS, pool.map(run_world, WORLDS.values()), strict=True):
            _print_world(name, tallies)
            for title, tally in tallies.items():
                everywhere[title].add(tally)
    _print_world("all worlds", everywhere)


def _print_world(name: str, tallies: dict[str, Tally]) -> None:
    print(f"\n{name}")
    for title, tally in tallies.items():
        print(f"  {title:14}" + "".join(f"{cell:>12}" for cell in tally.row()), flush=True)


if __name__ == "__main__":
    main()
