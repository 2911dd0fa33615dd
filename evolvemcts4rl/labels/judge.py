"""A second opinion: a model that does not see our labels names the first wrong step.

The question is ProcessBench's (arXiv 2412.06559); keeping what both agree on is the consensus
filter of arXiv 2501.07301.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import re2

from evolvemcts4rl.errors import Refused
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.records import Completion, Message
from evolvemcts4rl.tree import Node, Tree

log = logging.getLogger(__name__)

MAX_TOKENS = 4096  # a judge works each step out before it names one
_BOX = re2.compile(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_INDEX = re2.compile(r"[A-Za-z]?[-−]?[0-9]+")
# The hyphen of "step-1" is no sign: a sign stands at the beginning or after a space.
_UNBOXED = re2.compile(
    r"(?i)(?:(?:^|boxed\{)[\s:*_`]*([-−]?[0-9]+)"
    r"|\b(?:step|index)(?: is)?(?:[\s:*_`]+([-−]?[0-9]+)|([0-9]+)))"
    r"[^\pL\pN_]*$"
)
_LONGEST_INDEX = 6  # characters


class Chat(Protocol):
    """The part of chat.ChatClient that the judge uses."""

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        affinity_key: str = "",
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        """Return the n completions of these messages by this model."""


async def judge(tree: Tree, chat: Chat, model: str) -> None:
    """Write the first wrong step that the judge names to the end of each searched solution."""
    searched = [path for path in tree.solutions() if path[-1].searched]
    await asyncio.gather(*(_judge_solution(tree, path, chat, model) for path in searched))


async def _judge_solution(tree: Tree, path: Sequence[Node], chat: Chat, model: str) -> None:
    steps = "\n\n".join(
        f"<step_{index}>\n{node.text.strip()}\n</step_{index}>" for index, node in enumerate(path)
    )
    messages = prompt_messages("judge_solution", model, question=tree.question, steps=steps)
    try:
        (reply,) = await chat.complete(
            messages,
            1,
            affinity_key=tree.question_id,
            model=model,
            temperature=0.0,
            max_tokens=MAX_TOKENS,
        )
    except Refused as error:  # the labels of the search hold without a second opinion
        log.warning("%s: no opinion of the judge: %s", tree.question_id, error)
        return
    path[-1].judged_error = first_wrong_step(reply.text, len(path)) if reply.whole else None


def first_wrong_step(reply: str, num_steps: int) -> int | None:
    r"""Return the index in the reply's last \boxed{}, or at the end of its last line.

    -1 says that no step is wrong. None where the reply does not follow the format or names a step
    that is not there.
    """
    boxed = _BOX.findall(reply)
    numbers = _numbers(boxed[-1]) if boxed else _number_at_end(reply)
    if len(numbers) != 1 or len(numbers[0]) > _LONGEST_INDEX:
        return None
    index = int(numbers[0].replace("−", "-"))
    return index if -1 <= index < num_steps else None


def _numbers(text: str) -> list[str]:
    """Return the numbers of a text; a minus that follows a letter is a hyphen and no sign."""
    found = _INDEX.findall(text)
    return [number[1:].lstrip("-−") if number[0].isalpha() else number for number in found]


def _number_at_end(reply: str) -> list[str]:
    lines = reply.strip().splitlines()
    found = _UNBOXED.search(lines[-1]) if lines else None
    return [found[1] or found[2] or found[3]] if found else []
