"""generate.py as a process, against a real server on loopback that plays a chat model over a world
whose truth is known."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
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
from tests.support.forked import Starter
from tests.support.loopback import Ask, Loopback, error_reply
from tests.support.run_process import (
    SECRET,
    command,
    environment,
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


def test_killed_at_random_moments_the_run_ends_the_same_and_buys_nothing_twice(
    whole_run: tuple[Path, Any], tmp_path: Path
) -> None:
    """Twenty times kill -9: the files are those of the undisturbed run to the byte, and only
    requests in flight are bought again."""
    rng, kills, in_flight = random.Random(5), 0, 0
    seeds = seed_file(tmp_path, 12)
    with Loopback(toy_handler(MODEL)) as server:
        assert (
            run_here(
                command(server.url, seeds, tmp_path / "undisturbed", "--concurrency", "4")
            ).returncode
            == 0
        )
        needed = len(server.asks)
    with Loopback(toy_handler(MODEL, delay=0.1)) as server, Starter(environment()) as starter:
        args = command(server.url, seeds, tmp_path / "killed", "--concurrency", "4")
        while kills < 20:
            asked = len(server.asks)
            process = starter.start(args)
            # A moment within the work, or now and then within the start before it.
            target, deadline = asked + rng.choice([0, 1, 2, 4, 8]), time.monotonic() + 30
            while (
                len(server.asks) <= target
                and process.poll() is None
                and time.monotonic() < deadline
            ):
                time.sleep(0.005)
            time.sleep(rng.random() * 0.1)
            if process.poll() is not None:
                break
            process.kill()
            kills, in_flight = kills + 1, in_flight + 4
        assert run_here(args).returncode == 0
        served = len(server.asks)
    assert kills == 20
    assert outputs(tmp_path / "killed") == outputs(tmp_path / "undisturbed")
    print(
        f"{kills} kills: {served} requests served, {needed} needed, "
        f"at most {in_flight} in flight at the kills"
    )
    assert needed <= served <= needed + in_flight
    assert needed + 10 < served, "the kills hit nothing in flight: the test does not test"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_or_sigterm_ends_cleanly_with_what_was_paid_for_and_says_how_to_go_on(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    seeds = seed_file(tmp_path, 12)
    with Loopback(toy_handler(MODEL, delay=0.5)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "2", "--overwrite")
        process = subprocess.Popen(
            args, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while len(server.asks) < 12:
            time.sleep(0.01)
        process.send_signal(sent)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "the same command without --overwrite goes on" in errors
    assert "Traceback" not in errors
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert not summary["complete"]
    # What the server was at work on was waited for.
    _, *asked = server.asks  # the first one is the probe
    assert summary["completions"] == sum(ask.body.get("n", 1) for ask in asked)


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_ctrl_c_or_sigterm_waits_for_no_reply(
    tmp_path: Path, second: signal.Signals, code: int
) -> None:
    seeds = seed_file(tmp_path, 4)
    with Loopback(toy_handler(MODEL)) as server:
        args = command(server.url, seeds, tmp_path / "out")
        assert run_here([*args, "--token_budget", "3000"]).returncode == 3
        before = outputs(tmp_path / "out")
        server.asks.clear()
        server.handler = toy_handler(MODEL, delay=60)
        process = subprocess.Popen(
            args, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr
        while not server.asks:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        while "press Ctrl-C again to stop now" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(second)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert "the same command goes on" in errors
        assert "Traceback" not in errors
        assert outputs(tmp_path / "out").keys() >= before.keys()
        server.handler = toy_handler(MODEL)
        assert run_here(args).returncode == 0
        assert run_here(command(server.url, seeds, tmp_path / "other")).returncode == 0
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    seeds = seed_file(tmp_path, 6)
    with Loopback(toy_handler(MODEL, delay=0.3)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "2")
        first = subprocess.Popen(
            args, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(server.asks) < 4:
            time.sleep(0.01)
        second = run_here(args)
        first.kill()
        first.wait()
    assert second.returncode == 2
    assert "nother run" in second.stderr


def test_token_budget_ends_the_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    seeds = seed_file(tmp_path, 8)
    with Loopback(toy_handler(MODEL)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "2")
        small = run_here([*args, "--token_budget", "6000"])
        assert small.returncode == 3, small.stderr
        done = sum(json.loads((tmp_path / "out" / "summary.json").read_text())["problems"].values())
        assert re.search(
            rf"--token_budget 6000 is spent: {done} of \d+ problems are done", small.stdout
        )
        asked = len(server.asks)
        large = run_here([*args, "--token_budget", "300000"])
        assert large.returncode == 0, large.stderr
        assert len(server.asks) > asked
        assert (
            run_here(
                command(server.url, seeds, tmp_path / "other", "--concurrency", "2")
            ).returncode
            == 0
        )
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_what_failed_is_tried_again_at_the_end_of_the_same_run(tmp_path: Path) -> None:
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
        done = run(command(server.url, seeds, tmp_path / "out", *flags))
        assert run_here(command(server.url, seeds, tmp_path / "other", *flags)).returncode == 0
    assert done.returncode == 0, done.stderr
    assert "1 of the problems failed: trying once more." in done.stderr
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_no_budget_however_often_it_ends_a_run_costs_a_completion_twice(tmp_path: Path) -> None:
    seeds = seed_file(tmp_path, 12)
    with Loopback(toy_handler(MODEL, delay=0.05)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "16")
        for budget in range(4000, 100_000, 6000):
            assert run_here([*args, "--token_budget", str(budget)]).returncode in (0, 3)
            if json.loads((tmp_path / "out" / "summary.json").read_text())["complete"]:
                break
        pieces = sum(ask.body.get("n", 1) for ask in server.asks)
        asked = len(server.asks)
        assert budget > 20_000, "too few lives: the test does not test"
        assert (
            run_here(
                command(server.url, seeds, tmp_path / "other", "--concurrency", "16")
            ).returncode
            == 0
        )
        needed = sum(ask.body.get("n", 1) for ask in server.asks[asked:])
    assert pieces == needed
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_a_run_continues_prefixes_as_it_began_to_whatever_the_list_of_models_says_later(
    tmp_path: Path,
) -> None:
    seeds = seed_file(tmp_path, 8)
    with Loopback(toy_handler(MODEL), owned_by="vllm") as server:
        args = [*command(server.url, seeds, tmp_path / "out"), "--continuation", "auto"]
        assert run_here([*args, "--token_budget", "3000"]).returncode == 3
        server.models = error_reply(503, "not now")
        assert run_here(args).returncode == 0
        last_turns = [ask.body["messages"][-1]["role"] for ask in server.asks]
        assert (
            json.loads((tmp_path / "out" / "settings.json").read_text())["continuation"]
            == "prefill"
        )
        server.models = error_reply(404, "no list")
        assert run_here([*args, "--output_dir", str(tmp_path / "other")]).returncode == 0
    assert "assistant" in last_turns
    assert {len(ask.body["messages"]) for ask in server.asks[: len(last_turns)]} == {
        1,
        2,
    }  # none asked in words to go on
    assert server.asks[-1].body["messages"][-1]["role"] == "user"


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
