"""Labels against the truth of simulated worlds: python benchmarks/label_accuracy.py [seed …].

Every estimator labels the same problems of the worlds of named_worlds.py. The seeds of the default
table are not those that any constant was chosen on (below 200). A world's problems are one run,
from which the belief learns its rates. No HTTP, no clock: the table depends on the seeds alone.
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
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one process a core; more threads only wait
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mcts
from benchmarks.metrics import (
    Result,
    figure,
    hard_value,
    in_both,
    read_labels,
    reliability,
    soft_value,
    table_head,
    table_row,
)
from benchmarks.named_worlds import WORLDS
from benchmarks.simulated_judges import PANELS, judge_trees
from benchmarks.true_rates import relabel_by_true_rates
from benchmarks.worlds import Task, World, continue_solution, first_error, make_task
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import learn_panel, learn_rates, relabel
from evolvemcts4rl.labels.rates import Rates
from evolvemcts4rl.labels.witnesses import WITNESSES
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.tree import Tree

PROBLEMS = 12  # a world and seed
SOLUTIONS, BRANCHES, ROLLOUTS, SEARCHES = 16, 4, 40, 4
CONFIDENCE = 0.95
METHODS = ("belief", "omega", "shepherd", "shepherd soft")
Believed = list[tuple[Task, Tree, int]]  # a problem, its tree, and the tokens that it took


def run(
    world: World,
    seeds: Sequence[int],
    problems: int,
    times: int = 1,
    without: frozenset[str] = frozenset(),
    panels: Sequence[str] = (),
    with_true_rates: bool = False,
) -> dict[str, list[Result]]:
    """Return what each method makes of the same problems of a world, as one run.

    `panels` are the judges whom the belief hears beside: names of simulated_judges.PANELS.
    `with_true_rates` adds a belief that need not learn the rates.
    """
    results: dict[str, list[Result]] = {method: [] for method in METHODS}
    believed: Believed = []
    for name in [f"{seed}:{index}" for seed in seeds for index in range(problems)]:
        task = make_task(world, random.Random(name))
        sample = functools.partial(sample_from, task, name)
        if len({solution.verdict for solution in sample((), SOLUTIONS, 0)}) < 2:
            continue  # not searched
        believed.append((task, *search_tree(name, task, "belief", sample, times)))
        error_of = functools.partial(first_error, task)
        for method in METHODS[1:3]:
            tree, tokens = search_tree(name, task, method, sample, times)
            for title, soft in ((method, False), (f"{method} soft", True)):
                if title in results:
                    value = soft_value if soft else hard_value
                    results[title].append(read_labels(tree.solutions(), error_of, value))
                    results[title][-1].tokens = tokens
    rates = learn_rates((tree for _, tree, _ in believed), without)
    for _, tree, _ in believed:
        relabel(tree, rates, CONFIDENCE, without)
    results["belief"] = _read(believed)
    if with_true_rates:
        tasks, trees = [task for task, _, _ in believed], [tree for _, tree, _ in believed]
        relabel_by_true_rates(tasks, trees, CONFIDENCE)
        results["true rates"] = _read(believed)
    for name in panels:
        results[f"judges: {name}"] = _judged(believed, rates, name, without)
    return results


def _judged(
    believed: Believed, rates: Rates, panel_name: str, without: frozenset[str]
) -> list[Result]:
    """Return what the belief makes of the trees with the verdicts of judges."""
    trees = [tree for _, tree, _ in believed]
    tasks = {tree.question_id: task for task, tree, _ in believed}
    for tree in trees:
        for path in tree.solutions():
            path[-1].judgements = None
        relabel(tree, rates, CONFIDENCE, without)
    known = judge_trees(
        trees, PANELS[panel_name], lambda name, steps: first_error(tasks[name], steps)
    )
    panel = learn_panel(trees, rates, known, without)
    for tree in trees:
        relabel(tree, rates, CONFIDENCE, without, panel)
    return _read(believed)


def _read(believed: Believed) -> list[Result]:
    results = []
    for task, tree, tokens in believed:
        results.append(read_labels(tree.solutions(), functools.partial(first_error, task)))
        results[-1].tokens = tokens
    return results


def search_tree(
    name: str, task: Task, method: str, sample: Callable[..., list[Rollout]], times: int
) -> tuple[Tree, int]:
    """Return the tree of a problem, searched if it is to be, and the tokens that it took."""
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
        mixed = len({solution.verdict for solution in solutions}) > 1
        problem = Problem(name, task.question, str(task.key))
        return await mcts.search(problem, solutions, roll_out if mixed else None, settings)

    return asyncio.run(search()), tokens


def sample_from(task: Task, name: str, prefix: Prefix, count: int, start: int) -> list[Rollout]:
    """Return completions of some indices from a prefix, the same for every method."""
    rngs = (random.Random(f"{name}:{prefix}:{index}") for index in range(start, start + count))
    return [continue_solution(task, prefix, rng) for rng in rngs]


def _arguments() -> argparse.Namespace:
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
        "--judges", default="", help=f"panels of simulated judges: {', '.join(PANELS)}"
    )
    parser.add_argument(
        "--reliability", action="store_true", help="print how true labels of each height are"
    )
    parser.add_argument(
        "--true_rates", action="store_true", help="add a belief that is told the world's rates"
    )
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    args = _arguments()
    without = frozenset(filter(None, args.without.split(",")))
    panels = tuple(filter(None, args.judges.split(",")))
    jobs = [
        (name, int(times)) for name in args.worlds.split(",") for times in args.budget.split(",")
    ]
    print(table_head(16))
    with ProcessPoolExecutor() as pool:
        waiting = [
            pool.submit(
                run,
                WORLDS[name],
                args.seeds,
                args.problems,
                times,
                without,
                panels,
                args.true_rates,
            )
            for name, times in jobs
        ]
        for (name, times), future in zip(jobs, waiting, strict=True):
            _print_world(
                f"{name}, ×{times}: {WORLDS[name].about}", future.result(), args.reliability
            )


def _print_world(title: str, results: dict[str, list[Result]], with_reliability: bool) -> None:
    print(f"\n{title}")
    for method, each in results.items():
        print(table_row(f"  {method:14}", each), flush=True)
    mine, theirs, count = in_both(results["belief"], results["omega"])
    print(f"  on the {count} that both label: belief {figure(mine)}, omega {figure(theirs)}")
    values = [(value, truth) for result in results["belief"] for value, truth, _ in result.values]
    if with_reliability and values:
        print("  " + "  ".join(f"{mean:.2f}→{right:.2f}" for mean, right, _ in reliability(values)))


if __name__ == "__main__":
    main()
