"""A function of the user's as grader: what it is given, what it may give, and how it may fail."""

import asyncio
import textwrap
from pathlib import Path

import pytest

from evolvemcts4rl.answers.custom_grader import FunctionGrader, source_file
from evolvemcts4rl.answers.graders import open_grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.answers import AnswerSettings
from evolvemcts4rl.records import Problem

pytestmark = pytest.mark.slow
SEED = Problem("000000", "Name a colour.", None, seed={"problem": "Name a colour.", "good": "red"})
EVOLVED = Problem("000000-r1", "Name a hue.", "red", parent_id="000000", round=1)
GRADER = """
    import asyncio, os, time
    import numpy
    from beside import COLOURS

    def grade(row, completion):
        text, answer = completion
        if "sleep" in text:
            time.sleep(1000)
        if "die" in text:
            os._exit(1)
        if "eat" in text:
            bytearray(64 << 30)
        if "raise" in text:
            raise ValueError("no colour")
        if "half" in text:
            return 0.5
        if "nothing" in text:
            return None
        return numpy.bool_(row["good"] in completion.text and completion.answer in (None, "7"))

    async def later(row, completion):
        await asyncio.sleep(0)
        return completion.text in COLOURS

    later.same = lambda one, other: one.lower() == other.lower()
    NUMBER = 7
"""


@pytest.fixture
def name(tmp_path: Path) -> str:
    """The beginning of a function's name: its file, which imports from a file beside it."""
    (tmp_path / "grade.py").write_text(textwrap.dedent(GRADER))
    (tmp_path / "beside.py").write_text("COLOURS = ['red', 'blue']\n")
    return f"{tmp_path / 'grade.py'}:"


def grade(
    name: str, *texts: str, problem: Problem = SEED
) -> tuple[list[bool | None], FunctionGrader]:
    """The verdicts on these completions, and the grader."""

    async def ask() -> tuple[list[bool | None], FunctionGrader]:
        grader = FunctionGrader(name, limit_seconds=1.0, num_workers=1)
        try:
            await grader.check()
            completions = [(text, grader.answer_of(problem.question, text)) for text in texts]
            return await grader.verdicts(problem, completions), grader
        finally:
            grader.close()

    return asyncio.run(ask())


def test_function_sees_the_row_and_the_completion_with_its_answer(name: str) -> None:
    verdicts, grader = grade(f"{name}grade", "red", "green", "red: \\boxed{7}", "red: \\boxed{8}")
    assert verdicts == [True, False, True, False]
    assert not grader.can_vote


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("sleep", "it took more than 1 seconds"),
        ("die", "its process died"),
        ("eat", "MemoryError"),
        ("raise", "ValueError: no colour"),
        ("half", "it returned 0.5, which is not True, False or None"),
    ],
)
def test_failure_costs_its_own_verdict_only(name: str, text: str, failure: str) -> None:
    verdicts, grader = grade(f"{name}grade", "red", text, "green")
    assert verdicts == [True, None, False]
    assert (grader.failures, grader.last_failure) == (1, failure)


def test_none_is_no_verdict_and_no_failure(name: str) -> None:
    verdicts, grader = grade(f"{name}grade", "nothing")
    assert (verdicts, grader.failures) == ([None], 0)


def test_function_may_be_async_and_bring_what_is_the_same(name: str) -> None:
    verdicts, grader = grade(f"{name}later", "red", "green")
    assert (verdicts, grader.can_vote) == ([True, False], True)
    verdicts, _ = grade(f"{name}later", "\\boxed{RED}", "\\boxed{blue}", "Hm.", problem=EVOLVED)
    assert verdicts == [True, False, None]


def test_function_of_a_module_is_found_from_the_folder_of_the_command(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    verdicts, _ = grade("grade:later", "red")
    assert verdicts == [True]
    assert source_file("grade:later") == tmp_path / "grade.py"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("{}nowhere", "AttributeError: module 'grader_grade' has no attribute 'nowhere'"),
        ("{}NUMBER", "TypeError: NUMBER is no function"),
        ("nowhere.py:grade", "FileNotFoundError: there is no file nowhere.py"),
        ("no_such_module:grade", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("{}broken", "SyntaxError"),
        ("{}leaves", "SystemExit: 3"),
    ],
)
def test_function_that_cannot_be_used_is_refused_with_the_reason(
    name: str, tmp_path: Path, function: str, words: str
) -> None:
    if "broken" in function:
        (tmp_path / "grade.py").write_text("def broken(:")
    if "leaves" in function:
        (tmp_path / "grade.py").write_text("raise SystemExit(3)")
    function = function.format(name)
    with pytest.raises(UserError) as error:
        asyncio.run(open_grader(AnswerSettings(grader=function)))
    assert str(error.value).startswith(f"--grader {function} cannot be used: ")
    assert words in str(error.value)
