"""A whole run with a grader file of the user's, which dies once and hangs once; and bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from generate import main
from tests.support.loopback import Ask, Loopback, Reply, chat_reply
from tests.support.run_process import command, rows_of, seed_file
from tests.support.toy_chat import toy_handler

MODEL = Model(slip=0.3, silent=0.03, announced=0.05)
GRADER = """
import os, time

def grade(row, completion):
    text = completion.text
    if "Die here." in text:
        os.kill(os.getpid(), 9)
    if "Hang here." in text:
        time.sleep(1000)
    return completion.answer == row["final_answer"]
"""
SMALL = ["--num_solutions", "8", "--max_branches", "4"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    seed_file(tmp_path, 2)
    (tmp_path / "grade.py").write_text(GRADER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    return tmp_path


def run(server: Loopback, *flags: str, grader: str = "grade.py:grade") -> int:
    """The exit code of a small run with this grader."""
    args = command(server.url, "seeds.jsonl", "out", *SMALL, "--grader", grader, *flags)
    return main(args[2:])


def troublesome(ask: Ask) -> dict[str, Any]:
    """The toy world's replies, whose first solutions end once in death and once in a hang."""
    reply = toy_handler(MODEL)(ask)
    assert isinstance(reply, Reply)
    assert isinstance(reply.body, dict)
    body = reply.body
    if len(body["choices"]) == 8:
        for choice, words in zip(body["choices"], ("Die here.", "Hang here."), strict=False):
            choice["message"]["content"] += f"\n\n{words}"
    return body


@pytest.mark.slow
def test_grader_that_dies_and_hangs_costs_those_verdicts_and_nothing_else(
    place: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Loopback(troublesome) as server:
        assert run(server, "--evolve_rounds", "0", "--grader_timeout", "2") == 0
    summary = json.loads((place / "out/summary.json").read_text())
    assert summary["comparisons_timed_out"] == 4
    assert {"searched", "not_searched"} >= set(summary["problems"])
    trees = rows_of(place / "out/tree.jsonl")
    assert trees
    for tree in trees:
        assert tree["reasoning_steps"]["num_rollouts"] == 6  # of eight, two without a verdict
        assert "here." not in json.dumps(tree)
    assert "--grader gives no verdict: its process died" in caplog.messages
    assert "--grader gives no verdict: it took more than 2 seconds" in caplog.messages


@pytest.mark.slow
def test_new_problems_are_not_asked_for_where_no_answer_could_be_voted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server) == 0
        assert not [ask for ask in server.asks if "<problem>" in str(ask.body)]
    evolved = [row for row in rows_of(place / "out/problems.jsonl") if row["round"]]
    assert {(row["status"], row["reason_code"]) for row in evolved} == {("refused", "no_vote")}
    assert len(evolved) == 2


@pytest.mark.slow
def test_new_problems_are_voted_and_graded_by_the_same_of_the_grader(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = "\ngrade.same = lambda one, other: int(one) == int(other)\n"
    (place / "grade.py").write_text(GRADER + same)
    with Loopback(toy_handler(Model(slip=0.05))) as server:
        assert run(server) == 0
    evolved = [row for row in rows_of(place / "out/problems.jsonl") if row["round"]]
    assert [row["vote_agrees"] for row in evolved if row["final_answer"]] == [True, True]
    assert all(row["solve_rate"] > 0 for row in evolved if row["final_answer"])


@pytest.mark.slow
def test_seeds_without_an_answer_are_graded_by_their_rows(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = rows_of(place / "seeds.jsonl")
    rows = [{"problem": row["problem"], "key": row["final_answer"]} for row in seeds]
    (place / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "grade.py").write_text("def grade(row, it):\n    return it.answer == row['key']\n")
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, "--evolve_rounds", "0") == 0
    problems = rows_of(place / "out/problems.jsonl")
    assert [row["final_answer"] for row in problems] == [None, None]
    assert [row["seed"] for row in problems] == rows
    assert all(0 < row["solve_rate"] <= 1 for row in problems)
    assert "voted" not in capsys.readouterr().err


@pytest.mark.slow
def test_grader_that_never_gives_a_verdict_is_told_as_the_reason(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "grade.py").write_text("def grade(row, it):\n    return None\n")
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, "--evolve_rounds", "0") == 1
    for row in rows_of(place / "out/problems.jsonl"):
        assert row["reason"] == "its grader gave no verdict on any of its 8 solutions"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("grader", "words"),
    [
        ("nowhere.py:grade", "--grader nowhere.py:grade cannot be used: FileNotFoundError"),
        ("grade.py:nothing", "has no attribute 'nothing'"),
        ("no_such_module_here:f", "ModuleNotFoundError: No module named 'no_such_module_here'"),
    ],
)
def test_grader_that_cannot_be_used_ends_the_run_before_anything_is_bought(
    place: Path, capsys: pytest.CaptureFixture[str], grader: str, words: str
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, grader=grader) == 2
        assert server.paths == []
    (sentence,) = capsys.readouterr().err.splitlines()
    assert words in sentence
    assert not (place / "out").exists()


@pytest.mark.parametrize("grader", ["maths", "grade.py", ":grade", "grade.py:a b"])
def test_grader_of_no_known_form_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], grader: str
) -> None:
    with Loopback(lambda ask: chat_reply("x")) as server:
        assert run(server, grader=grader) == 2
        assert server.paths == []
    assert f"--grader: there is no '{grader}'; there are math, exact" in capsys.readouterr().err


@pytest.mark.slow
def test_changed_grader_file_is_another_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, "--evolve_rounds", "0") == 0
        capsys.readouterr()
        (place / "grade.py").write_text(GRADER + "\n# better\n")
        assert run(server, "--evolve_rounds", "0") == 2
        assert "(the file of --grader grade.py:grade has changed)" in capsys.readouterr().err
        assert run(server, "--evolve_rounds", "0", grader="exact") == 2
        assert '(--grader was "grade.py:grade" and is now "exact")' in capsys.readouterr().err
