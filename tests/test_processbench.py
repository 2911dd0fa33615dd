"""ProcessBench's F1 of our labels: by hand, and of a run on ten annotated solutions of our own."""

import json
from pathlib import Path

import pytest

from benchmarks.processbench import Score, main, score, with_answers
from tests.support.loopback import Ask, Loopback, Reply, chat_reply

FILE = Path(__file__).parent / "support" / "annotated_solutions.json"
ROWS = json.loads(FILE.read_text(encoding="utf-8"))


def knowing(ask: Ask) -> Reply:
    """Answer rightly from the problem and from right steps, and wrongly from any wrong one."""
    messages = ask.body["messages"]
    row = next((row for row in ROWS if row["problem"] in messages[0]["content"]), None)
    if row is None:
        return Reply(body=chat_reply("Yes?"))
    so_far = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
    begun = [step for step in row["steps"] if step in so_far]
    right = row["label"] == -1 or len(begun) <= row["label"]
    answer = row["answer"] if right else "7"
    return Reply(body=chat_reply(*[f"So it is \\boxed{{{answer}}}."] * ask.body.get("n", 1)))


def flags(folder: Path, url: str) -> list[str]:
    return [
        "--output_dir",
        str(folder),
        "--base_url",
        url,
        "--model_name",
        "m",
        "--num_solutions",
        "4",
        "--continuation",
        "prefill",
    ]


def test_labels_of_a_run_are_scored_against_the_annotations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with Loopback(knowing) as server:
        assert main([str(FILE), *flags(tmp_path / "out", server.url)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "F1 1.000: first error found in 5 of 5 wrong solutions, none seen in 5 of 5 right ones; "
        "0 of 10 without labels count as missed"
    )
    assert main([str(FILE), "--run", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines() == [line]
    assert main([str(FILE), "--run", str(tmp_path / "out"), "--rows", "3"]) == 0
    assert "1 of 1 wrong solutions, none seen in 2 of 2" in capsys.readouterr().out


def test_f1_is_the_harmonic_mean_of_what_is_exact_among_wrong_and_right_solutions() -> None:
    rows = [{"id": number, "label": label} for number, label in enumerate([-1, -1, 2, 2, 0, 0])]
    # one right one is seen as wrong, one error is a step off, one solution has no labels
    found = {"0": -1, "1": 3, "2": 2, "3": 1, "4": 0}
    counted = score(rows, found)
    assert counted == Score(wrong=4, found=2, right=2, clean=1, unlabelled=1)
    assert counted.f1 == pytest.approx(0.5)
    assert score(rows, {}).f1 == 0.0


def test_answers_are_read_off_right_solutions_and_hold_for_all_of_a_problem() -> None:
    problem = {"id": "a", "problem": "p", "steps": ["Add.", "\\boxed{4}"], "label": -1}
    rows = [
        problem | {"final_answer_correct": False, "steps": ["\\boxed{5}"]},
        problem | {"final_answer_correct": True},
        problem | {"problem": "q", "final_answer_correct": False},
        problem | {"problem": "r", "final_answer_correct": False, "final_answer": 6},
    ]
    assert [row["final_answer"] for row in with_answers(rows)] == ["4", "4", None, "6"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is not there"), ('[{"id": 1, "problem": "p", "steps": []}]', "has no 'label'")],
)
def test_a_file_that_cannot_be_scored_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    path = tmp_path / "rows.json"
    if content is not None:
        path.write_text(content)
    assert main([str(path)]) == 2
    assert said in capsys.readouterr().err
