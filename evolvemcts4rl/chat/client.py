"""Buy completions from any OpenAI-compatible endpoint, and keep each one that was paid for.

The openai library is imported when a client is made: importing this module costs nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.chat.budget import Budget
from evolvemcts4rl.chat.buyer import Usage
from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.endpoint import Endpoint, Shared
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.chat.probes import Probes, probe_messages
from evolvemcts4rl.chat.replicas import FIRST_BACKOFF
from evolvemcts4rl.chat.roles import Role, roles_of, without_servers
from evolvemcts4rl.chat.servers import endpoints_of
from evolvemcts4rl.chat.slots import Slots
from evolvemcts4rl.errors import UserError, severity
from evolvemcts4rl.flag_groups.role_kinds import JUDGE, WRITER
from evolvemcts4rl.records import Completion, Message
from evolvemcts4rl.settings import Settings


class ChatClient:
    """Completions of a run's models, taken from the journal where it has them, else bought.

    It asks as the policy; `writer` and `judges` ask as the other roles. All share one limit of
    requests in flight, one budget and one journal. `backoff` is the wait in seconds before the
    first retry. Raises UserError if no endpoint is named.
    """

    def __init__(
        self, settings: Settings, journal: Journal | None, backoff: float = FIRST_BACKOFF
    ) -> None:
        self._roles = roles_of(settings)
        self._journal = journal
        self._budget = Budget(settings.model.token_budget, journal)
        # What this process has bought and replayed so far.
        self.usage = Usage()
        slots, probe = Slots(settings.model.concurrency), probe_messages(settings.prompts)
        shared = Shared(self._budget, slots, self.usage, probe)
        # By role; roles of one server share theirs.
        self._endpoints = endpoints_of(self._roles, settings, os.environ, shared, backoff)
        # Addresses and headers may hold a password, which shall appear in no repr: only the
        # connections keep them.
        self._settings = without_servers(settings)
        if journal and journal.totals().completions:
            self._expect_answers()
        self._probes = Probes(self._roles, self._endpoints, settings.search.label_thoughts)
        self._purchases: dict[asyncio.Task[list[Completion]], Endpoint] = {}

    def keep_in(self, journal: Journal) -> None:
        """Use this journal from now on; what was bought before counts towards the budget."""
        self._journal = journal
        self._budget.keep_in(journal)
        if journal.totals().completions:
            self._expect_answers()

    @property
    def writer(self) -> RoleChat:
        """Return the client as the writer of new problems asks it."""
        return RoleChat(self, next(role for role in self._roles if role.name == WRITER))

    @property
    def judges(self) -> list[RoleChat]:
        """Return the client as each judge asks it, in the order of --judge_model."""
        return [RoleChat(self, role) for role in self._roles if role.name.startswith(JUDGE)]

    @property
    def prefill(self) -> bool:
        """Return whether the policy's endpoint continues a last assistant message, once open."""
        if self._settings.continuation == "auto":
            return self._policy_endpoint.prefills
        return self._settings.continuation == "prefill"

    @property
    def continuation(self) -> str:
        """Return how prefixes are continued: "prefill" or "chat"; known once it is open."""
        return "prefill" if self.prefill else "chat"

    @property
    def tokens_spent(self) -> int:
        """Return the tokens bought over all lives of the run: what --token_budget bounds."""
        return self._budget.spent

    def check_budget(self, messages: list[Message]) -> None:
        """Check that --token_budget pays for a probe of each model and one completion.

        The completion is one of these messages. Raises UserError if it does not.
        """
        budget = self._settings.token_budget
        price = self._budget.price(self._roles[0].request(self._settings, messages), 1)
        price += self._probes.price(self._budget)
        if budget is not None and price > budget:
            raise UserError(
                f"--token_budget {budget} does not pay for a single solution, which may cost "
                f"{price} tokens: give a larger one, or a smaller --max_tokens"
            )

    async def open(self, probe: bool) -> None:
        """Read /v1/models, and with `probe` buy one tiny completion of each model, not to keep.

        Raises UserError within seconds if an endpoint cannot be reached, refuses the key or has no
        such model.
        """
        for endpoint in self._every_endpoint:
            await endpoint.open()
        if probe:
            await self._probes.buy(self.prefill)

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        start: int = 0,
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
        role: Role | None = None,
    ) -> list[Completion]:
        """Return the completions of these messages with index start, …, start + n - 1, in order.

        A last assistant message is a prefix to continue: the texts are what comes after it.
        `affinity_key` names the problem that asks: its requests go to the same replica. Raises
        EndpointError after all retries, BudgetSpent, or UserError if no request could succeed; what
        was bought until then is in the journal.
        """
        role = role or self._roles[0]
        question = role.request(self._settings, messages, affinity_key, temperature, max_tokens)
        found = self._journal.get(question.key, start, n) if self._journal else {}
        self.usage.replayed += len(found)
        if len(found) < n:
            missing = [index for index in range(start, start + n) if index not in found]
            await _all_done(
                [self._buy(question, first, count, found) for first, count in _runs(missing)]
            )
        return [found[index] for index in range(start, start + n)]

    @property
    def in_flight(self) -> int:
        """Return how many requests a server is at work on."""
        return sum(endpoint.in_flight for endpoint in self._every_endpoint)

    async def close(self) -> None:
        """Close the connections, once the requests that a server is at work on are answered.

        Those will be billed, so they are kept; the others are cancelled. The journal stays open,
        since its owner may still read it.
        """
        try:
            for purchase, endpoint in self._purchases.items():
                endpoint.abandon(purchase)
            await asyncio.gather(*self._purchases, return_exceptions=True)
        finally:
            for endpoint in self._every_endpoint:
                await endpoint.close()

    async def _buy(
        self, question: ChatRequest, start: int, count: int, found: dict[int, Completion]
    ) -> None:
        """Buy the completions of these indices into `found`.

        They take several requests where the endpoint limits `n`.
        """
        most = self._endpoints[question.role].dialect(question.model).most_choices or count
        parts = [
            (first, min(most, start + count - first)) for first in range(start, start + count, most)
        ]
        await _all_done([self._buy_part(question, first, size, found) for first, size in parts])

    async def _buy_part(
        self, question: ChatRequest, start: int, count: int, found: dict[int, Completion]
    ) -> None:
        # A task of its own: if the caller is cancelled meanwhile, a request that a server is at
        # work on will still be billed, so its reply is kept.
        endpoint = self._endpoints[question.role]
        purchase = asyncio.create_task(endpoint.request(question, start, count))
        self._purchases[purchase] = endpoint
        purchase.add_done_callback(self._ended)
        try:
            completions = await asyncio.shield(purchase)
        except asyncio.CancelledError:
            endpoint.abandon(purchase)
            raise
        found.update(enumerate(completions, start))
        if len(completions) < count:
            await self._buy(question, start + len(completions), count - len(completions), found)

    def _ended(self, purchase: asyncio.Task[list[Completion]]) -> None:
        self._purchases.pop(purchase, None)
        if not purchase.cancelled():
            # asyncio warns of an error that nobody looks at, as when the caller was cancelled.
            purchase.exception()

    def _expect_answers(self) -> None:
        for endpoint in self._every_endpoint:
            endpoint.expect_answers()

    @property
    def _policy_endpoint(self) -> Endpoint:
        return self._endpoints[self._roles[0].name]

    @property
    def _every_endpoint(self) -> list[Endpoint]:
        return list(dict.fromkeys(self._endpoints.values()))


@dataclass(frozen=True)
class RoleChat:
    """The client as one role asks it."""

    client: ChatClient
    role: Role

    @property
    def model(self) -> str:
        """Return the name of the role's model."""
        return self.role.model

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        start: int = 0,
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        """Return the completions of these messages by this role: see ChatClient.complete."""
        return await self.client.complete(
            messages,
            n,
            start=start,
            affinity_key=affinity_key,
            temperature=temperature,
            max_tokens=max_tokens,
            role=self.role,
        )


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    """Return sorted indices as runs of neighbours, each (first, count)."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs


async def _all_done(parts: list[Coroutine[Any, Any, None]]) -> None:
    """Wait for every part, then raise the gravest of their errors, if any."""
    if len(parts) == 1:
        await parts[0]
        return
    failed = [
        result
        for result in await asyncio.gather(*parts, return_exceptions=True)
        if result is not None
    ]
    if failed:
        raise max(failed, key=severity)
