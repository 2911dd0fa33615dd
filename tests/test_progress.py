"""What is shown of a run's progress where standard error is no terminal."""

from dataclasses import replace
from typing import Any

import pytest

from evolvemcts4rl.chat.buyer import Usage
from evolvemcts4rl.progress import Progress
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

SEARCHED = Problem("000000", "q", "1", status=Status.SEARCHED)
ACCEPTED = replace(SEARCHED, question_id="000001", status=Status.ACCEPTED)
REFUSED = Problem("000002", "q", None, status=Status.REFUSED, reason=Reason(ReasonCode.NO_PROBLEM))


def shown(capsys: pytest.CaptureFixture[str], problems: list[Problem], **more: Any) -> str:
    """Return the lines that a run of three seeds and one round prints for these problems, of which
    one is done already."""
    usage = Usage(completions=12, completion_tokens=3400)
    progress = Progress(
        3,
        Settings.of(seed_file="seeds.jsonl", evolve_rounds=1),
        usage,
        {"000000": SEARCHED},
        **more,
    )
    for problem in problems:
        progress.evolved(problem)
        progress.finished(
            replace(problem, status=Status.SEARCHED) if problem is ACCEPTED else problem
        )
    progress.close()
    return capsys.readouterr().err


def test_a_file_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, [ACCEPTED, REFUSED], seconds_between_lines=0.0)
    lines = text.splitlines()
    assert [line.partition(", 12 completions, 3,400 tokens, ")[0] for line in lines] == [
        "progress: 2 of 6 problems evolved, 1 of 2 searched",
        "progress: 2 of 6 problems evolved, 2 of 2 searched",
        "progress: 3 of 5 problems evolved, 2 of 2 searched",
        "progress: 3 of 5 problems evolved, 2 of 2 searched",
    ]
    assert all(line.isprintable() for line in lines)


def test_a_file_gets_no_line_for_each_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, [ACCEPTED] * 5000) == ""
