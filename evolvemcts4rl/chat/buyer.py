"""Ask one replica for completions, the way that it wants to be asked, and keep what it gives."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from evolvemcts4rl.chat.budget import Budget, Grant
from evolvemcts4rl.chat.dialect import ChatRequest, Dialect, server_kind
from evolvemcts4rl.chat.faults import Fault
from evolvemcts4rl.chat.replicas import Replica
from evolvemcts4rl.chat.replies import read_completions
from evolvemcts4rl.records import Completion

log = logging.getLogger(__name__)

# The status of failed requests that may be billed: none, or that of a gateway that gave up while
# the server wrote on.
BILLED_ALL_THE_SAME = (None, 408, 504)


@dataclass
class Usage:
    """What this process has bought, and what it took from the journal instead.

    The tokens are those billed.
    """

    requests: int = 0
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    replayed: int = 0

    def add(self, completions: Sequence[Completion]) -> None:
        """Count the completions of one reply."""
        self.completions += len(completions)
        self.prompt_tokens += sum(completion.prompt_tokens for completion in completions)
        self.completion_tokens += sum(completion.completion_tokens for completion in completions)

    @property
    def tokens(self) -> int:
        """Return the prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Buyer:
    """Single requests, each to one replica, and what their refusals taught.

    `answered` is told of every usable reply: from which replica, and when its request left.
    """

    def __init__(
        self, budget: Budget, usage: Usage, answered: Callable[[Replica, float], None]
    ) -> None:
        self._budget = budget
        self._answered = answered
        self._dialects: dict[str, Dialect] = {}
        # Tasks whose requests a server is at work on, and tasks whose replies nobody waits for.
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._unwanted: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.owner = ""  # who owns the model, in lower case, as /v1/models says
        self.usage = usage

    def dialect(self, model: str) -> Dialect:
        """Return what is known so far of how this model wants to be asked."""
        if model not in self._dialects:
            self._dialects[model] = Dialect(self.owner)
        return self._dialects[model]

    async def attempt(
        self, replica: Replica, question: ChatRequest, start: int, count: int
    ) -> list[Completion]:
        """Ask one replica, and again where a refusal tells how it wants to be asked.

        Raises Fault and BudgetSpent.
        """
        dialect = self.dialect(question.model)
        bounded = True
        while not (dialect.most_choices and dialect.most_choices < count):
            grant = await self._budget.reserve(question, count)
            body = dialect.body(question, start, grant.choices, bounded)
            try:
                return await self._buy(replica, question, start, grant, body)
            except Fault as fault:
                if reason := _reason_for_no_verdict(fault, bounded):
                    completions = [Completion("", reason)] * grant.choices
                    self._budget.keep(grant, question, start, completions)
                    return completions
                lost = fault.status in BILLED_ALL_THE_SAME and not fault.unreachable
                self._budget.end(grant, cost=grant.tokens if lost else 0)
                if fault.too_long:
                    # Less than max_tokens is left of the context: without that field, a server
                    # writes what fits.
                    bounded = False
                    if not dialect.outgrown:
                        log.warning(
                            "%s: %s; such requests get what fits into the context, or no verdict",
                            question.model,
                            fault,
                        )
                        dialect.outgrown = True
                elif not dialect.learn(fault, body, question):
                    raise
                await asyncio.sleep(0)  # where a task that was abandoned ends, before it asks again
        return []

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """End a task that makes a request.

        It ends at once, unless a server is at work on its reply: that will be billed, so the task
        ends once it is kept.
        """
        if task in self._asking:
            self._unwanted.add(task)
        else:
            task.cancel()

    @property
    def in_flight(self) -> int:
        """Return how many requests a server is at work on."""
        return len(self._asking)

    async def _buy(
        self,
        replica: Replica,
        question: ChatRequest,
        start: int,
        grant: Grant,
        body: dict[str, Any],
    ) -> list[Completion]:
        """Send one request and keep its completions. Raises Fault, which leaves the grant open."""
        # The same key at every attempt, so that a gateway that knows the header repeats a lost
        # reply instead of buying a new one. It names the indices, since these are parts of a whole.
        headers = {"Idempotency-Key": f"{question.key.hex()[:32]}-{start}-{grant.choices}"}
        self.usage.requests += 1
        sent_at = time.monotonic()
        reply = await self._post(replica, body, headers)
        completions = self._read(reply, question, grant.choices)
        self._budget.keep(grant, question, start, completions)
        self._answered(replica, sent_at)
        self.usage.add(completions)
        if len(completions) < grant.choices:
            dialect = self.dialect(question.model)
            dialect.most_choices = min(len(completions), dialect.most_choices or grant.choices)
        return completions

    async def _post(self, replica: Replica, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        task = asyncio.current_task()
        self._asking.add(task)
        try:
            reply: bytes = await replica.connection.post(body, headers)
        finally:
            self._asking.discard(task)
            if task and task in self._unwanted:
                # It ends at its next await; by then a good reply is in the journal.
                task.cancel()
        return reply

    def _read(self, reply: bytes, question: ChatRequest, count: int) -> list[Completion]:
        """Return the completions of a reply. Raises Fault, whatever the reply holds."""
        try:
            return read_completions(reply, question, count, server_kind(self.owner).echoes_prefix)
        except (
            ValueError,
            TypeError,
            ArithmeticError,
            LookupError,
            AttributeError,
            RecursionError,
        ) as error:
            log.debug("a reply that cannot be read", exc_info=True)
            raise Fault(f"the reply cannot be read ({type(error).__name__})") from None


def _reason_for_no_verdict(fault: Fault, bounded: bool) -> str | None:
    """Return the finish reason if a refusal stands for completions without a verdict, else None."""
    if fault.filtered:
        return "content_filter"
    return "length" if fault.is_cut_off or (fault.too_long and not bounded) else None
