"""Choose the replica that a request goes to, and when. No I/O.

One fixed limit bounds the requests in flight of the whole run (slots.py), and one that adapts
those of each replica. The latter rises by one with every window full of usable replies, as TCP's
congestion window does (RFC 5681). It falls, at most to half in one window, to where a share of
MOST_REFUSED would be refused for load. A server that refuses a smaller share at random, as gateways
do, is asked as much as before.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evolvemcts4rl.chat.slots import Slots

log = logging.getLogger(__name__)

FIRST_BACKOFF = 0.5  # seconds before the first retry; doubled at each further one
# A dead replica is left alone for so many times the first backoff, doubled while it stays dead.
FIRST_REST, LONGEST_REST = 10, 120
FAULTS_TO_SET_ASIDE = 3  # in a row; one reset connection says little about a replica
MOST_REFUSED = 0.25  # share refused for load; above it, too many requests are in flight
SHORTEST_WINDOW = 8  # replies; fewer say little about the share that is refused
# Its Retry-After is obeyed once a replica has refused so many requests for load in a window, and
# more than twice as many as it answered.
REFUSED_TO_PAUSE = 8
HOMES_KEPT = 10_000  # problems whose replica is remembered: more than are ever in work at once
# A problem's own replica is passed over if more requests are in flight to it than twice the idlest
# replica's and this many.
MUCH_BUSIER = 4


@dataclass(eq=False)
class Replica:
    """One server, and what was learned about its load and its faults."""

    host: str
    connection: Any = field(repr=False)
    limit: float
    in_flight: int = 0
    faults: int = 0  # connection errors and 5xx since the last answer
    refusals: int = 0  # requests in a row that it refused for another reason than load
    refusing_since: float = 0.0
    rest_seconds: float = 0.0
    aside_until: float = 0.0
    paused_until: float = 0.0
    # Counted since the limit was last weighed, which began a new window:
    began_at: float = 0.0
    most_in_flight: int = 0
    sent: int = 0
    answered: int = 0
    overloaded: int = 0  # refused for load

    @property
    def is_dead(self) -> bool:
        """Return whether it failed so often in a row that nothing usable is expected of it."""
        return self.faults >= FAULTS_TO_SET_ASIDE

    def is_set_aside(self, now: float) -> bool:
        """Return whether it is set aside at the moment."""
        return self.is_dead and now < self.aside_until

    def has_room(self, now: float, alone: bool) -> bool:
        """Return whether it may take one more request.

        A dead replica takes a single one on trial, unless it is `alone`.
        """
        on_trial = self.is_dead and not alone
        return now >= self.paused_until and self.in_flight < (1 if on_trial else int(self.limit))

    def weigh(self, now: float) -> None:
        """Begin a new window once this one is full, or too many of it are refused for load.

        Lowers the limit in the latter case.
        """
        window = max(min(self.limit, self.most_in_flight), SHORTEST_WINDOW)
        replies = self.answered + self.overloaded
        if self.overloaded >= window / 2:
            self.limit = max(1.0, self.limit / 2)
        elif replies < window:
            return
        # Refusals come quickly: most requests still under way will be answered.
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
    """All replicas of the endpoint behind one limit of requests in flight.

    Those who wait for a slot are served first come, first served. `slots` are shared with the other
    endpoints of the run.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        concurrency: int,
        backoff: float = FIRST_BACKOFF,
        slots: Slots | None = None,
    ) -> None:
        self.all = list(replicas)
        self.answered_at = 0.0  # when the latest request left that got a usable reply; 0: none yet
        self._backoff = backoff
        self._concurrency = concurrency
        self._slots = slots or Slots(concurrency)
        self._slots.join(self._serve_waiters)
        self._in_flight = 0
        self._waiters: deque[_Waiter] = deque()
        self._homes: OrderedDict[str, Replica] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, affinity_key: str = "", avoid: Replica | None = None) -> Replica:
        """Wait for a slot, and return the replica to ask.

        That is the problem's own replica if it has room, else the one with the fewest requests in
        flight. `affinity_key` names the problem; `avoid` is a replica that has just failed, chosen
        only if there is no other.
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
        self._slots.release()

    def succeeded(self, replica: Replica, sent_at: float) -> None:
        """Note a usable reply: the replica is alive, and its limit rises a little."""
        self.answered_at = max(self.answered_at, sent_at)
        replica.faults = replica.refusals = 0
        replica.rest_seconds = 0.0
        replica.limit = min(self._concurrency, replica.limit + 1 / replica.limit)
        if sent_at >= replica.began_at:
            replica.answered += 1
            replica.weigh(time.monotonic())

    def rate_limited(self, replica: Replica, sent_at: float, retry_after: float | None) -> None:
        """Note a refusal for load.

        `retry_after` is obeyed only where the replica refuses nearly everything.
        """
        now = time.monotonic()
        if sent_at < replica.began_at:
            return
        replica.overloaded += 1
        if (
            replica.overloaded >= min(REFUSED_TO_PAUSE, replica.limit)
            and replica.overloaded > 2 * replica.answered
        ):
            replica.paused_until = max(replica.paused_until, now + (retry_after or 0.0))
        replica.weigh(now)

    def faulted(self, replica: Replica, unreachable: bool) -> None:
        """Note a connection error or a 5xx.

        The replica is set aside after several in a row, or at once if it cannot be reached.
        """
        now = time.monotonic()
        replica.faults = max(replica.faults + 1, FAULTS_TO_SET_ASIDE if unreachable else 0)
        if replica.is_dead and now >= replica.aside_until:
            replica.rest_seconds = min(
                LONGEST_REST * self._backoff, replica.rest_seconds * 2 or FIRST_REST * self._backoff
            )
            replica.aside_until = now + replica.rest_seconds

    def set_aside(self, replica: Replica, reason: str) -> None:
        """Leave a replica alone for a while and say so, provided there are others."""
        if len(self.all) == 1:
            return
        if not replica.is_dead:
            log.warning("%s; the other replicas go on", reason)
        self.faulted(replica, unreachable=True)

    def refused(self, replica: Replica) -> None:
        """Note that a replica refused a request for another reason than load."""
        if not replica.refusals:
            replica.refusing_since = time.monotonic()
        replica.refusals += 1

    def refuse_all(self, tries: int, seconds: float) -> bool:
        """Return whether every replica has refused so many requests in a row, for so long."""
        now = time.monotonic()
        return all(r.refusals >= tries and now - r.refusing_since >= seconds for r in self.all)

    @property
    def in_flight(self) -> int:
        """Return how many slots are taken."""
        return self._in_flight

    def none_serves(self) -> bool:
        """Return whether every replica refuses its requests or is dead."""
        return all(r.refusals or r.is_dead for r in self.all)

    def _take(self, replica: Replica) -> None:
        replica.in_flight += 1
        replica.sent += 1
        replica.most_in_flight = max(replica.most_in_flight, replica.in_flight)
        self._in_flight += 1
        self._slots.take()

    def _pick(self, affinity_key: str, avoid: Replica | None) -> Replica | None:
        if not self._slots.free:
            return None
        now = time.monotonic()
        # With all of them set aside, each is tried all the same; a request's retries are limited.
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
        """Look again when the next pause or rest ends: there may be no release before that."""
        now = time.monotonic()
        ends = [end for r in self.all for end in (r.paused_until, r.aside_until) if end > now]
        if not ends:
            return
        loop = asyncio.get_running_loop()
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_later(min(ends) - now + 0.001, self._serve_waiters)
