"""The messages that are passed up a tree: what is known of a prefix from all at and below it.

The states and chances are those of rates.py; belief.py keeps the messages of a tree up to date.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from evolvemcts4rl.labels.rates import (
    HARD_RIGHT,
    HARD_SHARE,
    LASTING,
    MENDED,
    RIGHT,
    STATES,
    Array,
    Rates,
    StepKey,
)

EASY_SHARE = 1 - HARD_SHARE
LOG_EASY, LOG_HARD = np.log([EASY_SHARE, HARD_SHARE])
KEPT = 1024  # messages, of some 8 KB each, that are kept for other nodes of which the same is known
# What follows makes no state less likely than this beside the likeliest: chances stay numbers.
LEAST_LOG = -600.0
# What is known of a prefix after which nothing was seen, as `_after_all` gives it.
NOTHING_AFTER = (
    np.ones((STATES, len(HARD_SHARE))),
    np.zeros_like(HARD_SHARE),
    np.array([HARD_SHARE, HARD_SHARE]),
)


class Message:
    """What is known of one prefix from what was seen at and below it."""

    __slots__ = ("_seen", "after", "again", "hard", "highest", "step", "total")

    def __init__(self, step: Array, after: Array, highest: Array, hard: Array) -> None:
        self.step = step  # the chances of the step and of what it says: (origins, to, cells)
        # How likely what follows is, given the state, beside the highest: (states, cells).
        self.after = after
        self.highest = highest  # a logarithm: (cells,)
        self.hard = hard  # the chance that a hard step follows a good prefix: (2, cells)
        # How likely both are, given the origin: (origins, cells).
        self.total: Array = (step * after).sum(axis=1)
        self.again: Array | None = None  # what the step's other draws say: (origins, cells)
        self._seen: Array | None = None

    @property
    def seen(self) -> Array:
        """Return the logarithm of the likelihood of all, given the origin: (origins, cells)."""
        if self._seen is None:
            self._seen = np.log(self.total)
            self._seen += self.highest
            if self.again is not None:
                self._seen += self.again
        return self._seen


def states_after(messages: Sequence[Message]) -> Array:
    """Return the chance of each prefix's state, given the origin: (messages, from, to, cells)."""
    chances = np.array([message.step for message in messages])
    chances *= np.array([message.after for message in messages])[:, None]
    chances /= np.array([message.total for message in messages])[:, :, None]
    return chances


def right_after(messages: Sequence[Message]) -> tuple[Array, Array]:
    """Return the chances that steps keep a prefix right, if they are easy and if they are hard.

    Shapes (messages, cells).
    """
    after = np.array([message.after[RIGHT] for message in messages])
    easy, hard = (
        np.array([message.step[origin, RIGHT] for message in messages])
        * after
        / np.array([message.total[origin] for message in messages])
        for origin in (RIGHT, HARD_RIGHT)
    )
    return easy, hard


