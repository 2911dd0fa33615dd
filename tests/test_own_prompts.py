"""A run with prompts of its own: every request has them, and they are part of the run."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from generate import main
from tests.support.loopback import Loopback
from tests.support.run_process import command, rows_of, seed_file
from tests.support.toy_chat import toy_handler

MODEL = Model(slip=0.3, silent=0.03, announced=0.05)
SEARCH = ["--judge_model", "j"]
FLAGS = [*SEARCH, "--domain", "sums", "--system_prompt", "Be exact."]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    seed_file(tmp_path, 3)
    own = tmp_path / "own"
    own.mkdir()
    (own / "solve_problem.txt").write_text("Work it out: {{question}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    return tmp_path


def run(server: Loopback, *flags: str) -> int:
    """The exit code of a run with own prompts in this folder."""
    args = command(server.url, "seeds.jsonl", "out", "--prompts", "own", *FLAGS, *flags)
    return main(args[2:])


def test_every_request_has_the_own_prompts_the_domain_and_the_system_message(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, "--continuation", "chat") == 0
        requests = [ask.body["messages"] for ask in server.asks]
    kinds = ("Say OK.", "Work it out: ", "a problem in sums:", "a problem in sums and")
    asked: dict[str, list[Any]] = {kind: [] for kind in kinds}
    for system, first, *more in requests:
        assert system == {"role": "system", "content": "Be exact."}
        assert "system" not in [turn["role"] for turn in more]
        (kind,) = [kind for kind in asked if kind in first["content"]]
        asked[kind].append(more)
    assert all(asked.values())
    assert any(len(more) == 2 for more in asked["Work it out: "])  # continued in words
    assert len(rows_of(place / "out/tree.jsonl")) > 0


@pytest.mark.slow
def test_changed_prompt_and_domain_are_told_by_name_before_anything_is_asked(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server) == 0
        capsys.readouterr()
        asks = len(server.asks)
        assert run(server, "--domain", "law") == 2
        assert '--domain was "sums" and is now "law"' in capsys.readouterr().err
        assert run(server, "--system_prompt", "Be quick.") == 2
        assert '--system_prompt was "Be exact." and is now "Be quick."' in capsys.readouterr().err
        (place / "own/solve_problem.txt").write_text("Find out: {{question}}")
        assert run(server) == 2
        assert "(the prompt solve_problem.txt has changed)" in capsys.readouterr().err
        assert len(server.asks) == asks


def test_faulty_prompt_ends_the_run_before_anything_is_asked_or_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "own/solve_problem.txt").write_text("Work it out.")
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server) == 2
        assert server.asks == []
    assert capsys.readouterr().err == (
        "The prompt own/solve_problem.txt lacks the slot {{question}}.\n"
    )
    assert not (place / "out").exists()
