"""Run a coroutine to its end, even where an event loop already runs, as in a notebook."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine as asyncio.run does, in a thread of its own if a loop already runs here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(main)
    else:
        _run_in_thread(main)


def _run_in_thread(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread and wait for it. Each Ctrl-C meanwhile cancels it."""
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = Future()

    async def announced() -> None:
        begun.set_result((asyncio.get_running_loop(), asyncio.current_task()))
        await main

    interrupted = False
    with ThreadPoolExecutor(1, "evolvemcts4rl") as executor:
        ended = executor.submit(asyncio.run, announced())
        while not ended.done():
            try:
                ended.exception()
            except KeyboardInterrupt:
                interrupted = True
                loop, task = begun.result()
                if task:
                    with contextlib.suppress(RuntimeError):  # the loop has just ended
                        loop.call_soon_threadsafe(task.cancel)
    if interrupted:
        raise KeyboardInterrupt
    ended.result()
