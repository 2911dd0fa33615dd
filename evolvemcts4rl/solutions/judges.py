"""Judges: other models, which name wrong steps (labels/judge.py) and answer problems themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evolvemcts4rl.errors import Refused
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.records import Completion, Message, Problem
from evolvemcts4rl.solutions.answer_certainty import SECOND_SOLUTIONS
from evolvemcts4rl.terminal import printable

log = logging.getLogger(__name__)

MAX_TOKENS = 4096  # a judge works each step out before it names one


class Chat(Protocol):
    """The part of chat.RoleChat that judges are asked through."""

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        """Return the n completions of these messages by its model."""


@dataclass(frozen=True)
class Judge:
    """A model that is asked, as `chat` knows it, with its name in the run's files."""

    name: str
    chat: Chat
    model: str
    prompts: PromptSettings = field(default_factory=PromptSettings)


async def own_answers(
    judges: Sequence[Judge], problem: Problem, answer_of: Callable[[str], str | None]
) -> list[list[str]]:
    """Return what each judge answers to the problem; raise EndpointError.

    `answer_of` reads the answer of a solution.
    """
    return await asyncio.gather(*(_answers_of(judge, problem, answer_of) for judge in judges))


async def _answers_of(
    judge: Judge, problem: Problem, answer_of: Callable[[str], str | None]
) -> list[str]:
    messages = prompt_messages(
        "solve_problem", judge.model, judge.prompts, question=problem.question
    )
    try:
        completions = await judge.chat.complete(
            messages,
            SECOND_SOLUTIONS,
            affinity_key=problem.question_id,
            max_tokens=MAX_TOKENS,
        )
    except Refused as error:  # the vote stands by itself
        log.warning("%s: no answer of %s: %s", problem.question_id, printable(judge.name), error)
        return []
    found = [answer_of(each.text) for each in completions if each.whole]
    return [answer for answer in found if answer is not None]
