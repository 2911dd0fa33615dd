"""What the second half of the first solutions is worth: python benchmarks/first_solutions.py.

A run asks for all of them at once. It could ask for half, and for the others only where these
leave something to be found. For each world the problems are told apart by how many of the first
half are right; what is kept of them, per 1,000 tokens, is set beside what would be kept if those
that are always or never solved so far were left alone. Stopping loses the errors that show late.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.label_accuracy import CONFIDENCE, SOLUTIONS, sample_from, search_tree
from benchmarks.metrics import read_labels
from benchmarks.named_worlds import WORLDS
from benchmarks.worlds import Task, World, first_error, make_task
from evolvemcts4rl.labels.labelling import learn_rates, relabel
from evolvemcts4rl.tree import Tree

HALF = SOLUTIONS // 2
CLASSES = ("never", "mixed", "always")  # solved, by the first half
FIGURES = ("problems", "tokens", "exact", "errors", "tokens of half", "exact of half")


def measure(world: World, seeds: Sequence[int], problems: int) -> dict[str, Counter[str]]:
    """Return, by class, the problems, tokens, and solutions kept with exact labels.

    Of the latter also those with an error, and what would be there of the first half alone where
    nothing is searched.
    """
    found: dict[str, Counter[str]] = {name: Counter() for name in CLASSES}
    trees: list[tuple[Task, Tree, Counter[str]]] = []
    for name in [f"{seed}:{index}" for seed in seeds for index in range(problems)]:
        task = make_task(world, random.Random(name))
        sample = functools.partial(sample_from, task, name)
        half = sample((), HALF, 0)
        right = sum(bool(solution.verdict) for solution in half)
        told = found["never" if not right else "always" if right == HALF else "mixed"]
        tree, tokens = search_tree(name, task, "belief", sample, 1)
        told.update({"problems": 1, "tokens": tokens})
        told["tokens of half"] += sum(solution.tokens for solution in half)
        if right == HALF:
            told["exact of half"] += len({solution.steps for solution in half})
        if tree.root.num_correct:
            trees.append((task, tree, told))
    rates = learn_rates(tree for _, tree, _ in trees)
    for task, tree, told in trees:
        relabel(tree, rates, CONFIDENCE)
        result = read_labels(tree.solutions(), functools.partial(first_error, task))
        exact = [one for one in result.solutions if one.kept and one.found == one.error]
        told["exact"] += len(exact)
        told["errors"] += sum(one.error is not None for one in exact)
    return found


def main() -> None:
    """Print the table of each world."""
    parser = argparse.ArgumentParser(description="The worth of the second half of the solutions.")
    parser.add_argument("seeds", nargs="*", type=int, default=[3, 4, 5, 6])
    parser.add_argument("--problems", type=int, default=10, help="of each world and seed")
    parser.add_argument("--worlds", default="strong,weak,base,LLM-like")
    args = parser.parse_args()
    for world in args.worlds.split(","):
        found = measure(WORLDS[world], args.seeds, args.problems)
        print(f"\n{world}\n{'':10}" + "".join(f"{name:>16}" for name in FIGURES))
        for name, told in found.items():
            print(f"  {name:8}" + "".join(f"{told[figure]:16}" for figure in FIGURES))
        everything, mixed = sum(found.values(), Counter[str]()), found["mixed"]
        unasked = found["never"] + found["always"]
        tokens = mixed["tokens"] + unasked["tokens of half"]
        _print_rates(
            "all asked for", everything["exact"], everything["errors"], everything["tokens"]
        )
        _print_rates("stopped", mixed["exact"] + unasked["exact of half"], mixed["errors"], tokens)


def _print_rates(title: str, exact: int, errors: int, tokens: int) -> None:
    print(
        f"  {title:14} {1000 * exact / tokens:6.2f} exact per 1,000 tokens, "
        f"{1000 * errors / tokens:5.2f} of them with an error",
        flush=True,
    )


if __name__ == "__main__":
    main()
