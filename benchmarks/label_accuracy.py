"""Labels against the truth of simulated worlds: python benchmarks/label_accuracy.py [seed …].

Every estimator labels the same problems of the worlds of worlds.py. The seeds of the default table
are not those that any constant was chosen on (below 200). A world's problems are one run, from
which the belief learns its rates. No HTTP, no clock: the table depends on the seeds alone.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one process a core; more threads only wait
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import mcts
from benchmarks.worlds import WORLDS, Task, World, continue_solution, first_error, make_task
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import is_labelled, learn_rates, relabel
from evolvemcts4rl.labels.witnesses import WITNESSES
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.tree import Node, Tree

PROBLEMS = 12  # a world and seed
SOLUTIONS, BRANCHES, ROLLOUTS, SEARCHES = 16, 4, 40, 4
METHODS = ("belief", "omega", "shepherd", "shepherd soft")
HEADS = (
    "PB-F1", "± se", "F1", "AUC", "AUC right", "ECE", "if ≥ 0.9",
    "if ≤ 0.1", "kept", "exact", "hidden", "tokens/sol"
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A labelled solution: where its first error is found, and where it is."""

    steps: Prefix
    found: int | None
    error: int | None
    correct: bool  # the answer, as graded
    kept: bool


@dataclass
class Result:
    """What one method makes of one problem."""

    solutions: list[Found] = field(default_factory=list)
    values: list[tuple[float, bool, bool]] = field(
        default_factory=list
    )  # p, truth, in a solution with a right answer
    tokens: int = 0


def _soft_value(node: Node) -> float | None:
    started = node.p_correct is not None and node.children
    return node.started_value if started else node.p_correct


def read_labels(task: Task, tree: Tree, soft: bool = False) -> Result:
    """Return a tree's labels beside the truth; soft ones are the shares of right rollouts."""
    result, seen = Result(), set()
    for path in tree.solutions():
        steps = tuple(node.text.strip() for node in path)
        error = first_error(task, steps)
        chances = [_soft_value(node) if soft else node.p_correct for node in path]
        for depth, (node, chance) in enumerate(zip(path, chances, strict=True)):
            if chance is not None and node not in seen:
                seen.add(node)
                result.values.append(
                    (chance, error is None or depth < error, bool(path[-1].correct))
                )
        known = [chance for chance in chances if chance is not None]
        if len(known) == len(path):
            found = next((depth for depth, chance in enumerate(known) if chance < 0.5), None)
            result.solutions.append(
                Found(steps, found, error, bool(path[-1].correct), is_labelled(path))
            )
    return result


def share(hits: Sequence[bool]) -> float:
    """Return the share of true ones; nan where there is none."""
    return float(np.mean(hits)) if len(hits) else float("nan")


def f1(solutions: Sequence[Found], definition: Callable[[Found], bool]) -> float:
    """Return the harmonic mean of two shares.

    They are the erroneous solutions that are found exactly, and the clean ones called clean.
    """
    wrong = share([one.found == one.error for one in solutions if definition(one)])
    right = share([one.found is None for one in solutions if one.error is None])
    return 2 * wrong * right / max(wrong + right, 1e-9)


def processbench_f1(solutions: Sequence[Found]) -> float:
    """Return F1 by ProcessBench's definition.

    A solution with a wrong step is a wrong one there, whatever its answer.
    """
    return f1(solutions, lambda one: one.error is not None)


def auc(values: Sequence[tuple[float, bool]]) -> float | None:
    """Return the chance that a right prefix has the higher value than a wrong one.

    Ties count half.

    None where one kind is missing.
    """
    right = np.array([value for value, truth in values if truth])
    wrong = np.sort([value for value, truth in values if not truth])
    if not len(right) or not len(wrong):
        return None
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong))


def calibration_error(values: Sequence[tuple[float, bool]]) -> float | None:
    """Return the expected calibration error over ten bins of equal width."""
    return sum(abs(part) for _, _, part in reliability(values)) if values else None


