"""The messages that are passed up a tree: what is known of a prefix from all at and below it.

The states and chances are those of rates.py; belief.py keeps the messages of a tree up to date.
Those of many nodes are computed at once, since calls of numpy would take most of the time.
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
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
HARD, AFTER, TOTAL, OFFSET, END = 0, 2, 6, 12, 13
# What follows makes no state less likely than this beside the likeliest: chances stay numbers.
LEAST_LOG = -600.0
LEAST = math.exp(LEAST_LOG)
CHAIN, FORK, NOTHING = range(3)  # what is below a node


class Message:
    """What is known of one prefix from what was seen at and below it.

    Its likelihood, given the origin, is a row of TOTAL times the exponential of OFFSET and, where
    its step was drawn again, of what that says.
    """

    __slots__ = ("_block", "_seen", "_step", "drawn_once")

    def __init__(self, block: Array, step: Array, seen: Array | None) -> None:
        self._block = block  # one array a message, of shape (END, cells), to keep it small
        self._step = step  # chances of the step and of what it says: (origins, to, cells)
        self._seen = seen  # computed when it is asked for, but where the step was drawn again
        self.drawn_once = seen is None

    @property
    def seen(self) -> Array:
        """Return the logarithm of its likelihood, given the origin: (origins, cells)."""
        if self._seen is None:
            self._seen = np.log(self._block[TOTAL:OFFSET]) + self._block[OFFSET]
        return self._seen

    @property
    def hard(self) -> Array:
        """Return the chance that a hard step follows a right and a mended prefix: (2, cells)."""
        return self._block[HARD:AFTER]


def states_after(messages: Sequence[Message]) -> Array:
    """Return the chance of each prefix's state, given the origin: (messages, from, to, cells)."""
    blocks = np.array([message._block for message in messages])
    chances = np.array([message._step for message in messages])
    chances *= blocks[:, None, AFTER:TOTAL]
    chances /= blocks[:, TOTAL:OFFSET, None]
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

    @property
    def kind(self) -> int:
        """Return what is below: one step that was drawn once, anything else, or nothing."""
        if not self.below:
            return NOTHING
        once = len(self.below) == 1 and self.below[0].drawn_once and self.scale == 1
        return CHAIN if once else FORK


