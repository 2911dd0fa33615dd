"""Handle Ctrl-C and SIGTERM: the first ends a run in good order, the second at once."""

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
    """Handles Ctrl-C and SIGTERM while the context of `handled` lasts.

    The first one during `run` cancels what runs; any other raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.exit_code = EXIT_CODES[signal.SIGINT]
        self._begun = False
        self._task: asyncio.Task[Any] | None = None

    @contextlib.contextmanager
    def handled(self) -> Iterator[Interrupts]:
        """Handle both signals while the context lasts, except for a signal that is ignored.

        A background job of a shell ignores Ctrl-C, for example.
        """
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
        """Run a coroutine, which the first signal cancels. Raises KeyboardInterrupt if one did."""

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
        # Not cancelled here: the signal may have come in the middle of a step of the loop.
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)
