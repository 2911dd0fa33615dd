"""An asynchronous map that runs ahead of its consumer and keeps the order of the source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

WINDOWS_AHEAD = 16

T = TypeVar("T")
R = TypeVar("R")


class OrderedMap(Generic[T, R]):
    """The results of `function` over `source`, in the order of the source.

    It starts at once, with up to `window` calls at a time. The calls behind a slow one go on until
    WINDOWS_AHEAD times `window` results wait to be taken; a long source is read no faster than
    that. The first call that fails cancels all others and is raised from the iteration. Close it
    (`async with aclosing(…)`) where the iteration may end early.
    """

    def __init__(
        self, function: Callable[[T], Awaitable[R]], source: AsyncGenerator[T], window: int
    ) -> None:
        self._function = function
        self._calls = asyncio.Semaphore(window)
        self._places = asyncio.Semaphore(window * WINDOWS_AHEAD)
        self._running: set[asyncio.Task[Any]] = set()
        self._queue: asyncio.Queue[asyncio.Task[R] | None] = asyncio.Queue()
        self._error: BaseException | None = None
        self._start(self._feed(source))

    async def _feed(self, source: AsyncGenerator[T]) -> None:
        async with aclosing(source):
            await self._room()
            async for item in source:
                self._queue.put_nowait(self._start(self._call(item)))
                await self._room()
        self._queue.put_nowait(None)

    async def _room(self) -> None:
        await self._places.acquire()
        await self._calls.acquire()

    async def _call(self, item: T) -> R:
        try:
            return await self._function(item)
        finally:
            self._calls.release()

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None or self._error is not None:
            return
        self._error = error
        for other in self._running:
            other.cancel()
        self._queue.put_nowait(None)  # the consumer may be waiting for an item that will not come

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        task = await self._queue.get()
        # A call that has ended is not awaited: each await gives the event loop a
        # turn, and where the loop is busy the consumer would hardly get on.
        if task is not None and not _succeeded(task):
            await asyncio.wait({task})
        if self._error is not None:
            await self.aclose()
            raise self._error
        if task is None:
            self._queue.put_nowait(None)  # for whoever asks again
            raise StopAsyncIteration
        self._places.release()
        return task.result()

    async def aclose(self) -> None:
        """Cancel the calls that still run, and wait until they have ended."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
