"""benchmarks/proof_of_worth.py: equal tokens, what a PRM is taught, and what its chances are worth.

The training itself needs torch, which the tests do without.
"""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.label_accuracy import sample_from
from benchmarks.named_worlds import WORLDS
from benchmarks.proof import purchases
from benchmarks.proof.measures import (
    Case,
    best_of,
    best_threshold,
    choices,
    first_error_f1,
    steps_auc,
    weighted_vote,
    without_model,
)
from benchmarks.proof.purchases import RIVALS, Lesson
from benchmarks.proof.reading import COLUMN_SIZES, DIGITS, SIDE_SIZES, Library
from benchmarks.proof_of_worth import Plan, buy
from benchmarks.worlds import continue_solution, first_error, make_task
from tests.support.fast import slow_but

BASE = WORLDS["base"]


def case(answer: str, error: int | None = None, steps: int = 3) -> Case:
    return Case("q", tuple("abc"[:steps]), error, answer, answer == "7")


@pytest.fixture(scope="module")
def ours() -> dict[str, Lesson]:
    return dict(purchases.our_lessons(BASE, 1, 4))


@pytest.mark.parametrize("name", slow_but(["answers alone"], RIVALS))
def test_each_rival_gets_our_tokens_and_at_most_one_problem_more(
    name: str, ours: dict[str, Lesson]
) -> None:
    budget = ours["ours ≥ 0.9"].tokens
    bought = purchases.buy(BASE, 1, RIVALS[name], budget=budget)
    fewer = purchases.buy(BASE, 1, RIVALS[name], problems=bought.problems - 1)
    assert fewer.tokens < budget <= bought.tokens
    mine = purchases.buy(BASE, 1, purchases.OURS, problems=4)
    both = min(4, bought.problems)
    assert [task for task, _ in bought.trees[:both]] == [task for task, _ in mine.trees[:both]]


def test_what_is_bought_is_read_back_as_it_was(tmp_path: Path, ours: dict[str, Lesson]) -> None:
    plan = Plan("base", 1, 4)
    assert buy(plan, "ours", tmp_path) == buy(plan, "ours", tmp_path) == ours
    theirs = buy(plan, "omega", tmp_path)
    assert theirs == dict(purchases.rival_lessons(BASE, 1, "omega", ours["ours, all"].tokens))
    assert len(list(tmp_path.iterdir())) == 2


def test_tokens_are_those_of_all_completions_asked_for() -> None:
    alone = purchases.buy(BASE, 1, RIVALS["answers alone"], problems=1)
    task = make_task(BASE, random.Random("1:0"))
    first = sample_from(task, "1:0", (), 16, 0)
    assert alone.tokens == sum(rollout.tokens for rollout in first)
    assert purchases.buy(BASE, 1, RIVALS["omega"], problems=1).tokens > alone.tokens


def test_our_rows_end_with_the_first_error_and_are_fewer_where_they_must_be_sure(
    ours: dict[str, Lesson],
) -> None:
    sure, every = ours["ours ≥ 0.9"].rows, ours["ours, all"].rows
    assert 0 < len(sure) <= len(every)
    assert {row.steps for row in sure} <= {row.steps for row in every}
    for row in every:
        assert set(row.targets[:-1]) <= {1.0}
        assert row.targets[-1] in {0.0, 1.0}
    for hard, soft in zip(every, ours["ours, all, soft"].rows, strict=True):
        assert hard.steps == soft.steps
        assert [target >= 0.5 for target in soft.targets] == [bool(one) for one in hard.targets]


def test_true_lessons_are_true_and_all_solutions_are_more_than_the_sure_ones(
    ours: dict[str, Lesson],
) -> None:
    sure, every = ours["true, solutions of ours ≥ 0.9"], ours["true, all solutions of ours"]
    assert sure.true == every.true == 1.0
    assert {row.steps for row in sure.rows} <= {row.steps for row in every.rows}


def test_rivals_teach_whole_solutions_and_soft_labels_are_shares() -> None:
    taught = dict(purchases.rival_lessons(WORLDS["weak"], 1, "shepherd", 4000))
    hard, soft = taught["shepherd: hard"].rows, taught["shepherd: soft"].rows
    assert [row.steps for row in hard] == [row.steps for row in soft]
    assert all("boxed" in row.steps[-1] and len(row.steps) == len(row.targets) for row in hard)
    assert {target for row in hard for target in row.targets} == {0.0, 1.0}
    assert {target for row in soft for target in row.targets} <= {0.0, 0.25, 0.5, 0.75, 1.0}


