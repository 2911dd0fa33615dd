"""Compare answers in worker processes, which are killed when a comparison costs too much."""

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
from collections import Counter, OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from evolvemcts4rl.answers.compare import compare_quick, same_answer

if TYPE_CHECKING:
    from pebble import ProcessPool

logger = logging.getLogger(__name__)

MAX_CACHED = 100_000  # pairs; a few dozen megabytes at most
MAX_WORKERS = 8
MAX_JOBS_PER_WORKER = 5_000  # sympy's caches grow: a worker is replaced before that matters
LEAST_LIMIT = 1 / 8  # of limit_seconds, for answers whose comparisons keep timing out
PLAIN_FORMULA = "y+1"  # an answer that times out against this would time out against all
# What sympy and its readers raise on formulas that they were not made for.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    SyntaxError,
    TypeError,
    ValueError,
)
MEMORY_LIMIT = 2 * 1024**3  # bytes of address space for each worker


class Grader:
    """Compares answers by `compare.same_answer`, in workers with limits of time and memory.

    Workers start with the first comparison that needs one. A comparison which outlasts its limit,
    or whose worker dies or runs out of memory, is no match, and is never tried again. Such
    comparisons are counted in `timeouts`; each halves the time that its answers have from then on.
    For use from one event loop at a time.
    """

    def __init__(self, num_workers: int | None = None, limit_seconds: float = 5.0) -> None:
        self.num_workers = num_workers or min(MAX_WORKERS, os.cpu_count() or 1)
        self.limit_seconds = limit_seconds
        self.timeouts = 0
        self._pool: ProcessPool | None = None
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._running: dict[tuple[str, str], asyncio.Task[bool]] = {}
        self._timed_out: Counter[str] = Counter()  # comparisons that timed out, by answer
        self._bombs: dict[str, bool] = {}  # of answers in such: whether it was the one to blame
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._jobs: set[Future[bool]] = set()

    async def same(self, gold: str, answer: str) -> bool:
        """Return whether `answer` is the reference answer `gold`.

        It raises nothing, whatever the answers hold.
        """
        quick = compare_quick(gold, answer)
        if quick is not None:
            return quick
        pair = min((gold, answer), (answer, gold))
        if pair in self._known:
            self._known.move_to_end(pair)
            return self._known[pair]
        task = self._running.get(pair)
        if task is None:
            task = self._running[pair] = asyncio.create_task(self._compare(pair))
            task.add_done_callback(lambda _: self._running.pop(pair, None))
        # Others may wait for the same pair when this caller is cancelled.
        return await asyncio.shield(task)

    async def same_each(self, gold: str, answers: Sequence[str]) -> list[bool]:
        """Return the result of `same` for each of the answers.

        Only what a worker must compare is waited for, all of it at once.
        """
        verdicts = {
            answer: self._known.get(
                min((gold, answer), (answer, gold)), compare_quick(gold, answer)
            )
            for answer in dict.fromkeys(answers)
        }
        unknown = [answer for answer, verdict in verdicts.items() if verdict is None]
        if unknown:
            found = await asyncio.gather(*(self.same(gold, answer) for answer in unknown))
            verdicts |= zip(unknown, found, strict=True)
        return [bool(verdicts[answer]) for answer in answers]

    async def vote(
        self, answers: Sequence[str], gold: str | None = None
    ) -> tuple[str | None, float]:
        """Return the majority answer in its most common form, and its share of all answers.

        The answer is None on a tie. With a reference answer, the forms that are equal to it count
        together. Forms are compared no further once all that are left would together come to less
        than the largest group.
        """
        counts, left = Counter(answers), distinct_forms(answers)
        groups: list[list[str]] = []
        most = 0
        while left and sum(counts[form] for form in left) >= most:
            first = left[0] if gold is None or groups else gold
            same = await self.same_each(first, left)
            groups.append(
                [form for form, verdict in zip(left, same, strict=True) if verdict or form == first]
            )
            left = [form for form in left if form not in groups[-1]]
            most = max(most, sum(counts[form] for form in groups[-1]))
        return majority(answers, [group for group in (*groups, left) if group])

    def close(self) -> None:
        """Stop the workers and cancel the comparisons still under way.

        The grader can be used again afterwards.
        """
        for task in list(self._running.values()):
            task.cancel()
        self._stop_pool()

    def _stop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
        # Pebble forgets the jobs that no worker had begun: whoever waits for them must be told.
        for job in list(self._jobs):
            if not job.done():
                job.set_exception(RuntimeError("the workers were stopped"))

    async def _compare(self, pair: tuple[str, str]) -> bool:
        async with self._free_worker():
            verdict = not self._has_bomb(pair) and await self._ask_worker(pair)
        self._known[pair] = verdict
        if len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)
        return verdict

    def _free_worker(self) -> asyncio.Semaphore:
        """Return the queue for the workers, so that a limit is set when its comparison begins."""
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = loop, asyncio.Semaphore(self.num_workers)
        return self._slots[1]

    def _limit(self, pair: tuple[str, str]) -> float:
        timed_out = sum(self._timed_out[answer] for answer in pair)
        return self.limit_seconds * max(LEAST_LIMIT, 0.5**timed_out)

    async def _ask_worker(self, pair: tuple[str, str]) -> bool:
        from pebble import ProcessExpired

        for _ in range(2):
            if self._pool is None:
                self._pool = make_pool(self.num_workers)
            pool = self._pool
            try:
                # in a thread, since the first job waits until the workers are there
                job = await asyncio.to_thread(
                    pool.schedule, verdict_in_worker, args=pair, timeout=self._limit(pair)
                )
                return await self._result(job, pool)
            except (TimeoutError, ProcessExpired, MemoryError, RecursionError) as error:
                logger.debug("no verdict on %.80r against %.80r: %s", *pair, type(error).__name__)
                break
            # An idle worker was killed from outside: no fault of this pair, so it is asked again.
            except RuntimeError as error:
                logger.warning("The answer workers are gone (%s); starting new ones.", error)
                if self._pool is pool:
                    self._stop_pool()
        self.timeouts += 1
        if PLAIN_FORMULA not in pair:
            self._timed_out.update(pair)
            await self._find_bomb(pair)
        return False

    def _has_bomb(self, pair: tuple[str, str]) -> bool:
        return any(self._bombs.get(answer) for answer in pair)

    async def _find_bomb(self, pair: tuple[str, str]) -> None:
        """Find out which of the two answers timed out, so that the other one keeps its verdicts."""
        for answer in pair:
            if answer not in self._bombs:
                before = self.timeouts
                await self._ask_worker((answer, PLAIN_FORMULA))
                self._bombs[answer] = self.timeouts > before
                self.timeouts = before

    async def _result(self, job: Future[bool], pool: ProcessPool) -> bool:
        if self._pool is not pool:
            raise RuntimeError("the workers were stopped")
        self._jobs.add(job)
        try:
            return await asyncio.wrap_future(job)
        finally:
            self._jobs.discard(job)


