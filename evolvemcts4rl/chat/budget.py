"""Keep a run within its token budget.

The most that a request can cost is set aside before it leaves, so that no budget is overshot.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.errors import BudgetSpent
from evolvemcts4rl.records import Completion

TOKENS_PER_MESSAGE = 16  # the most that a chat template puts around a message
# The most that a chat template adds to a whole request, such as a default system message. It is
# assumed until the server has counted a prompt: the shortest one counted is a closer bound.
TOKENS_PER_REQUEST = 256
PROMPTS_KEPT = 10_000  # prompts whose counted tokens are remembered: more than ever run at once


@dataclass(frozen=True)
class Grant:
    """The permission to send one request: its number of choices and the tokens set aside."""

    choices: int
    tokens: int


@dataclass(eq=False)
class _Waiter:
    turn: asyncio.Future[Grant]
    question: ChatRequest
    choices: int


class Budget:
    """The tokens that a run may buy over all its lives; without bound where `limit` is None.

    Every grant is ended by `keep` or `end`. A grant that is open when the process dies counts in
    full from then on, since the server may have billed it.
    """

    def __init__(self, limit: int | None, journal: Journal | None) -> None:
        self._limit = limit
        self._journal = journal
        self._unkept = 0  # tokens bought without a journal
        self._set_aside = 0
        self._open = 0  # grants that have not ended
        self._waiters: deque[_Waiter] = deque()
        # Prompt tokens as the server counts them, by the request's key.
        self._counted: OrderedDict[bytes, int] = OrderedDict()
        # The most that the chat template of each role's model adds, known from the first reply on.
        self._templates: dict[str, int] = {}
        self._excess = 0  # the most tokens that any choice had beyond max_tokens

    @property
    def spent(self) -> int:
        """Return the tokens bought in all lives of the run, and what lost replies may have cost."""
        return self._journal.totals().billed if self._journal else self._unkept

    def keep_in(self, journal: Journal) -> None:
        """Keep account in a journal from now on, beginning with what was bought before."""
        journal.end_request(0, lost=self._unkept)
        self._journal = journal

    def price(self, question: ChatRequest, choices: int) -> int:
        """Return the most tokens that a request can cost.

        No token is shorter than a byte, and no choice longer than max_tokens.
        """
        template = self._templates.get(question.role, TOKENS_PER_REQUEST)
        prompt = self._counted.get(question.key) or _bytes_of(question) + template
        return prompt + choices * self._price_of_choice(question)

    async def reserve(self, question: ChatRequest, choices: int) -> Grant:
        """Wait until the request may leave, and return its grant.

        The grant is for all choices, or for as many as the rest of the budget pays for. While
        other requests are under way, it waits for what they leave over. Raises BudgetSpent if not
        one choice fits.
        """
        if self._limit is None:
            return self._grant(question, choices)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), question, choices)
        self._waiters.append(waiter)
        self._serve()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and not waiter.turn.exception():
                self.end(waiter.turn.result(), cost=0)
            raise

    def keep(
        self, grant: Grant, question: ChatRequest, start: int, completions: Sequence[Completion]
    ) -> None:
        """End a grant, with the completions that it bought in the journal."""
        if self._journal is None:
            self._unkept += billed(completions)
        else:
            self._journal.put(
                question.key, start, completions, set_aside=grant.tokens, role=question.role
            )
        self._learn(question, completions)
        self._close(grant)

    def end(self, grant: Grant, cost: int) -> None:
        """End a grant that brought no completion to keep; `cost` is in tokens."""
        if self._journal is None:
            self._unkept += cost
        else:
            self._journal.end_request(grant.tokens, lost=cost)
        self._close(grant)

    def _grant(self, question: ChatRequest, choices: int) -> Grant:
        grant = Grant(choices, self.price(question, choices))
        if self._journal:
            self._journal.begin_request(grant.tokens)
        self._set_aside += grant.tokens
        self._open += 1
        return grant

    def _close(self, grant: Grant) -> None:
        self._set_aside -= grant.tokens
        self._open -= 1
        self._serve()

    def _serve(self) -> None:
        """Grant what the budget pays for, first come, first served.

        With nothing under way, no tokens will be given back: then a grant goes to the first request
        that can pay for any choice at all, and if there is none, all are refused.
        """
        while self._waiters:
            first = self._waiters[0]
            if first.turn.done():  # cancelled
                self._waiters.popleft()
                continue
            # Only the first reply tells what the chat template adds: the others wait for it.
            if self._open and (not self._templates or self._affordable(first) < first.choices):
                return
            served = next(
                (w for w in self._waiters if not w.turn.done() and self._affordable(w)), None
            )
            if served is None:
                self._refuse_all()
                return
            self._waiters.remove(served)
            served.turn.set_result(self._grant(served.question, self._affordable(served)))

    def _affordable(self, waiter: _Waiter) -> int:
        """Return how many of its choices the rest of the budget pays for."""
        assert self._limit is not None
        rest = self._limit - self.spent - self._set_aside - self.price(waiter.question, 0)
        return max(0, min(waiter.choices, rest // self._price_of_choice(waiter.question)))

    def _refuse_all(self) -> None:
        for waiter in self._waiters:
            if not waiter.turn.done():
                waiter.turn.set_exception(BudgetSpent(f"--token_budget {self._limit} is spent"))
        self._waiters.clear()

    def _price_of_choice(self, question: ChatRequest) -> int:
        return int(question.sampling["max_tokens"]) + self._excess

    def _learn(self, question: ChatRequest, completions: Sequence[Completion]) -> None:
        """Correct the prices by the server's own counts.

        These tell what this prompt costs, what the template adds, and whether max_tokens is kept.
        """
        if self._limit is None or not (prompt := completions[0].prompt_tokens):
            return
        self._counted[question.key] = max(prompt, self._counted.get(question.key, 0))
        if len(self._counted) > PROMPTS_KEPT:
            self._counted.popitem(last=False)
        self._templates[question.role] = min(prompt, self._templates.get(question.role, prompt))
        longest = max(completion.completion_tokens for completion in completions)
        self._excess = max(self._excess, longest - int(question.sampling["max_tokens"]))


def billed(completions: Sequence[Completion]) -> int:
    """Return the tokens that completions cost, those of their prompt included."""
    return sum(
        completion.prompt_tokens + completion.completion_tokens for completion in completions
    )


def _bytes_of(question: ChatRequest) -> int:
    """Return the most tokens that the messages have: their bytes, and a template's around each."""
    return sum(
        len(message["content"].encode(errors="replace")) + TOKENS_PER_MESSAGE
        for message in question.messages
    )
