"""A run that grows, against a server on loopback: nothing is bought again, and the files are those
of a run that was as large from the beginning."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from generate import main
from tests.support.loopback import Loopback
from tests.support.run_process import command, outputs, rows_of, seed_file
from tests.support.toy_chat import toy_handler

pytestmark = pytest.mark.slow
MODEL = Model(slip=0.1, silent=0.03, announced=0.05)
SMALL = ["--evolve_rounds", "0"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the environment a key and nothing that leads elsewhere."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def run(server: Loopback, seeds: Path, folder: Path, *flags: str) -> int:
    """Run a command line in this process and return its exit code."""
    return main(command(server.url, seeds, folder, *flags)[2:])


def bought(server: Loopback) -> Counter[tuple[str, int]]:
    """Return how often the server wrote each completion, by what was asked for and its index."""
    pieces: Counter[tuple[str, int]] = Counter()
    for ask in server.asks:
        key, start, _ = ask.headers["idempotency-key"].split("-")
        if ask.body["max_tokens"] > 16:  # not the probe of the model
            first = int(start)
            pieces.update((key, i) for i in range(first, first + (ask.body.get("n") or 1)))
    return pieces


def test_a_run_grown_from_four_to_eight_seeds_and_from_no_round_to_one_buys_nothing_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seed_file(tmp_path, 4), tmp_path / "out", *SMALL) == 0
        pilot = len(bought(server))
        assert run(server, seed_file(tmp_path, 8), tmp_path / "out") == 0
        told = capsys.readouterr().err
        grown = bought(server)
    assert "grows: --evolve_rounds from 0 to 1, seeds from 4 to 8." in told
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seed_file(tmp_path, 8), tmp_path / "whole") == 0
        whole = bought(server)
    again = sum(count - 1 for count in grown.values())
    print(f"{pilot} completions in the pilot, {len(grown)} in all, {again} bought again")
    assert again == 0
    assert 0 < pilot < len(grown)
    assert grown == whole
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
    changes = [{"evolve_rounds": [0, 1], "seeds": [4, 8]}]
    for name in ("settings.json", "summary.json"):
        assert json.loads((tmp_path / "out" / name).read_text())["grown"] == changes


WholeRun = Callable[[list[str]], tuple[dict[str, bytes], Counter[tuple[str, int]]]]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    """Return what makes a run of four seeds in one go, once for each list of flags.

    It returns the files of the run's folder, and what was bought.
    """
    made: dict[tuple[str, ...], tuple[dict[str, bytes], Counter[tuple[str, int]]]] = {}

    def make(flags: list[str]) -> tuple[dict[str, bytes], Counter[tuple[str, int]]]:
        if tuple(flags) not in made:
            folder = tmp_path_factory.mktemp("whole")
            with Loopback(toy_handler(MODEL)) as server:
                assert run(server, seed_file(folder, 4), folder / "out", *flags) == 0
                made[tuple(flags)] = outputs(folder / "out"), bought(server)
        return made[tuple(flags)]

    return make


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--limit", "3"], []),
        (["--num_solutions", "6"], ["--num_solutions", "8"]),
        (["--max_branches", "8", "--max_search", "1"], []),
        (["--effort", "low"], ["--effort", "high"]),
        (["--min_p_answer", "0.9"], ["--min_p_answer", "0.5"]),
        (
            ["--judge_model", "m", "--judge_solutions", "1"],
            ["--judge_model", "m", "--judge_solutions", "4"],
        ),
        (["--confidence", "0.8"], ["--confidence", "0.97"]),
        (["--estimator", "omega"], ["--estimator", "belief"]),
        (["--evolve_only"], []),
    ],
)
def test_what_was_bought_serves_again_and_the_files_are_those_of_the_larger_run(
    tmp_path: Path, whole_run: WholeRun, before: list[str], after: list[str]
) -> None:
    seeds = seed_file(tmp_path, 4)
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seeds, tmp_path / "out", *before) == 0
        pilot = len(bought(server))
        assert run(server, seeds, tmp_path / "out", *after) == 0
        grown = bought(server)
    files, whole = whole_run(after)
    assert set(grown.values()) == {1}
    assert whole.keys() <= grown.keys()
    print(f"{before}: {pilot} in the pilot, {len(grown)} in all, {len(whole)} in one go")
    assert outputs(tmp_path / "out") == files
    assert not (tmp_path / "out" / "reopened.jsonl").exists()


def test_a_growth_that_is_cut_short_goes_on_and_buys_nothing_twice(tmp_path: Path) -> None:
    seeds, larger = seed_file(tmp_path, 5), ["--max_branches", "48", "--concurrency", "1"]
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seeds, tmp_path / "out") == 0
        spent = json.loads((tmp_path / "out" / "summary.json").read_text())
        budget = spent["prompt_tokens"] + spent["completion_tokens"] + 6000
        assert run(server, seeds, tmp_path / "out", *larger, "--token_budget", str(budget)) == 3
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert not summary["complete"]
        assert 0 < len(rows_of(tmp_path / "out" / "problems.jsonl")) < 10
        assert run(server, seeds, tmp_path / "out", *larger) == 0
        assert set(bought(server).values()) == {1}
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seeds, tmp_path / "whole", *larger) == 0
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")


def test_problems_whose_decisions_cannot_change_are_not_touched(tmp_path: Path) -> None:
    """Their rows stay as they were also where their completions would now be others."""
    with Loopback(toy_handler(MODEL)) as server:
        assert run(server, seed_file(tmp_path, 4), tmp_path / "out", *SMALL) == 0
        before = rows_of(tmp_path / "out" / "problems.jsonl")
        (tmp_path / "out" / "completions.sqlite").unlink()
        server.asks.clear()
        assert run(server, seed_file(tmp_path, 6), tmp_path / "out", *SMALL) == 0
        asked = json.dumps([ask.body for ask in server.asks])
    assert rows_of(tmp_path / "out" / "problems.jsonl")[:4] == before
    assert not any(row["question"] in asked for row in before)