def verdict_in_worker(gold: str, answer: str) -> bool:
    """Return whether the answers are the same; False where computer algebra fails by itself."""
    try:
        return same_answer(gold, answer)
    except UNREADABLE as error:
        logger.debug("no verdict on %.80r against %.80r: %r", gold, answer, error)
    return False


def make_pool(num_workers: int) -> ProcessPool:
    """Return a pool whose workers start with its first job.

    They are forked from a clean server process that has math-verify loaded.
    """
    from pebble import ProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["math_verify"])
    return ProcessPool(
        max_workers=num_workers,
        max_tasks=MAX_JOBS_PER_WORKER,
        initializer=prepare_worker,
        context=context,
    )


def prepare_worker() -> None:
    """Bind a worker to its limits and its parent's life, and load what its jobs need.

    Loading here keeps it out of the first job's time limit.
    """
    # Pebble's handler runs only after a long C call: the default one ends the worker at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    with contextlib.suppress(ValueError, OSError):  # some systems have no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    same_answer("[1, x)", r"[1, \frac{x}{1})")  # compiles the regexes and the grammar


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


def distinct_forms(answers: Sequence[str]) -> list[str]:
    """Return the written forms, the most common first, whatever the order of the answers."""
    counts = Counter(answers)
    return sorted(counts, key=lambda form: (-counts[form], len(form), form))


def majority(answers: Sequence[str], groups: Sequence[Sequence[str]]) -> tuple[str | None, float]:
    """Return the majority of forms in groups of equal ones, the most common form of each first."""
    if not answers:
        return None, 0.0
    counts = Counter(answers)
    sizes = [sum(counts[form] for form in group) for group in groups]
    most = max(sizes)
    winner = groups[sizes.index(most)][0] if sizes.count(most) == 1 else None
    return winner, most / len(answers)
