"""Runs that are cut off, by a signal, a kill or a spent budget, and go on: they end with the files
of a run that nothing disturbed, and buy nothing twice."""

from __future__ import annotations

import json
import random
import re
import signal
import time
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from tests.support.forked import Starter
from tests.support.loopback import Loopback, error_reply
from tests.support.run_process import command, outputs, run_here, seed_file
from tests.support.toy_chat import toy_handler

pytestmark = pytest.mark.slow
MODEL = Model(slip=0.1, silent=0.03, announced=0.05)


def test_killed_at_random_moments_the_run_ends_the_same_and_buys_nothing_twice(
    starter: Starter, tmp_path: Path
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
    with Loopback(toy_handler(MODEL, delay=0.1)) as server:
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
    starter: Starter, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    seeds = seed_file(tmp_path, 12)
    with Loopback(toy_handler(MODEL, delay=0.5)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "2", "--overwrite")
        process = starter.start(args, said := tmp_path / "said")
        while len(server.asks) < 12:
            time.sleep(0.01)
        process.send_signal(sent)
        assert process.wait(60) == code
    errors = said.read_text()
    assert "the same command without --overwrite goes on" in errors
    assert "Traceback" not in errors
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert not summary["complete"]
    # What the server was at work on was waited for.
    _, *asked = server.asks  # the first one is the probe
    assert summary["completions"] == sum(ask.body.get("n", 1) for ask in asked)


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_ctrl_c_or_sigterm_waits_for_no_reply(
    starter: Starter, tmp_path: Path, second: signal.Signals, code: int
) -> None:
    seeds = seed_file(tmp_path, 4)
    with Loopback(toy_handler(MODEL)) as server:
        args = command(server.url, seeds, tmp_path / "out")
        assert run_here([*args, "--token_budget", "3000"]).returncode == 3
        before = outputs(tmp_path / "out")
        server.asks.clear()
        server.handler = toy_handler(MODEL, delay=60)
        process = starter.start(args, said := tmp_path / "said")
        while not server.asks:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        while "press Ctrl-C again to stop now" not in said.read_text():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(second)
        assert process.wait(60) == code
        errors = said.read_text()
        assert "the same command goes on" in errors
        assert "Traceback" not in errors
        assert outputs(tmp_path / "out").keys() >= before.keys()
        server.handler = toy_handler(MODEL)
        assert run_here(args).returncode == 0
        assert run_here(command(server.url, seeds, tmp_path / "other")).returncode == 0
    assert outputs(tmp_path / "out") == outputs(tmp_path / "other")


def test_second_run_on_the_same_folder_is_refused(starter: Starter, tmp_path: Path) -> None:
    seeds = seed_file(tmp_path, 6)
    with Loopback(toy_handler(MODEL, delay=0.3)) as server:
        args = command(server.url, seeds, tmp_path / "out", "--concurrency", "2")
        first = starter.start(args)
        while len(server.asks) < 4:
            time.sleep(0.01)
        second = run_here(args)
        first.kill()
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
