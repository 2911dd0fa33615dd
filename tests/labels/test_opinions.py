"""What verdicts say of each node, and what a run's own trees teach of its judges."""

import random

import numpy as np
import pytest

from benchmarks.simulated_judges import SimulatedJudge, judge_trees
from evolvemcts4rl.labels.judge_rates import NO_ERROR, JudgeRates, KnownVerdict, Panel
from evolvemcts4rl.labels.opinions import RightAlong, learn_from_trees, opinions
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Tree

ABLE = JudgeRates(np.array([0.6, 0.2, 0.1, 0.1]), 0.1, skill=1.0, cases=40)


def grown(*solutions: tuple[str, dict[str, int] | None]) -> Tree:
    """Return a tree of solutions, each steps and the judges' verdicts."""
    tree = Tree("0", "q", "1")
    for steps, verdicts in solutions:
        tree.add(Rollout(tuple(steps), False), 0)[-1].judgements = verdicts
    return tree


def said(tree: Tree, panel: Panel) -> dict[str, float]:
    """Return the factors by the texts of the nodes."""
    return {node.text: factor for node, factor in opinions(tree, panel).items()}


def test_one_verdict_is_that_judges_factors_along_the_solution() -> None:
    factors = said(grown(("abc", {"j": 1})), Panel({"j": ABLE}))
    assert list(factors.values()) == pytest.approx(ABLE.log_factors(1, 3).tolist())
    assert max(factors, key=factors.__getitem__) == "b"


def test_nothing_is_said_of_solutions_that_nobody_judged() -> None:
    assert said(grown(("abc", {"j": 1}), ("xyz", None)), Panel({"j": ABLE})).keys() == set("abc")


def test_a_judges_verdicts_on_a_shared_step_count_less_than_those_on_steps_apart() -> None:
    one = said(grown(("ab", {"j": 0})), Panel({"j": ABLE}))["a"]
    many = said(grown(*((f"a{x}", {"j": 0}) for x in "bcdefghi")), Panel({"j": ABLE}))["a"]
    assert one < many < 2 * one


def test_two_judges_say_more_than_one_and_two_of_a_family_less_than_that() -> None:
    tree = grown(("abc", {"i": NO_ERROR, "j": NO_ERROR}))
    alike = JudgeRates(ABLE.outcomes, ABLE.alarm, 1.0, weight=0.6, cases=40)
    one = said(tree, Panel({"i": ABLE, "j": JudgeRates(skill=0.0)}))["b"]
    apart = said(tree, Panel({"i": ABLE, "j": ABLE}))["b"]
    family = said(tree, Panel({"i": alike, "j": alike}))["b"]
    assert apart == pytest.approx(2 * one)
    assert apart < family < one < 0


def test_however_many_judges_agree_no_more_is_said_than_the_known_cases_support() -> None:
    panel = Panel(dict.fromkeys("abcdefgh", ABLE))
    factors = said(grown(("xy", dict.fromkeys("abcdefgh", 1))), panel)
    assert factors["y"] == pytest.approx(panel.cap)
    assert factors["x"] < factors["y"] / 2


def test_a_judge_without_known_cases_is_heard_as_an_average_one() -> None:
    factors = said(grown(("abc", {"new": 1})), Panel())
    assert 0 < factors["b"] < ABLE.log_factors(1, 3)[1]


def test_rollouts_teach_how_a_judge_does_on_real_errors() -> None:
    """The judge names planted errors well, and the run's own hardly ever."""
    rng = random.Random(0)
    known = {"j": [KnownVerdict(2, 2, 6)] * 10 + [KnownVerdict(NO_ERROR, NO_ERROR, 6)] * 10}
    trees = [grown((f"{n}abcde", {"j": 2 if rng.random() < 0.1 else NO_ERROR})) for n in range(40)]
    certain = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])  # the error is at step 2
    panel = learn_from_trees(known, trees, lambda tree, panel: lambda path: certain)
    alone = learn_from_trees(known, [], lambda tree, panel: lambda path: certain)
    assert alone.of("j").outcomes[0] > 0.7
    assert panel.of("j").outcomes[0] < 0.55
    assert panel.of("j").alarm == alone.of("j").alarm


def test_right_answers_teach_nothing_of_a_judge() -> None:
    tree = grown(("abc", {"j": 0}))
    next(tree.solutions())[-1].correct = True
    known = {"j": [KnownVerdict(0, 0, 3)]}

    def believe(tree: Tree, panel: Panel) -> RightAlong:
        raise AssertionError("no belief is asked for")

    panel = learn_from_trees(known, [tree], believe)
    assert panel.of("j").outcomes == pytest.approx(
        learn_from_trees(known, [], believe).of("j").outcomes
    )


def test_simulated_judges_write_their_verdicts_to_the_trees_that_a_run_would_ask_about() -> None:
    tree = Tree("0", "Start with 3.", "15")
    for last, right in (("7 + 8 = 15", True), ("7 + 8 = 16", False)):
        for node in tree.add(Rollout(("3 + 4 = 7", last), right), 0):
            node.p_correct = 0.9
    for path in tree.solutions():
        path[-1].p_correct = 0.95 if path[-1].correct else 0.05
    judges = [SimulatedJudge("sure", hit=1.0, none=0.0, alarm=0.0)]
    judge_trees([tree] * 4, judges, lambda name, steps: None if steps[-1].endswith("15") else 1)
    verdicts = {path[-1].correct: path[-1].judgements for path in tree.solutions()}
    assert verdicts == {True: {"sure": NO_ERROR}, False: {"sure": 1}}
