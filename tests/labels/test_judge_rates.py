"""Judges' rates learned from known cases: near the true ones, and a guesser worth nothing."""

import math
import random

import numpy as np
import pytest

from benchmarks.simulated_judges import SimulatedJudge
from evolvemcts4rl.labels.judge_rates import (
    EARLIER,
    HIT,
    LATER,
    NO_ERROR,
    NONE,
    JudgeRates,
    KnownVerdict,
    Panel,
    learn_panel,
)

DRAWS = range(8)  # of the cases that the judges are asked about


def known(judge: SimulatedJudge, count: int = 20, draw: int = 0) -> list[KnownVerdict]:
    """Return a judge's verdicts on so many planted errors and as many right solutions."""
    rng, verdicts = random.Random(draw), []
    for number in range(2 * count):
        steps = tuple(f"{draw}:{number}:{i}" for i in range(rng.randint(3, 9)))
        error = rng.randrange(len(steps)) if number < count else None
        truth = NO_ERROR if error is None else error
        verdicts.append(KnownVerdict(judge.verdict(error, steps), truth, len(steps)))
    return verdicts


def learned(*judges: SimulatedJudge, count: int = 20, draw: int = 0) -> Panel:
    return learn_panel({judge.name: known(judge, count, draw) for judge in judges})


def test_rates_come_near_the_true_ones_with_many_cases_and_not_far_with_forty() -> None:
    judge = SimulatedJudge("a", hit=0.5, none=0.3, alarm=0.1)
    many = learned(judge, count=1000).of("a")
    assert many.outcomes[[HIT, NONE]] == pytest.approx([0.5, 0.3], abs=0.05)
    assert many.outcomes[EARLIER] + many.outcomes[LATER] == pytest.approx(0.2, abs=0.05)
    assert many.alarm == pytest.approx(0.1, abs=0.03)
    few = [learned(judge, draw=draw).of("a") for draw in DRAWS]
    assert np.mean([each.outcomes[HIT] for each in few]) == pytest.approx(0.5, abs=0.1)
    assert np.mean([each.alarm for each in few]) == pytest.approx(0.1, abs=0.06)
    assert min(each.skill for each in few) > 0.9


def largest_factor(judge: JudgeRates) -> float:
    return max(
        float(np.abs(judge.log_factors(verdict, steps)).max())
        for steps in range(1, 10)
        for verdict in range(NO_ERROR, steps)
    )


def test_a_guesser_is_worth_next_to_nothing() -> None:
    judge = SimulatedJudge("g", guesses=True)
    factors = sorted(largest_factor(learned(judge, draw=draw).of("g")) for draw in DRAWS)
    assert np.median(factors) < 0.1
    assert largest_factor(learned(judge, count=200).of("g")) < 0.01


def test_a_judge_that_always_says_none_is_worth_next_to_nothing() -> None:
    judge = SimulatedJudge("n", hit=0.0, none=1.0, alarm=0.0)
    assert largest_factor(learned(judge).of("n")) < 0.1


def test_judges_of_one_family_weigh_less_than_independent_ones() -> None:
    family = [SimulatedJudge(name, family="f") for name in "ab"]
    apart = [SimulatedJudge(name) for name in "ab"]
    weights = [
        (learned(*family, draw=draw).of("a").weight, learned(*apart, draw=draw).of("a").weight)
        for draw in DRAWS
    ]
    assert all(alike < own for alike, own in weights)
    assert np.mean(weights, axis=0) == pytest.approx([0.7, 0.95], abs=0.08)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_all_verdicts_on_a_solution_together_are_certain(steps: int) -> None:
    rates = JudgeRates(np.array([0.5, 0.2, 0.1, 0.2]), 0.1, skill=1.0)
    right = np.array([1 - rates.alarm, *[rates.alarm / steps] * steps])
    ratios = [np.exp(rates.log_factors(verdict, steps)) for verdict in range(NO_ERROR, steps)]
    assert right @ np.array(ratios) == pytest.approx(np.ones(steps))


def test_a_verdict_speaks_for_the_step_that_it_names() -> None:
    factors = JudgeRates(np.array([0.5, 0.2, 0.1, 0.2]), 0.1, skill=1.0).log_factors(2, 5)
    assert factors.argmax() == 2
    assert factors[2] == pytest.approx(math.log(0.5 / (0.1 / 5)))
    assert (JudgeRates(skill=1.0).log_factors(NO_ERROR, 5) < 0).all()


def test_what_a_run_says_has_no_more_weight_than_the_known_cases() -> None:
    verdicts = {"a": known(SimulatedJudge("a", hit=0.9, none=0.1))}
    before = learn_panel(verdicts).of("a").outcomes
    after = learn_panel(verdicts, {"a": np.array([0.0, 1e6, 0.0, 0.0])}).of("a").outcomes
    assert after == pytest.approx((before + np.array([0, 1, 0, 0])) / 2)


def test_more_known_cases_allow_the_judges_to_say_more() -> None:
    assert (
        Panel().cap
        < Panel({"a": JudgeRates(cases=10)}).cap
        < Panel({"a": JudgeRates(cases=40)}).cap
    )
    assert Panel({"a": JudgeRates(cases=40)}).cap < math.log(60)
