"""What tests of the chat client share: a client on loopback with short waits, a question."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from evolvemcts4rl.chat.client import ChatClient
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.records import Completion
from evolvemcts4rl.settings import Settings

QUESTION = [{"role": "user", "content": "What is 2 + 2?"}]
BACKOFF = 0.01


def settings_for(*urls: str, **changes: Any) -> Settings:
    """Return settings that ask these addresses."""
    return Settings.of(seed_file="seeds.jsonl", model_name="m", base_url=urls, **changes)


@contextlib.asynccontextmanager
async def open_client(
    *urls: str,
    journal: Journal | None = None,
    probe: bool = False,
    backoff: float = BACKOFF,
    **changes: Any,
) -> AsyncIterator[ChatClient]:
    """Yield a client that has read the list of models."""
    client = ChatClient(settings_for(*urls, **changes), journal, backoff=backoff)
    try:
        await client.open(probe)
        yield client
    finally:
        await client.close()


def complete(
    *urls: str, n: int = 1, messages: Any = None, journal: Journal | None = None, **changes: Any
) -> list[Completion]:
    """Return the completions of one ask with a client of its own."""

    async def ask() -> list[Completion]:
        async with open_client(*urls, journal=journal, **changes) as client:
            return await client.complete(messages or QUESTION, n)

    return asyncio.run(ask())
