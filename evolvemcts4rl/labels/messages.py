"""The messages that are passed up a tree: what is known of a prefix from all at and below it.

The states and chances are those of rates.py; belief.py keeps the messages of a tree up to date.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evolvemcts4rl.labels.rates import (
    HARD_RIGHT,
    HARD_SHARE,
    LASTING,
    RIGHT,
    SHARED_AGAIN,
    STATES,
    Array,
    Rates,
    StepKey,
)

LOG_EASY, LOG_HARD = np.log([1 - HARD_SHARE, HARD_SHARE])
NOTHING_HARD = np.array([HARD_SHARE, HARD_SHARE])


@dataclass(frozen=True, eq=False)
class Message:
    """What is known of one prefix from what was seen at and below it."""

    seen: Array  # logarithm of its likelihood, given the origin: (origins, cells)
    to: Array  # chance of the prefix's state, given the origin: (origins, to, cells)
    hard: Array  # chance that a hard step follows, if the prefix is right and if mended: (2, cells)


@functools.lru_cache(maxsize=4096)
def message_of(
    rates: Rates,
    key: StepKey,
    verdict: bool | None,
    opinion: float,
    scale: float,
    below: tuple[Message, ...],
) -> Message:
    """Return the message of a node from its own step and from the messages of its children.

    `opinion` is what judges say of the step, and `scale` how much of what is below is believed.
    """
    after, hard = gather(below, scale)
    if verdict is not None:
        after = after + rates.verdict(verdict)
    moves, says = rates.step(key)
    says = says + after
    if opinion:
        says[[RIGHT, HARD_RIGHT], LASTING:] += opinion
    joint, seen = _sum(moves + says)
    if key.draws > 1:
        # The text tells its state once; its other draws are samples of what the model does here.
        good = (joint[RIGHT, :LASTING].sum(axis=0) + joint[LASTING, :LASTING].sum(axis=0)) / 2
        chances = np.exp(moves)
        again = good * chances[:, :LASTING].sum(axis=1)
        wrong = chances[:, LASTING:].sum(axis=1)
        common = np.maximum(wrong, SHARED_AGAIN)
        again += (1 - good) * ((1 - rates.shared) * wrong + rates.shared * common)
        seen = seen + (key.draws - 1) * np.log(again)
    return Message(seen, joint, hard)


def gather(below: Sequence[Message], scale: float) -> tuple[Array, Array]:
    """Return what the messages of the next steps say of a prefix's state, and if these are hard.

    Shapes (states, cells) and (2, cells). A hard step is hard for all that was drawn after the
    prefix: many errors there do not speak against the prefix.
    """
    if not below:
        return np.zeros((STATES, 1)), NOTHING_HARD
    seen = functools.reduce(np.add, [message.seen for message in below]) * scale
    easy = LOG_EASY + seen[:LASTING]
    hard = LOG_HARD + seen[HARD_RIGHT:]
    either = np.logaddexp(easy, hard)
    return np.concatenate([either, seen[LASTING:STATES]]), np.exp(hard - either)


def _sum(logs: Array) -> tuple[Array, Array]:
    """Return the shares in a sum over states that are given as logarithms, and its logarithm."""
    highest = logs.max(axis=1)
    parts = np.exp(logs - highest[:, None])
    total = parts.sum(axis=1)
    return parts / total[:, None], np.log(total) + highest
