"""Replicas: the load is spread, a problem stays with its cache, and a dead one costs nothing."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator

import pytest

from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.errors import EndpointError
from tests.support.chat_client import QUESTION, open_client
from tests.support.loopback import Loopback, free_port


def test_a_problem_sticks_to_its_replica_and_the_load_is_spread() -> None:
    async def ask(urls: list[str]) -> None:
        async with open_client(*urls, concurrency=8) as client:
            for start in range(3):
                await asyncio.gather(
                    *(
                        client.complete(QUESTION, 1, start=start, affinity_key=f"p{i}")
                        for i in range(8)
                    )
                )

    with Loopback() as one, Loopback() as two:
        one.latency = two.latency = 0.02
        asyncio.run(ask([one.url, two.url]))
        assert len(one.asks) == len(two.asks) == 12
        assert (one.most_in_flight, two.most_in_flight) == (4, 4)


def test_a_dead_replica_is_set_aside_and_its_problems_go_elsewhere() -> None:
    dead = f"http://127.0.0.1:{free_port()}/v1"

    async def ask(url: str) -> int:
        async with open_client(dead, url, max_retries=1) as client:
            await asyncio.gather(
                *(client.complete(QUESTION, 1, start=i, affinity_key=f"p{i}") for i in range(20))
            )
            return client.usage.requests

    with Loopback() as server:
        assert (
            asyncio.run(ask(server.url)) < 25
        )  # it was found dead when the models were listed; a trial now and then


def test_a_replica_that_dies_in_the_middle_loses_no_problem() -> None:
    async def ask(one: Loopback, two: Loopback) -> None:
        async with open_client(one.url, two.url, max_retries=2, concurrency=8) as client:
            tasks = [
                asyncio.create_task(client.complete(QUESTION, 1, start=i, affinity_key=f"p{i}"))
                for i in range(60)
            ]
            await asyncio.sleep(0.1)
            await asyncio.to_thread(one.__exit__)
            assert len(await asyncio.gather(*tasks)) == 60

    with Loopback() as two:
        one = Loopback().__enter__()
        one.latency = two.latency = 0.05
        asyncio.run(ask(one, two))


def test_when_all_replicas_are_dead_the_problem_fails_with_the_reason() -> None:
    async def ask(one: Loopback, two: Loopback) -> None:
        async with open_client(one.url, two.url, max_retries=2) as client:
            for server in (one, two):
                await asyncio.to_thread(server.__exit__)
            await client.complete(QUESTION, 1)

    with pytest.raises(EndpointError, match="no connection"):
        asyncio.run(ask(Loopback().__enter__(), Loopback().__enter__()))


def test_a_replica_that_is_set_aside_is_tried_again_with_one_request() -> None:
    async def ask() -> None:
        one, two = Replica("one", None, limit=8), Replica("two", None, limit=8)
        replicas = Replicas([one, two], concurrency=8, backoff=0.02)
        replicas.faulted(one, unreachable=True)
        assert one.rest_seconds == 0.2
        assert [await replicas.acquire() for _ in range(3)] == [two] * 3
        await asyncio.sleep(0.25)  # its rest is over
        assert [await replicas.acquire() for _ in range(2)] == [one, two]
        replicas.faulted(one, unreachable=True)
        assert one.rest_seconds == 0.4
        replicas.release(one)
        await asyncio.sleep(0.45)
        trial = await replicas.acquire()
        replicas.succeeded(trial, 0.0)
        assert [trial, *[await replicas.acquire() for _ in range(2)]] == [one] * 3

    asyncio.run(ask())


def replies(replicas: Replicas, replica: Replica, outcomes: Iterator[bool]) -> None:
    """Send requests as the limit allows; each outcome says whether one is refused for load."""

    async def send() -> None:
        for window in iter(lambda: list(itertools.islice(outcomes, int(replica.limit))), []):
            sent_at = time.monotonic()
            taken = [await replicas.acquire() for _ in window]
            for refused in window:
                if refused:
                    replicas.rate_limited(replica, sent_at, None)
                else:
                    replicas.succeeded(replica, sent_at)
            for each in taken:
                replicas.release(each)

    asyncio.run(send())


def test_refusals_at_random_leave_the_limit_of_a_replica_where_it_is() -> None:
    replica = Replica("one", None, limit=256)
    chance = random.Random(0)
    replies(
        Replicas([replica], concurrency=256),
        replica,
        (chance.random() < 0.2 for _ in range(20_000)),
    )
    assert replica.limit > 200


def test_the_limit_of_a_replica_halves_once_a_window_that_is_refused_and_rises_with_successes() -> (
    None
):
    replica = Replica("one", None, limit=64)
    replicas = Replicas([replica], concurrency=64)
    replies(replicas, replica, iter([True] * 64))
    assert 16 <= replica.limit <= 32
    replies(replicas, replica, iter([True] * 1000))
    assert replica.limit == 1
    replies(replicas, replica, iter([False] * 10_000))
    assert replica.limit == 64


def test_a_replica_is_left_alone_as_it_asks_only_where_hardly_anything_else_comes() -> None:
    replica = Replica("one", None, limit=64, in_flight=64, most_in_flight=64)
    replicas = Replicas([replica], concurrency=64)
    for outcome in [False, True, False, False] * 10:
        if outcome:
            replicas.rate_limited(replica, time.monotonic(), 60.0)
        else:
            replicas.succeeded(replica, time.monotonic())
    assert replica.paused_until == 0.0
    for _ in range(31):
        replicas.rate_limited(replica, time.monotonic(), 60.0)
    assert replica.paused_until > time.monotonic()