class Messages:
    """Makes messages under certain rates.

    Those without a fork below are kept: many solutions end in steps of which the same is known.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._kept: dict[Ask | int, Message] = {}

    def of(self, asks: Sequence[Ask]) -> list[Message]:
        """Return the messages of nodes none of which is below another one."""
        kept = self._kept
        # No two forks are alike: they are not compared.
        names = [ask if len(ask.below) < 2 else place for place, ask in enumerate(asks)]
        new = {name: ask for name, ask in zip(names, asks, strict=True) if name not in kept}
        made = self._make(new) if new else {}
        found = [made.get(name) or kept[name] for name in names]
        kept.update((name, made[name]) for name in made if isinstance(name, Ask))
        while len(kept) > KEPT:
            del kept[next(iter(kept))]  # the oldest
        return found

    def _make(self, new: Mapping[Ask | int, Ask]) -> dict[Ask | int, Message]:
        names = sorted(new, key=lambda name: new[name].kind)  # each kind is a slice of the arrays
        asks = [new[name] for name in names]
        steps = [self._step(ask) for ask in asks]
        chances, blocks = np.array(steps), self._below(asks)
        likely, total = blocks[:, AFTER:TOTAL], blocks[:, TOTAL:OFFSET]
        np.einsum("nijc,njc->nic", chances, likely, out=total)
        seen: list[Array | None] = [None] * len(asks)
        for place, all_draws in self._say_again(asks, chances, blocks):
            seen[place] = all_draws
        # Copies, so that one message does not keep all others of its making.
        made = [
            Message(block.copy(), step, says)
            for block, step, says in zip(blocks, steps, seen, strict=True)
        ]
        return dict(zip(names, made, strict=True))

    def _step(self, ask: Ask) -> Array:
        step = self._rates.step(ask.key)
        if ask.opinion:
            step = step.copy()
            step[[RIGHT, HARD_RIGHT], LASTING:] *= np.exp(ask.opinion)
        return step

    def _below(self, asks: Sequence[Ask]) -> Array:
        """Return the blocks of messages, all but TOTAL, which is still to be filled.

        AFTER says how likely what is below is, given the state, beside the likeliest one.
        """
        kinds = [ask.kind for ask in asks]
        forks, nothing = bisect_left(kinds, FORK), bisect_left(kinds, NOTHING)
        blocks = np.empty((len(asks), END, len(HARD_SHARE)))
        if forks:
            _follow([ask.below[0] for ask in asks[:forks]], blocks[:forks])
        if forks < nothing:
            seen = np.array([_sum(ask.below, ask.scale) for ask in asks[forks:nothing]])
            _tell(seen, blocks[forks:nothing])
        if nothing < len(asks):
            ends = blocks[nothing:]
            ends[:, HARD:AFTER], ends[:, AFTER:TOTAL], ends[:, OFFSET] = NOTHING_HARD, 1, 0
        for block, ask in zip(blocks, asks, strict=True):
            if ask.verdict is not None:
                block[AFTER:TOTAL] *= self._rates.verdict(ask.verdict)
        return blocks

    def _say_again(
        self, asks: Sequence[Ask], chances: Array, blocks: Array
    ) -> Iterator[tuple[int, Array]]:
        """Yield the places of steps that were drawn more than once, and the messages' `seen`.

        A text tells its state once; its other draws are samples of what the model does here.
        """
        places = [place for place, ask in enumerate(asks) if ask.draws > 1]
        if not places:
            return
        likely, total = blocks[places, AFTER:TOTAL], blocks[places, TOTAL:OFFSET]
        # How likely the step leads to a good prefix, from a right one and from a wrong one alike.
        good = sum(
            (chances[places, origin, :LASTING] * likely[:, :LASTING]).sum(axis=1) / total[:, origin]
            for origin in (RIGHT, LASTING)
        )
        either = (good / 2)[:, None]
        keys = [asks[place].key for place in places]
        known = [self._rates.again(key.level, key.corrects) for key in keys]
        to_good, to_wrong = np.array(known).swapaxes(0, 1)
        more = np.array([asks[place].draws - 1 for place in places])[:, None, None]
        says = more * np.log(either * to_good + (1 - either) * to_wrong)
        says += np.log(total) + blocks[places, OFFSET:]
        yield from zip(places, map(np.copy, says), strict=True)


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


def _follow(below: Sequence[Message], blocks: Array) -> None:
    """Fill the blocks of nodes that have one next step each, drawn once.

    Most nodes are such, and no logarithm is needed for them: nothing is tempered.
    """
    next_blocks = np.array([message._block for message in below])
    total, after = next_blocks[:, TOTAL:OFFSET], blocks[:, AFTER:TOTAL]
    hard = HARD_SHARE * total[:, HARD_RIGHT:]
    either = hard + (1 - HARD_SHARE) * total[:, :LASTING]
    np.divide(hard, either, out=blocks[:, HARD:AFTER])
    after[:, :LASTING], after[:, LASTING:] = either, total[:, LASTING:STATES]
    highest = after.max(axis=(1, 2), keepdims=True)
    after /= highest
    np.maximum(after, LEAST, out=after)
    np.add(next_blocks[:, OFFSET:], np.log(highest), out=blocks[:, OFFSET:])


def _tell(seen: Array, blocks: Array) -> None:
    """Fill the blocks of other nodes that go on, of which this was seen below."""
    after, blocks[:, HARD:AFTER] = _either(seen)
    highest = after.max(axis=1, keepdims=True)
    blocks[:, OFFSET:] = highest
    after -= highest
    np.exp(np.maximum(after, LEAST_LOG, out=after), out=blocks[:, AFTER:TOTAL])


def _either(seen: Array) -> tuple[Array, Array]:
    """Return the same of sums of messages: shape (…, origins, cells)."""
    easy = LOG_EASY + seen[..., :LASTING, :]
    hard = LOG_HARD + seen[..., HARD_RIGHT:, :]
    # What numpy's logaddexp does, with its slowest part done once.
    less = np.exp(-np.abs(hard - easy))
    either = np.maximum(easy, hard) + np.log(1 + less)
    share = np.where(hard > easy, 1, less) / (1 + less)
    return np.concatenate([either, seen[..., LASTING:STATES, :]], axis=-2), share
