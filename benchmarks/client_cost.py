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

Send = Callable[[dict[str, Any]], Awaitable[int]]  # sends a body; gives the number of choices


def ways(
    url: str, session: aiohttp.ClientSession, ours: HttpConnection, openai: AsyncOpenAI
) -> dict[str, Send]:
    """Return the ways of sending a request, by name."""
    headers = {"Idempotency-Key": "0-0-1"}

    async def bare(body: dict[str, Any]) -> int:
        json_header = {"Content-Type": "application/json"}
        data = json.dumps(body).encode()
        async with session.post(
            f"{url}/chat/completions", data=data, headers=json_header | headers
        ) as reply:
            return len(json.loads(await reply.read())["choices"])

    async def connection(body: dict[str, Any]) -> int:
        return len(json.loads(await ours.post(body, headers))["choices"])

    async def raw(body: dict[str, Any]) -> int:
        reply = await openai.chat.completions.with_raw_response.create(
            **body, extra_headers=headers
        )
        return len(json.loads(reply.content)["choices"])

    async def constructed(body: dict[str, Any]) -> int:
        reply = await openai.chat.completions.with_raw_response.create(
            **body, extra_headers=headers
        )
        return len(ChatCompletion.model_construct(**json.loads(reply.content)).choices)

    async def streamed(body: dict[str, Any]) -> int:
        create = openai.chat.completions.with_streaming_response.create
        async with create(**body, extra_headers=headers) as reply:
            content = b"".join([piece async for piece in reply.iter_bytes()])
        return len(json.loads(content)["choices"])

    async def typed(body: dict[str, Any]) -> int:
        return len((await openai.chat.completions.create(**body, extra_headers=headers)).choices)

    return {
        "aiohttp alone": bare,
        "this project's connection": connection,
        "AsyncOpenAI, with_raw_response": raw,
        "AsyncOpenAI, with_raw_response and model_construct": constructed,
        "AsyncOpenAI, with_streaming_response": streamed,
        "AsyncOpenAI, typed replies": typed,
    }


async def cpu_of(send: Send, bodies: list[dict[str, Any]]) -> float:
    """Return the CPU milliseconds of a request, user and system, of this process."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(body: dict[str, Any]) -> None:
        async with gate:
            assert await send(body) == body["n"]

    began = time.process_time()
    await asyncio.gather(*map(one, bodies))
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
        sending = ways(url, session, ours, openai)
        taken: dict[str, list[float]] = {name: [] for name in sending}
        for send in sending.values():
            await cpu_of(send, bodies[:WARM_UP])
        for _ in range(rounds):
            for name, send in sending.items():
                taken[name].append(await cpu_of(send, bodies))
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
