"""Read a chat endpoint's reply as completions: text, thought, finish reason, tokens."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.faults import Fault, fault_of_error
from evolvemcts4rl.records import THINK, THOUGHT_ENDS, Completion

# The names that servers have for a natural end.
FINISHED = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_str"})
BROKEN_OFF = "error"
BYTES_PER_TOKEN = 3.5  # of UTF-8, roughly, in any language; used if the endpoint does not count
MOST_BYTES_PER_TOKEN = 20  # of a whole reply; beyond it, not all of its tokens were counted
MOST_TOKENS = 10**9  # of one reply; no endpoint has a context so long


def read_completions(
    content: bytes, question: ChatRequest, count: int, echoes: bool
) -> list[Completion]:
    """Return at most `count` completions of a reply with status 200, in the order of its choices.

    `echoes` says that the endpoint may repeat the prefix before the new text. The prompt's tokens
    are billed once a request, so the first completion carries them. A choice that is broken off
    beside whole ones has no verdict. Raises Fault if nothing usable was sent.
    """
    payload = _payload(content)
    listed = payload.get("choices")
    choices = (
        [choice for choice in listed if isinstance(choice, dict)]
        if isinstance(listed, list)
        else []
    )
    if all(isinstance(choice.get("index"), int) for choice in choices):
        choices.sort(key=lambda choice: choice["index"])
    if not choices:
        raise Fault("the reply has no choices")
    read = [_read_choice(choice, question, echoes) for choice in choices[:count]]
    if all(reason == BROKEN_OFF for _, _, reason in read):
        raise Fault("a choice of the reply is broken off")
    prompt_tokens, shares = _tokens(payload, read, question)
    return [
        Completion(text, reason, prompt_tokens if i == 0 else 0, share, thought)
        for i, ((text, thought, reason), share) in enumerate(zip(read, shares, strict=True))
    ]


def _payload(content: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        raise Fault("the reply is not JSON") from None
    if not isinstance(payload, dict):
        raise Fault("the reply is not a JSON object")
    error = payload.get("error")
    if error and not payload.get("choices"):
        # Some gateways answer 200 and put the upstream's status into the body.
        code = error.get("code") if isinstance(error, dict) else None
        raise fault_of_error(
            error, code if isinstance(code, int) and 400 <= code < 600 else None, {}
        )
    return payload


def _read_choice(
    choice: dict[str, Any], question: ChatRequest, echoes: bool
) -> tuple[str, str, str]:
    """Return text, thought and finish reason of one choice."""
    message = choice.get("message")
    reason = choice.get("finish_reason") or "stop"
    if not isinstance(message, dict) or not isinstance(reason, str) or reason == BROKEN_OFF:
        return "", "", BROKEN_OFF
    content, thought = _parts(message.get("content"))
    thought = (
        thought or _string(message.get("reasoning_content")) or _string(message.get("reasoning"))
    )
    content = _after_prefix(content, question.prefix) if echoes else content
    content, aloud = split_thought(content)
    reason = "stop" if reason in FINISHED else _sound(reason)
    if message.get("refusal") and not content:
        content, reason = str(message["refusal"]), "refusal"
    elif reason == "stop" and not content.strip():
        reason = "empty"
    return _sound(content), _sound(thought or aloud), reason


def split_thought(content: str) -> tuple[str, str]:
    """Return the text after the thought at its start, and the thought.

    The thought stands in `<think>…</think>`; either tag may be missing.
    """
    opened = content.lstrip()
    is_opened = opened.startswith(THINK)
    thought, closed, text = (opened.removeprefix(THINK) if is_opened else content).partition(
        THOUGHT_ENDS
    )
    return (text.lstrip(), thought.strip()) if closed or is_opened else (content, "")


def _parts(content: Any) -> tuple[str, str]:
    """Return text and thought of a `content`: a string, null, or a list of typed parts."""
    if not isinstance(content, list):
        return _string(content), ""
    texts, thoughts = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text":
            texts.append(_string(part.get("text")))
        elif kind in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("text") or part.get("reasoning")
            thoughts.append(_parts(inner)[0])
    return "".join(texts), "".join(thoughts)


def _after_prefix(content: str, prefix: str) -> str:
    """Return the content without the prefix, if the reply repeats it.

    Some chat templates trim the prefix's trailing white space.
    """
    for form in (prefix, prefix.rstrip()):
        if form and content.startswith(form):
            return content[len(form) :]
    return content


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _sound(text: str) -> str:
    """Return the text without lone surrogates (half an emoji), which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _tokens(
    payload: dict[str, Any], read: list[tuple[str, str, str]], question: ChatRequest
) -> tuple[int, list[int]]:
    """Return the prompt's tokens, and each choice's in proportion to its length."""
    usage = payload["usage"] if isinstance(payload.get("usage"), dict) else {}
    sizes = [len(text.encode()) + len(thought.encode()) for text, thought, _ in read]
    prompt, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if prompt is None:
        prompt = math.ceil(
            sum(len(m["content"].encode()) for m in question.messages) / BYTES_PER_TOKEN
        )
    uncounted = not (written and sizes[0]) and sum(sizes) > MOST_BYTES_PER_TOKEN * (written or 0)
    if written is None or uncounted:
        return prompt, [math.ceil(size / BYTES_PER_TOKEN) for size in sizes]
    if sum(sizes) == 0:
        return prompt, [written, *(0 for _ in sizes[1:])]
    if len(sizes) > 1 and sizes[0] and written and _counts_first_only(payload, sizes, written):
        most = int(question.sampling["max_tokens"])
        guesses = [min(most, round(written * size / sizes[0])) for size in sizes]
        return prompt, [
            most if read[i][2] == "length" else guess for i, guess in enumerate(guesses)
        ]
    return prompt, _shares(sizes, written)


def _count(value: Any) -> int | None:
    """Return the value if it is a plausible number of tokens, else None."""
    return value if isinstance(value, int) and 0 <= value <= MOST_TOKENS else None


def _counts_first_only(payload: dict[str, Any], sizes: list[int], written: int) -> bool:
    """Return whether `usage` counts the first choice alone, as llama.cpp's does.

    Its `timings` tell. Without them, the reading with the likelier number of bytes per token wins.
    """
    if isinstance(timings := payload.get("timings"), dict):
        return timings.get("predicted_n") == written
    all_of_them, first = (
        abs(math.log(size / written / BYTES_PER_TOKEN)) for size in (sum(sizes), sizes[0])
    )
    return first < all_of_them and sum(sizes) / written > BYTES_PER_TOKEN


def _shares(sizes: list[int], total: int) -> list[int]:
    """Return whole numbers that add up to the total, in proportion to the sizes."""
    ends = [round(total * sum(sizes[:i]) / sum(sizes)) for i in range(len(sizes) + 1)]
    return [after - before for before, after in pairwise(ends)]
