"""Ask the model to solve a problem, from its start or from a prefix, and read its completions as rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from evolvemcts4rl.answers.extract import extract_answer
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import Completion, Message, Prefix, Problem, Rollout, RolloutSampler
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.steps import join_steps, merge_steps, split_steps

# Arrow, and with it datasets, reads no JSON that is nested deeper than a tree of 30 steps.
MOST_STEPS = 28
# With so many solutions, of so many problems, and --step_separator in none of them, it will be in none.
UNSEPARATED_SOLUTIONS, UNSEPARATED_PROBLEMS = 32, 4


class Chat(Protocol):
    """What the solver needs of chat.ChatClient."""

    @property
    def prefill(self) -> bool:
        """Whether a last assistant message is continued."""

    async def complete(
        self, messages: list[Message], n: int, *, start: int = 0, affinity_key: str = ""
    ) -> list[Completion]:
        """The n completions of index start, start + 1, … of these messages."""


@dataclass
class SeparatorWatch:
    """Sees to it that a --step_separator which the model does not write ends the run before much is bought."""

    found: bool = False
    solutions: int = 0
    problems: set[str] = field(default_factory=set)

    def look(self, separator: str | None, question_id: str, texts: Sequence[str]) -> None:
        """Look for the separator in a problem's first solutions. Raises UserError once it was in none of many."""
        self.found = self.found or separator is None or any(separator in text for text in texts)
        if self.found or question_id in self.problems:
            return
        self.problems.add(question_id)
        self.solutions += len(texts)
        if self.solutions >= UNSEPARATED_SOLUTIONS and len(self.problems) >= UNSEPARATED_PROBLEMS:
            raise UserError(
                f"--step_separator {separator!r} occurs in none of the first {self.solutions} solutions, so that each "
                "would be a single step: give a text that ends the model's steps, or leave the flag out and start "
                "with --overwrite."
            )


@dataclass(frozen=True)
class Solver:
    """Solves problems with one chat model under one run's settings."""

    chat: Chat
    grader: Grader
    settings: Settings
    separator_watch: SeparatorWatch = field(default_factory=SeparatorWatch)

    async def vote(self, problem: Problem) -> Problem:
        """The problem with the answer that its first solutions vote for, or "dropped" with the reason.

        Dropped where fewer than half of the solutions come to an answer (those that are cut off could not vote), where the
        first place is tied, or the majority's share is under --agreement. Raises EndpointError.
        """
        completions = await self._first_completions(problem)
        answers = [answer for c in completions if c.whole and (answer := extract_answer(c.text)) is not None]
        answer, share = await self.grader.vote(answers)
        problem = replace(problem, voted_answer=answer, agreement=round(share, 4))
        if 2 * len(answers) < len(completions):
            told = f"only {len(answers)} of its {len(completions)} solutions came to an answer"
            return replace(problem, status=Status.DROPPED, reason=Reason(ReasonCode.FEW_ANSWERS, told))
        if answer is None or share < self.settings.agreement:
            why = "tied" if answer is None else f"under --agreement {self.settings.agreement:g}"
            told = f"the majority's share of the answers, {share:.2f}, is {why}"
            return replace(problem, status=Status.DROPPED, reason=Reason(ReasonCode.THIN_MAJORITY, told))
        return replace(problem, final_answer=answer)

    async def first_solutions(self, problem: Problem) -> tuple[Problem, list[Rollout]]:
        """The problem with its solve rate and vote, and its first solutions; status "not_searched" where the gate is shut.

        It is, too, where not one solution came to an answer: asked again, the journal would give the same ones. Raises
        EndpointError.
        """
        rollouts = await self._read(problem, (), await self._first_completions(problem))
        verdicts = [rollout.verdict for rollout in rollouts if rollout.verdict is not None]
        if not verdicts:
            told = ReasonCode.NO_ANSWERS.sentence.replace("its", f"its {len(rollouts)}", 1)
            return replace(problem, status=Status.NOT_SEARCHED, reason=Reason(ReasonCode.NO_ANSWERS, told)), rollouts
        rate = sum(verdicts) / len(verdicts)
        answers = [rollout.answer for rollout in rollouts if rollout.answer is not None]
        voted, share = await self.grader.vote(answers, problem.final_answer)
        agrees = await self.grader.same(problem.final_answer or "", voted) if voted is not None else None
        problem = replace(problem, solve_rate=round(rate, 4), voted_answer=voted, agreement=round(share, 4))
        problem = replace(problem, vote_agrees=agrees)
        reason = self._reason_not_to_search(rate, len(verdicts))
        status = Status.NOT_SEARCHED if reason else Status.SEARCHED
        return replace(problem, status=status, reason=reason), rollouts

    def first_messages(self, problem: Problem) -> list[Message]:
        """What its first solutions are asked for with."""
        return self._messages(problem, ())

    def rollout_sampler(self, problem: Problem) -> RolloutSampler:
        """What mcts.search asks for rollouts of this problem."""

        async def sample(prefix: Prefix, count: int, start: int) -> list[Rollout]:
            messages = self._messages(problem, prefix)
            completions = await self.chat.complete(messages, count, start=start, affinity_key=problem.question_id)
            return await self._read(problem, prefix, completions)

        return sample

    def _reason_not_to_search(self, rate: float, judged: int) -> Reason | None:
        """Return why a problem of this solve rate is not searched, or None."""
        least, most = self.settings.min_solve_rate, self.settings.max_solve_rate
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
        """A continuation's messages begin with those of the solution that it continues: the server's prefix cache counts on it."""
        model = self.settings.model_name
        messages = prompt_messages("solve_problem", model, question=problem.question)
        if prefix:
            messages.append({"role": "assistant", "content": join_steps(prefix)})
            if not self.chat.prefill:
                messages += prompt_messages("continue_solution", model)
        return messages

    async def _first_completions(self, problem: Problem) -> list[Completion]:
        count = self.settings.num_solutions
        completions = await self.chat.complete(self._messages(problem, ()), count, affinity_key=problem.question_id)
        texts = [completion.text for completion in completions if completion.whole]
        self.separator_watch.look(self.settings.step_separator, problem.question_id, texts)
        return completions

    async def _read(self, problem: Problem, prefix: Prefix, completions: Sequence[Completion]) -> list[Rollout]:
        rollouts = [self._rollout(prefix, completion) for completion in completions]
        answers = [rollout.answer for rollout in rollouts if rollout.answer is not None]
        if problem.final_answer is None or not answers:
            return rollouts
        verdicts = dict(zip(answers, await self.grader.same_each(problem.final_answer, answers), strict=True))
        return [r if r.answer is None else replace(r, verdict=verdicts[r.answer]) for r in rollouts]

    def _rollout(self, prefix: Prefix, completion: Completion) -> Rollout:
        """A completion before its answer is judged. One that is not whole or comes to no answer will have no verdict."""
        before = join_steps(prefix)
        text = completion.text.rstrip()
        text = text.lstrip("\n") if not prefix or before.endswith("\n") else text
        steps = (*prefix, *merge_steps(split_steps(text, self.settings.step_separator), MOST_STEPS - len(prefix)))
        answer = extract_answer(before + text) if completion.whole else None
        return Rollout(steps, None, answer, completion.completion_tokens)