def test_first_error_f1_of_known_chances() -> None:
    cases = [case("7"), case("7", 1), case("6", 1), case("6", 2), case("7")]
    chances = [
        [0.9, 0.9, 0.9],  # clean, called clean
        [0.9, 0.2, 0.1],  # exact
        [0.9, 0.9, 0.1],  # too late
        [0.9, 0.8, 0.7],  # not found
        [0.9, 0.9, 0.4],  # clean, blamed
    ]
    assert first_error_f1(cases, chances, 0.5) == pytest.approx(2 * 1 / 3 * 1 / 2 / (1 / 3 + 1 / 2))
    # At 0.75 the fourth is exact too; at 0.35 the fifth is called clean.
    assert first_error_f1(cases, chances, 0.75) == pytest.approx(2 * 2 / 3 * 1 / 2 / (7 / 6))
    threshold, score = best_threshold(cases, chances)
    assert first_error_f1(cases, chances, threshold) == pytest.approx(score)
    assert score >= first_error_f1(cases, chances, 0.75)


@given(st.lists(st.lists(st.sampled_from([0.1, 0.3, 0.6, 0.9]), min_size=3, max_size=3)))
def test_best_threshold_has_the_f1_that_it_says(chances: list[list[float]]) -> None:
    cases = [case("7"), case("6", 1), case("6", 2), *(case("7", n % 4 or None) for n in range(99))]
    chances = [[0.9, 0.6, 0.3], *chances]
    threshold, score = best_threshold(cases[: len(chances)], chances)
    assert first_error_f1(cases[: len(chances)], chances, threshold) == pytest.approx(score)


def test_one_kind_of_solutions_gives_an_f1_of_nothing() -> None:
    assert first_error_f1([case("7")], [[0.9, 0.9, 0.9]], 0.5) == 0.0


def test_auc_over_steps() -> None:
    cases = [case("7"), case("6", 1)]
    assert steps_auc(cases, [[0.9, 0.8, 0.7], [0.6, 0.5, 0.4]]) == 1.0
    assert steps_auc(cases, [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]) == 0.5


def test_votes_and_choices_count_ties_by_their_share() -> None:
    assert weighted_vote(["7", "6", "6"], [1.0, 1.0, 1.0], {"7"}) == 0.0
    assert weighted_vote(["7", "6", "6"], [0.9, 0.4, 0.4], {"7"}) == 1.0
    assert weighted_vote(["7", "6"], [1.0, 1.0], {"7"}) == 0.5
    assert best_of([0.2, 0.9], [True, False]) == 0.0
    assert best_of([0.9, 0.9, 0.1], [True, False, True]) == 0.5


def test_a_weighted_vote_of_eight_against_the_majority() -> None:
    eight = [case("7")] * 3 + [case("6", 0)] * 5
    chances = [[0.9] * 3] * 3 + [[0.1] * 3] * 4 + [[0.95] * 3]
    majority, any_right = without_model([*eight, case("7")])  # the ninth is left out
    assert (majority, any_right) == (0.0, 1.0)
    assert choices(eight, chances) == (0.0, 1.0)


@settings(deadline=None)
@given(st.integers(), st.sampled_from(sorted(WORLDS)))
def test_reading_tells_every_step_and_fits_its_tables(seed: int, name: str) -> None:
    rng = random.Random(seed)
    task = make_task(WORLDS[name], rng)
    steps = continue_solution(task, (), rng).steps
    library = Library()
    numbers = library.read(task.question, steps)
    assert len(numbers) == len(steps)
    assert min(numbers) > 0
    tokens = library.computations()
    sizes = [size for size in COLUMN_SIZES for _ in range(DIGITS)] + list(SIDE_SIZES)
    assert (tokens >= 0).all()
    assert (tokens < sizes).all()


def test_reading_differs_where_the_text_does() -> None:
    library = Library()
    question = "Start with 40. stage a: + 27; stage b: * 3. What is the total?"
    right = library.read(question, ("So stage a: 40 + 27 = 67.", "So stage b: 67 * 3 = 201."))
    for steps in (
        ("So stage a: 40 + 27 = 66.", "So stage b: 66 * 3 = 198."),
        ("So stage a: 40 - 27 = 13.", "So stage b: 13 * 3 = 39."),
        ("So stage a: 40 + 27 = 67 (note: 1 + 1 = 3).", "So stage b: 67 * 3 = 201."),
        ("Wait, I correct it: stage a: 40 + 27 = 67.", "So stage b: 67 * 3 = 201."),
    ):
        assert library.read(question, steps)[0] != right[0]
    assert library.read(question, ("So stage b: 40 * 3 = 120.",))[0] not in right


def test_a_right_answer_after_an_error_is_right_and_holds_an_error() -> None:
    cases = purchases.held_out(WORLDS["recovers often"], 5, "held out", 10)
    assert len(cases) == 160
    assert any(each.right and each.error is not None for each in cases)
    for each in cases:
        if each.error is None:
            assert each.right


def test_first_errors_of_held_out_cases_are_the_worlds() -> None:
    task = make_task(BASE, random.Random("5:held out:0"))
    for each in purchases.held_out(BASE, 5, "held out", 1):
        assert each.error == first_error(task, each.steps)
