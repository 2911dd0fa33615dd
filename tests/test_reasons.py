"""Why a problem ended as it did: the codes, their sentences, and the rows of runs that knew
sentences only."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.reasons import SENTENCES, Reason, ReasonCode, Status, sentence_of, with_detail
from evolvemcts4rl.records import Problem


def through_a_file(row: dict[str, Any]) -> Problem:
    """Return the problem of a row that was written and read again."""
    return Problem.from_json(json.loads(json.dumps(row)))


def test_every_code_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(ReasonCode)
    assert len(set(SENTENCES.values())) == len(ReasonCode)


@given(st.sampled_from(ReasonCode), st.text(), st.sampled_from(Status))
def test_problem_with_a_reason_goes_through_a_file(
    code: ReasonCode, detail: str, status: Status
) -> None:
    problem = Problem("000000", "q", None, status=status, reason=Reason(code, detail))
    again = through_a_file(problem.to_json())
    assert again.reason
    assert (again.status, again.reason.code, str(again.reason)) == (
        status,
        code,
        str(problem.reason),
    )


def test_row_has_the_sentence_and_its_code() -> None:
    reason = with_detail(ReasonCode.CARRIES_SOLUTION, "'Hint: '")
    row = Problem("000000", "q", None, status=Status.REFUSED, reason=reason).to_json()
    assert (row["status"], row["reason"]) == ("refused", "it carries its own solution ('Hint: ')")
    assert row["reason_code"] == "carries_solution"
    unrefused = Problem("000000", "q", None).to_json()
    assert (unrefused["status"], unrefused["reason"], unrefused["reason_code"]) == (
        "open",
        None,
        None,
    )


OLDER = {
    "the row has no problem": ("refused", "no_problem"),
    "it repeats row 000000": ("refused", "repeated_row"),
    "it overlaps a text of the --decontaminate files": ("refused", "contaminated"),
    "it is equal or nearly equal to problem 000002-r1": ("refused", "known"),
    "it is equal or nearly equal to its parent": ("refused", "like_its_parent"),
    "the reply is not whole (length)": ("refused", "not_whole"),
    "the reply has no problem in it": ("refused", "empty"),
    "the model refused to write one": ("refused", "refusal"),
    "it speaks of the rewriting ('new problem')": ("refused", "markers"),
    "it is longer than 2500 characters": ("refused", "too_long"),
    "it carries its own solution ('Step 1')": ("refused", "carries_solution"),
    "it asks for a proof or an explanation, which has no final answer to check": (
        "refused",
        "asks_for_proof",
    ),
    "it asks several questions": ("refused", "several_questions"),
    "it asks for nothing": ("refused", "asks_nothing"),
    "it is not self-contained ('shown below')": ("refused", "not_self_contained"),
    "it repeats an example of the prompt": ("refused", "prompt_example"),
    "it repeats the prompt's own words": ("refused", "prompt_words"),
    "only 3 of its 8 solutions came to an answer": ("dropped", "few_answers"),
    "the majority's share of the answers, 0.50, is tied": ("dropped", "thin_majority"),
    "the majority's share of the answers, 0.40, is under --agreement 0.5": (
        "dropped",
        "thin_majority",
    ),
    "none of its 16 solutions came to an answer (are --max_tokens and the context large enough?)": (
        "not_searched",
        "no_answers",
    ),
    "solved always (16 of 16)": ("not_searched", "solved_always"),
    "solved never (0 of 15)": ("not_searched", "solved_never"),
    "its solve rate, 0.25, is under --min_solve_rate 0.3": ("not_searched", "solve_rate"),
    "its solve rate, 0.75, is over --max_solve_rate 0.7": ("not_searched", "solve_rate"),
    "only one replica is left": ("failed", "endpoint"),
    "what no version ever said": ("refused", "other"),
}


@pytest.mark.parametrize(
    ("text", "expected"), OLDER.items(), ids=[code for _, code in OLDER.values()]
)
def test_row_of_a_run_without_codes_gets_the_code_of_its_sentence(
    text: str, expected: tuple[str, str]
) -> None:
    status, code = expected
    row = Problem("000000", "q", None).to_json() | {"status": status, "reason": text}
    del row["reason_code"]
    again = through_a_file(row)
    assert again.reason
    assert (again.status, again.reason.code) == (status, code)
    assert again.to_json() == row | {"reason_code": code}


def test_every_code_that_a_run_without_codes_could_give_is_read() -> None:
    codes = {code for _, code in OLDER.values()}
    newer = {
        ReasonCode.UNGRADABLE,
        ReasonCode.NO_VOTE,
        ReasonCode.NO_VERDICTS,
        ReasonCode.DOUBTFUL_ANSWER,
    }
    # A failed row is tried again: its code says nothing.
    assert codes == set(ReasonCode) - newer - {ReasonCode.PROGRAM}


def test_code_of_a_later_version_is_read_as_another_reason() -> None:
    row = Problem("000000", "q", None).to_json() | {"reason": "too blue", "reason_code": "blue"}
    assert through_a_file(row).reason == Reason(ReasonCode.OTHER, "too blue")


def test_summary_of_a_run_without_codes_shows_its_sentences() -> None:
    assert sentence_of("solved_never") == "solved never"
    assert sentence_of("not_searched: solved never … of …") == "not_searched: solved never … of …"
