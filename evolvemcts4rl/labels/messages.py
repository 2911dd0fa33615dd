"""The messages that are passed up a tree: what is known of a prefix from all at and below it.

The states and chances are those of rates.py; belief.py keeps the messages of a tree up to date.
Those of many nodes are computed at once, since calls of numpy would take most of the time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evolvemcts4rl.labels.rates import (
    HARD_RIGHT,
    HARD_SHARE,
    LASTING,
    RIGHT,
    STATES,
    Array,
    Rates,
    StepKey,
)

LOG_EASY, LOG_HARD = np.log([1 - HARD_SHARE, HARD_SHARE])
NOTHING_HARD = np.array([HARD_SHARE, HARD_SHARE])
KEPT = 1024  # messages, of 12 KB each, that are kept for other nodes of which the same is known
# Where each part of a message stands in its block: see the properties of Message.
SEEN, HARD, AFTER, TOTAL, END = 0, 6, 8, 12, 18
# What follows makes no state less likely than this beside the likeliest: chances stay numbers.
LEAST_LOG = -600.0


class Message:
    """What is known of one prefix from what was seen at and below it."""

    __slots__ = ("_block", "_step")

    def __init__(self, block: Array, step: Array) -> None:
        self._block = block  # one array a message, of shape (END, cells), to keep it small
        self._step = step  # chances of the step and of what it says: (origins, to, cells)

    @property
    def seen(self) -> Array:
        """Return the logarithm of its likelihood, given the origin: (origins, cells)."""
        return self._block[SEEN:HARD]

    @property
    def hard(self) -> Array:
        """Return the chance that a hard step follows a right and a mended prefix: (2, cells)."""
        return self._block[HARD:AFTER]


def states_after(messages: Sequence[Message]) -> Array:
    """Return the chance of each prefix's state, given the origin: (messages, from, to, cells)."""
    blocks = np.array([message._block for message in messages])
    chances = np.array([message._step for message in messages])
    chances *= blocks[:, None, AFTER:TOTAL]
    chances /= blocks[:, TOTAL:, None]
    return chances


def right_after(messages: Sequence[Message]) -> tuple[Array, Array]:
    """Return the chances that steps keep a prefix right, if they are easy and if they are hard.

    Shapes (messages, cells).
    """
    blocks = np.array([message._block for message in messages])
    after = blocks[:, AFTER + RIGHT]
    easy, hard = (
        np.array([message._step[origin, RIGHT] for message in messages])
        * after
        / blocks[:, TOTAL + origin]
        for origin in (RIGHT, HARD_RIGHT)
    )
    return easy, hard


class Ask(NamedTuple):
    """All that the message of a node depends on, beside the rates."""

    key: StepKey
    draws: int  # how many rollouts wrote the step
    verdict: bool | None
    opinion: float  # what judges say of the step
    scale: float  # how much of what is below is believed
    below: tuple[Message, ...]  # of the node's children


class Messages:
    """Makes messages under certain rates.

    Those without a fork below are kept: many solutions end in steps of which the same is known.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._kept: dict[Ask, Message] = {}

    def of(self, asks: Sequence[Ask]) -> list[Message]:
        """Return the messages of nodes none of which is below another one."""
        new = list(dict.fromkeys(ask for ask in asks if ask not in self._kept))
        made = dict(zip(new, self._make(new), strict=True)) if new else {}
        found = [made[ask] if ask in made else self._kept[ask] for ask in asks]
        for ask, message in made.items():
            if len(ask.below) < 2:
                self._kept[ask] = message
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]  # the oldest
        return found

    def _make(self, asks: Sequence[Ask]) -> list[Message]:
        steps = [self._step(ask) for ask in asks]
        blocks = np.empty((len(asks), END, len(HARD_SHARE)))
        after, blocks[:, HARD:AFTER] = self._after(asks)
        highest = after.max(axis=1, keepdims=True)
        likely = np.exp(np.maximum(after - highest, LEAST_LOG))
        joint = np.array(steps) * likely[:, None]
        total = joint.sum(axis=2)
        blocks[:, AFTER:TOTAL], blocks[:, TOTAL:] = likely, total
        blocks[:, SEEN:HARD] = np.log(total) + highest
        repeated = [place for place, ask in enumerate(asks) if ask.draws > 1]
        if repeated:
            shares = joint[repeated, :, :LASTING].sum(axis=2) / total[repeated]
            again = self._again([asks[place] for place in repeated], shares)
            blocks[repeated, SEEN:HARD] += again
        # Copies, so that one message does not keep all others of its making.
        return [Message(block.copy(), step) for block, step in zip(blocks, steps, strict=True)]

    def _step(self, ask: Ask) -> Array:
        step = self._rates.step(ask.key)
        if ask.opinion:
            step = step.copy()
            step[[RIGHT, HARD_RIGHT], LASTING:] *= np.exp(ask.opinion)
        return step

    def _after(self, asks: Sequence[Ask]) -> tuple[Array, Array]:
        """Return what is below nodes says of their state, and if a hard step follows.

        Shapes (asks, states, cells) and (asks, 2, cells).
        """
        after = np.zeros((len(asks), STATES, len(HARD_SHARE)))
        hard = np.empty((len(asks), 2, len(HARD_SHARE)))
        hard[:] = NOTHING_HARD
        inner = [place for place, ask in enumerate(asks) if ask.below]
        if inner:
            seen = np.array([_sum(asks[place].below, asks[place].scale) for place in inner])
            after[inner], hard[inner] = _either(seen)
        for place, ask in enumerate(asks):
            if ask.verdict is not None:
                after[place] += self._rates.verdict(ask.verdict)
        return after, hard

    def _again(self, asks: Sequence[Ask], good: Array) -> Array:
        """Return what it says of steps that they were drawn more than once: (asks, origins, cells).

        A text tells its state once; its other draws are samples of what the model does here. `good`
        is how likely it is good, given the origin, in the same shape.
        """
        either = ((good[:, RIGHT] + good[:, LASTING]) / 2)[:, None]
        known = [self._rates.again(ask.key.level, ask.key.corrects) for ask in asks]
        to_good, to_wrong = np.array(known).swapaxes(0, 1)
        more = np.array([ask.draws - 1 for ask in asks])[:, None, None]
        says: Array = more * np.log(either * to_good + (1 - either) * to_wrong)
        return says


@functools.lru_cache(maxsize=2)
def messages_under(rates: Rates) -> Messages:
    """Return what makes the messages of all trees under these rates."""
    return Messages(rates)


def gather(below: Sequence[Message], scale: float) -> tuple[Array, Array]:
    """Return what the messages of the next steps say of a prefix's state, and if these are hard.

    Shapes (states, cells) and (2, cells). A hard step is hard for all that was drawn after the
    prefix: many errors there do not speak against the prefix.
    """
    return _either(_sum(below, scale)) if below else (np.zeros((STATES, 1)), NOTHING_HARD)


def _sum(below: Sequence[Message], scale: float) -> Array:
    total: Array = functools.reduce(np.add, [message.seen for message in below]) * scale
    return total


def _either(seen: Array) -> tuple[Array, Array]:
    """Return the same of sums of messages: shape (…, origins, cells)."""
    easy = LOG_EASY + seen[..., :LASTING, :]
    hard = LOG_HARD + seen[..., HARD_RIGHT:, :]
    either = np.logaddexp(easy, hard)
    after = np.concatenate([either, seen[..., LASTING:STATES, :]], axis=-2)
    return after, np.exp(hard - either)
