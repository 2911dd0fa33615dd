"""Which replica a request goes to, and when: one limit over the whole run, and one for each replica that adapts. No I/O.

A replica's own limit rises by one with every window full of usable replies, as TCP's congestion window does (RFC 5681).
It falls to where MOST_REFUSED of the requests would be refused for load, and to half in one window at most: a server that
refuses some at random, as gateways do, is asked as much as before.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

FIRST_BACKOFF = 0.5  # seconds before the first retry, doubled at each further one; what follows is so many of it
FIRST_REST, LONGEST_REST = 10, 120  # that a dead replica is left alone, doubled each time that it is still dead
FAULTS_TO_SET_ASIDE = 3  # in a row; one reset connection says little about a replica
MOST_REFUSED = 0.25  # share of the requests refused for load above which there are too many in flight
SHORTEST_WINDOW = 8  # replies; fewer say little about the share that is refused
REFUSED_TO_PAUSE = 8  # for load, and twice as many as were answered, before a replica is left alone as it asks
HOMES_KEPT = 10_000  # problems whose replica is remembered: more than are ever in work at once
MUCH_BUSIER = 4  # requests above twice the idlest replica's, from which on a problem's own replica is too busy for it


@dataclass(eq=False)
class Replica:
    """One server, and what was learned about how much it bears."""

    host: str
    connection: Any = field(repr=False)
    limit: float
    in_flight: int = 0
    faults: int = 0  # connection errors and 5xx since the last answer
    refusals: int = 0  # requests in a row that it refused to do at all
    refusing_since: float = 0.0
    rest_seconds: float = 0.0
    aside_until: float = 0.0
    paused_until: float = 0.0
    # Of the window that began with the last look at the limit:
    began_at: float = 0.0
    most_in_flight: int = 0
    sent: int = 0
    answered: int = 0
    overloaded: int = 0  # refused for load

    @property
    def is_dead(self) -> bool:
        """Whether nothing usable is expected of it."""
        return self.faults >= FAULTS_TO_SET_ASIDE

    def is_set_aside(self, now: float) -> bool:
        """Whether it is set aside at the moment."""
        return self.is_dead and now < self.aside_until

    def has_room(self, now: float, alone: bool) -> bool:
        """Whether it may take a request more; one that comes back from the dead takes a single one to show itself."""
        on_trial = self.is_dead and not alone
        return now >= self.paused_until and self.in_flight < (1 if on_trial else int(self.limit))

    def weigh(self, now: float) -> None:
        """Lower the limit once a window is full of replies of which too many were refused for load, or will have been."""
        window = max(min(self.limit, self.most_in_flight), SHORTEST_WINDOW)
        replies = self.answered + self.overloaded
        if self.overloaded >= window / 2:
            self.limit = max(1.0, self.limit / 2)
        elif replies < window:
            return
        # Refusals come quickly: what is still under way will mostly be answered.
        elif (share := self.overloaded / max(self.sent, replies)) > MOST_REFUSED:
            self.limit = max(1.0, self.limit * (1 - share) / (1 - MOST_REFUSED))
        self.began_at, self.most_in_flight = now, self.in_flight
        self.sent = self.answered = self.overloaded = 0


@dataclass
class _Waiter:
    turn: asyncio.Future[Replica]
    affinity_key: str
    avoid: Replica | None


class Replicas:
    """All replicas of the endpoint behind one limit of requests in flight; who waits is served first come, first served."""

    def __init__(self, replicas: Sequence[Replica], concurrency: int, backoff: float = FIRST_BACKOFF) -> None:
        self.all = list(replicas)
        self.answered_at = 0.0  # when the latest of the requests left that got a usable reply
        self._backoff = backoff
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

    def succeeded(self, replica: Replica, sent_at: float) -> None:
        """Note a usable reply: the replica is alive, and may bear a little more."""
        self.answered_at = max(self.answered_at, sent_at)
        replica.faults = replica.refusals = 0
        replica.rest_seconds = 0.0
        replica.limit = min(self._concurrency, replica.limit + 1 / replica.limit)
        if sent_at >= replica.began_at:
            replica.answered += 1
            replica.weigh(time.monotonic())

    def rate_limited(self, replica: Replica, sent_at: float, retry_after: float | None) -> None:
        """Note a refusal for load; where hardly anything else comes, the replica is left alone for as long as it asks."""
        now = time.monotonic()
        if sent_at < replica.began_at:
            return
        replica.overloaded += 1
        if replica.overloaded >= min(REFUSED_TO_PAUSE, replica.limit) and replica.overloaded > 2 * replica.answered:
            replica.paused_until = max(replica.paused_until, now + (retry_after or 0.0))
        replica.weigh(now)

    def faulted(self, replica: Replica, unreachable: bool) -> None:
        """Note a connection error or a 5xx: after some in a row, or at once if it cannot be reached, it is set aside."""
        now = time.monotonic()
        replica.faults = max(replica.faults + 1, FAULTS_TO_SET_ASIDE if unreachable else 0)
        if replica.is_dead and now >= replica.aside_until:
            replica.rest_seconds = min(
                LONGEST_REST * self._backoff, replica.rest_seconds * 2 or FIRST_REST * self._backoff
            )
            replica.aside_until = now + replica.rest_seconds

    def set_aside(self, replica: Replica, reason: str) -> None:
        """Leave a replica alone for a while, and say so, where there are others."""
        if len(self.all) == 1:
            return
        if not replica.is_dead:
            log.warning("%s; the other replicas go on", reason)
        self.faulted(replica, unreachable=True)

    def refused(self, replica: Replica) -> None:
        """Note that a replica refuses to do a request at all."""
        if not replica.refusals:
            replica.refusing_since = time.monotonic()
        replica.refusals += 1

    def refuse_all(self, tries: int, seconds: float) -> bool:
        """Whether every replica has refused so many requests in a row, for so long."""
        now = time.monotonic()
        return all(r.refusals >= tries and now - r.refusing_since >= seconds for r in self.all)

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._in_flight

    def none_serves(self) -> bool:
        """Whether every replica refuses what it is asked, or is dead."""
        return all(r.refusals or r.is_dead for r in self.all)

    def _take(self, replica: Replica) -> None:
        replica.in_flight += 1
        replica.sent += 1
        replica.most_in_flight = max(replica.most_in_flight, replica.in_flight)
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
