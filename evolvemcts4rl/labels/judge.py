"""A second opinion: a language model reads each searched solution and names its first wrong step, without seeing our label.

The question is ProcessBench's (arXiv 2412.06559); keeping what both agree on is the consensus filter of arXiv 2501.07301.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Protocol

from evolvemcts4rl.errors import Refused
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.records import Completion, Message
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Node, Tree

log = logging.getLogger(__name__)

MAX_TOKENS = 4096  # a judge works each step out before it names one
_INDEX = re.compile(r"(?:(?<![A-Za-z])[-−])?\d+")
_UNBOXED = re.compile(rf"(?:^|(?:\bstep|\bindex)(?: is)?|boxed\{{)[\s:*_`]*({_INDEX.pattern})\W*$", re.IGNORECASE)
_LONGEST_INDEX = 6  # characters


class Chat(Protocol):
    """What the judge needs of chat.ChatClient."""

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
        """The n completions of these messages by this model."""


async def judge(tree: Tree, chat: Chat, settings: Settings) -> None:
    """Write the judge's verdict to the last node of every searched solution; it stays None where a reply names no step."""
    searched = [path for path in tree.solutions() if path[-1].searched]
    await asyncio.gather(*(_judge_solution(tree, path, chat, settings) for path in searched))


async def _judge_solution(tree: Tree, path: Sequence[Node], chat: Chat, settings: Settings) -> None:
    assert settings.judge_model is not None
    steps = "\n\n".join(f"<step_{index}>\n{node.text.strip()}\n</step_{index}>" for index, node in enumerate(path))
    messages = prompt_messages("judge_solution", settings.judge_model, question=tree.question, steps=steps)
    try:
        (reply,) = await chat.complete(
            messages,
            1,
            affinity_key=tree.question_id,
            model=settings.judge_model,
            temperature=0.0,
            max_tokens=MAX_TOKENS,
        )
    except Refused as error:  # which costs an opinion, not the search that it would have been of
        log.warning("%s: no opinion of the judge: %s", tree.question_id, error)
        return
    path[-1].judged_error = first_wrong_step(reply.text, len(path)) if reply.whole else None


def first_wrong_step(reply: str, num_steps: int) -> int | None:
    """The index in the reply's last \\boxed{}, or at the end of its last line; -1 for no wrong step, None off the format."""
    boxed = re.findall(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", reply)
    lines = reply.strip().splitlines()
    numbers = _INDEX.findall(boxed[-1]) if boxed else _UNBOXED.findall(lines[-1]) if lines else []
    if len(numbers) != 1 or len(numbers[0]) > _LONGEST_INDEX:
        return None
    index = int(numbers[0].replace("−", "-"))
    return index if -1 <= index < num_steps else None
