"""One limit of requests in flight over all servers of a run. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Slots:
    """The slots that all servers of a run share: one for each request in flight."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._queues: deque[Callable[[], None]] = deque()

    @property
    def free(self) -> bool:
        """Return whether one more request may leave."""
        return self._free > 0

    def join(self, serve_waiters: Callable[[], None]) -> None:
        """Add the queue of one server; `serve_waiters` is called whenever a slot comes back."""
        self._queues.append(serve_waiters)

    def take(self) -> None:
        """Take a free slot."""
        self._free -= 1

    def release(self) -> None:
        """Give a slot back, to the servers in turn: none shall starve behind another's queue."""
        self._free += 1
        self._queues.rotate(-1)
        for serve_waiters in tuple(self._queues):
            serve_waiters()
