"""Evolve-Instruct rounds: new problems from the seeds, refused or answered by a vote.

The method is WizardLM's Evol-Instruct (arXiv 2304.12244) with WizardMath's upward and downward
evolution (2308.09583).
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from typing import Protocol

from evolvemcts4rl.errors import EndpointError
from evolvemcts4rl.problems.acceptance_rules import read_problem, reason_to_refuse
from evolvemcts4rl.problems.novelty import Novelty
from evolvemcts4rl.problems.ordered_map import OrderedMap
from evolvemcts4rl.problems.spool import Spool
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import Completion, Message, Problem
from evolvemcts4rl.settings import Settings

SHOWN = 100  # characters of a finish reason, which is the server's text
# The statuses of a problem that has no children. Every other one was accepted here, whatever the
# search said of it later.
ENDED = frozenset({Status.REFUSED, Status.DROPPED, Status.FAILED})


class Writer(Protocol):
    """What writes the new problems: a RoleChat."""

    async def complete(
        self, messages: list[Message], n: int, *, affinity_key: str = ""
    ) -> list[Completion]:
        """Return the n completions of these messages."""


class Voter(Protocol):
    """What answers a problem by the vote of its first solutions: a Solver."""

    async def vote(self, problem: Problem) -> Problem:
        """Return the problem with its majority answer, or with status "dropped" and a reason."""


@dataclass(frozen=True)
class Evolution:
    """The rounds of one run. `done` holds what an earlier life of the run decided, by question_id.

    Leave out of `done` what shall be tried again, such as the failed ones. A problem in it is not
    asked for and not given out again. New ones must still differ from it, and it is a parent where
    it was accepted. `reopened` holds evolved problems that were accepted earlier and are answered
    anew.
    """

    settings: Settings
    writer: Writer
    voter: Voter
    novelty: Novelty
    done: Mapping[str, Problem] = field(default_factory=dict)
    reopened: Mapping[str, Problem] = field(default_factory=dict)
    # Why no new problem can get an answer, in a run whose grader cannot vote.
    reason_not_to_evolve: Reason | None = None

    async def problems(
        self, seeds: Iterable[Problem] | AsyncIterable[Problem]
    ) -> AsyncGenerator[Problem]:
        """Yield every seed and evolved problem once: accepted, refused, dropped or failed.

        Each problem comes as soon as it has its answer. Its status depends on the seeds and the
        replies alone, not on when the replies come. Seeds are read no faster than the problems are
        taken. An EndpointError makes one problem failed; whatever else the writer and the voter
        raise ends the iteration.
        """
        ready: asyncio.Queue[Problem | None] = asyncio.Queue(self.settings.model.concurrency)

        async def answer(problem: Problem) -> Problem:
            problem = await self._answer(problem)
            if problem.question_id not in self.done:
                await ready.put(problem)
            return problem

        spools = [Spool() for _ in range(self.settings.evolution.evolve_rounds)]
        texts = [self._ahead(self._write, spool.read()) for spool in spools]
        rounds = [self._ahead(answer, new) for new in self._rounds(seeds, texts)]
        parents = [
            _feed_next_round(results, spool)
            for results, spool in zip(rounds, [*spools, None], strict=True)
        ]
        running = asyncio.gather(*parents)
        end = asyncio.create_task(_close_queue_when_done(running, ready))
        try:
            while (ended := await ready.get()) is not None:
                yield ended
            await running
        finally:
            end.cancel()
            running.cancel()
            await asyncio.gather(end, running, return_exceptions=True)
            for stage in [*rounds, *texts]:
                await stage.aclose()

    def _rounds(
        self,
        seeds: Iterable[Problem] | AsyncIterable[Problem],
        texts: Sequence[OrderedMap[Problem, Problem]],
    ) -> list[AsyncGenerator[Problem]]:
        """Return the problems of each round, still to be answered: the seeds, then the children.

        Which children are new is decided once all of the round before are decided.
        """
        decided = [asyncio.Event() for _ in range(len(texts) + 1)]
        rounds = [self._accept_seeds(seeds, decided[0])]
        for children, (before, now) in zip(texts, itertools.pairwise(decided), strict=True):
            rounds.append(self._refuse_duplicates(children, before, now))
        return rounds

    def _ahead(
        self, function: Callable[[Problem], Awaitable[Problem]], source: AsyncGenerator[Problem]
    ) -> OrderedMap[Problem, Problem]:
        return OrderedMap(function, source, self.settings.model.concurrency)

    async def _accept_seeds(
        self, seeds: Iterable[Problem] | AsyncIterable[Problem], decided: asyncio.Event
    ) -> AsyncGenerator[Problem]:
        """Yield the seeds and let `novelty` know each; those near to one another stay.

        It knows the evolved problems of earlier lives from then on too: one that failed then, or
        that a grown run makes, must differ from those that were accepted without it.
        """
        async for given in _each(seeds):
            seed = self.done.get(given.question_id, given)
            if self.settings.evolution.evolve_rounds:  # nothing else is ever compared with them
                self.novelty.add(seed.question_id, seed.question)
            if self.novelty.contaminated(seed.question):
                seed = replace(seed, status=Status.REFUSED, reason=Reason(ReasonCode.CONTAMINATED))
            yield seed
        for accepted in (self.done, self.reopened):
            for question_id in accepted if self.settings.evolution.evolve_rounds else ():
                child = accepted[question_id]
                if child.round and child.status != Status.REFUSED:
                    self.novelty.add(question_id, child.question)
        decided.set()

    async def _write(self, parent: Problem) -> Problem:
        """Return a parent's child: open, failed, or refused for what it says."""
        child = self._child(parent)
        if child.question_id in self.done:
            return self.done[child.question_id]
        if child.question_id in self.reopened:
            return self.reopened[child.question_id]
        if self.reason_not_to_evolve:
            return replace(child, status=Status.REFUSED, reason=self.reason_not_to_evolve)
        language = self.settings.evolution.language
        messages = prompt_messages(
            f"evolve_{child.mutation}",
            self.settings.writer_model,
            self.settings.prompts,
            question=parent.question,
            language_rule=f"Write the new problem in {language}." if language else "",
        )
        try:
            (reply,) = await self.writer.complete(messages, 1, affinity_key=child.question_id)
        except EndpointError as error:
            return replace(
                child, status=Status.FAILED, reason=Reason(ReasonCode.ENDPOINT, str(error))
            )
        if not reply.whole:
            reason = with_detail(ReasonCode.NOT_WHOLE, reply.finish_reason[:SHOWN])
            return replace(child, status=Status.REFUSED, reason=reason)
        child = replace(child, question=read_problem(reply.text))
        refused = reason_to_refuse(child.question, parent.question, messages)
        return replace(child, status=Status.REFUSED, reason=refused) if refused else child

    def _child(self, parent: Problem) -> Problem:
        number = parent.round + 1
        child_id = f"{parent.question_id.removesuffix(f'-r{parent.round}')}-r{number}"
        names, weights = zip(*self.settings.evolution.mutations, strict=True)
        (mutation,) = random.Random(f"{self.settings.search.random_seed}:{child_id}").choices(
            names, weights
        )
        return Problem(
            child_id, "", None, parent_id=parent.question_id, mutation=mutation, round=number
        )

    async def _refuse_duplicates(
        self,
        texts: OrderedMap[Problem, Problem],
        before: asyncio.Event,
        decided: asyncio.Event,
    ) -> AsyncGenerator[Problem]:
        """Yield the children of a round, refused where not new, after the round before."""
        await before.wait()
        async for child in texts:
            if child.question_id in self.done:
                if child.reason and child.reason.code == ReasonCode.KNOWN:
                    self.novelty.add(child.question_id, child.question)
            elif child.status == Status.OPEN and child.question_id not in self.reopened:
                child = self._refuse_known(child)
            yield child
        decided.set()

    def _refuse_known(self, child: Problem) -> Problem:
        if self.novelty.contaminated(child.question):
            return replace(child, status=Status.REFUSED, reason=Reason(ReasonCode.CONTAMINATED))
        earlier = self.novelty.add(child.question_id, child.question)
        if earlier is None:
            return child
        reason = Reason(ReasonCode.KNOWN, f"it is equal or nearly equal to problem {earlier}")
        return replace(child, status=Status.REFUSED, reason=reason)

    async def _answer(self, problem: Problem) -> Problem:
        """Return the problem with an answer: the seed's own, or its solutions' vote."""
        if problem.question_id in self.done or problem.status in ENDED:
            return problem
        if problem.final_answer is None:
            try:
                problem = await self.voter.vote(problem)
            except EndpointError as error:
                return replace(
                    problem, status=Status.FAILED, reason=Reason(ReasonCode.ENDPOINT, str(error))
                )
        return problem if problem.status in ENDED else replace(problem, status=Status.ACCEPTED)


async def _feed_next_round(results: OrderedMap[Problem, Problem], next_round: Spool | None) -> None:
    """Make the problems of a round the parents of the next one, in their order."""
    async for problem in results:
        if next_round and problem.status not in ENDED:
            next_round.put(problem)
    if next_round:
        next_round.close()


async def _close_queue_when_done(
    running: Awaitable[object], queue: asyncio.Queue[Problem | None]
) -> None:
    """Put None at the end of the queue once `running`, which fills it, has ended or failed."""
    await asyncio.wait({asyncio.ensure_future(running)})
    await queue.put(None)


async def _each(problems: Iterable[Problem] | AsyncIterable[Problem]) -> AsyncGenerator[Problem]:
    if isinstance(problems, AsyncIterable):
        async for problem in problems:
            yield problem
    else:
        for problem in problems:
            yield problem
