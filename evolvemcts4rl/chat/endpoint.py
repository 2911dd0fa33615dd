"""One request to the endpoint and all that it takes: a slot, a replica, retries, and what each refusal teaches."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakSet

from evolvemcts4rl.chat.dialect import ChatRequest, Dialect, server_kind
from evolvemcts4rl.chat.faults import Fault, fatal_reason
from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.chat.replies import read_completions
from evolvemcts4rl.errors import EndpointError, Refused, UserError
from evolvemcts4rl.records import Completion
from evolvemcts4rl.settings import Settings

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 30.0  # seconds
LISTING_TIMEOUT = 10.0  # seconds for /v1/models, which no server computes
LISTING_TRIES = 3


class Connection(Protocol):
    """The way to one replica; whatever goes wrong on it is raised as a Fault."""

    host: str

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """The reply to a chat request."""

    async def models(self, timeout: float) -> Any:
        """The JSON of /v1/models."""

    async def close(self) -> None:
        """Close its sockets."""


@dataclass
class Usage:
    """What this life of the run bought, and what it took from the journal instead. Tokens are those billed."""

    requests: int = 0
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    replayed: int = 0

    def add(self, completions: Sequence[Completion]) -> None:
        """Count what one reply brought."""
        self.completions += len(completions)
        self.prompt_tokens += sum(completion.prompt_tokens for completion in completions)
        self.completion_tokens += sum(completion.completion_tokens for completion in completions)

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Endpoint:
    """All replicas of one endpoint. `allow` is called before each request and raises where none may be made any more."""

    def __init__(
        self, settings: Settings, connections: Sequence[Connection], backoff: float, allow: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._replicas = Replicas([Replica(c.host, c, settings.concurrency) for c in connections], settings.concurrency)
        self._backoff = backoff
        self._allow = allow
        self._models: list[str] = []
        self._dialects: dict[str, Dialect] = {}
        self.owner = ""  # who owns the model, in lower case, as /v1/models says
        self._asking: set[asyncio.Task[Any] | None] = set()  # whose requests a server is at work on
        self._unwanted: WeakSet[asyncio.Task[Any]] = WeakSet()  # whose replies nobody waits for any more
        self.usage = Usage()

    @property
    def prefills(self) -> bool:
        """Whether it is known to continue an unfinished assistant message."""
        return server_kind(self.owner).continues_prefix

    def dialect(self, model: str) -> Dialect:
        """What is known so far of how this model wants to be asked."""
        if model not in self._dialects:
            self._dialects[model] = Dialect(self.owner)
        return self._dialects[model]

    async def open(self) -> None:
        """Read /v1/models of every replica. Raises UserError if none can be reached, or the key is refused.

        Of replicas that name different owners of the model, the first one named is believed, whichever answers first.
        """
        listings = await asyncio.gather(*(self._list_models(replica) for replica in self._replicas.all))
        faults = [listing for listing in listings if isinstance(listing, Fault)]
        unreachable = [fault for fault in faults if fault.unreachable or fault.timed_out]
        if len(unreachable) == len(listings):
            hosts = ", ".join(replica.host for replica in self._replicas.all)
            raise UserError(f"cannot reach {hosts} ({unreachable[0]}): check --base_url, and that the server runs")
        for listing in reversed(listings):
            if not isinstance(listing, Fault):
                self._learn_models(listing)

    async def request(self, question: ChatRequest, start: int, count: int) -> list[Completion]:
        """One request, with its retries; gives fewer completions than asked for (perhaps none) where `n` turns out too high.

        The loop is ours and not the library's, which would hold the slot while it waits, stay with a dead replica, hide the
        rate limits that steer the pressure, and take a cut-off or empty reply for a good one.
        """
        tries, failures, avoid, seen = 0, 0, None, self._replicas.successes
        while True:
            replica = await self._replicas.acquire(question.affinity_key, avoid)
            sent_at = time.monotonic()
            try:
                return await self._attempt(replica, question, start, count)
            except Fault as fault:
                # Being told to wait costs no retry while others get through: the queue is long, but it moves.
                waits = self._judge(fault, replica, question.model, sent_at) or self._replicas.successes > seen
                failures += not (fault.is_overload and waits)
                seen = self._replicas.successes
                if failures > self._settings.max_retries:
                    raise EndpointError(f"{replica.host}: {fault}") from None
                log.info("%s: %s", replica.host, fault)
            finally:
                self._replicas.release(replica)
            avoid = replica
            # Jitter of a half each way keeps those that failed together from coming back together.
            await asyncio.sleep(min(LONGEST_BACKOFF, self._backoff * 2.0**tries) * random.uniform(0.5, 1.5))
            tries = min(tries + 1, 10)

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """End a task that requests: at once, or with the reply that a server is at work on, which will be billed."""
        if task in self._asking:
            self._unwanted.add(task)
        else:
            task.cancel()

    @property
    def in_flight(self) -> int:
        """How many requests are with a server."""
        return len(self._asking)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(replica.connection.close() for replica in self._replicas.all))

    async def _attempt(self, replica: Replica, question: ChatRequest, start: int, count: int) -> list[Completion]:
        """Ask one replica, anew where it turns out that it wants to be asked otherwise. Raises Fault."""
        dialect = self.dialect(question.model)
        # The same for every attempt, so that a gateway that knows the header serves a lost reply again; it also names the indices.
        headers = {"Idempotency-Key": f"{question.key.hex()[:32]}-{start}-{count}"}
        bounded = True
        while not (dialect.most_choices and dialect.most_choices < count):
            self._allow()
            body = dialect.body(question, count, bounded)
            self.usage.requests += 1
            try:
                reply = await self._post(replica, body, headers)
                completions = self._read(reply, question, count)
            except Fault as fault:
                if fault.filtered or fault.is_cut_off:
                    return [Completion("", "content_filter" if fault.filtered else "length")] * count
                if fault.too_long:
                    if not dialect.outgrown:
                        log.warning("%s: %s; such requests get what fits, or count nowhere", question.model, fault)
                        dialect.outgrown = True
                    if not bounded:
                        return [Completion("", "length")] * count
                    # Less than max_tokens is left of the context: a server that is not told how many writes what fits.
                    bounded = False
                elif not dialect.learn(fault, body):
                    raise
                await asyncio.sleep(0)  # where nobody waits for it any more, it ends here and asks no second time
            else:
                self._replicas.succeeded(replica)
                self.usage.add(completions)
                if len(completions) < count:
                    dialect.most_choices = min(len(completions), dialect.most_choices or count)
                return completions
        return []

    async def _post(self, replica: Replica, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        task = asyncio.current_task()
        self._asking.add(task)
        try:
            reply: bytes = await replica.connection.post(body, headers)
        finally:
            self._asking.discard(task)
            if task and task in self._unwanted:
                task.cancel()  # where it next waits: a good reply is on its way into the journal without a pause
        return reply

    def _read(self, reply: bytes, question: ChatRequest, count: int) -> list[Completion]:
        """The completions of a reply, which may hold anything at all. Raises Fault."""
        try:
            return read_completions(reply, question, count, server_kind(self.owner).echoes_prefix)
        except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            log.debug("a reply that cannot be read", exc_info=True)
            raise Fault(f"the reply cannot be read ({type(error).__name__})") from None

    def _judge(self, fault: Fault, replica: Replica, model: str, sent_at: float) -> bool:
        """Steer by a fault; gives whether it is of a pressure that was lowered since. Raises where no retry could help."""
        flag = "--model_name" if model == self._settings.model_name else "--judge_model"
        if reason := fatal_reason(fault, replica.host, model, self._models, flag):
            raise UserError(reason) from None
        if not fault.is_transient:
            raise Refused(f"{replica.host}: {fault}") from None
        if fault.status is None or fault.status >= 500:
            self._replicas.faulted(replica, unreachable=fault.unreachable)
        return fault.is_overload and not self._replicas.rate_limited(replica, sent_at, fault.retry_after)

    async def _list_models(self, replica: Replica) -> Any:
        """The JSON that lists the models, or the Fault of a replica that does not list them, which it need not."""
        for tries in range(1, LISTING_TRIES + 1):
            try:
                return await replica.connection.models(min(self._settings.timeout, LISTING_TIMEOUT))
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
            raise UserError(reason)
        return fault

    def _learn_models(self, listing: Any) -> None:
        listed = listing.get("data") if isinstance(listing, dict) else None
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        self._models = [str(row.get("id")) for row in rows]
        named = [row for row in rows if row.get("id") == self._settings.model_name] or rows[:1]
        if named:
            self.owner = str(named[0].get("owned_by") or "").lower()