def reliability(values: Sequence[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """Return each bin's mean label, share of right ones, and part of the error."""
    chance, truth = np.array(values, dtype=float).T
    bins = np.minimum(chance * 10, 9).astype(int)
    return [
        (
            chance[bins == k].mean(),
            truth[bins == k].mean(),
            (chance - truth)[bins == k].sum() / len(chance),
        )
        for k in range(10)
        if (bins == k).any()
    ]


def row(results: Sequence[Result]) -> list[float | None]:
    """Return the figures of a table's row, in the order of HEADS."""
    solutions = [one for result in results for one in result.solutions]
    values = [(value, truth) for result in results for value, truth, _ in result.values]
    kept = [one for one in solutions if one.kept]
    return [
        processbench_f1(solutions),
        bootstrap(
            results, lambda some: processbench_f1([one for each in some for one in each.solutions])
        ),
        f1(solutions, lambda one: one.error is not None and not one.correct),
        auc(values),
        auc(
            [(value, truth) for result in results for value, truth, right in result.values if right]
        ),
        calibration_error(values),
        share([truth for value, truth in values if value >= 0.9]),
        share([not truth for value, truth in values if value <= 0.1]),
        float(len(kept)),
        share([one.found == one.error for one in kept]),
        share([one.error is not None for one in kept if one.found is None]),
        sum(result.tokens for result in results) / max(len(kept), 1),
    ]


def bootstrap(results: Sequence[Result], figure: Callable[[Sequence[Result]], float]) -> float:
    """Return the standard error of a figure over problems."""
    rng = np.random.default_rng(0)
    draws = [
        [results[i] for i in rng.integers(len(results), size=len(results))] for _ in range(100)
    ]
    return float(np.nanstd([figure(draw) for draw in draws])) if results else float("nan")


def in_both(one: Sequence[Result], other: Sequence[Result]) -> tuple[float, float, int]:
    """Return both methods' PB-F1 on the solutions that both label, and how many those are."""
    mine, theirs = [], []
    for first, second in zip(one, other, strict=True):
        labelled = {each.steps: each for each in second.solutions}
        for each in first.solutions:
            if each.steps in labelled:
                mine.append(each)
                theirs.append(labelled[each.steps])
    return processbench_f1(mine), processbench_f1(theirs), len(mine)


def run(
    world: World,
    seeds: Sequence[int],
    problems: int,
    times: int = 1,
    without: frozenset[str] = frozenset(),
) -> dict[str, list[Result]]:
    """Return what each method makes of the same problems of a world, as one run."""
    results: dict[str, list[Result]] = {method: [] for method in METHODS}
    believed: list[tuple[Task, Tree, int]] = []
    for name in [f"{seed}:{index}" for seed in seeds for index in range(problems)]:
        task = make_task(world, random.Random(name))
        sample = functools.partial(_sample, task, name)
        if len({solution.verdict for solution in sample((), SOLUTIONS, 0)}) < 2:
            continue  # not searched
        believed.append((task, *_search(name, task, "belief", sample, times)))
        for method in METHODS[1:3]:
            tree, tokens = _search(name, task, method, sample, times)
            for title, soft in ((method, False), (f"{method} soft", True)):
                if title in results:
                    results[title].append(read_labels(task, tree, soft))
                    results[title][-1].tokens = tokens
    rates = learn_rates((tree for _, tree, _ in believed), without)
    for task, tree, tokens in believed:
        relabel(tree, rates, 0.95, without)
        results["belief"].append(read_labels(task, tree))
        results["belief"][-1].tokens = tokens
    return results


def _search(
    name: str, task: Task, method: str, sample: Callable[..., list[Rollout]], times: int
) -> tuple[Tree, int]:
    tokens = 0

    async def roll_out(prefix: Prefix, count: int, start: int) -> list[Rollout]:
        nonlocal tokens
        rollouts = sample(prefix, count, start)
        tokens += sum(rollout.tokens for rollout in rollouts)
        return rollouts

    async def search() -> Tree:
        settings = SearchSettings(
            estimator=method,
            num_branches=BRANCHES,
            max_branches=times * ROLLOUTS,
            max_search=times * SEARCHES,
        )
        solutions = await roll_out((), SOLUTIONS, 0)
        return await mcts.search(
            Problem(name, task.question, str(task.key)), solutions, roll_out, settings
        )

    return asyncio.run(search()), tokens


def _sample(task: Task, name: str, prefix: Prefix, count: int, start: int) -> list[Rollout]:
    """Return completions of some indices from a prefix, the same for every method."""
    rngs = (random.Random(f"{name}:{prefix}:{index}") for index in range(start, start + count))
    return [continue_solution(task, prefix, rng) for rng in rngs]


def _figure(value: float | None) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:.3f}" if value < 2 else f"{value:.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Labels of each estimator against the truth of simulated worlds."
    )
    parser.add_argument("seeds", nargs="*", type=int, default=[201, 202])
    parser.add_argument(
        "--problems", type=int, default=PROBLEMS, help="problems of each world and seed"
    )
    parser.add_argument(
        "--worlds", default=",".join(WORLDS), help="names, with commas between them"
    )
    parser.add_argument("--budget", default="1", help="multiples of the rollouts, as 1,4,16")
    parser.add_argument(
        "--without", default="", help=f"witnesses not listened to: {', '.join(WITNESSES)}"
    )
    parser.add_argument(
        "--reliability", action="store_true", help="print how true labels of each height are"
    )
    args = parser.parse_args()
    without = frozenset(filter(None, args.without.split(",")))
    jobs = [
        (name, int(times)) for name in args.worlds.split(",") for times in args.budget.split(",")
    ]
    print(f"{'':16}" + "".join(f"{head:>11}" for head in HEADS))
    with ProcessPoolExecutor() as pool:
        waiting = [
            pool.submit(run, WORLDS[name], args.seeds, args.problems, times, without)
            for name, times in jobs
        ]
        for (name, times), future in zip(jobs, waiting, strict=True):
            _print_world(
                f"{name}, ×{times}: {WORLDS[name].about}", future.result(), args.reliability
            )


def _print_world(title: str, results: dict[str, list[Result]], with_reliability: bool) -> None:
    print(f"\n{title}")
    for method, each in results.items():
        print(
            f"  {method:14}" + "".join(f"{_figure(value):>11}" for value in row(each)), flush=True
        )
    mine, theirs, count = in_both(results["belief"], results["omega"])
    print(f"  on the {count} that both label: belief {_figure(mine)}, omega {_figure(theirs)}")
    values = [(value, truth) for result in results["belief"] for value, truth, _ in result.values]
    if with_reliability and values:
        print("  " + "  ".join(f"{mean:.2f}→{right:.2f}" for mean, right, _ in reliability(values)))


if __name__ == "__main__":
    main()
