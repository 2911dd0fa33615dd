"""The belief that is told a world's rates: the states that it counts, and what it then labels."""

from dataclasses import replace

import pytest

from benchmarks.label_accuracy import run
from benchmarks.metrics import calibration_error
from benchmarks.named_worlds import WORLDS
from benchmarks.true_rates import true_states, true_steps
from benchmarks.worlds import Task
from evolvemcts4rl.labels.rates import FLEETING, LASTING, MENDED, RIGHT
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Tree

TASK = Task(WORLDS["base"], 10, (("+", 5), ("+", 7), ("-", 2)), (0.1,) * 3)  # 15, 22, 20
MENDS = (
    "So stage a: 10 + 5 = 15.",
    "So stage b: 15 + 7 = 21.",
    "Wait, I made a mistake above, so I correct it: stage c: 22 - 2 = 20.",
    "The answer is \\boxed{20}.",
)


def test_states_say_where_an_error_is_carried_on_and_where_it_is_mended() -> None:
    assert true_states(TASK, MENDS) == [RIGHT, LASTING, MENDED, MENDED]
    wrong = (*MENDS[:2], "So stage c: 21 - 2 = 19.", "The answer is \\boxed{19}.")
    assert true_states(TASK, wrong) == [RIGHT, LASTING, LASTING, LASTING]


def test_a_false_remark_is_an_error_that_the_next_step_leaves_behind() -> None:
    steps = ("So stage a: 10 + 5 = 15 (note: 3 + 4 = 8).", "So stage b: 15 + 7 = 22.")
    assert true_states(TASK, steps) == [FLEETING, MENDED]


def test_where_all_errors_are_soon_mended_they_are_fleeting() -> None:
    task = replace(TASK, world=replace(TASK.world, fleeting=1.0))
    assert true_states(task, MENDS)[:2] == [RIGHT, FLEETING]


def test_a_first_error_is_shared_only_at_the_stage_that_many_misread() -> None:
    tree = Tree("0", TASK.question, "20")
    tree.add(Rollout(MENDS, True), 0)
    shared = {}
    for trap in (None, 0, 1, 2):
        steps = list(true_steps(replace(TASK, trap=trap), tree))
        assert [step.node.text for step in steps] == list(MENDS)
        shared[trap] = [step.is_shared for step in steps]
    assert shared[1] == [False, True, False, False]
    assert not any(shared[None] + shared[0] + shared[2])


@pytest.mark.slow
def test_labels_of_a_belief_that_is_told_the_rates_are_calibrated() -> None:
    found = run(WORLDS["base"], [5], 4, with_true_rates=True)
    values = [(value, truth) for one in found["true rates"] for value, truth, _ in one.values]
    error = calibration_error(values)
    assert len(values) > 200
    assert error is not None
    assert error < 0.05
