"""generate.py as a process, against a real server on loopback that plays a chat model over a world
whose truth is known."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model, first_error, make_problem
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import (
    labelled_solutions,
    learn_rates,
    relabel,
    up_to_first_error,
)
from evolvemcts4rl.tree import Tree
from tests.support.loopback import Ask, Loopback, error_reply
from tests.support.run_process import (
    SECRET,
    command,
    outputs,
    rows_of,
    run,
    run_here,
    seed_file,
)
from tests.support.toy_chat import problem_in, question_of, toy_handler

pytestmark = pytest.mark.slow
MODEL = Model(slip=0.1, silent=0.03, announced=0.05)


@pytest.fixture(scope="module")
def whole_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run of twelve seeds and one round that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    with Loopback(toy_handler(MODEL)) as server:
        formats = ("--formats", ",".join(FORMATS))
        done = run(command(server.url, seed_file(folder, 12), folder / "out", *formats))
    return folder / "out", done


def test_run_ends_well_and_says_what_it_made(
    whole_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = whole_run
    assert done.returncode == 0, done.stderr
    assert "labelled steps" in done.stdout
    assert str(folder) in done.stdout
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["complete"]
    assert summary["trees"] == len(rows_of(folder / "tree.jsonl")) > 6


def test_every_problem_is_there_once_in_order_with_its_lineage(whole_run: tuple[Path, Any]) -> None:
    problems = rows_of(whole_run[0] / "problems.jsonl")
    ids = [problem["question_id"] for problem in problems]
    assert ids == sorted(set(ids))
    assert sum(problem["mutation"] == "identity" for problem in problems) == 12
    for problem in problems:
        if problem["round"]:
            assert problem["parent_id"] + "-r1" == problem["question_id"]


def test_evolved_answers_are_the_truth_not_the_parents(whole_run: tuple[Path, Any]) -> None:
    evolved = [
        row
        for row in rows_of(whole_run[0] / "problems.jsonl")
        if row["round"] and row["final_answer"]
    ]
    assert len(evolved) >= 5
    right = [str(problem_in(row["question"]).totals[-1]) == row["final_answer"] for row in evolved]
    assert sum(right) >= 0.8 * len(right)


def test_labels_agree_with_the_truth(whole_run: tuple[Path, Any]) -> None:
    right = wrong = 0
    for row in rows_of(whole_run[0] / "tree.jsonl"):
        tree, problem = Tree.from_json(row), problem_in(row["question"])
        if str(problem.totals[-1]) != tree.final_answer:
            continue
        for path in labelled_solutions(tree):
            _, labels = up_to_first_error(path)
            found = None if labels[-1] else len(labels) - 1
            agrees = found == first_error(problem, tuple(node.text for node in path))
            right, wrong = right + agrees, wrong + (not agrees)
    assert right + wrong > 50
    assert right / (right + wrong) > 0.85


def test_labels_are_written_anew_with_the_rates_of_the_whole_run(
    whole_run: tuple[Path, Any],
) -> None:
    rows = rows_of(whole_run[0] / "tree.jsonl")
    rates = learn_rates(Tree.from_json(row) for row in rows)
    confidence, moved = SearchSettings().confidence, 0
    for row in rows:
        alone, together = Tree.from_json(row), Tree.from_json(row)
        relabel(alone, learn_rates([]), confidence)
        relabel(together, rates, confidence)
        assert together.to_json() == row
        moved += alone.to_json() != row
    assert moved > 3
    learned = json.loads((whole_run[0] / "summary.json").read_text())["rates"]
    assert learned == rates.summary()
    assert 0.5 < learned["slip"] / MODEL.slip < 2


def test_every_file_loads_with_datasets(whole_run: tuple[Path, Any], tmp_path: Path) -> None:
    import datasets

    for name in ["problems", "tree", *FORMATS]:
        path = whole_run[0] / f"{name}.jsonl"
        loaded = datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(tmp_path)
        )
        assert len(loaded) == len(rows_of(path)) > 0, name


def test_rows_have_the_promised_fields(whole_run: tuple[Path, Any]) -> None:
    folder = whole_run[0]
    (tree, *_), (steps, *_) = rows_of(folder / "tree.jsonl"), rows_of(folder / "steps.jsonl")
    counts = {"mc_value", "num_rollouts", "num_correct", "p_correct", "label"}
    started = {"num_started", "num_started_correct"}
    assert set(tree) == set(steps) == {"question_id", "question", "final_answer", "reasoning_steps"}
    assert set(tree["reasoning_steps"]) == counts | started | {"text", "children"}
    assert set(steps["reasoning_steps"][0]) == counts | {"solution_prefix", "step"}
    for row in rows_of(folder / "prm.jsonl"):
        told = {"p_correct", "mc_value", "num_rollouts", "num_correct", "final_answer_correct"}
        assert set(row) == {"question_id", "prompt", "completions", "labels"} | told
        assert len(row["completions"]) == len(row["labels"]) > 0
        assert all(row["labels"][:-1])
    prefixes = [step["solution_prefix"] + step["step"] for step in steps["reasoning_steps"]]
    assert len(prefixes) == len(set(prefixes))


def test_key_reaches_no_file_and_no_log(
    whole_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = whole_run
    assert SECRET not in done.stdout + done.stderr
    for path in folder.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path.name


def test_same_command_again_buys_nothing(whole_run: tuple[Path, Any], tmp_path: Path) -> None:
    folder = whole_run[0]
    before = outputs(folder)
    with Loopback(toy_handler(MODEL)) as server:
        done = run_here(command(server.url, folder.parent / "seeds.jsonl", folder))
        assert not server.asks
    assert done.returncode == 0, done.stderr
    assert outputs(folder) == before


def test_other_settings_are_refused_by_name(whole_run: tuple[Path, Any]) -> None:
    folder = whole_run[0]
    args = command(
        "http://127.0.0.1:9/v1", folder.parent / "seeds.jsonl", folder, "--temperature", "0.3"
    )
    before = outputs(folder)
    done = run_here(args)
    assert done.returncode == 2
    assert "--temperature was 0.7 and is now 0.3" in done.stderr
    assert outputs(folder) == before


def test_what_failed_is_tried_again_at_the_end_of_the_same_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, refused = toy_handler(MODEL), error_reply(400, "roles must alternate")

    def handler(ask: Ask) -> Any:
        """Refuse the third seed's problem until it has cost it its place."""
        if (
            question_of(make_problem(random.Random(2), (3, 6))) in str(ask.body["messages"])
            and len(seen) < 3
        ):
            seen.append(ask)
            return refused
        return good(ask)

    seen: list[Ask] = []
    flags = ["--evolve_rounds", "0", "--concurrency", "2"]
    seeds = seed_file(tmp_path, 6)
    with Loopback(handler) as server:
        done = run_here(command(server.url, seeds, tmp_path / "out", *flags))
        assert run_here(command(server.url, seeds, tmp_path / "other", *flags)).returncode == 0
    assert done.returncode == 0, done.stderr
    assert "1 of the problems failed: trying once more." in caplog.text
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_chat_mode_continues_prefixes_in_words(tmp_path: Path) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        args = command(
            server.url, seed_file(tmp_path, 4), tmp_path / "out", "--continuation", "chat"
        )
        assert run_here([*args, "--evolve_rounds", "0"]).returncode == 0
        continued = [ask.body["messages"] for ask in server.asks if len(ask.body["messages"]) > 1]
    assert continued
    for messages in continued:
        assert [message["role"] for message in messages] == ["user", "assistant", "user"]


