"""Ctrl-C and SIGTERM: the first ends a run in good order, a second one of either ends it at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Interrupts:
    """What Ctrl-C and SIGTERM do while `handled`: outside of `run`, or a second time, they raise KeyboardInterrupt."""

    def __init__(self) -> None:
        self.exit_code = EXIT_CODES[signal.SIGINT]
        self._begun = False
        self._task: asyncio.Task[Any] | None = None

    @contextlib.contextmanager
    def handled(self) -> Iterator[Interrupts]:
        """Handle both signals, those that the caller ignores apart (a shell's background job ignores Ctrl-C)."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.getsignal(number) for number in EXIT_CODES}
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, self._handle)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run to its end what the first signal cancels. Raises KeyboardInterrupt where one did."""

        async def cancellable() -> None:
            self._task = asyncio.current_task()
            try:
                await coroutine
            finally:
                self._task = None

        try:
            asyncio.run(cancellable())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.exit_code = EXIT_CODES[signal.Signals(number)]
        if self._begun or self._task is None:
            self._begun = True
            raise KeyboardInterrupt
        self._begun = True
        # Not cancelled from here: the handler may have come between any two steps of the loop.
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)
