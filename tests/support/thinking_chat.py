"""A chat endpoint over the toy world that thinks: it solves in a thought and then answers.

It goes on inside a thought as llama.cpp takes it (`reasoning_content` with
`continue_final_message`), or as vLLM does (`<think>` in the assistant's own text).
"""

from __future__ import annotations

import random
from typing import Any

from benchmarks.toy_world import Model, continue_solution
from tests.support.loopback import Ask, Handler, Reply, chat_reply, error_reply
from tests.support.toy_chat import hash_of, problem_in

PARAGRAPH = "\n\n"


def thinking_handler(model: Model, apart: bool = True) -> Handler:
    """Return the handler; `apart` says whether replies hold the thought in a field of its own."""

    def handler(ask: Ask) -> Reply:
        asked = ask.body["messages"]
        key, start, _ = ask.headers["idempotency-key"].split("-")
        prefix = thought_to_continue(ask.body)
        if prefix is None:
            return error_reply(400, "prefill is incompatible with enable_thinking")
        indices = range(int(start), int(start) + (ask.body.get("n") or 1))
        said = [_think(asked, prefix, model, hash_of(key, index)) for index in indices]
        reply = chat_reply(*(text for _, text in said))
        for choice, (thought, text) in zip(reply["choices"], said, strict=True):
            if apart:
                choice["message"]["reasoning_content"] = thought
            else:
                opening = "" if prefix else "<think>\n"
                choice["message"]["content"] = f"{opening}{thought}\n</think>\n\n{text}"
        return Reply(body=reply)

    return handler


def thought_to_continue(body: dict[str, Any]) -> str | None:
    """Return the unfinished thought of a request, "" for none; None where it is refused."""
    last = body["messages"][-1]
    if last["role"] != "assistant":
        return ""
    continued = body.get("continue_final_message")
    if continued == "reasoning_content" and not last["content"]:
        return str(last["reasoning_content"])
    if continued is True and last["content"].startswith("<think>\n"):
        return str(last["content"].removeprefix("<think>\n"))
    return None


def _think(messages: list[dict[str, str]], prefix: str, model: Model, seed: int) -> tuple[str, str]:
    """Return the thought after the prefix, and the answer."""
    if "Start with" not in messages[0]["content"]:
        return "They greet me.", "OK."
    problem = problem_in(messages[0]["content"])
    before = tuple(part + PARAGRAPH for part in prefix.split(PARAGRAPH) if part.strip())
    steps = continue_solution(problem, before, model, random.Random(seed)).steps[len(before) :]
    return PARAGRAPH.join(step.strip() for step in steps[:-1]), steps[-1]
