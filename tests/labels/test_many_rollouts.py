"""More rollouts must not make labels worse: where right steps are all worded alike, they did."""

import asyncio
import random
from functools import partial

import pytest

import mcts
from benchmarks.worlds import Task, World, continue_solution, first_error, make_task
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import learn_rates, relabel
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.tree import Tree
from tests.support.fast import slow_but

WORLD = World(
    "right steps are all worded alike, and nothing is mended",
    stages=(3, 6),
    slips=(0.15, 0.15),
    silent=0.0,
    announced=0.0,
    wordings=1,
)


def written(task: Task, name: str, prefix: Prefix, count: int, start: int) -> list[Rollout]:
    rngs = (random.Random(f"{name}:{prefix}:{index}") for index in range(start, start + count))
    return [continue_solution(task, prefix, rng) for rng in rngs]


def labelled_trees(solutions: int) -> list[tuple[Task, Tree]]:
    """Trees of a run with so many first solutions a problem, labelled at its end."""
    grown = []
    for index in range(10):
        name = f"7:{index}"
        task = make_task(WORLD, random.Random(name))
        sample = partial(written, task, name)

        async def roll_out(
            prefix: Prefix,
            count: int,
            start: int,
            sample: "partial[list[Rollout]]" = sample,
        ) -> list[Rollout]:
            return sample(prefix, count, start)

        problem = Problem(name, task.question, str(task.key))
        first = sample((), solutions, 0)
        tree = asyncio.run(mcts.search(problem, first, roll_out, SearchSettings()))
        grown.append((task, tree))
    rates = learn_rates(tree for _, tree in grown)
    for _, tree in grown:
        relabel(tree, rates, 0.95)
    return grown


@pytest.mark.parametrize("solutions", slow_but([16], [16, 128]))
def test_right_solutions_stay_right_and_first_errors_are_found_however_much_is_drawn(
    solutions: int,
) -> None:
    for task, tree in labelled_trees(solutions):
        exact, labelled = 0, 0
        for path in tree.solutions():
            error = first_error(task, tuple(node.text.strip() for node in path))
            if error is None:
                assert path[-1].label
            elif all(node.p_correct is not None for node in path):
                labelled += 1
                found = next(depth for depth, node in enumerate(path) if not node.label)
                exact += found == error
        assert labelled
        assert exact >= 0.95 * labelled
