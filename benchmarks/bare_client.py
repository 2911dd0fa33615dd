"""Send the same requests as a run does, by a bare asyncio.gather.

    python benchmarks/bare_client.py URL CONCURRENCY

What a run costs more than this is its own work: seeds, evolution, search, grading, journal, files.
No request waits for another one's reply here, so this also shows how much of the ideal any client
can reach with this endpoint.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp


async def main(url: str, concurrency: int) -> None:
    """Repeat all requests that the server got before, in their order, so many at a time."""
    gate = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Content-Type": "application/json"}
    ) as session:
        async with session.get(f"{url.removesuffix('/v1')}/asks") as reply:
            asks = await reply.json()

        async def ask(key: str, body: str) -> int:
            """Send one request; return the number of choices in its reply."""
            headers = {"Idempotency-Key": key}
            async with (
                gate,
                session.post(
                    f"{url}/chat/completions", data=body.encode(), headers=headers
                ) as reply,
            ):
                return len(json.loads(await reply.read())["choices"])

        await asyncio.gather(*(ask(key, body) for key, body in asks))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
