"""Buy completions from any OpenAI-compatible endpoint, and keep each one that was paid for.

The openai library is imported when a client is made: importing this module costs nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from evolvemcts4rl.chat.addresses import addresses_of
from evolvemcts4rl.chat.budget import Budget
from evolvemcts4rl.chat.buyer import Usage
from evolvemcts4rl.chat.connection import connect
from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.endpoint import Endpoint
from evolvemcts4rl.chat.journal import Journal, question_key
from evolvemcts4rl.chat.replicas import FIRST_BACKOFF
from evolvemcts4rl.errors import EndpointError, UserError, severity
from evolvemcts4rl.flag_groups.model import ModelSettings
from evolvemcts4rl.records import Completion, Message
from evolvemcts4rl.settings import Settings


class ChatClient:
    """Completions of one endpoint, taken from the journal where it has them, else bought.

    The endpoint may have several replicas. `backoff` is the wait in seconds before the first retry.
    Raises UserError if no endpoint is named.
    """

    def __init__(
        self, settings: Settings, journal: Journal | None, backoff: float = FIRST_BACKOFF
    ) -> None:
        connections = [connect(address, settings) for address in addresses_of(settings, os.environ)]
        # The addresses may hold a password, which shall appear in no repr: only the connections
        # keep them.
        self._settings = settings.changed(base_url=())
        self._journal = journal
        self._budget = Budget(settings.model.token_budget, journal)
        self._endpoint = Endpoint(self._settings, connections, backoff, self._budget)
        if journal and journal.totals().completions:
            self._endpoint.expect_answers()
        self._purchases: set[asyncio.Task[list[Completion]]] = set()

    def keep_in(self, journal: Journal) -> None:
        """Use this journal from now on; what was bought before counts towards the budget."""
        self._journal = journal
        self._budget.keep_in(journal)
        if journal.totals().completions:
            self._endpoint.expect_answers()

    @property
    def usage(self) -> Usage:
        """Return what this process has bought and replayed so far."""
        return self._endpoint.usage

    @property
    def prefill(self) -> bool:
        """Return whether the endpoint continues a last assistant message; known once it is open."""
        if self._settings.model.continuation == "auto":
            return self._endpoint.prefills
        return self._settings.model.continuation == "prefill"

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
        budget = self._settings.model.token_budget
        price = self._budget.price(self._question(messages), 1)
        price += sum(
            self._budget.price(self._endpoint.probe_request(model), 1) for model in self._models
        )
        if budget is not None and price > budget:
            raise UserError(
                f"--token_budget {budget} does not pay for a single solution, which may cost "
                f"{price} tokens: give a larger one, or a smaller --max_tokens"
            )

    async def open(self, probe: bool) -> None:
        """Read /v1/models, and with `probe` buy one tiny completion of each model, not to keep.

        Raises UserError within seconds if the endpoint cannot be reached, refuses the key or has no
        such model.
        """
        await self._endpoint.open()
        for model in self._models if probe else []:
            try:
                await self._endpoint.request(self._endpoint.probe_request(model), 0, 1)
            except EndpointError as error:
                raise UserError(
                    f"the endpoint gives no completion, so nothing was begun: {error}"
                ) from None

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        start: int = 0,
        affinity_key: str = "",
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        """Return the completions of these messages with index start, …, start + n - 1, in order.

        A last assistant message is a prefix to continue: the texts are what comes after it.
        `affinity_key` names the problem that asks: its requests go to the same replica. Raises
        EndpointError after all retries, BudgetSpent, or UserError if no request could succeed; what
        was bought until then is in the journal.
        """
        question = self._question(messages, affinity_key, model, temperature, max_tokens)
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
        return self._endpoint.in_flight

    async def close(self) -> None:
        """Close the connections, once the requests that a server is at work on are answered.

        Those will be billed, so they are kept; the others are cancelled. The journal stays open,
        since its owner may still read it.
        """
        try:
            for purchase in self._purchases:
                self._endpoint.abandon(purchase)
            await asyncio.gather(*self._purchases, return_exceptions=True)
        finally:
            await self._endpoint.close()

    def _question(
        self,
        messages: list[Message],
        affinity_key: str = "",
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> ChatRequest:
        model = model or self._settings.model.model_name
        sampling = sampling_of(self._settings.model)
        if temperature is not None:
            sampling["temperature"] = temperature
        if max_tokens is not None:
            sampling["max_tokens"] = max_tokens
        return ChatRequest(
            model, messages, sampling, question_key(model, messages, sampling), affinity_key
        )

    async def _buy(
        self, question: ChatRequest, start: int, count: int, found: dict[int, Completion]
    ) -> None:
        """Buy the completions of these indices into `found`.

        They take several requests where the endpoint limits `n`.
        """
        most = self._endpoint.dialect(question.model).most_choices or count
        parts = [
            (first, min(most, start + count - first)) for first in range(start, start + count, most)
        ]
        await _all_done([self._buy_part(question, first, size, found) for first, size in parts])

    async def _buy_part(
        self, question: ChatRequest, start: int, count: int, found: dict[int, Completion]
    ) -> None:
        # A task of its own: if the caller is cancelled meanwhile, a request that a server is at
        # work on will still be billed, so its reply is kept.
        purchase = asyncio.create_task(self._endpoint.request(question, start, count))
        self._purchases.add(purchase)
        purchase.add_done_callback(self._ended)
        try:
            completions = await asyncio.shield(purchase)
        except asyncio.CancelledError:
            self._endpoint.abandon(purchase)
            raise
        found.update(enumerate(completions, start))
        if len(completions) < count:
            await self._buy(question, start + len(completions), count - len(completions), found)

    def _ended(self, purchase: asyncio.Task[list[Completion]]) -> None:
        self._purchases.discard(purchase)
        if not purchase.cancelled():
            # asyncio warns of an error that nobody looks at, as when the caller was cancelled.
            purchase.exception()

    @property
    def _models(self) -> list[str]:
        settings = self._settings
        return list(dict.fromkeys([settings.model.model_name, *settings.search.judge_model]))


def sampling_of(settings: ModelSettings) -> dict[str, float | int]:
    """Return how solutions are sampled, as it stands in a request and in the journal's keys."""
    return {
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
    }


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
