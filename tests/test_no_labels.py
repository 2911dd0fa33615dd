"""A run that comes to its end and labels nothing ends with exit code 1 and a sentence."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks.toy_world import Model, make_problem
from generate import main
from tests.support.loopback import Ask, Handler, Loopback, chat_reply
from tests.support.run_process import command
from tests.support.toy_chat import question_of, toy_handler

pytestmark = pytest.mark.slow
SMALL = ["--evolve_rounds", "0", "--num_solutions", "8"]


def answering(*answers: str, finish_reason: str = "stop") -> Handler:
    """Return a handler that comes to these answers in turn."""

    def handler(ask: Ask) -> dict[str, object]:
        texts = [
            f"I add.\n\nThe answer is \\boxed{{{answers[i % len(answers)]}}}."
            for i in range(ask.body.get("n") or 1)
        ]
        return chat_reply(*texts, finish_reason=finish_reason)

    return handler


@pytest.mark.parametrize(
    ("handler", "flags", "words"),
    [
        (
            toy_handler(Model(slip=0.1)),
            ["--estimator", "shepherd", "--max_branches", "40"],
            [
                "--max_branches 40 is too small for --estimator shepherd",
                "give --max_branches 52 or more",
            ],
        ),
        (
            answering("7", "7", "8", "9"),
            [],
            ["2 of 2 problems", "whose stated answer is", "they came to 7, 8, 9"],
        ),
        (answering("7", finish_reason="length"), [], ["--max_tokens", "cut off"]),
        (
            answering("7", "8"),
            ["--answer_column", "answer"],
            ["2 of 2 problems", "--answer_column"],
        ),
    ],
    ids=["budget", "never", "cut off", "voted"],
)
def test_a_run_that_labels_nothing_ends_with_the_reason_and_exit_code_1(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    handler: Handler,
    flags: list[str],
    words: list[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    problems = [make_problem(random.Random(number), (15, 15)) for number in range(2)]
    rows = [{"problem": question_of(each), "final_answer": each.totals[-1]} for each in problems]
    if "answer" in flags:
        rows = [{"problem": row["problem"], "answer": None} for row in rows]
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Loopback(handler) as server:
        args = command(server.url, seeds, tmp_path / "out", *SMALL, *flags)[2:]
        for _ in range(2):  # and again from the complete run
            assert main(args) == 1
            (line,) = (
                line for line in capsys.readouterr().out.splitlines() if line[:9] == "no labels"
            )
            for word in words:
                assert word in line
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["complete"]
    assert line.endswith(summary["nothing_labelled"])
