"""Worker processes with limits of time and memory, for what must not hang or end the run."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pebble import ProcessPool

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_WORKERS = 8
MAX_JOBS_PER_WORKER = 5_000  # sympy's caches grow: a worker is replaced before that matters
MEMORY_LIMIT = 2 * 1024**3  # bytes of address space for each worker
START_SECONDS = 120.0  # that a worker may take to be there, beside the limit of its job


class JobFailed(Exception):
    """A job ran out of time or memory, or its worker died; says which."""


class Workers:
    """A pool of workers, which start with the first job; for one event loop at a time.

    `prepare` runs in each worker before its jobs, outside their time limits. `preload` names
    modules that the server from which the workers are forked loads.
    """

    def __init__(
        self,
        num_workers: int | None,
        prepare: Callable[[], None],
        preload: Sequence[str] = (),
    ) -> None:
        self.num_workers = num_workers or min(MAX_WORKERS, os.cpu_count() or 1)
        self._prepare, self._preload = prepare, list(preload)
        self._pool: ProcessPool | None = None
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._jobs: set[Future[Any]] = set()

    @property
    def started(self) -> bool:
        """Return whether there are workers."""
        return self._pool is not None

    def free_worker(self) -> asyncio.Semaphore:
        """Return the queue for the workers, so that a limit is set when its job begins."""
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = loop, asyncio.Semaphore(self.num_workers)
        return self._slots[1]

    async def run(self, function: Callable[..., T], args: Sequence[Any], limit: float) -> T:
        """Return what a function gives in a worker within `limit` seconds; raise JobFailed."""
        from pebble import ProcessExpired

        for _ in range(2):
            if self._pool is None:
                self._pool = self._make_pool()
            pool = self._pool
            try:
                # in a thread, since the first job waits until the workers are there
                job = await asyncio.to_thread(pool.schedule, function, args=args, timeout=limit)
                return await asyncio.wait_for(self._result(job, pool), limit + START_SECONDS)
            except (TimeoutError, ProcessExpired, MemoryError, RecursionError) as error:
                raise JobFailed(_told(error, limit)) from None
            # An idle worker was killed from outside: no fault of this job, so it is asked again.
            except RuntimeError as error:
                logger.warning("The answer workers are gone (%s); starting new ones.", error)
                if self._pool is pool:
                    self.close()
        raise JobFailed("its process died")

    def close(self) -> None:
        """Stop the workers; they start anew with the next job."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
        # Pebble forgets the jobs that no worker had begun: whoever waits for them must be told.
        for job in list(self._jobs):
            if not job.done():
                job.set_exception(RuntimeError("the workers were stopped"))

    async def _result(self, job: Future[T], pool: ProcessPool) -> T:
        if self._pool is not pool:
            raise RuntimeError("the workers were stopped")
        self._jobs.add(job)
        try:
            return await asyncio.wrap_future(job)
        finally:
            self._jobs.discard(job)

    def _make_pool(self) -> ProcessPool:
        """Return a pool whose workers are forked, with its first job, from a clean server."""
        from pebble import ProcessPool

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        return ProcessPool(
            max_workers=self.num_workers,
            max_tasks=MAX_JOBS_PER_WORKER,
            initializer=self._prepare,
            context=context,
        )


def _told(error: BaseException, limit: float) -> str:
    if isinstance(error, TimeoutError):
        return f"it took more than {limit:g} seconds"
    if isinstance(error, MemoryError):
        return "it took too much memory"
    return "its brackets nest too deep" if isinstance(error, RecursionError) else "its process died"


def bind_worker() -> None:
    """Bind a worker to its memory limit and its parent's life."""
    # Pebble's handler runs only after a long C call: the default one ends the worker at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    with contextlib.suppress(ValueError, OSError):  # some systems have no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def die_with_parent() -> None:
    """Let the kernel kill this worker once its parent is gone, whatever the worker is doing then.

    Idle workers notice by themselves. PR_SET_PDEATHSIG would not help: to the kernel, the parent is
    the fork server, which lives as long as its workers.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and sys.platform == "linux":
        sentinel = parent.sentinel  # a pipe, readable as soon as the parent's end is closed
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)
