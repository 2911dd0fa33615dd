"""Make one request to the endpoint: slot, replica, price, retries, and adapting to refusals."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakSet

from evolvemcts4rl.chat.budget import Budget, Grant
from evolvemcts4rl.chat.dialect import ChatRequest, Dialect, server_kind
from evolvemcts4rl.chat.faults import Fault, fatal_reason
from evolvemcts4rl.chat.journal import question_key
from evolvemcts4rl.chat.patience import Course, Patience
from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.chat.replies import read_completions
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.records import Completion, Message
from evolvemcts4rl.settings import Settings

log = logging.getLogger(__name__)

# The status of failed requests that may be billed: none, or that of a gateway that gave up while
# the server wrote on.
BILLED_ALL_THE_SAME = (None, 408, 504)
PROBE: list[Message] = [{"role": "user", "content": "Say OK."}]
PROBE_TOKENS = 16
LISTING_TIMEOUT = 10.0  # seconds; servers have the answer to /v1/models at hand
LISTING_TRIES = 3


class Connection(Protocol):
    """The way to one replica; every error is raised as a Fault."""

    host: str

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """Return the reply to a chat request."""

    async def models(self, timeout: float) -> Any:
        """Return the JSON of /v1/models."""

    async def close(self) -> None:
        """Close its sockets."""


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
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Endpoint:
    """All replicas of one endpoint.

    `backoff` is the wait in seconds before the first retry; all other waits are multiples of it.
    """

    def __init__(
        self, settings: Settings, connections: Sequence[Connection], backoff: float, budget: Budget
    ) -> None:
        self._settings = settings
        replicas = [Replica(c.host, c, settings.model.concurrency) for c in connections]
        self._replicas = Replicas(replicas, settings.model.concurrency, backoff)
        self._backoff = backoff
        self._patience = Patience(self._replicas, settings.model.max_retries, backoff, self._probe)
        self._budget = budget
        self._models: list[str] = []
        self._dialects: dict[str, Dialect] = {}
        self.owner = ""  # who owns the model, in lower case, as /v1/models says
        # Tasks whose requests a server is at work on, and tasks whose replies nobody waits for.
        self._asking: set[asyncio.Task[Any] | None] = set()
        self._unwanted: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.usage = Usage()

    @property
    def prefills(self) -> bool:
        """Whether the endpoint is known to continue an unfinished assistant message."""
        return server_kind(self.owner).continues_prefix

    def expect_answers(self) -> None:
        """Treat the endpoint as one that has answered before: an outage is waited for."""
        self._patience.answered_before = True

    def dialect(self, model: str) -> Dialect:
        """Return what is known so far of how this model wants to be asked."""
        if model not in self._dialects:
            self._dialects[model] = Dialect(self.owner)
        return self._dialects[model]

    async def open(self) -> None:
        """Read /v1/models of every replica.

        Where replicas name different owners of the model, the first in the order of --base_url is
        believed. Raises UserError if none can be reached, or if the key is refused.
        """
        listings = await asyncio.gather(
            *(self._list_models(replica) for replica in self._replicas.all)
        )
        faults = [listing for listing in listings if isinstance(listing, Fault)]
        unreachable = [fault for fault in faults if fault.unreachable or fault.timed_out]
        if len(unreachable) == len(listings):
            hosts = ", ".join(replica.host for replica in self._replicas.all)
            raise UserError(
                f"cannot reach {hosts} ({unreachable[0]}): check --base_url, "
                "and that the server runs"
            )
        for listing in reversed(listings):
            if not isinstance(listing, Fault):
                self._learn_models(listing)

    async def request(self, question: ChatRequest, start: int, count: int) -> list[Completion]:
        """Buy completions and keep them; return those bought.

        They are fewer than `count`, perhaps none, where the endpoint limits `n` or the budget is
        too small. Raises EndpointError, BudgetSpent and UserError.
        """
        # Not the library's own retries: those would hold the slot while they wait, stay with a
        # dead replica, hide the rate limits that steer the load, and accept an empty reply.
        course, avoid = Course(), None
        while True:
            replica = await self._replicas.acquire(question.affinity_key, avoid)
            sent_at = time.monotonic()
            try:
                return await self._attempt(replica, question, start, count)
            except Fault as error:
                fault = error
                reason = self._fatal_reason(fault, replica, question.model)
                self._patience.note(
                    fault, replica, sent_at, refusal=bool(reason) or not fault.is_transient
                )
            finally:
                self._replicas.release(replica)
            log.info("%s: %s", replica.host, fault)
            if reason or not fault.is_transient:
                await self._patience.weigh_refusal(
                    fault, reason, replica, question.model, course, sent_at
                )
            else:
                await self._patience.weigh_failure(fault, replica, question.model, course, sent_at)
            await self._patience.sleep(course, fault)
            avoid = replica

    def probe_request(self, model: str) -> ChatRequest:
        """Return the smallest request that shows whether a model answers."""
        settings = self._settings
        sampling = {
            "temperature": settings.model.temperature,
            "top_p": settings.model.top_p,
            "max_tokens": PROBE_TOKENS,
        }
        return ChatRequest(model, PROBE, sampling, question_key(model, PROBE, sampling))

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
        """How many requests a server is at work on."""
        return len(self._asking)

    async def close(self) -> None:
        """Cancel the probes under way and close the connections."""
        self._patience.close()
        await asyncio.gather(*(replica.connection.close() for replica in self._replicas.all))

    async def _attempt(
        self, replica: Replica, question: ChatRequest, start: int, count: int
    ) -> list[Completion]:
        """Ask one replica, and again where a refusal tells how it wants to be asked.

        Raises Fault and BudgetSpent.
        """
        dialect = self.dialect(question.model)
        bounded = True
        while not (dialect.most_choices and dialect.most_choices < count):
            grant = await self._budget.reserve(question, count)
            body = dialect.body(question, grant.choices, bounded)
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
                elif not dialect.learn(fault, body):
                    raise
                await asyncio.sleep(0)  # an abandoned task ends here and asks no second time
        return []

    async def _buy(
        self,
        replica: Replica,
        question: ChatRequest,
        start: int,
        grant: Grant,
        body: dict[str, Any],
    ) -> list[Completion]:
        """Send one request and keep its completions. Raises Fault, which leaves the grant open."""
        # The same for every attempt, so that a gateway that knows the header serves a lost reply
        # again; it also names the indices.
        headers = {"Idempotency-Key": f"{question.key.hex()[:32]}-{start}-{grant.choices}"}
        self.usage.requests += 1
        sent_at = time.monotonic()
        reply = await self._post(replica, body, headers)
        completions = self._read(reply, question, grant.choices)
        self._budget.keep(grant, question, start, completions)
        self._patience.answered(replica, sent_at)
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
                # It ends at its next pause, which comes only after a good reply is in the journal.
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

    async def _probe(self, model: str) -> bool:
        replica = await self._replicas.acquire()
        try:
            await self._attempt(replica, self.probe_request(model), 0, 1)
        except Fault:
            return False
        finally:
            self._replicas.release(replica)
        return True

    def _fatal_reason(self, fault: Fault, replica: Replica, model: str) -> str | None:
        flag = "--model_name" if model == self._settings.model.model_name else "--judge_model"
        return fatal_reason(fault, replica.host, model, self._models, flag)

    async def _list_models(self, replica: Replica) -> Any:
        """Return the JSON of /v1/models, or the Fault of a replica that does not serve it.

        Replicas need not serve it. Raises UserError if all of them refuse the key.
        """
        for tries in range(1, LISTING_TRIES + 1):
            try:
                return await replica.connection.models(
                    min(self._settings.model.timeout, LISTING_TIMEOUT)
                )
            except Fault as error:
                fault = error
            if fault.timed_out or not fault.is_transient or tries == LISTING_TRIES:
                break
            await asyncio.sleep(self._backoff * tries)
        if fault.unreachable or fault.timed_out:
            self._replicas.faulted(replica, unreachable=True)
        elif fault.is_transient:
            log.warning("%s does not list its models (%s)", replica.host, fault)
        if fault.status == 401 and (reason := fatal_reason(fault, replica.host, "", [])):
            self._replicas.refused(replica)
            if self._replicas.none_serves():
                raise UserError(reason)
            self._replicas.set_aside(replica, reason)
        return fault

    def _learn_models(self, listing: Any) -> None:
        listed = listing.get("data") if isinstance(listing, dict) else None
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        self._models = [str(row.get("id")) for row in rows]
        named = [row for row in rows if row.get("id") == self._settings.model.model_name]
        if row := next(iter(named or rows), None):
            self.owner = str(row.get("owned_by") or "").lower()


def _reason_for_no_verdict(fault: Fault, bounded: bool) -> str | None:
    """Return the finish reason if a refusal stands for completions without a verdict, else None."""
    if fault.filtered:
        return "content_filter"
    return "length" if fault.is_cut_off or (fault.too_long and not bounded) else None
