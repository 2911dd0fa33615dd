"""The two published estimators against sequences made by hand."""

import asyncio
from typing import Any

from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.records import Problem, Rollout
from evolvemcts4rl.tree import Tree
from mcts import search

STEPS = tuple("abcdefgh")


def run(
    estimator: str, right_up_to: int, solutions: list[Rollout] | None = None, **flags: Any
) -> tuple[Tree, list[int]]:
    """Search where a rollout succeeds from prefixes of STEPS that are at most so long; gives the
    tree and the depths asked."""
    asked = []

    async def roll_out(prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        asked.append(len(prefix))
        verdict = len(prefix) <= right_up_to
        return [
            Rollout((*prefix, f"new {start + i}"), verdict and i == count - 1) for i in range(count)
        ]

    solutions = solutions or [Rollout(STEPS, False), Rollout(("x", "y"), True)]
    settings = SearchSettings(estimator=estimator, **{"max_search": 1, "max_branches": 100} | flags)
    return asyncio.run(search(Problem("0", "q", "1"), solutions, roll_out, settings)), asked


def labels(tree: Tree, text: str = "h") -> list[float | None]:
    return next(
        [node.p_correct for node in path] for path in tree.solutions() if path[-1].text == text
    )


def test_omega_halves() -> None:
    tree, asked = run("omega", right_up_to=5)
    assert asked == [4, 6, 5]
    assert labels(tree) == [1, 1, 1, 1, 1, 0, 0, 0]


def test_omega_finds_the_first_and_the_last_step() -> None:
    tree, asked = run("omega", right_up_to=0)
    assert asked == [4, 2, 1]
    assert labels(tree) == [0] * 8
    tree, asked = run("omega", right_up_to=7)
    assert asked == [4, 6, 7]
    assert labels(tree) == [1] * 7 + [0]


def test_omega_halves_only_what_was_sampled_and_asks_of_no_prefix_twice() -> None:
    tree, asked = run("omega", right_up_to=5, max_search=2)
    # Of each wrong rollout from a prefix that is right one step was sampled, and there is nothing
    # to be halved.
    assert asked == [4, 6, 5]
    searched = [[node.p_correct for node in path] for path in tree.solutions() if path[-1].searched]
    assert {len(found) for found in searched} == {5, 6, 8}
    assert all(found == [1] * (len(found) - 1) + [0] for found in searched if len(found) < 8)


def test_omega_takes_a_right_answer_as_proof_of_its_steps() -> None:
    tree, _ = run("omega", right_up_to=5)
    assert labels(tree, "y") == [1, 1]


def test_omega_labels_nothing_of_a_solution_that_the_budget_does_not_finish() -> None:
    tree, asked = run("omega", right_up_to=5, max_branches=4)
    assert asked == [4]
    assert labels(tree)[4:] == [None] * 4
    assert not any(path[-1].searched for path in tree.solutions())


def test_shepherd_takes_any_success_of_a_prefix_as_proof_of_its_last_step() -> None:
    tree, asked = run("shepherd", right_up_to=3)
    assert asked == [1, 2, 3, 4, 5, 6, 7]
    assert labels(tree) == [1, 1, 1, 0, 0, 0, 0, 0]


def test_shepherd_labels_solutions_in_order_right_ones_too() -> None:
    solutions = [Rollout(("x", "y"), True), Rollout(("u", "v", "w"), False)]
    tree, asked = run("shepherd", 9, solutions, max_search=2)
    assert asked == [1, 1, 2]
    assert labels(tree, "y") == [1, 1]
    assert labels(tree, "w") == [1, 1, 0]


def test_shepherd_passes_over_a_solution_that_the_budget_cannot_pay_for() -> None:
    tree, asked = run("shepherd", 9, max_branches=6, max_search=4)
    assert asked == [1]
    assert labels(tree, "y") == [1, 1]
    assert labels(tree) == [None] * 8
