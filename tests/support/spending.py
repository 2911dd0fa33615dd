"""One life of a run that asks for more than its budget pays for."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.errors import BudgetSpent, EndpointError
from evolvemcts4rl.records import Completion
from tests.support.chat_client import open_client


def questions(seed: int, count: int) -> list[list[dict[str, str]]]:
    """Return questions of many lengths."""
    chance = random.Random(seed)
    return [
        [{"role": "user", "content": f"{i} " + "why? " * chance.randint(1, 60)}]
        for i in range(count)
    ]


def spend(
    url: str,
    path: Path,
    budget: int,
    count: int = 120,
    probe: bool = True,
    choices: int = 8,
    **changes: Any,
) -> bool:
    """Ask for more than the budget pays for; return whether the budget ended that."""

    async def ask() -> list[list[Completion] | BaseException]:
        async with open_client(
            url, probe=probe, token_budget=budget, max_tokens=100, **changes
        ) as client:
            client.keep_in(journal)
            asks = [client.complete(question, choices) for question in questions(0, count)]
            return await asyncio.gather(*asks, return_exceptions=True)

    journal = Journal(path)
    try:
        results = asyncio.run(ask())
    finally:
        journal.close()
    errors = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, (BudgetSpent, EndpointError)) for error in errors)
    return any(isinstance(error, BudgetSpent) for error in errors)


def spend_at_once(url: str, path: str, budget: int) -> None:
    """Spend a budget with sixteen requests in flight, in a process that is to be killed."""
    spend(url, Path(path), budget, probe=False, concurrency=16)
