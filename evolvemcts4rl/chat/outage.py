"""Whether the endpoint answers at all: a run waits while it does not, and says so once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from evolvemcts4rl.chat.faults import Fault

log = logging.getLogger(__name__)


class Outage:
    """A time without usable replies from any replica.

    It begins with the first fault after a usable reply and is announced after `notice` seconds.
    """

    def __init__(self, notice: float) -> None:
        self._notice = notice
        self._began = 0.0  # by time.monotonic; 0 while there is none
        self._over: asyncio.Event | None = None  # set at its end; None unless it was announced

    def fault(self, host: str, fault: Fault) -> None:
        """Note a fault, and announce the outage once it has lasted long enough."""
        now = time.monotonic()
        self._began = self._began or now
        if now - self._began >= self._notice:
            self.announce(host, fault)

    def announce(self, host: str, fault: Fault) -> None:
        """Say that the run waits, unless it does already."""
        self._began = self._began or time.monotonic()
        if self._over is None:
            self._over = asyncio.Event()
            log.warning(
                "No answer (%s: %s): waiting until there is one; press Ctrl-C to stop.", host, fault
            )

    def answered(self, host: str) -> None:
        """Note a usable reply, which wakes all requests that wait for one."""
        if self._over:
            seconds = time.monotonic() - self._began
            log.warning("%s answers again after %.0f seconds: going on.", host, seconds)
            self._over.set()
            self._over = None
        self._began = 0.0

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds, or until an announced outage is over."""
        if self._over is None:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
