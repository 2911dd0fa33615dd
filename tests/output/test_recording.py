"""--record: every completion with its prefix, however often the run was cut off."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl import RunFiles, Settings, UserError, generate
from evolvemcts4rl.output.recording import read_recording
from evolvemcts4rl.tree import Tree
from tests.support.loopback import Loopback
from tests.support.run_process import rows_of, seed_file
from tests.support.toy_chat import toy_handler

Make = Callable[..., RunFiles]


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    """A chat model over the toy world."""
    with Loopback(toy_handler(Model(slip=0.1, silent=0.03, announced=0.05))) as loopback:
        yield loopback


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Loopback) -> Make:
    """Do a small run of three seeds with these flags, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    seed_file(tmp_path, 3)
    fixed: dict[str, Any] = {
        "num_solutions": 8,
        "max_branches": 12,
        "evolve_rounds": 0,
        "concurrency": 2,
    }

    def run(**flags: Any) -> RunFiles:
        flags = fixed | {"seed_file": "seeds.jsonl", "model_name": "m"} | flags
        return generate(Settings.of(base_url=(server.url,), **flags), quiet=True)

    return run


def test_recording_holds_every_completion_that_was_bought_with_its_prefix(
    make: Make, tmp_path: Path
) -> None:
    run = make(record="all.jsonl")
    rows = rows_of(tmp_path / "all.jsonl")
    assert len(rows) == run.summary["completions"] > 24
    assert len({(row["question_id"], *row["prefix"], row["index"]) for row in rows}) == len(rows)
    for tree in run.trees():
        judged = [
            row["verdict"]
            for row in rows
            if row["question_id"] == tree.question_id
            and row["prefix"] == []
            and row["verdict"] is not None
        ]
        assert (len(judged), sum(judged)) == (tree.root.num_started, tree.root.num_started_correct)


def test_recorded_completions_make_the_trees_again(make: Make, tmp_path: Path) -> None:
    run = make(record="all.jsonl")
    recorded = list(read_recording(tmp_path / "all.jsonl"))
    for tree in run.trees():
        again = Tree(tree.question_id, tree.question, tree.final_answer)
        for one in recorded:
            if one.question_id == tree.question_id and one.verdict is not None:
                again.add(one.as_rollout(), len(one.prefix))
        assert sorted(counts(again)) == sorted(counts(tree))


def counts(tree: Tree) -> list[tuple[Any, ...]]:
    """The numbers of every node that depend on the rollouts alone."""
    return [
        (node.text.strip(), node.num_rollouts, node.num_correct, node.num_started, node.times)
        for node in tree.nodes()
    ]


@pytest.mark.slow
def test_run_that_was_stopped_and_goes_on_records_the_same(make: Make, tmp_path: Path) -> None:
    make(record="whole.jsonl", output_dir="whole")
    stopped = make(record="parts.jsonl", output_dir="parts", token_budget=2_500)
    before = rows_of(tmp_path / "parts.jsonl")
    finished = {problem.question_id for problem in stopped.problems()}
    assert {row["question_id"] for row in before} == finished
    assert len(finished) < 3
    make(record="parts.jsonl", output_dir="parts")
    assert (tmp_path / "parts.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_finished_run_is_recorded_later_without_buying_anything(
    make: Make, tmp_path: Path, server: Loopback
) -> None:
    make(record="at_once.jsonl")
    asked = len(server.asks)
    make(record="later.jsonl.gz")
    assert len(server.asks) == asked
    packed = gzip.decompress((tmp_path / "later.jsonl.gz").read_bytes())
    assert packed == (tmp_path / "at_once.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["seeds.jsonl", "out/tree.jsonl", "nowhere/all.jsonl", "."])
def test_recording_replaces_no_other_file_and_buys_nothing_before_it_says_so(
    make: Make, tmp_path: Path, server: Loopback, name: str
) -> None:
    asked, before = len(server.asks), (tmp_path / "seeds.jsonl").read_bytes()
    with pytest.raises(UserError, match="--record"):
        make(record=name, output_dir="out")
    assert len(server.asks) == asked
    assert (tmp_path / "seeds.jsonl").read_bytes() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_recording_is_written_over_an_older_one(make: Make, tmp_path: Path) -> None:
    make(record="all.jsonl")
    first = json.loads((tmp_path / "all.jsonl").read_text().splitlines()[0])
    (tmp_path / "all.jsonl").write_text(json.dumps(first) + "\n")
    make(record="all.jsonl")
    assert len(rows_of(tmp_path / "all.jsonl")) > 1