def test_judge_is_recorded_and_what_it_contradicts_can_be_left_out(tmp_path: Path) -> None:
    flags = ["--judge_model", "m", "--evolve_rounds", "0", "--min_p_correct", "0"]
    with Loopback(toy_handler(MODEL)) as server:
        args = command(server.url, seed_file(tmp_path, 8), tmp_path / "out", *flags)
        assert run_here(args).returncode == 0
        everything = rows_of(tmp_path / "out" / "prm.jsonl")
        asked = len(server.asks)
        assert run_here([*args, "--keep", "agreed"]).returncode == 0
        assert len(server.asks) == asked
    trees = [Tree.from_json(row) for row in rows_of(tmp_path / "out" / "tree.jsonl")]
    searched = [path[-1] for tree in trees for path in tree.solutions() if path[-1].searched]
    assert searched
    assert any(node.judgements for node in searched)
    judges = json.loads((tmp_path / "out" / "summary.json").read_text())["judges"]
    assert judges["m"]["known_cases"] > 0
    assert judges["m"]["does_not_guess"] > 0.5
    agreed = rows_of(tmp_path / "out" / "prm.jsonl")
    assert 0 < len(agreed) < len(everything)
    assert all(row in everything for row in agreed)


def test_estimators_make_the_same_files(tmp_path: Path) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        seeds = seed_file(tmp_path, 4)
        for name in ("omega", "shepherd"):
            args = command(
                server.url, seeds, tmp_path / name, "--estimator", name, "--evolve_rounds", "0"
            )
            assert run_here(args).returncode == 0
            assert rows_of(tmp_path / name / "steps.jsonl")
            assert rows_of(tmp_path / name / "prm.jsonl")


def test_evolve_only_stops_at_the_problems(tmp_path: Path) -> None:
    with Loopback(toy_handler(MODEL)) as server:
        done = run_here(
            command(server.url, seed_file(tmp_path, 4), tmp_path / "out", "--evolve_only")
        )
    assert done.returncode == 0, done.stderr
    statuses = {row["status"] for row in rows_of(tmp_path / "out" / "problems.jsonl")}
    assert "accepted" in statuses
    assert [path.name for path in (tmp_path / "out").glob("*.jsonl")] == ["problems.jsonl"]
