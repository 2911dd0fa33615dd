"""Give a problem the answer of most of its solutions, and tell how sure that answer is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.answer_certainty import (
    ENOUGH_WITH_SECOND,
    AnswerCertainty,
    Candidate,
    second_opinion,
)
from evolvemcts4rl.solutions.equations import stated_equations
from evolvemcts4rl.solutions.judges import Judge, own_answers
from evolvemcts4rl.solutions.rollouts import answers_of


@dataclass(frozen=True)
class Voting:
    """Holds the votes of a run's solutions under its settings."""

    grader: Grader
    settings: Settings
    judges: Sequence[Judge]  # who are asked for their own answers beside the voted one

    async def answered(self, problem: Problem, rollouts: Sequence[Rollout]) -> Problem:
        """Return the problem with the answer of most solutions, or dropped with the reason.

        It is dropped where fewer than half of the solutions come to an answer (one that is cut off
        could not vote), where the first place is tied, the share is under --agreement, or the
        answer is too doubtful. Raises EndpointError.
        """
        answers = answers_of(rollouts)
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
        problem = await self._with_certainty(problem, answer, rollouts)
        if (problem.p_answer or 0) < self._least_p_answer:
            told = (
                f"the chance that its voted answer is right, {problem.p_answer:.2f}, is under "
                f"--min_p_answer {self._least_p_answer:g}"
            )
            return _dropped(problem, ReasonCode.DOUBTFUL_ANSWER, told)
        return replace(problem, final_answer=answer, vote_agrees=True)

    async def with_vote(self, problem: Problem, rollouts: Sequence[Rollout]) -> Problem:
        """Return the problem with what its solutions vote for, beside the answer that it states."""
        answers = answers_of(rollouts)
        voted, share = await self.grader.vote(answers, problem.final_answer)
        agrees = None
        if voted is not None and problem.final_answer is not None:
            agrees = await self.grader.same(problem.final_answer, voted)
        equations = None
        if voted is not None:
            equations = await self._false_equations(voted, rollouts)
        return replace(
            problem,
            voted_answer=voted,
            agreement=round(share, 4),
            vote_agrees=agrees,
            false_equations=equations,
            p_answer=1.0,
        )

    @property
    def _least_p_answer(self) -> float:
        least = self.settings.evolution.min_p_answer
        if least is None:
            return ENOUGH_WITH_SECOND if self.judges else 0.0
        return least

    async def _with_certainty(
        self, problem: Problem, answer: str, rollouts: Sequence[Rollout]
    ) -> Problem:
        """Return the problem with how sure its voted answer is, and with what speaks of that."""
        answers = answers_of(rollouts)
        others = await own_answers(
            self.judges, problem, partial(self.grader.answer_of, problem.question)
        )
        opinion = await self._second_opinion(answer, answers, others) if any(others) else None
        problem = replace(
            problem,
            false_equations=await self._false_equations(answer, rollouts),
            second_opinion=None if opinion is None else round(opinion, 4),
        )
        chance = AnswerCertainty().of_voted(problem, self.settings.search.num_solutions)
        return replace(problem, p_answer=chance)

    async def _second_opinion(
        self, answer: str, answers: Sequence[str], others: Sequence[Sequence[str]]
    ) -> float:
        """Return what other models' answers say of the voted one, beside its rivals."""
        candidates, forms = [], [answer, *(form for one in others for form in one), *answers]
        while forms:
            everyone = [answers, *others]
            same = [await self.grader.same_each(forms[0], each) for each in everyone]
            votes, *seconds = (sum(each) for each in same)
            candidates.append(Candidate(votes, tuple(seconds)))
            known = await self.grader.same_each(forms[0], forms)
            first, *rest = zip(forms, known, strict=True)
            forms = [form for form, is_known in rest if not is_known and form != first[0]]
        return second_opinion(candidates, [len(one) for one in others])

    async def _false_equations(self, answer: str, rollouts: Sequence[Rollout]) -> float | None:
        """Return the share of the solutions with this answer that state a false equation."""
        given = [rollout for rollout in rollouts if rollout.answer is not None]
        same = await self.grader.same_each(answer, answers_of(rollouts))
        voting = [rollout for rollout, agrees in zip(given, same, strict=True) if agrees]
        if not voting:
            return None
        false = sum(
            not all(verdict for step in rollout.steps for verdict in stated_equations(step))
            for rollout in voting
        )
        return round(false / len(voting), 4)


def _dropped(problem: Problem, code: ReasonCode, told: str) -> Problem:
    return replace(problem, status=Status.DROPPED, reason=Reason(code, told))
