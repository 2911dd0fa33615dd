"""Measure the CPU of a request by the way it is sent.

    python benchmarks/client_cost.py [--requests N] [--n N]

Each way sends the same requests, 64 in flight, to an endpoint that answers at once (slot_server.py,
a process of its own): aiohttp alone, this project's connection, and the openai library's own
methods with its retries off. The rounds take turns, so that what else the machine does falls on all
of them; the table gives the median round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiohttp
from openai import AsyncOpenAI, DefaultAioHttpClient
from openai.types.chat import ChatCompletion

from benchmarks.slot_server import question_of
from benchmarks.throughput import slot_server
from evolvemcts4rl.chat.addresses import addresses_of
from evolvemcts4rl.chat.connection import HttpConnection, connect
from evolvemcts4rl.settings import Settings

IN_FLIGHT = 64
WARM_UP = 200  # requests that are not counted: connections, caches

HEADERS = {"Idempotency-Key": "0-0-1"}

Body = dict[str, Any]


@dataclass(frozen=True)
class Clients:
    """What the ways send by, all to one endpoint."""

    url: str
    session: aiohttp.ClientSession
    ours: HttpConnection
    openai: AsyncOpenAI


async def by_aiohttp(clients: Clients, body: Body) -> int:
    """Send a body by aiohttp alone; return the number of choices, as all ways do."""
    headers = {"Content-Type": "application/json"} | HEADERS
    url, data = f"{clients.url}/chat/completions", json.dumps(body).encode()
    async with clients.session.post(url, data=data, headers=headers) as reply:
        return len(json.loads(await reply.read())["choices"])


async def by_connection(clients: Clients, body: Body) -> int:
    """Send a body by this project's connection."""
    return len(json.loads(await clients.ours.post(body, HEADERS))["choices"])


async def by_raw_response(clients: Clients, body: Body) -> int:
    """Send a body by the library, and read the reply's JSON."""
    create = clients.openai.chat.completions.with_raw_response.create
    reply = await create(**body, extra_headers=HEADERS)
    return len(json.loads(reply.content)["choices"])


async def by_construction(clients: Clients, body: Body) -> int:
    """Send a body by the library, and make its type of the reply's JSON unchecked."""
    create = clients.openai.chat.completions.with_raw_response.create
    reply = await create(**body, extra_headers=HEADERS)
    return len(ChatCompletion.model_construct(**json.loads(reply.content)).choices)


async def by_stream(clients: Clients, body: Body) -> int:
    """Send a body by the library, and read the reply in pieces."""
    create = clients.openai.chat.completions.with_streaming_response.create
    async with create(**body, extra_headers=HEADERS) as reply:
        content = b"".join([piece async for piece in reply.iter_bytes()])
    return len(json.loads(content)["choices"])


async def by_type(clients: Clients, body: Body) -> int:
    """Send a body by the library, as its manual does."""
    reply = await clients.openai.chat.completions.create(**body, extra_headers=HEADERS)
    return len(reply.choices)


Way = Callable[[Clients, Body], Awaitable[int]]
WAYS: dict[str, Way] = {
    "aiohttp alone": by_aiohttp,
    "this project's connection": by_connection,
    "AsyncOpenAI, with_raw_response": by_raw_response,
    "AsyncOpenAI, with_raw_response and model_construct": by_construction,
    "AsyncOpenAI, with_streaming_response": by_stream,
    "AsyncOpenAI, typed replies": by_type,
}


async def cpu_of(way: Way, clients: Clients, bodies: list[Body]) -> float:
    """Return the CPU milliseconds of a request, user and system, of this process."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def send(body: Body) -> None:
        async with gate:
            assert await way(clients, body) == body["n"]

    began = time.process_time()
    await asyncio.gather(*map(send, bodies))
    return (time.process_time() - began) * 1000 / len(bodies)


async def measure(url: str, requests: int, n: int, rounds: int) -> None:
    """Print a row for each way."""
    common = {"model": "m", "n": n, "temperature": 0.7, "top_p": 0.95, "max_tokens": 1024}
    bodies = [
        {**common, "messages": [{"role": "user", "content": question_of(i)}]}
        for i in range(requests)
    ]
    settings = Settings.of(
        seed_file="seeds.jsonl", model_name="m", base_url=(url,), concurrency=IN_FLIGHT
    )
    ours = connect(addresses_of(settings, {})[0], settings)
    http = DefaultAioHttpClient()
    openai = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, openai:
        clients = Clients(url, session, ours, openai)
        taken: dict[str, list[float]] = {name: [] for name in WAYS}
        for way in WAYS.values():
            await cpu_of(way, clients, bodies[:WARM_UP])
        for _ in range(rounds):
            for name, way in WAYS.items():
                taken[name].append(await cpu_of(way, clients, bodies))
    await ours.close()
    least = statistics.median(taken["aiohttp alone"])
    for name, rows in taken.items():
        each = statistics.median(rows)
        spread = f"{min(rows):.3f}-{max(rows):.3f}"
        print(f"{name:52}{each:8.3f} ms a request, {each / least:5.2f} times the first  ({spread})")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="CPU of a request by the way it is sent.")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--n", type=int, default=4, help="choices of each request")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    machine = f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    with slot_server(100_000, 0.0, "--forget") as url:
        asyncio.run(measure(url, args.requests, args.n, args.rounds))


if __name__ == "__main__":
    main()
