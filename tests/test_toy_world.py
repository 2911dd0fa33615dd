"""The toy world tells the truth about its own solutions."""

import random

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.toy_world import Model, continue_solution, first_error, make_problem
from evolvemcts4rl.records import Rollout


@given(st.integers())
def test_a_model_that_never_slips_is_right_throughout(seed: int) -> None:
    rng = random.Random(seed)
    problem = make_problem(rng)
    rollout = continue_solution(problem, (), Model(slip=0.0), rng)
    assert rollout.verdict is True
    assert first_error(problem, rollout.steps) is None
    assert len(rollout.steps) == len(problem.operations) + 1


@given(st.integers(), st.sampled_from(["arithmetic", "formula", "skipped"]))
def test_every_kind_of_slip_is_seen_and_without_recovery_stays_wrong_or_is_seen(
    seed: int, kind: str
) -> None:
    rng = random.Random(seed)
    problem = make_problem(rng)
    rollout = continue_solution(
        problem, (), Model(slip=0.3, silent=0.0, announced=0.0, kinds=(kind,)), rng
    )
    if not rollout.verdict:
        assert first_error(problem, rollout.steps) is not None


@given(st.integers(), st.integers(0, 20))
def test_a_continuation_keeps_its_prefix_and_the_first_error_in_it(seed: int, depth: int) -> None:
    rng = random.Random(seed)
    problem = make_problem(rng)
    rollout = continue_solution(problem, (), Model(slip=0.3), rng)
    prefix = rollout.steps[: min(depth, len(rollout.steps))]
    again = continue_solution(problem, prefix, Model(slip=0.3), rng)
    assert again.steps[: len(prefix)] == prefix
    if first_error(problem, prefix) is not None:
        assert first_error(problem, again.steps) == first_error(problem, prefix)


def test_the_same_seed_writes_the_same() -> None:
    def write() -> list[Rollout]:
        rng = random.Random("7")
        problem = make_problem(rng)
        return [continue_solution(problem, (), Model(), rng) for _ in range(20)]

    assert write() == write()
