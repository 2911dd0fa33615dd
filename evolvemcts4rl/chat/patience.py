"""Decide what a fault leads to: another try, a failed problem, a run that waits, or its end."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from evolvemcts4rl.chat.faults import Fault
from evolvemcts4rl.chat.outage import Outage
from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.errors import EndpointError, Refused, UserError

log = logging.getLogger(__name__)

# In units of the first backoff, which is half a second:
LONGEST_BACKOFF = 60
NOTICE = 10  # without an answer, before the run says that it waits
# A run whose replicas have answered before ends once all of them refuse every request for this
# long, and each of them has refused at least REFUSALS_TO_END in a row.
REFUSAL_PATIENCE = 120
REFUSALS_TO_END = 5
# A request that is refused this often while others are answered is refused for its own content.
OWN_REFUSALS = 3


@dataclass
class Tally:
    """The faults of one kind that a request met; counted anew after nobody was answered."""

    count: int = 0
    last_at: float = 0.0
    vouched: bool = False  # whether others were answered when one more fault would be too many


@dataclass
class Course:
    """The faults of one request so far."""

    tries: int = 0
    failures: Tally = field(default_factory=Tally)
    refusals: Tally = field(default_factory=Tally)


class Patience:
    """Judges the faults of all requests of an endpoint.

    A fault counts against a request only if others are answered meanwhile. Where there are none,
    `probe` sends the model of a role a tiny request and returns whether it was answered. Until the
    endpoint has answered for the first time, every fault counts.
    """

    def __init__(
        self,
        replicas: Replicas,
        max_retries: int,
        backoff: float,
        probe: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.answered_before = False  # in an earlier life of the run
        self._replicas = replicas
        self._max_retries = max_retries
        self._backoff = backoff
        self._probe = probe
        self._probes: dict[str, asyncio.Future[bool]] = {}  # under way, by role
        self._outage = Outage(NOTICE * backoff)

    def answered(self, replica: Replica, sent_at: float) -> None:
        """Note a usable reply."""
        self._replicas.succeeded(replica, sent_at)
        self._outage.answered(replica.host)

    def note(self, fault: Fault, replica: Replica, sent_at: float, refusal: bool) -> None:
        """Record what a fault says about the load, the replica and the endpoint."""
        if fault.oversized:  # a long reply says nothing against the replica
            return
        if refusal:
            self._replicas.refused(replica)
        else:
            replica.refusals = 0
            if fault.is_overload:
                self._replicas.rate_limited(replica, sent_at, fault.retry_after)
            if fault.status is None or fault.status >= 500:
                self._replicas.faulted(replica, unreachable=fault.unreachable)
        if self._ever_answered and (fault.unreachable or self._replicas.in_flight == 1):
            self._outage.fault(replica.host, fault)

    async def weigh_failure(
        self, fault: Fault, replica: Replica, role: str, course: Course, sent_at: float
    ) -> None:
        """Count a fault that a retry may mend.

        Raises EndpointError once all retries are used up, if others are answered meanwhile.
        """
        # An overload costs no retry while others get through: the queue is long, but it moves.
        if fault.is_overload and self._replicas.answered_at > (course.failures.last_at or sent_at):
            course.failures.last_at = time.monotonic()
            course.tries = 0
        elif await self._is_its_own(
            course.failures, self._max_retries, fault, replica, role, sent_at
        ):
            raise EndpointError(f"{replica.host}: {fault}") from None

    async def weigh_refusal(
        self,
        fault: Fault,
        reason: str | None,
        replica: Replica,
        role: str,
        course: Course,
        sent_at: float,
    ) -> None:
        """Count a refusal, which a retry mends only if a server or gateway was being restarted.

        `reason` is the sentence to end the run with; None where other requests to this replica may
        succeed. Raises Refused if this very request is refused, and UserError if all of them are.
        """
        refused = Refused(f"{replica.host}: {fault}")
        if fault.oversized:  # every try is billed in full, and would end the same
            raise refused from None
        if not self._replicas.answered_at:
            if reason is None:
                raise refused from None
            if self._replicas.none_serves():
                raise UserError(reason, resumable=self.answered_before) from None
        elif self._replicas.refuse_all(REFUSALS_TO_END, REFUSAL_PATIENCE * self._backoff):
            raise UserError(
                reason or f"{replica.host} refuses every request ({fault})", resumable=True
            ) from None
        if reason:
            self._replicas.set_aside(replica, reason)
        most = OWN_REFUSALS - 1
        if await self._is_its_own(course.refusals, most, fault, replica, role, sent_at):
            raise refused from None

    async def sleep(self, course: Course, fault: Fault) -> None:
        """Wait for the next try."""
        # Jitter: requests that failed together shall not come back together.
        seconds = self._backoff * min(LONGEST_BACKOFF, 2.0**course.tries) * random.uniform(0.5, 1.5)
        course.tries = min(course.tries + 1, 10)
        await self._outage.sleep(max(seconds, fault.retry_after or 0.0))

    def close(self) -> None:
        """Cancel the probes under way."""
        for probe in list(self._probes.values()):
            probe.cancel()

    @property
    def _ever_answered(self) -> bool:
        return self.answered_before or self._replicas.answered_at > 0

    async def _is_its_own(
        self, tally: Tally, most: int, fault: Fault, replica: Replica, role: str, sent_at: float
    ) -> bool:
        """Count a fault; return whether it exceeds `most` while other requests are answered."""
        since, tally.last_at = tally.last_at or sent_at, time.monotonic()
        tally.count += 1
        # Asked one fault early: when the last one comes, the outage may have just ended, and this
        # request would be blamed for it.
        if tally.count >= most and not tally.vouched:
            tally.vouched = not self._ever_answered or await self._answers(role, since)
            if not tally.vouched:
                tally.count = 0
                self._outage.announce(replica.host, fault)
        return tally.count > most

    async def _answers(self, role: str, since: float) -> bool:
        """Return whether any request that left after `since` was answered, or else a probe is."""
        if self._replicas.answered_at > since:
            return True
        if role not in self._probes:
            self._probes[role] = asyncio.ensure_future(self._probe(role))
            self._probes[role].add_done_callback(lambda probe: self._probe_ended(role, probe))
        return await asyncio.shield(self._probes[role])

    def _probe_ended(self, role: str, probe: asyncio.Future[bool]) -> None:
        del self._probes[role]
        if not probe.cancelled():
            # asyncio warns of an error that nobody looks at, as when the callers were cancelled.
            probe.exception()
