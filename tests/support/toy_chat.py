"""A chat endpoint over the toy world: it solves, continues, evolves and judges.

Every label can be checked there. What it answers is a function of what is asked and of the
completion's index (both stand in the Idempotency-Key), so that a run that was cut off and went on,
or that asked for fewer at a time, can be compared with one that was not.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence

from benchmarks.toy_world import Model, ToyProblem, continue_solution, first_error, make_problem
from tests.support.loopback import Ask, Handler, Reply, chat_reply

SIGNS = {"+": "add", "-": "subtract", "*": "multiply by"}
_QUESTION = re.compile(r"Start with (\d+)\. Then (.*?)\. After a multiplication")
JUDGE_ERRS = 0.2
_STEP = re.compile(r"<step_\d+>\n(.*?)\n</step_\d+>", re.DOTALL)
_OPERATION = re.compile(r"(add|subtract|multiply by) (\d+)")


def question_of(problem: ToyProblem, story: str = "") -> str:
    """Return the problem in words, after a story that has nothing to do with it."""
    operations = ", ".join(f"{SIGNS[sign]} {number}" for sign, number in problem.operations)
    return (
        f"{story}Start with {problem.start}. Then {operations}. "
        "After a multiplication keep the remainder modulo 997. What is the total?"
    )


def problem_in(text: str) -> ToyProblem:
    """Return the last problem that stands in a text, as question_of words it."""
    start, operations = _QUESTION.findall(text)[-1]
    words = {word: sign for sign, word in SIGNS.items()}
    parsed = tuple((words[word], int(number)) for word, number in _OPERATION.findall(operations))
    return ToyProblem(int(start), parsed, hash_of(text) % len(parsed))


def hash_of(*parts: object) -> int:
    """Return a number that is the same in every process."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")


def toy_handler(model: Model, delay: float = 0.0) -> Handler:
    """Return the handler with which a Loopback serves the toy world."""

    def handler(ask: Ask) -> Reply:
        messages = ask.body["messages"]
        key, start, _ = ask.headers["idempotency-key"].split("-")
        indices = range(int(start), int(start) + (ask.body.get("n") or 1))
        texts = [_write(messages, model, random.Random(hash_of(key, i, messages))) for i in indices]
        return Reply(body=chat_reply(*texts), delay=delay)

    return handler


def _write(messages: Sequence[dict[str, str]], model: Model, rng: random.Random) -> str:
    asked = next((m["content"] for m in messages if _QUESTION.search(m["content"])), None)
    if asked is None:
        return "Yes?"
    if "<step_0>" in messages[-1]["content"]:
        error = first_error(problem_in(asked), tuple(_STEP.findall(messages[-1]["content"])))
        if rng.random() < JUDGE_ERRS:
            error = 0
        return f"I checked each step. \\boxed{{{-1 if error is None else error}}}"
    if "<problem>" in messages[-1]["content"]:
        # Problems of the same words with other numbers count as one: each needs words of its own.
        story = " ".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(30))
        return f"<problem>{question_of(make_problem(rng), f'Once {story}. ')}</problem>"
    partial = next((m["content"] for m in reversed(messages) if m["role"] == "assistant"), "")
    prefix = tuple(part + "\n\n" for part in partial.split("\n\n") if part)
    problem = problem_in(asked)
    return "\n\n".join(continue_solution(problem, prefix, model, rng).steps[len(prefix) :])