class Messages:
    """Makes messages under certain rates.

    Those without a fork below are kept: many solutions end in steps of which the same is known.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._kept: dict[tuple[object, ...], Message] = {}

    def of(
        self,
        key: StepKey,
        draws: int,
        verdict: bool | None,
        opinion: float,
        scale: float,
        below: Sequence[Message],
    ) -> Message:
        """Return the message of a node from all that it depends on, beside the rates.

        `draws` is how many rollouts wrote the step, `verdict` that of a solution that ends with it,
        `opinion` what judges say of it, `scale` how much of what is `below`, the messages of its
        children, is believed.
        """
        if len(below) > 1:
            return self._make(key, draws, verdict, opinion, scale, below)
        known = (key, draws, verdict, opinion, scale, *below)
        message = self._kept.get(known)
        if message is None:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]  # the oldest
            message = self._make(key, draws, verdict, opinion, scale, below)
            self._kept[known] = message
        return message

    def _make(
        self,
        key: StepKey,
        draws: int,
        verdict: bool | None,
        opinion: float,
        scale: float,
        below: Sequence[Message],
    ) -> Message:
        step = self._rates.step(key)
        if opinion:
            step = step.copy()
            step[[RIGHT, HARD_RIGHT], LASTING:] *= np.exp(opinion)
        if len(below) == 1 and scale == 1 and verdict is None and below[0].again is None:
            message = Message(step, *_after_one(below[0]))
        else:
            message = Message(step, *self._after(verdict, scale, below))
        if draws > 1:
            message.again = (draws - 1) * self._again(key, message)
        return message

    def _after(
        self, verdict: bool | None, scale: float, below: Sequence[Message]
    ) -> tuple[Array, Array, Array]:
        """Return what is seen after a step: the last three parts of its message."""
        after, highest, hard = _after_all(below, scale) if below else NOTHING_AFTER
        if verdict is not None:
            after = after * self._rates.verdict(verdict)
        return after, highest, hard

    def _again(self, key: StepKey, message: Message) -> Array:
        """Return what it says of a step that it was drawn once more: (origins, cells).

        A text tells its state once; its other draws are samples of what the model does here.
        """
        # How likely the step is good from a good prefix and from a bad one, where good is mended.
        kept = message.step[RIGHT, RIGHT] * message.after[RIGHT] / message.total[RIGHT]
        mended = message.step[LASTING, MENDED] * message.after[MENDED] / message.total[LASTING]
        to_good, to_wrong = self._rates.again(key.level, key.corrects)
        either = (kept + mended) / 2
        again: Array = np.log(either * to_good + (1 - either) * to_wrong)
        return again


@functools.lru_cache(maxsize=2)
def messages_under(rates: Rates) -> Messages:
    """Return what makes messages under these rates."""
    return Messages(rates)


def of_problem(below: Sequence[Message], scale: float) -> tuple[Array, Array]:
    """Return the log-likelihood of all that was seen of a problem, and if its first step is hard.

    Shapes (cells,) and (2, cells). The problem itself is a right prefix.
    """
    if not below:
        return np.zeros_like(HARD_SHARE), NOTHING_AFTER[2]
    seen = _sum(below, scale)
    easy, hard = LOG_EASY + seen[:LASTING], LOG_HARD + seen[HARD_RIGHT:]
    either = np.logaddexp(easy, hard)
    return either[RIGHT], np.exp(hard - either)


def _after_all(below: Sequence[Message], scale: float) -> tuple[Array, Array, Array]:
    """Return what the messages of the next steps say of a prefix: see `Message.__init__`.

    That is how likely they are by its state, the logarithm of the highest chance, and if they are
    hard. A hard step is hard for all that was drawn after the prefix: many errors there do not
    speak against the prefix.
    """
    seen = _sum(below, scale)
    highest = seen.max(axis=0)
    seen -= highest
    np.maximum(seen, LEAST_LOG, out=seen)
    after, hard = _easy_or_hard(np.exp(seen, out=seen))
    return after, highest, hard


def _sum(below: Sequence[Message], scale: float) -> Array:
    total: Array = functools.reduce(np.add, [message.seen for message in below]) * scale
    return total


def _after_one(message: Message) -> tuple[Array, Array, Array]:
    """Return the same where a single next step was drawn, and once."""
    after, hard = _easy_or_hard(message.total)
    likeliest = after.max(axis=0)
    after /= likeliest
    return after, message.highest + np.log(likeliest), hard


def _easy_or_hard(likely: Array) -> tuple[Array, Array]:
    """Return how likely something is by the state before it, and if a hard step does it.

    Shapes (states, cells) and (2, cells); `likely` is by the origin, of shape (origins, cells).
    """
    hard: Array = HARD_SHARE * likely[HARD_RIGHT:]
    after: Array = likely[:STATES].copy()
    after[:LASTING] *= EASY_SHARE
    after[:LASTING] += hard
    hard /= after[:LASTING]
    return after, hard
