"""CPU of a search and its labels: python benchmarks/belief_cost.py [--problems N] [--rounds N].

The problems are of the base world of named_worlds.py, those alone that are searched, at the default
budgets; their completions are made beforehand. Each search, the learning of the rates and each
labelling with these is timed in several rounds, and the least counts, since other programs only
ever make it slower. Texts that were read are forgotten before each round and before the labelling
at the end, as in a run that is long enough. What of both is the reading of the steps is timed by
itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mcts
from benchmarks.label_accuracy import CONFIDENCE, SOLUTIONS, sample_from
from benchmarks.named_worlds import WORLDS
from benchmarks.worlds import Task, make_task
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import learn_rates, relabel
from evolvemcts4rl.labels.learning import SAMPLE
from evolvemcts4rl.labels.witnesses import Witnesses, equations_hold
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.solutions.equations import remembered_claims
from evolvemcts4rl.tree import Tree

PARTS = ("search", "learning", "labelling", "reading")


class Sampler:
    """The completions of one problem, each made once."""

    def __init__(self, name: str, task: Task) -> None:
        self.name, self.task = name, task
        self._made: dict[tuple[Prefix, int], Rollout] = {}
        self.asked = 0

    async def sample(self, prefix: Prefix, count: int, start: int) -> list[Rollout]:
        """Return completions of some indices from a prefix."""
        self.asked += count
        places = range(start, start + count)
        for place in places:
            if (prefix, place) not in self._made:
                made = sample_from(self.task, self.name, prefix, 1, place)
                self._made[prefix, place] = made[0]
        return [self._made[prefix, place] for place in places]

    async def search(self) -> Tree:
        """Search the problem and return its tree."""
        self.asked = 0
        solutions = await self.sample((), SOLUTIONS, 0)
        problem = Problem(self.name, self.task.question, str(self.task.key))
        return await mcts.search(problem, solutions, self.sample, SearchSettings())


def searched_problems() -> Iterator[Sampler]:
    """Yield the problems of the world of which some first solutions are right and some wrong."""
    number = 0
    while True:
        name = f"7:{number}"
        task = make_task(WORLDS["base"], random.Random(name))
        if len({each.verdict for each in sample_from(task, name, (), SOLUTIONS, 0)}) > 1:
            yield Sampler(name, task)
        number += 1


def forget_texts() -> None:
    """Empty the memories of what was read."""
    equations_hold.cache_clear()
    remembered_claims.cache_clear()


def measure(problems: list[Sampler], rounds: int) -> dict[str, float]:
    """Return the CPU seconds of each part."""
    least: dict[tuple[str, str], float] = {}

    def note(part: str, name: str, began: float) -> None:
        spent = time.process_time() - began
        least[part, name] = min(spent, least.get((part, name), spent))

    loop = asyncio.new_event_loop()  # asyncio.run would print the trees for its signal handler
    for number in range(rounds + 1):  # the first makes the completions and is not counted
        if number == 1:
            least.clear()
        forget_texts()
        trees = []
        for problem in problems:
            began = time.process_time()
            trees.append(loop.run_until_complete(problem.search()))
            note("search", problem.name, began)
        began = time.process_time()
        rates = learn_rates(trees)
        note("learning", "", began)
        forget_texts()
        for problem, tree in zip(problems, trees, strict=True):
            began = time.process_time()
            relabel(tree, rates, CONFIDENCE)
            note("labelling", problem.name, began)
        forget_texts()
        for problem, tree in zip(problems, trees, strict=True):
            began = time.process_time()
            witnesses = Witnesses(tree, frozenset())
            for path in tree.solutions():
                witnesses.add(path, True)
            note("reading", problem.name, began)
    loop.close()
    return {part: sum(value for key, value in least.items() if key[0] == part) for part in PARTS}


def main() -> None:
    """Print the CPU by part."""
    parser = argparse.ArgumentParser(description="CPU of a search and its labels.")
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    source = searched_problems()
    problems = [next(source) for _ in range(args.problems)]
    spent = measure(problems, args.rounds)
    completions = sum(problem.asked for problem in problems)
    each = {part: f"{1000 * seconds / completions:.3f}" for part, seconds in spent.items()}
    print(f"{len(problems)} problems, {completions} completions; CPU ms a completion:")
    print(f"search {each['search']}, labelling at the end {each['labelling']}")
    print(f"of each, the reading of the steps {each['reading']}")
    a_tree = 1000 * spent["learning"] / min(len(problems), SAMPLE)
    print(f"learning, of at most {SAMPLE} trees a run: {a_tree:.1f} ms a tree")


if __name__ == "__main__":
    main()
