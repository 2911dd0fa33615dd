"""Runs against a server that writes escape sequences into everything it sends: the terminal gets
printable text alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import generate
from tests.support.forked import Starter
from tests.support.loopback import Ask, Loopback, Reply, chat_reply, error_reply
from tests.support.run_process import command, environment, run_here

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\u202ekcab\u2066\r\x9b31m\u2028\u200b\n\x00ERROR generate: forged"
LISTING = {"object": "list", "data": [{"id": name, "owned_by": HOSTILE} for name in ("m", HOSTILE)]}


def seeds(folder: Path) -> Path:
    """Return a file of four seeds whose stated answers the model will contradict."""
    path = folder / "seeds.jsonl"
    rows = [
        {"problem": f"How many are {number} and {number}? {HOSTILE}", "final_answer": "x"}
        for number in range(4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def printed(
    handler: Callable[[Ask], Reply | dict[str, Any]],
    folder: Path,
    *flags: str,
    models: Reply | None = None,
    start: Callable[[list[str]], CompletedProcess[str]] = run_here,
) -> str:
    """Return all that a run against this server prints."""
    with Loopback(handler, models=models or Reply(body=LISTING)) as server:
        args = command(server.url, seeds(folder), folder / "out", "--max_retries", "1", *flags)
        done = start(args)
    return done.stdout + done.stderr


@pytest.fixture
def as_a_process(starter: Starter, tmp_path: Path) -> Callable[[list[str]], CompletedProcess[str]]:
    """Return what runs a command line as a process: what leaves it are bytes, with line ends."""
    out, errors = tmp_path / "stdout", tmp_path / "stderr"

    def run(args: list[str]) -> CompletedProcess[str]:
        code = starter.call(generate.main, args[2:], out=out, errors=errors).wait(120)
        said = (path.read_bytes().decode() for path in (out, errors))
        return CompletedProcess(args, code, *said)

    return run


def assert_printable(text: str) -> None:
    """Fail where a line holds more than text, or where words of the server begin a line of their
    own."""
    for line in text.split("\n"):
        assert line == "" or line.isprintable(), repr(line)
        assert not line.startswith("ERROR generate: forged")


def hostile_model(ask: Ask) -> Reply | dict[str, Any]:
    """Solve every problem with the same wrong answer, and write new problems; the end of the reply
    is not always known."""
    last = ask.body["messages"][-1]["content"]
    if "<problem>" in last:
        return chat_reply(
            f"<problem>Hint: {HOSTILE} how many?</problem>" if ask.number % 2 else HOSTILE
        )
    if "<step_0>" in last:
        return error_reply(422, f"no judge {HOSTILE}")
    answer = f"Think {HOSTILE}.\n\nAdd.\n\n\\boxed{{\\text{{7 {HOSTILE}}}}}"
    return chat_reply(*[answer] * ask.body.get("n", 1), finish_reason="stop")


@pytest.mark.slow
def test_run_whose_every_text_is_hostile_prints_text_alone(
    tmp_path: Path, as_a_process: Callable[[list[str]], CompletedProcess[str]]
) -> None:
    text = printed(hostile_model, tmp_path, "--judge_model", "m", start=as_a_process)
    assert_printable(text)
    assert "look at " in text
    assert "voted \\text{7" in text
    assert "pwned" in text


def refusing(status: int, message: str) -> Callable[[Ask], Reply | dict[str, Any]]:
    """Return a server that answers the probe and refuses all that follows."""

    def handler(ask: Ask) -> Reply | dict[str, Any]:
        return chat_reply("Yes.") if ask.number == 0 else error_reply(status, message)

    return handler


@pytest.mark.slow
def test_error_of_a_running_server_is_printed_as_text(
    tmp_path: Path, as_a_process: Callable[[list[str]], CompletedProcess[str]]
) -> None:
    text = printed(
        refusing(400, f"maximum context length is 10 tokens {HOSTILE} n must be 1"),
        tmp_path,
        start=as_a_process,
    )
    assert_printable(text)
    assert "maximum context length" in text


@pytest.mark.slow
def test_what_a_server_says_while_it_is_waited_for_is_printed_as_text(tmp_path: Path) -> None:
    with Loopback(
        refusing(500, f"down for a while {HOSTILE}"), models=Reply(body=LISTING)
    ) as server:
        args = command(server.url, seeds(tmp_path), tmp_path / "out", "--max_retries", "1")
        with subprocess.Popen(args, stderr=subprocess.PIPE, env=environment()) as process:
            assert process.stderr is not None
            first = process.stderr.readline().decode()
            while "waiting until there is one" not in first:
                first += process.stderr.readline().decode()
            process.terminate()
            text = first + process.stderr.read().decode()
    assert_printable(text)
    assert "down for a while" in text


PAGE = Reply(500, f"<h1>{HOSTILE}</h1>")
FORBIDDEN = error_reply(403, f"no {HOSTILE}", code=HOSTILE)
UNKNOWN = error_reply(404, f"no model {HOSTILE}", code="model_not_found")


@pytest.mark.parametrize(
    "refusal", [PAGE, FORBIDDEN, UNKNOWN], ids=["page", "forbidden", "unknown model"]
)
def test_error_at_the_start_is_printed_as_text(tmp_path: Path, refusal: Reply) -> None:
    text = printed(lambda ask: refusal, tmp_path, models=PAGE if refusal is FORBIDDEN else None)
    assert_printable(text)
    assert text.strip()
