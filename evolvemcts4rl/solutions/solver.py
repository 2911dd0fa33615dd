"""Ask the model for solutions, from the problem or from a prefix, and read them as rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from evolvemcts4rl.answers.extract import extract_answer
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import (
    THINK,
    Completion,
    Message,
    Prefix,
    Problem,
    Rollout,
    RolloutSampler,
)
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.steps import join_steps, merge_steps, split_steps
from evolvemcts4rl.solutions.thoughts import ThoughtWatch, steps_with_thought

# Arrow, and `datasets` with it, reads no JSON nested deeper than a tree of 30 steps.
MOST_STEPS = 28
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
    # The solutions that voted for an answer, by question_id, until the search takes them.
    voters: dict[str, list[Rollout]] = field(default_factory=dict)

    async def vote(self, problem: Problem) -> Problem:
        """Return the problem with the answer of most first solutions, or dropped with the reason.

        It is dropped where fewer than half of the solutions come to an answer (one that is cut off
        could not vote), where the first place is tied, or the share is under --agreement. Raises
        EndpointError.
        """
        rollouts = self._rollouts((), await self._first_completions(problem))
        answers = _answers(rollouts)
        answer, share = await self.grader.vote(answers)
        problem = replace(problem, voted_answer=answer, agreement=round(share, 4))
        if 2 * len(answers) < len(rollouts):
            told = f"only {len(answers)} of its {len(rollouts)} solutions came to an answer"
            return _dropped(problem, ReasonCode.FEW_ANSWERS, told)
        if answer is None:
            told = f"the first place of the vote is tied, with a share of {share:.2f} each"
            return _dropped(problem, ReasonCode.THIN_MAJORITY, told)
        least = self.settings.evolution.agreement
        if share < least:
            told = (
                f"the majority's share of the answers, {share:.2f}, is under --agreement {least:g}"
            )
            return _dropped(problem, ReasonCode.THIN_MAJORITY, told)
        if not self.settings.evolution.evolve_only:
            self.voters[problem.question_id] = rollouts
        return replace(problem, final_answer=answer, vote_agrees=True)

    async def first_solutions(self, problem: Problem) -> tuple[Problem, list[Rollout]]:
        """Return the problem with its solve rate and vote, and its graded first solutions.

        Its status says whether it is to be searched. It is not where no solution came to an answer:
        asked again, the journal would give the same ones. Raises EndpointError.
        """
        rollouts = self.voters.pop(problem.question_id, None)
        has_voted = rollouts is not None
        if rollouts is None:
            rollouts = self._rollouts((), await self._first_completions(problem))
        rollouts = await self._graded(problem, rollouts)
        verdicts = [rollout.verdict for rollout in rollouts if rollout.verdict is not None]
        if not verdicts:
            told = ReasonCode.NO_ANSWERS.sentence.replace("its", f"its {len(rollouts)}", 1)
            reason = Reason(ReasonCode.NO_ANSWERS, told)
            return replace(problem, status=Status.NOT_SEARCHED, reason=reason), rollouts
        if not has_voted:
            problem = await self._with_vote(problem, _answers(rollouts))
        rate = sum(verdicts) / len(verdicts)
        why_not = self._reason_not_to_search(rate, len(verdicts))
        status = Status.NOT_SEARCHED if why_not else Status.SEARCHED
        problem = replace(problem, solve_rate=round(rate, 4), status=status, reason=why_not)
        return problem, rollouts

    async def _with_vote(self, problem: Problem, answers: Sequence[str]) -> Problem:
        """Return the problem with what its solutions vote for, beside the answer that it states."""
        voted, share = await self.grader.vote(answers, problem.final_answer)
        agrees = None
        if voted is not None:
            agrees = await self.grader.same(problem.final_answer or "", voted)
        return replace(problem, voted_answer=voted, agreement=round(share, 4), vote_agrees=agrees)

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
            return await self._graded(problem, self._rollouts(prefix, completions))

        return sample

    def _reason_not_to_search(self, rate: float, judged: int) -> Reason | None:
        """Return why a problem of this solve rate is not searched, or None."""
        least, most = self.settings.search.min_solve_rate, self.settings.search.max_solve_rate
        if rate in (0.0, 1.0):
            code = ReasonCode.SOLVED_ALWAYS if rate else ReasonCode.SOLVED_NEVER
            return with_detail(code, f"{rate * judged:.0f} of {judged}")
        if least is not None and rate < least:
            told = f"its solve rate, {rate:.2f}, is under --min_solve_rate {least:g}"
            return Reason(ReasonCode.SOLVE_RATE, told)
        if most is not None and rate > most:
            told = f"its solve rate, {rate:.2f}, is over --max_solve_rate {most:g}"
            return Reason(ReasonCode.SOLVE_RATE, told)
        return None

    def _messages(self, problem: Problem, prefix: Prefix) -> list[Message]:
        return solution_messages(problem, prefix, self.settings.model.model_name, self.chat.prefill)

    async def _first_completions(self, problem: Problem) -> list[Completion]:
        count = self.settings.search.num_solutions
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

    def _rollouts(self, prefix: Prefix, completions: Sequence[Completion]) -> list[Rollout]:
        search = self.settings.search
        return [
            as_rollout(prefix, completion, search.step_separator, search.label_thoughts)
            for completion in completions
        ]

    async def _graded(self, problem: Problem, rollouts: Sequence[Rollout]) -> list[Rollout]:
        return await graded(problem, rollouts, self.grader)


def solution_messages(problem: Problem, prefix: Prefix, model: str, prefill: bool) -> list[Message]:
    """Return the messages that ask a model for a solution that begins with a prefix."""
    # A continuation repeats its solution's messages, which the server's prefix cache holds.
    messages = prompt_messages("solve_problem", model, question=problem.question)
    if prefix:
        text = join_steps(prefix)
        if prefill:
            messages.append({"role": "assistant", "content": text})
        else:
            # In words, a thought is gone on with as any other text.
            messages.append({"role": "assistant", "content": text.removeprefix(f"{THINK}\n")})
            messages += prompt_messages("continue_solution", model)
    return messages


def as_rollout(
    prefix: Prefix, completion: Completion, separator: str | None, with_thought: bool = False
) -> Rollout:
    """Return a completion as a rollout that is still to be graded.

    `with_thought` makes a thought, where there is one, part of the solution.
    """
    room = MOST_STEPS - len(prefix)
    if with_thought and (more := steps_with_thought(prefix, completion, separator, room)):
        answer = extract_answer(completion.text) if completion.whole else None
        return Rollout((*prefix, *more), None, answer, completion.completion_tokens)
    before = join_steps(prefix)
    text = completion.text.rstrip()
    text = text.lstrip("\n") if not prefix or before.endswith("\n") else text
    steps = (*prefix, *merge_steps(split_steps(text, separator), room))
    answer = extract_answer(before + text) if completion.whole else None
    return Rollout(steps, None, answer, completion.completion_tokens)


async def graded(problem: Problem, rollouts: Sequence[Rollout], grader: Grader) -> list[Rollout]:
    """Return the rollouts with their verdicts; one without an answer has none."""
    answers = _answers(rollouts)
    if problem.final_answer is None or not answers:
        return list(rollouts)
    same = await grader.same_each(problem.final_answer, answers)
    verdicts = dict(zip(answers, same, strict=True))
    return [r if r.answer is None else replace(r, verdict=verdicts[r.answer]) for r in rollouts]


def _answers(rollouts: Sequence[Rollout]) -> list[str]:
    return [rollout.answer for rollout in rollouts if rollout.answer is not None]


def _dropped(problem: Problem, code: ReasonCode, told: str) -> Problem:
    return replace(problem, status=Status.DROPPED, reason=Reason(code, told))
