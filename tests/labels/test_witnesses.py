"""What a step says about itself."""

from collections.abc import Set

import pytest

from evolvemcts4rl.labels.witnesses import StepFacts, Witnesses
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Tree

NOTHING: Set[str] = frozenset()


def facts_of(question: str, *steps: str) -> list[StepFacts]:
    """Return the facts of the steps of one solution."""
    tree = Tree("0", question, "1")
    path = tree.add(Rollout(steps, False), 0)
    witnesses = Witnesses(tree, NOTHING)
    witnesses.add(path, new=True)
    return [witnesses.facts(node) for node in path]


@pytest.mark.parametrize(
    ("question", "step"),
    [
        ("1200 people live there.", "There are 1,200 people."),
        ("It costs $2.50.", "That is 2.5 dollars."),
        ("It weighs 3 kg.", "So 3.0 kg."),
    ],
)
def test_a_number_of_the_problem_in_another_spelling_is_no_result(question: str, step: str) -> None:
    assert facts_of(question, step)[0].result is None


def test_a_result_is_the_last_new_number_in_the_plain_spelling_of_its_value() -> None:
    first, second, third = facts_of(
        "There are 30 cars.",
        "30 * 40 = 1,200.0",
        "1200 + 10 = 1,210.50",
        "So it is \\boxed{1210.5}.",
    )
    assert (first.result, first.new) == ("1200", {"40", "1200"})
    assert (second.result, second.new) == ("1210.5", {"10", "1210.5"})
    assert third.result is None
    assert facts_of("?", "It is 10.05, or 100.")[0].new == {"10.05", "100"}
    assert facts_of("?", "12, 13,14 and 1,2345")[0].new == {"12", "13", "14", "1", "2345"}
