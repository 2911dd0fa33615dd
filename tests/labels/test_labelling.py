"""Labels of a tree whose answer is itself in doubt."""

import pytest

from evolvemcts4rl.labels.labelling import certainty, relabel
from evolvemcts4rl.labels.rates import Rates
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Tree


def labelled(p_answer: float) -> Tree:
    tree = Tree("0", "What is 3 + 4 + 5?", "12", p_answer=p_answer)
    for _ in range(6):
        tree.add(Rollout(("3 + 4 = 7.", "7 + 5 = 12.", "It is 12."), True), 0)
    tree.add(Rollout(("3 + 4 = 7.", "7 + 5 = 13.", "It is 13."), False), 0)
    relabel(tree, Rates(), 0.95)
    return tree


def test_doubt_in_the_answer_lowers_what_is_sure_the_more_the_later_the_step() -> None:
    def right(tree: Tree) -> list[float]:
        path = next(path for path in tree.solutions() if path[-1].correct)
        return [node.p_correct or 0.0 for node in path]

    sure, doubtful = right(labelled(1.0)), right(labelled(0.9))
    falls = [before - after for before, after in zip(sure, doubtful, strict=True)]
    assert falls == sorted(falls)
    assert falls[0] > 0
    # If the answer is wrong, so is what comes to it.
    assert doubtful[-1] == pytest.approx(0.9 * sure[-1], abs=0.001)
    assert doubtful[0] > 0.5


def test_no_solution_is_surely_right_where_its_answer_is_not() -> None:
    def surest(tree: Tree) -> float:
        return max(certainty(path) for path in tree.solutions() if path[-1].correct)

    assert surest(labelled(1.0)) > 0.9
    assert surest(labelled(0.8)) <= 0.8
