"""Which replica a request goes to, and when: one limit over the whole run, and one for each replica that adapts. No I/O.

A replica's own limit follows TCP's congestion control (additive increase, multiplicative decrease, RFC 5681): a rate
limit halves it, at most once per round trip, and a window full of successes raises it by one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

FAULTS_TO_SET_ASIDE = 3  # in a row; one reset connection says little about a replica
FIRST_REST, LONGEST_REST = (
    5.0,
    60.0,
)  # seconds that a dead replica is left alone, doubled each time that it is still dead
HOMES_KEPT = 10_000  # problems whose replica is remembered: more than are ever in work at once
MUCH_BUSIER = 4  # requests above twice the idlest replica's, from which on a problem's own replica is too busy for it


@dataclass(eq=False)
class Replica:
    """One server, and what was learned about how much it bears."""

    host: str
    connection: Any = field(repr=False)
    limit: float
    in_flight: int = 0
    faults: int = 0  # connection errors and 5xx since the last success
    rest_seconds: float = 0.0
    aside_until: float = 0.0
    paused_until: float = 0.0
    cut_at: float = 0.0

    def is_set_aside(self, now: float) -> bool:
        """Whether it is set aside at the moment."""
        return self.faults >= FAULTS_TO_SET_ASIDE and now < self.aside_until

    def has_room(self, now: float, alone: bool) -> bool:
        """Whether it may take a request more; one that comes back from the dead takes a single one to show itself."""
        on_trial = self.faults >= FAULTS_TO_SET_ASIDE and not alone
        return now >= self.paused_until and self.in_flight < (1 if on_trial else int(self.limit))


@dataclass
class _Waiter:
    turn: asyncio.Future[Replica]
    affinity_key: str
    avoid: Replica | None


class Replicas:
    """All replicas of the endpoint behind one limit of requests in flight; who waits is served first come, first served."""

    def __init__(self, replicas: Sequence[Replica], concurrency: int) -> None:
        self.all = list(replicas)
        self.successes = 0  # usable replies of all of them
        self._concurrency = concurrency
        self._in_flight = 0
        self._waiters: deque[_Waiter] = deque()
        self._homes: OrderedDict[str, Replica] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, affinity_key: str = "", avoid: Replica | None = None) -> Replica:
        """Wait for a slot and give the replica to ask: the problem's own if it can be, else the one with the fewest in flight.

        `affinity_key` names the problem; `avoid` is the replica that has just failed, taken only if there is no other.
        """
        if not self._waiters and (replica := self._pick(affinity_key, avoid)):
            self._take(replica)
            return replica
        waiter = _Waiter(asyncio.get_running_loop().create_future(), affinity_key, avoid)
        self._waiters.append(waiter)
        self._serve_waiters()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.release(waiter.turn.result())
            raise

    def release(self, replica: Replica) -> None:
        """Give a slot back."""
        replica.in_flight -= 1
        self._in_flight -= 1
        self._serve_waiters()

    def succeeded(self, replica: Replica) -> None:
        """Note a usable reply: the replica is alive, and may bear a little more."""
        self.successes += 1
        replica.faults = 0
        replica.rest_seconds = 0.0
        replica.limit = min(self._concurrency, replica.limit + 1 / replica.limit)

    def rate_limited(self, replica: Replica, sent_at: float, retry_after: float | None) -> bool:
        """Note a refusal for load: halve the limit, unless that was done after this request went out; gives whether it was."""
        now = time.monotonic()
        if retry_after is not None:
            replica.paused_until = max(replica.paused_until, now + retry_after)
        if sent_at < replica.cut_at:
            return False
        replica.limit = max(1.0, min(replica.limit, replica.in_flight) / 2)
        replica.cut_at = now
        return True

    def faulted(self, replica: Replica, unreachable: bool) -> None:
        """Note a connection error or a 5xx: after some in a row, or at once if it cannot be reached, it is set aside."""
        now = time.monotonic()
        replica.faults = max(replica.faults + 1, FAULTS_TO_SET_ASIDE if unreachable else 0)
        if replica.faults >= FAULTS_TO_SET_ASIDE and now >= replica.aside_until:
            replica.rest_seconds = min(LONGEST_REST, replica.rest_seconds * 2 or FIRST_REST)
            replica.aside_until = now + replica.rest_seconds

    def _take(self, replica: Replica) -> None:
        replica.in_flight += 1
        self._in_flight += 1

    def _pick(self, affinity_key: str, avoid: Replica | None) -> Replica | None:
        if self._in_flight >= self._concurrency:
            return None
        now = time.monotonic()
        # With all of them set aside each is tried still: the caller's own retries are what ends the attempt.
        alive = [r for r in self.all if not r.is_set_aside(now)] or self.all
        free = [r for r in alive if r.has_room(now, alone=len(alive) == 1 or r.is_set_aside(now))]
        free = [r for r in free if r is not avoid] or free
        if not free:
            return None
        least = min(free, key=lambda r: r.in_flight)
        if not affinity_key or len(self.all) == 1:
            return least
        home = self._homes.get(affinity_key)
        if home is None or home not in alive:
            self._homes[affinity_key] = home = least
            if len(self._homes) > HOMES_KEPT:
                self._homes.popitem(last=False)
        much_busier = home.in_flight > 2 * least.in_flight + MUCH_BUSIER
        return home if home in free and not much_busier else least

    def _serve_waiters(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            if not waiter.turn.done():
                replica = self._pick(waiter.affinity_key, waiter.avoid)
                if replica is None:
                    self._serve_later()
                    return
                self._take(replica)
                waiter.turn.set_result(replica)
            self._waiters.popleft()

    def _serve_later(self) -> None:
        """Look again when a pause or a rest ends: no release may come before that."""
        now = time.monotonic()
        ends = [end for r in self.all for end in (r.paused_until, r.aside_until) if end > now]
        if not ends:
            return
        loop = asyncio.get_running_loop()
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_later(min(ends) - now + 0.001, self._serve_waiters)
