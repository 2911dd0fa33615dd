"""Second opinions: models that do not see our labels name the first wrong step of a solution.

The question is ProcessBench's (arXiv 2412.06559). What a verdict is worth is in judge_rates.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import re2

from evolvemcts4rl.errors import Refused
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.labels.labelling import certainty, is_labelled, up_to_first_error
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.records import Message
from evolvemcts4rl.solutions.judges import MAX_TOKENS, Judge
from evolvemcts4rl.terminal import printable
from evolvemcts4rl.tree import Node, Tree

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_REASONING = 8000  # characters of a judge's words that are kept; longer ones are not
_BOX = re2.compile(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_INDEX = re2.compile(r"[A-Za-z]?[-−]?[0-9]+")
# The hyphen of "step-1" is no sign: a sign stands at the beginning or after a space.
_UNBOXED = re2.compile(
    r"(?i)(?:(?:^|boxed\{)[\s:*_`]*([-−]?[0-9]+)"
    r"|\b(?:step|index)(?: is)?(?:[\s:*_`]+([-−]?[0-9]+)|([0-9]+)))"
    r"[^\pL\pN_]*$"
)
_LONGEST_INDEX = 6  # characters


@dataclass(frozen=True)
class Opinion:
    """What a judge said of a solution."""

    error: int | None  # the first wrong step, -1 for none; None where the reply names nothing
    text: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


async def judge(tree: Tree, judges: Sequence[Judge], most: int) -> None:
    """Write the judges' verdicts to the ends of at most so many of the tree's solutions."""
    paths = solutions_to_judge(tree, most)
    await asyncio.gather(*(_judge_solution(tree, path, each) for path in paths for each in judges))


def solutions_to_judge(tree: Tree, most: int) -> list[list[Node]]:
    """Return the solutions that judges are asked about, those with the least sure labels first.

    They are the searched ones, those with a right answer and those whose labels would be exported;
    of wrong ones that are the same up to their first error, one.
    """
    chosen: dict[Node, list[Node]] = {}
    for path in tree.solutions():
        if is_labelled(path):
            steps, _ = up_to_first_error(path)
            chosen.setdefault(path[len(steps) - 1], path)
        elif path[-1].searched or path[-1].correct:
            chosen[path[-1]] = path
    return sorted(chosen.values(), key=certainty)[:most]


async def _judge_solution(tree: Tree, path: Sequence[Node], judge: Judge) -> None:
    opinion = await ask(judge, tree.question_id, tree.question, [node.text for node in path])
    spent = tree.judge_tokens.setdefault(judge.name, [0, 0])
    spent[0] += opinion.prompt_tokens
    spent[1] += opinion.completion_tokens
    if opinion.error is not None:
        end = path[-1]
        end.judgements = _with(end.judgements, judge.name, opinion.error)
        if opinion.text and len(opinion.text) <= MAX_REASONING:
            end.judge_reasoning = _with(end.judge_reasoning, judge.name, opinion.text)


def _with(before: dict[str, T] | None, name: str, value: T) -> dict[str, T]:
    """Return the entries in order of their names, whichever judge replied first."""
    return dict(sorted({**(before or {}), name: value}.items()))


def judge_messages(
    model: str, prompts: PromptSettings, question: str, steps: Sequence[str]
) -> list[Message]:
    """Return what a judge is asked about a solution."""
    numbered = "\n\n".join(
        f"<step_{index}>\n{step.strip()}\n</step_{index}>" for index, step in enumerate(steps)
    )
    return prompt_messages("judge_solution", model, prompts, question=question, steps=numbered)


async def ask(judge: Judge, question_id: str, question: str, steps: Sequence[str]) -> Opinion:
    """Return a judge's opinion of a solution; raise EndpointError."""
    messages = judge_messages(judge.model, judge.prompts, question, steps)
    try:
        (reply,) = await judge.chat.complete(
            messages,
            1,
            affinity_key=question_id,
            temperature=0.0,
            max_tokens=MAX_TOKENS,
        )
    except Refused as error:  # the labels of the search hold without a second opinion
        log.warning("%s: no opinion of %s: %s", question_id, printable(judge.name), error)
        return Opinion(None)
    verdict = first_wrong_step(reply.text, len(steps)) if reply.whole else None
    return Opinion(verdict, reply.text, reply.prompt_tokens, reply.completion_tokens)


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
