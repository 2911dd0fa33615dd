"""Bounds on the work of a test: processor time of this process, which no busy machine lengthens."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bounded_work(seconds: float) -> Iterator[None]:
    """Raise TimeoutError where the context takes more processor time; waiting does not count."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {seconds:g} seconds of work")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def child_works_within(seconds: float, work: Callable[[], object]) -> bool:
    """Return whether a child process does the work in so much processor time.

    After that the kernel ends the child, in the middle of an expression too.
    """
    child = os.fork()
    if not child:
        code = 1
        try:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0
