"""Bounds on the work of a test: processor time of this process, which no busy machine lengthens."""

from __future__ import annotations

import signal
from collections.abc import Iterator
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
