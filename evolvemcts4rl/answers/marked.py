"""What a completion marks as its final answer, as it is written there: in a box or in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import re2

from evolvemcts4rl.answers.latex import boxes_in

HASHES = re2.compile(r"####[ \t]*([^\s#][^\n]*)")
ANNOUNCED = re2.compile(
    r"(?i)\b(?:answer|(?:correct|right|best) (?:option|choice|one))\b[*_]{0,3}"
    r"(?:[ \t]{1,5}(?:is|would be|must be)\b|[ \t]{0,5}[=:：])"
    r"(?:[ \t]{0,5}[:：])?[ \t*_]{0,10}\n{0,2}([^\n]+)"
)


def marked_answers(text: str) -> Iterator[str]:
    r"""Yield what stands in the last \boxed{}, after the last ####, after the last "answer is"."""
    if boxes := boxes_in(text):
        yield boxes[-1].content
    for pattern in (HASHES, ANNOUNCED):
        for last in deque(pattern.finditer(text), maxlen=1):
            yield last[1].strip("*_ \t")


def marked_answer(text: str) -> str | None:
    """Return the first of `marked_answers`, without the full stop of a sentence; None without."""
    for marked in marked_answers(text):
        if answer := _without_wrapping(marked):
            return answer
    return None


def _without_wrapping(marked: str) -> str:
    r"""Return an answer without a last full stop, its formula signs and its \text{}."""
    answer = marked.removesuffix(".").strip("*_ \t")
    for opening, closing in (("$", "$"), ("\\(", "\\)"), ("\\text{", "}"), ("`", "`")):
        inner = answer[len(opening) : len(answer) - len(closing)]
        if answer.startswith(opening) and answer.endswith(closing) and closing not in inner:
            answer = inner.strip()
    return answer
