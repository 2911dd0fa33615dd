"""An endpoint that stops answering: the run waits, says so once, and loses no problem."""

import asyncio
import time
from pathlib import Path

import pytest

from evolvemcts4rl.chat.client import ChatClient
from evolvemcts4rl.errors import EndpointError, Refused, UserError
from evolvemcts4rl.records import Completion
from tests.support.chat_client import open_client
from tests.support.fast import slow_but
from tests.support.loopback import Ask, Loopback, Reply, answer, error_reply

Outcome = list[Completion] | BaseException


def question(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": str(number)}]


async def ask_many(client: ChatClient, count: int, first: int = 0) -> list[Outcome]:
    asks = (
        client.complete(question(i), 1, affinity_key=f"p{i}") for i in range(first, first + count)
    )
    return await asyncio.gather(*asks, return_exceptions=True)


def slowly(ask: Ask) -> Reply:
    return Reply(body=answer(ask), delay=0.02)


def test_while_the_server_is_gone_the_run_waits_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def ask() -> list[Outcome]:
        async with open_client(server.url, concurrency=8, max_retries=1) as client:
            asks = asyncio.create_task(ask_many(client, 60))
            while len(server.asks) < 20:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(server.__exit__)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(server.__enter__)
            return await asks

    server = Loopback(slowly)
    with server:
        results = asyncio.run(ask())
    assert not [result for result in results if isinstance(result, Exception)]
    waits, over = caplog.messages
    assert waits.startswith(f"No answer (127.0.0.1:{server.port}: ")
    assert over.startswith(f"127.0.0.1:{server.port} answers again after")


BURSTS = {
    "400": error_reply(400, "bad gateway configuration"),
    "413": Reply(413, "<h1>Request Entity Too Large</h1>"),
    "404": Reply(404, "<h1>Not Found</h1>"),
    "403": error_reply(403, "not for you"),
    "401": error_reply(401, "Incorrect API key"),
    "500": error_reply(500, "oh"),
    "HTML": Reply(body="<html>we are back soon</html>"),
}


@pytest.mark.parametrize("burst", slow_but(["413", "HTML"], BURSTS))
def test_a_burst_of_refusals_fails_nothing_and_ends_nothing(burst: str) -> None:
    async def ask() -> list[Outcome]:
        async with open_client(server.url, concurrency=8, max_retries=1) as client:
            asks = asyncio.create_task(ask_many(client, 60))
            while len(server.asks) < 20:
                await asyncio.sleep(0.005)
            server.handler = lambda ask: BURSTS[burst]
            await asyncio.sleep(0.5)
            server.handler = slowly
            return await asks

    with Loopback(slowly) as server:
        results = asyncio.run(ask())
    assert not [result for result in results if isinstance(result, Exception)]


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("from_the_start", [True, False])
def test_one_replica_of_two_that_refuses_is_set_aside_with_a_warning(
    caplog: pytest.LogCaptureFixture, status: int, from_the_start: bool
) -> None:
    refusal = error_reply(status, "no")

    async def ask() -> list[Outcome]:
        async with open_client(
            one.url, two.url, concurrency=8, max_retries=1, probe=True
        ) as client:
            before = await ask_many(client, 20)
            one.handler = lambda ask: refusal
            return before + await ask_many(client, 60, first=20)

    with Loopback(slowly) as one, Loopback(slowly) as two:
        if from_the_start:
            one.handler = lambda ask: refusal
            one.models = refusal
        results = asyncio.run(ask())
    assert not [result for result in results if isinstance(result, Exception)]
    (warning,) = caplog.messages
    assert warning.startswith(f"127.0.0.1:{one.port} ")
    assert warning.endswith("; the other replicas go on")


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    "reply", [error_reply(400, "roles must alternate"), error_reply(413, "too much")]
)
def test_a_request_refused_for_its_own_content_costs_that_problem_alone(
    reply: Reply, concurrency: int
) -> None:
    def handler(ask: Ask) -> Reply:
        return reply if ask.body["messages"] == question(39) else slowly(ask)

    async def ask() -> list[Outcome]:
        async with open_client(server.url, concurrency=concurrency, max_retries=1) as client:
            return await ask_many(
                client, 40
            )  # the last one is refused: nobody else is there to be answered

    with Loopback(handler) as server:
        *others, refused = asyncio.run(ask())
    assert isinstance(refused, Refused)
    assert not [result for result in others if isinstance(result, Exception)]
    assert sum(ask.body["messages"] == question(39) for ask in server.asks) == 3


def test_a_request_that_always_breaks_the_server_fails_alone() -> None:
    def handler(ask: Ask) -> Reply:
        return error_reply(500, "oh") if ask.body["messages"] == question(7) else slowly(ask)

    async def ask() -> list[Outcome]:
        async with open_client(server.url, concurrency=8, max_retries=2) as client:
            return await ask_many(client, 8)

    with Loopback(handler) as server:
        *others, failed = asyncio.run(ask())
    assert isinstance(failed, EndpointError)
    assert not [result for result in others if isinstance(result, Exception)]


def test_an_oversized_reply_is_bought_once_and_costs_that_problem_alone() -> None:
    def handler(ask: Ask) -> Reply:
        huge = [question(i) for i in range(3, 9)]
        return Reply(body=b"x" * 9_000_000) if ask.body["messages"] in huge else slowly(ask)

    async def ask() -> list[Outcome]:
        async with open_client(server.url, concurrency=1, max_tokens=1) as client:
            return await ask_many(client, 9)

    with Loopback(handler) as server:
        results = asyncio.run(ask())
    assert not [result for result in results[:3] if isinstance(result, Exception)]
    assert [str(failed) for failed in results[3:]] == [
        f"127.0.0.1:{server.port}: a reply of more than 8 MB was dropped"
    ] * 6
    assert len(server.asks) == 9


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_refusal_that_lasts_ends_the_run_after_many_tries_of_every_replica(replicas: int) -> None:
    async def ask(urls: list[str]) -> tuple[list[int], list[Outcome]]:
        async with open_client(*urls, concurrency=8, max_retries=1) as client:
            await ask_many(client, 20)
            seen = [len(server.asks) for server in servers]
            for server in servers:
                server.handler = lambda ask: error_reply(401, "Incorrect API key")
            return seen, await ask_many(client, 8, first=20)

    servers = [Loopback(slowly).__enter__() for _ in range(replicas)]
    seen, results = asyncio.run(ask([server.url for server in servers]))
    ends = [result for result in results if isinstance(result, UserError)]
    assert ends
    assert "refuses the key (401)" in str(ends[0])
    assert ends[0].resumable
    assert all(len(server.asks) - before >= 5 for server, before in zip(servers, seen, strict=True))
    for server in servers:
        server.__exit__()


def test_a_later_life_waits_for_a_server_that_is_still_loading(tmp_path: Path) -> None:
    from evolvemcts4rl.chat.journal import Journal

    async def ask(first: int) -> list[Outcome]:
        async with open_client(server.url, concurrency=8, max_retries=1, journal=journal) as client:
            return await ask_many(client, 8, first)

    journal = Journal(tmp_path / "completions.sqlite")
    with Loopback(slowly) as server:
        asyncio.run(ask(0))
        ready = time.monotonic() + 0.5
        server.handler = lambda ask: (
            slowly(ask) if time.monotonic() > ready else error_reply(503, "Loading model")
        )
        results = asyncio.run(ask(8))
    assert not [result for result in results if isinstance(result, Exception)]
    journal.close()
