"""A run that labels nothing says why, in one sentence with the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evolvemcts4rl.output.no_labels import why_nothing_is_labelled
from evolvemcts4rl.output.summary import LabelCounts
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

SOLVED = Problem("000003", "p", "5", status=Status.SEARCHED, solve_rate=0.5)


def ended(code: ReasonCode, status: Status, answer: str | None = "5", detail: str = "") -> Problem:
    reason = with_detail(code, detail) if detail else Reason(code)
    return Problem("000000", "p", answer, status=status, reason=reason)


NEVER = ended(
    ReasonCode.SOLVED_NEVER, Status.NOT_SEARCHED, detail="0 of 16: they came to 17, 18, 20"
)
CUT_OFF = ended(ReasonCode.NO_ANSWERS, Status.NOT_SEARCHED)
NO_MAJORITY = ended(ReasonCode.THIN_MAJORITY, Status.DROPPED, None)


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        (
            [NEVER, replace(NEVER, question_id="000001")],
            "2 of 2 problems came to nothing, such as 000000, whose stated answer is 5: solved "
            "never (0 of 16: they came to 17, 18, 20): look whether --answer_column names the "
            "answers, or take easier seeds or a stronger model.",
        ),
        (
            [CUT_OFF],
            "the only problem came to nothing, such as 000000, whose stated answer is 5: none of "
            "its solutions came to an answer (are --max_tokens and the context large enough?): "
            "give larger ones where they are cut off.",
        ),
        (
            [NEVER, NO_MAJORITY, replace(NO_MAJORITY, question_id="000002")],
            "2 of 3 problems came to nothing, such as 000000, the first place of the vote is tied "
            "or has a share under --agreement: name the column of the answers with "
            "--answer_column; where there is none, take easier seeds or a stronger model.",
        ),
    ],
)
def test_the_most_frequent_reason_is_told_with_the_way_out(
    problems: list[Problem], told: str
) -> None:
    settings = Settings.of(seed_file="s")
    assert why_nothing_is_labelled(problems, LabelCounts(), settings) == told


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            {"estimator": "shepherd"},
            "--max_branches 40 is too small for --estimator shepherd: the shortest solution has "
            "15 steps, which takes 56 rollouts: give --max_branches 56 or more, or a smaller "
            "--num_branches.",
        ),
        (
            {"estimator": "shepherd", "max_search": 0},
            "--max_search 0 searches no solution: give a larger one.",
        ),
    ],
)
def test_budget_that_pays_for_no_search_is_told_with_one_that_does(
    flags: dict[str, Any], told: str
) -> None:
    labels = LabelCounts(trees=1, shortest=15)
    settings = Settings.of(seed_file="s", **flags)
    assert why_nothing_is_labelled([NEVER, SOLVED], labels, settings) == told


@pytest.mark.parametrize("what", ["labels", "failed", "evolve_only"])
def test_nothing_is_told_where_there_are_labels_or_it_is_told_elsewhere(what: str) -> None:
    labels = LabelCounts()
    if what == "labels":
        labels.steps[False] += 1
    problems = [NEVER, replace(NEVER, status=Status.FAILED)] if what == "failed" else [NEVER]
    settings = Settings.of(seed_file="s", evolve_only=what == "evolve_only")
    assert why_nothing_is_labelled(problems, labels, settings) is None


def test_a_run_that_an_own_grader_never_passes_is_sent_to_the_grader() -> None:
    settings = Settings.of(seed_file="s", grader="grade.py:grade")
    told = why_nothing_is_labelled([NEVER], LabelCounts(), settings)
    assert told is not None
    assert told.endswith(
        ": look whether the function of --grader is right about one of its solutions, or take "
        "easier seeds or a stronger model."
    )
    assert "--answer_column" not in told
