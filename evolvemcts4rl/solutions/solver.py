"""Ask the model for solutions, from the problem or from a prefix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.given import GivenSolution
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import (
    Completion,
    Message,
    Prefix,
    Problem,
    Rollout,
    RolloutSampler,
)
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.solutions.rollouts import (
    answers_of,
    as_rollout,
    cut_steps,
    graded,
    solution_messages,
)
from evolvemcts4rl.solutions.thoughts import ThoughtWatch
from evolvemcts4rl.solutions.voting import Voting

ANSWERS_SHOWN, MOST_OF_ANSWER = 3, 40  # of a problem that is solved never; characters of each
# A model that writes --step_separator in none of so many solutions of so many problems never will.
UNSEPARATED_SOLUTIONS, UNSEPARATED_PROBLEMS = 32, 4


class Chat(Protocol):
    """What the solver needs of chat.ChatClient."""

    @property
    def prefill(self) -> bool:
        """Return whether a last assistant message is continued."""

    async def complete(
        self, messages: list[Message], n: int, *, start: int = 0, affinity_key: str = ""
    ) -> list[Completion]:
        """Return the n completions of index start, start + 1, … of these messages."""


@dataclass
class SeparatorWatch:
    """Ends a run early whose --step_separator the model never writes."""

    found: bool = False
    solutions: int = 0
    problems: set[str] = field(default_factory=set)

    def look(self, separator: str | None, question_id: str, texts: Sequence[str]) -> None:
        """Look for the separator in first solutions; raise UserError once many lack it."""
        self.found = self.found or separator is None or any(separator in text for text in texts)
        if self.found or question_id in self.problems:
            return
        self.problems.add(question_id)
        self.solutions += len(texts)
        if self.solutions >= UNSEPARATED_SOLUTIONS and len(self.problems) >= UNSEPARATED_PROBLEMS:
            raise UserError(
                f"--step_separator {separator!r} occurs in none of the first {self.solutions} "
                "solutions, so that each would be a single step: give a text that ends the "
                "model's steps, or leave the flag out and start with --overwrite."
            )


@dataclass(frozen=True)
class Solver:
    """Solves problems with one chat model under one run's settings."""

    chat: Chat
    grader: Grader
    settings: Settings
    separator_watch: SeparatorWatch = field(default_factory=SeparatorWatch)
    thought_watch: ThoughtWatch = field(default_factory=ThoughtWatch)
    judges: Sequence[Judge] = ()  # who are asked for their own answers where ours are voted
    # The solutions that voted for an answer, by question_id, until the search takes them.
    voters: dict[str, list[Rollout]] = field(default_factory=dict)
    # Gives the solutions that came with a problem, by its question_id.
    given: Callable[[str], Sequence[GivenSolution]] = lambda question_id: ()

    async def vote(self, problem: Problem) -> Problem:
        """Return the problem with the answer of most first solutions, or dropped with the reason.

        A seed whose row the grader reads needs no answer: it stays as it is. Raises EndpointError.
        """
        if self.grader.reads_rows and problem.parent_id is None:
            return problem
        rollouts = self._rollouts(problem, (), await self._first_completions(problem))
        problem = await self._voting.answered(problem, rollouts)
        if problem.status != Status.DROPPED and not self.settings.evolution.evolve_only:
            self.voters[problem.question_id] = rollouts
        return problem

    @property
    def _voting(self) -> Voting:
        return Voting(self.grader, self.settings, self.judges)

    @property
    def reason_not_to_vote(self) -> Reason | None:
        """Return why no problem can get its answer by a vote; None where it can."""
        return None if self.grader.can_vote else Reason(ReasonCode.NO_VOTE)

    async def first_solutions(self, problem: Problem) -> tuple[Problem, list[Rollout]]:
        """Return the problem with its solve rate and vote, and its graded first solutions.

        Its status says whether it is to be searched. It is not where no solution came to an answer:
        asked again, the journal would give the same ones. Given solutions come first; they are
        always searched, and are no sample that could tell the solve rate or vote. Raises
        EndpointError.
        """
        given = await self._given_rollouts(problem)
        rollouts = self.voters.pop(problem.question_id, None)
        has_voted = rollouts is not None
        if rollouts is None:
            count = self.settings.search.own_solutions if given else None
            rollouts = self._rollouts(problem, (), await self._first_completions(problem, count))
        rollouts = await self._graded(problem, rollouts)
        verdicts = [rollout.verdict for rollout in rollouts if rollout.verdict is not None]
        if given:
            if verdicts and not has_voted and self.grader.can_vote:
                problem = await self._voting.with_vote(problem, rollouts)
            rate = round(sum(verdicts) / len(verdicts), 4) if verdicts else None
            problem = replace(problem, solve_rate=rate, status=Status.SEARCHED)
            return problem, given + rollouts
        if not verdicts:
            reason = self._reason_without_verdicts(rollouts)
            return replace(problem, status=Status.NOT_SEARCHED, reason=reason), rollouts
        if not has_voted and self.grader.can_vote:
            problem = await self._voting.with_vote(problem, rollouts)
        rate = sum(verdicts) / len(verdicts)
        why_not = self._reason_not_to_search(rate, len(verdicts), answers_of(rollouts))
        status = Status.NOT_SEARCHED if why_not else Status.SEARCHED
        problem = replace(problem, solve_rate=round(rate, 4), status=status, reason=why_not)
        return problem, rollouts

    def _reason_without_verdicts(self, rollouts: Sequence[Rollout]) -> Reason:
        gradable = any(r.whole if self.grader.reads_rows else r.answer for r in rollouts)
        code = ReasonCode.NO_VERDICTS if gradable else ReasonCode.NO_ANSWERS
        return Reason(
            code, code.sentence.replace("its solutions", f"its {len(rollouts)} solutions")
        )

    async def _given_rollouts(self, problem: Problem) -> list[Rollout]:
        """Return the solutions that came with the problem; steps that are given stay as they are.

        One whose answer cannot be read has no verdict.
        """
        rollouts = []
        for each in self.given(problem.question_id):
            steps = each.steps or cut_steps(each.text.strip(), self.settings.search.step_separator)
            answer = self.grader.answer_of(problem.question, each.text)
            given = Rollout(tuple(steps), None, answer, solution_id=each.solution_id)
            rollouts.append(given)
        return await self._graded(problem, rollouts)

    def first_messages(self, problem: Problem) -> list[Message]:
        """Return the messages that ask for its first solutions."""
        return self._messages(problem, ())

    def rollout_sampler(self, problem: Problem) -> RolloutSampler:
        """Return what the search calls to get rollouts of this problem."""

        async def sample(prefix: Prefix, count: int, start: int) -> list[Rollout]:
            messages = self._messages(problem, prefix)
            completions = await self.chat.complete(
                messages, count, start=start, affinity_key=problem.question_id
            )
            return await self._graded(problem, self._rollouts(problem, prefix, completions))

        return sample

    def _reason_not_to_search(
        self, rate: float, judged: int, answers: Sequence[str]
    ) -> Reason | None:
        """Return why a problem of this solve rate is not searched, or None."""
        least, most = self.settings.search.min_solve_rate, self.settings.search.max_solve_rate
        if rate in (0.0, 1.0):
            code = ReasonCode.SOLVED_ALWAYS if rate else ReasonCode.SOLVED_NEVER
            told = f"{rate * judged:.0f} of {judged}"
            if answers and not rate:
                told += f": they came to {_mostly(answers)}"
            return with_detail(code, told)
        if least is not None and rate < least:
            told = f"its solve rate, {rate:.2f}, is under --min_solve_rate {least:g}"
            return Reason(ReasonCode.SOLVE_RATE, told)
        if most is not None and rate > most:
            told = f"its solve rate, {rate:.2f}, is over --max_solve_rate {most:g}"
            return Reason(ReasonCode.SOLVE_RATE, told)
        return None

    def _messages(self, problem: Problem, prefix: Prefix) -> list[Message]:
        return solution_messages(problem, prefix, self.settings, self.chat.prefill)

    async def _first_completions(
        self, problem: Problem, count: int | None = None
    ) -> list[Completion]:
        """Return so many completions of the problem, by default --num_solutions."""
        count = self.settings.search.num_solutions if count is None else count
        if not count:
            return []
        completions = await self.chat.complete(
            self._messages(problem, ()), count, affinity_key=problem.question_id
        )
        texts = [completion.text for completion in completions if completion.whole]
        if self.settings.search.label_thoughts:
            self.thought_watch.look(problem.question_id, completions)
        else:
            separator = self.settings.search.step_separator
            self.separator_watch.look(separator, problem.question_id, texts)
        return completions

    def _rollouts(
        self, problem: Problem, prefix: Prefix, completions: Sequence[Completion]
    ) -> list[Rollout]:
        search = self.settings.search
        answer_of = partial(self.grader.answer_of, problem.question)
        return [
            as_rollout(prefix, each, search.step_separator, answer_of, search.label_thoughts)
            for each in completions
        ]

    async def _graded(self, problem: Problem, rollouts: Sequence[Rollout]) -> list[Rollout]:
        return await graded(problem, rollouts, self.grader)


def _mostly(answers: Sequence[str]) -> str:
    """Return the most frequent answers in words, each on one line and not too long."""
    most = (answer for answer, _ in Counter(answers).most_common(ANSWERS_SHOWN))
    return ", ".join(" ".join(answer.split())[:MOST_OF_ANSWER] for answer in most)
