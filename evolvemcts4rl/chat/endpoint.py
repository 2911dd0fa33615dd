"""Make one request to the endpoint: choose a replica, and try again until it is answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from evolvemcts4rl.chat.budget import Budget
from evolvemcts4rl.chat.buyer import Buyer, Usage
from evolvemcts4rl.chat.dialect import ChatRequest, Dialect, server_kind
from evolvemcts4rl.chat.faults import Fault, Origin, fatal_reason
from evolvemcts4rl.chat.model_listing import models_and_owner, read_listings
from evolvemcts4rl.chat.patience import Course, Patience
from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.chat.roles import Role
from evolvemcts4rl.chat.slots import Slots
from evolvemcts4rl.flag_groups.model import ModelSettings
from evolvemcts4rl.records import Completion, Message

log = logging.getLogger(__name__)

PROBE_TOKENS = 16


class Connection(Protocol):
    """The way to one replica; every error is raised as a Fault."""

    host: str
    key_name: str  # of the variable that holds its key

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """Return the reply to a chat request."""

    async def models(self, timeout: float) -> Any:
        """Return the JSON of /v1/models."""

    async def close(self) -> None:
        """Close its sockets."""


@dataclass(frozen=True)
class Shared:
    """What the endpoints of a run share."""

    budget: Budget
    slots: Slots
    usage: Usage
    probe: list[Message]  # what shows whether a model answers


class Endpoint:
    """All replicas of one endpoint, with the roles that are asked there.

    `backoff` is the wait in seconds before the first retry; all other waits are multiples of it.
    """

    def __init__(
        self,
        settings: ModelSettings,
        connections: Sequence[Connection],
        roles: Sequence[Role],
        shared: Shared,
        backoff: float,
    ) -> None:
        self._settings = settings
        limit = settings.concurrency
        replicas = [Replica(connection.host, connection, limit) for connection in connections]
        self._replicas = Replicas(replicas, limit, backoff, shared.slots)
        self._roles = {role.name: role for role in roles}
        self._backoff = backoff
        self._patience = Patience(self._replicas, settings.max_retries, backoff, self._probe)
        self._probe_messages = shared.probe
        self._buyer = Buyer(shared.budget, shared.usage, self._patience.answered)
        self._models: list[str] = []

    @property
    def in_flight(self) -> int:
        """Return how many requests a server is at work on."""
        return self._buyer.in_flight

    @property
    def prefills(self) -> bool:
        """Return whether the endpoint is known to continue an unfinished assistant message."""
        return server_kind(self._buyer.owner).continues_prefix

    def expect_answers(self) -> None:
        """Treat the endpoint as one that has answered before: an outage is waited for."""
        self._patience.answered_before = True

    def dialect(self, model: str) -> Dialect:
        """Return what is known so far of how this model wants to be asked."""
        return self._buyer.dialect(model)

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """End a task that makes a request, once a reply under way to it is kept."""
        self._buyer.abandon(task)

    async def open(self) -> None:
        """Read /v1/models of every replica.

        Where replicas name different owners of the model, the first in the order of --base_url is
        believed. Raises UserError if none can be reached, or if the key is refused.
        """
        settings = self._settings
        first = next(iter(self._roles.values()))
        listings = await read_listings(
            self._replicas, settings.timeout, self._backoff, _origin_of(first)
        )
        wanted = [role.model for role in self._roles.values()]
        for listing in reversed(listings):
            self._models, owner = models_and_owner(listing, wanted)
            self._buyer.owner = self._buyer.owner if owner is None else owner

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
                return await self._buyer.attempt(replica, question, start, count)
            except Fault as error:
                fault = error
                reason = self._fatal_reason(fault, replica, question)
                self._patience.note(
                    fault, replica, sent_at, refusal=bool(reason) or not fault.is_transient
                )
            finally:
                self._replicas.release(replica)
            log.info("%s: %s", replica.host, fault)
            if reason or not fault.is_transient:
                await self._patience.weigh_refusal(
                    fault, reason, replica, question.role, course, sent_at
                )
            else:
                await self._patience.weigh_failure(fault, replica, question.role, course, sent_at)
            await self._patience.sleep(course, fault)
            avoid = replica

    def probe_request(self, name: str, *prefix: Message) -> ChatRequest:
        """Return the smallest request that shows whether a role's model answers.

        With a prefix, it shows whether the model goes on from there.
        """
        asked = self._roles[name].request(self._settings, [*self._probe_messages, *prefix])
        return replace(asked, sampling={**asked.sampling, "max_tokens": PROBE_TOKENS})

    async def close(self) -> None:
        """Cancel the probes under way and close the connections."""
        self._patience.close()
        await asyncio.gather(*(replica.connection.close() for replica in self._replicas.all))

    async def _probe(self, role: str) -> bool:
        replica = await self._replicas.acquire()
        try:
            await self._buyer.attempt(replica, self.probe_request(role), 0, 1)
        except Fault:
            return False
        finally:
            self._replicas.release(replica)
        return True

    def _fatal_reason(self, fault: Fault, replica: Replica, question: ChatRequest) -> str | None:
        origin = replace(_origin_of(self._roles[question.role]), key=replica.connection.key_name)
        return fatal_reason(fault, replica.host, question.model, self._models, origin)


def _origin_of(role: Role) -> Origin:
    return Origin(role.flag, role.flag if role.urls else "--base_url")
