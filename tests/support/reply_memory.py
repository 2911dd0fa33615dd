"""What an endpoint's reply costs in memory, for a process of its own."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from evolvemcts4rl.errors import EndpointError
from tests.support.chat_client import QUESTION, open_client


async def _ask(url: str) -> str:
    async with open_client(url, max_retries=1, timeout=60) as client:
        try:
            return (await client.complete(QUESTION, 4))[0].text
        except EndpointError as error:
            return str(error)


def _peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(good: str, bad: str) -> None:
    """Print what came of asking the bad endpoint, and by how much the memory grew over the good."""
    asyncio.run(_ask(good))
    before = _peak()
    said = asyncio.run(_ask(bad))
    print(json.dumps([said, _peak() - before]))
