"""The wire: where the API is found, and how much of a reply is read."""

import asyncio
import functools
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.connection import MOST_REPLY_BYTES, most_bytes
from evolvemcts4rl.errors import EndpointError, UserError
from evolvemcts4rl.records import Completion
from tests.support.chat_client import QUESTION, complete, open_client
from tests.support.forked import Starter
from tests.support.loopback import Ask, Loopback, Reply, error_reply
from tests.support.reply_memory import measure


def bare(server: Loopback, end: str = "") -> str:
    return f"http://127.0.0.1:{server.port}{end}"


@pytest.mark.parametrize("lists", [True, False], ids=["lists models", "lists none"])
@pytest.mark.parametrize("root", ["/v1", ""])
def test_an_address_without_a_path_is_found_once_and_told(
    caplog: pytest.LogCaptureFixture, root: str, lists: bool
) -> None:
    models = None if lists else error_reply(404, "no list")

    async def ask(url: str) -> list[Completion]:
        async with open_client(url) as client:
            return [
                *await client.complete(QUESTION, 1),
                *await client.complete(QUESTION, 1, start=1),
            ]

    with Loopback(root=root, models=models) as server:
        assert [c.text for c in asyncio.run(ask(bare(server)))] == [
            "reply 0 choice 0",
            "reply 1 choice 0",
        ]
    assert server.paths[-2:] == [f"{root}/chat/completions"] * 2
    told = (
        f"127.0.0.1:{server.port} has no path: it answers at http://127.0.0.1:{server.port}{root}"
    )
    assert [record.getMessage() for record in caplog.records].count(told) == 1


def test_an_address_without_a_path_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Loopback(root="/v1") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", bare(server))
        assert complete()[0].text == "reply 0 choice 0"


def test_a_web_page_at_v1_does_not_hide_the_api_at_the_bare_host() -> None:
    def handler(ask: Ask) -> Reply | dict[str, Any]:
        return (
            Reply(405, "<html>")
            if ask.path.startswith("/v1")
            else {"choices": [{"message": {"content": "4"}}]}
        )

    with Loopback(handler, models=Reply(body="<html>Welcome</html>")) as server:
        assert complete(bare(server))[0].text == "4"


def test_a_path_that_was_given_is_asked_alone(caplog: pytest.LogCaptureFixture) -> None:
    with Loopback(root="/api/v3") as server:
        assert complete(bare(server, "/api/v3/chat/completions"))[0].text == "reply 0 choice 0"
        with pytest.raises(UserError, match="check --base_url"):
            complete(bare(server, "/api"))
    assert server.paths == [
        "/api/v3/models",
        "/api/v3/chat/completions",
        "/api/models",
        "/api/chat/completions",
    ]
    assert "has no path" not in caplog.text


def test_where_no_api_answers_the_sentence_is_of_the_first_place_that_was_asked() -> None:
    with (
        Loopback(root="/elsewhere") as server,
        pytest.raises(UserError, match=r"no chat completions.*no such page"),
    ):
        complete(bare(server))


PIECE = b" " * 500_000


@functools.cache
def bomb() -> bytes:
    """200 MB in less than one; made where it is needed, since it takes a while."""
    return gzip.compress(PIECE * 400, compresslevel=1)


GZIP, TWICE = {"content-encoding": "gzip"}, {"content-encoding": "gzip, gzip"}
HUGE: dict[str, Callable[[], Reply]] = {
    "200 MB": lambda: Reply(body=[PIECE] * 400),
    "endless": lambda: Reply(body=iter(lambda: PIECE, None)),
    "a gzip bomb": lambda: Reply(body=bomb(), headers=GZIP),
    "a bomb in a bomb": lambda: Reply(body=gzip.compress(bomb()), headers=TWICE),
}


def run_in_process(script: str, *args: str, **environment: str) -> Any:
    """Run a script in a process of its own; return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
        check=True,
    )
    return json.loads(done.stdout)


def asked_for_huge(server: Loopback, starter: Starter, folder: Path) -> tuple[str, int]:
    """Ask in a process of its own; return what came of it and by how many bytes its memory grew."""
    out, errors = folder / "out", folder / "errors"
    with Loopback() as good:
        process = starter.call(measure, good.url, server.url, out=out, errors=errors)
        assert process.wait(120) == 0, errors.read_text()
    said, growth = json.loads(out.read_text())
    return said, growth


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_a_reply_that_does_not_end_is_dropped_and_not_asked_for_again(
    starter: Starter, tmp_path: Path, name: str
) -> None:
    reply = HUGE[name]()
    with Loopback(lambda ask: reply) as server:
        said, growth = asked_for_huge(server, starter, tmp_path)
    assert said == f"127.0.0.1:{server.port}: a reply of more than 8 MB was dropped"
    assert growth < 60_000_000
    assert len(server.asks) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", [[PIECE] * 400, b"no room" + PIECE * 400], ids=["in pieces", "whole"]
)
def test_a_refusal_that_does_not_end_is_read_as_far_as_it_tells_something(
    starter: Starter, tmp_path: Path, body: bytes | list[bytes]
) -> None:
    with Loopback(lambda ask: Reply(500, body)) as server:
        said, growth = asked_for_huge(server, starter, tmp_path)
    assert said.startswith(f"127.0.0.1:{server.port}: status 500: no ")
    assert growth < 60_000_000
    assert len(server.asks) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_a_list_of_models_that_does_not_end_is_dropped(
    starter: Starter, tmp_path: Path, name: str
) -> None:
    with Loopback(models=HUGE[name]()) as server:
        said, growth = asked_for_huge(server, starter, tmp_path)
    assert said == "reply 0 choice 0"
    assert growth < 100_000_000
    assert server.paths.count("/v1/models") == 1


def test_a_reply_as_long_as_was_asked_for_is_read_whole() -> None:
    text = "\\u00e9" * 200_000  # as JSON has it

    def handler(ask: Ask) -> Reply:
        choice = '{"message": {"content": "TEXT"}}'.replace("TEXT", text)
        return Reply(body='{"choices": [CHOICES]}'.replace("CHOICES", ", ".join([choice] * 8)))

    with Loopback(handler) as server:
        assert [len(c.text) for c in complete(server.url, n=8, max_tokens=200_000)] == [200_000] * 8
        with pytest.raises(EndpointError, match="a reply of more than 8 MB was dropped"):
            complete(server.url, n=8, max_tokens=1)


LIMITED = """
import asyncio, json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from evolvemcts4rl.errors import EndpointError
from tests.support.chat_client import complete
try:
    complete(sys.argv[1])
except EndpointError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.slow
def test_a_key_is_looked_for_in_a_reply_with_a_bounded_amount_of_work() -> None:
    with Loopback(lambda ask: Reply(400, "\\" * 250_000 + "/")) as server:
        said = run_in_process(LIMITED, server.url, OPENAI_API_KEY="/+a-key-4711+/")
    assert said.startswith(f"127.0.0.1:{server.port}: status 400: \\\\")


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"n": 4, "max_tokens": 1024}, 8_409_600),
        ({"max_completion_tokens": 1}, 8_000_100),
        ({}, 21_107_200),
        ({"n": 64, "max_tokens": 32_768}, MOST_REPLY_BYTES),
    ],
)
def test_the_bound_grows_with_what_was_asked_for(body: dict[str, int], most: int) -> None:
    assert most_bytes(body) == most
