"""The belief over which steps of a problem's tree are right, by exact inference in a small hidden Markov model.

Every prefix of the tree is in one of three states: *right* (every step up to here is right), *wrong* (an error is being
carried along), or *mended* (there was an error, and a later step came back from it). A step leads from right to wrong
with the slip rate and from wrong to mended with the recovery rate; a solution's answer is right when its last state is
right or mended. The states are hidden; the answers' verdicts and the steps that announce a correction are seen. Messages
passed along the tree give each prefix its probability of being right from all rollouts that pass through it, each in the
way that is valid for it: a rollout is a fair sample only of the steps that it wrote itself.

What comes after a prefix cannot tell right from mended, so that the messages know two kinds of prefix only, good and
wrong. A prefix is right when it is good at every step of the way.

None of the rates is known. They are laid out on a grid, and every problem weighs its cells by its own rollouts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
from numpy.typing import NDArray

from records import Node, Tree

Array = NDArray[np.float64]
GOOD, WRONG = 0, 1

# The grid: all values equally likely beforehand, each about twice the one before, from hardly ever to as often as not.
SLIPS = (0.01, 0.03, 0.07, 0.14, 0.27, 0.5)  # chance of an error, per step
RECOVERIES = (0.02, 0.06, 0.14, 0.3)  # chance of coming back from one without a word, per step
ANNOUNCEMENTS = (0.03, 0.15)  # chance that a step from a wrong prefix announces a correction …
SLIP, RECOVERY, ANNOUNCED = np.array(list(product(SLIPS, RECOVERIES, ANNOUNCEMENTS))).T

ANNOUNCED_WELL = 0.8  # … and that the announced correction is one
ANNOUNCED_FALSELY = 0.005  # chance of the same words where nothing was wrong
MISGRADED = 0.002  # a right solution whose answer is judged wrong
LUCKY = 0.02  # a wrong one whose answer is right all the same

_VERDICT = {
    True: np.log([[1 - MISGRADED], [LUCKY]]),
    False: np.log([[MISGRADED], [1 - LUCKY]]),
    None: np.zeros((2, 1)),
}


@functools.cache
def step_chances(draws: int, announced: bool) -> Array:
    """Logarithm of the chances of a step that was sampled `draws` times: (2 from, 2 to, cells).

    Samples of the same text share their state, so each of them speaks for the state that is more likely. But that they
    coincide must not pass for evidence that the rates are low: for the rates, a text counts once, however often drawn.
    """
    chances = np.array([[1 - SLIP, SLIP], [RECOVERY, 1 - RECOVERY]])
    words = np.array([np.full_like(SLIP, 1 - ANNOUNCED_FALSELY), 1 - ANNOUNCED])
    if announced:
        chances[WRONG, GOOD], chances[WRONG, WRONG] = ANNOUNCED_WELL, 1 - ANNOUNCED_WELL
        words = 1 - words
    together = chances**draws
    coincide = together.sum(axis=1) ** (1 - 1 / draws)
    return np.log(words[:, None] * together / coincide[:, None])


@dataclass(frozen=True)
class _Messages:
    """What is known of one prefix from what was seen at and below it; both have the shape (2, cells)."""

    seen: Array  # logarithm of its likelihood, given the state of the prefix before
    good: Array  # chance that the prefix is good, given the state of the prefix before


class Belief:
    """The belief over one problem's tree, which is empty yet. `announces`: does a step announce a correction?"""

    def __init__(self, tree: Tree, announces: Callable[[str], bool]) -> None:
        self._root = tree.root
        self._announces = announces
        self._drawn: dict[Node, int] = {}  # how many rollouts wrote this step themselves
        self._messages: dict[Node, _Messages] = {}  # of the nodes below which nothing has been added since

    def add(self, path: Sequence[Node], start: int) -> None:
        """Take in a rollout that has just entered the tree and wrote the steps of `path` after the first `start` ones."""
        for node in path[start:]:
            self._drawn[node] = self._drawn.get(node, 0) + 1
        for node in path:
            self._messages.pop(node, None)

    def along(self, path: Sequence[Node]) -> Array:
        """Chance that every step up to each node of the path is right: shape (len(path),), never rising."""
        right, _ = self.by_cell(path)
        return right @ self._weights()

    def everywhere(self) -> dict[Node, float]:
        """The same for every node of the tree but the root."""
        weights, beliefs = self._weights(), {}
        stack = [(child, np.ones_like(SLIP)) for child in self._root.children]
        while stack:
            node, right = stack.pop()
            right = right * self._messages[node].good[GOOD]
            beliefs[node] = float(right @ weights)
            stack.extend((child, right) for child in node.children)
        return beliefs

    def telling(self, path: Sequence[Node], rollouts: int) -> Array:
        """What `rollouts` from each proper prefix of the path would tell: bits about the first error, shape (len(path) - 1,).

        The expected fall in entropy of "the prefix is right", which is all that such rollouts speak of.
        """
        right, good = (states[:-1, :, None] for states in self.by_cell(path))
        outcome_if_good, outcome_if_wrong = _outcomes(len(path), rollouts)
        weights = self._weights()
        of_right = weights @ (right * outcome_if_good)  # chance of being right and so many successes: (prefixes, k)
        of_any = weights @ (good * outcome_if_good + (1 - good) * outcome_if_wrong)
        before = _entropy(of_right.sum(axis=1)) + _entropy((of_any - of_right).sum(axis=1))
        after = _entropy(of_right) + _entropy(of_any - of_right) - _entropy(of_any)
        return before - after.sum(axis=1)

    def by_cell(self, path: Sequence[Node]) -> tuple[Array, Array]:
        """Chances that each node of a path is right, and that it is good, if the rates are a cell's: (len(path), cells) both."""
        self._bring_up_to_date()
        right = good = np.ones_like(SLIP)
        rights, goods = [], []
        for node in path:
            chance = self._messages[node].good
            right, good = right * chance[GOOD], good * chance[GOOD] + (1 - good) * chance[WRONG]
            rights.append(right)
            goods.append(good)
        return np.array(rights), np.array(goods)

    def _weights(self) -> Array:
        """How much each cell of the grid is believed: shape (cells,). A problem itself is a right prefix."""
        self._bring_up_to_date()
        log_likelihood = sum((self._messages[child].seen[GOOD] for child in self._root.children), np.zeros_like(SLIP))
        weights = np.exp(log_likelihood - log_likelihood.max())
        return weights / weights.sum()

    def _bring_up_to_date(self) -> None:
        """Compute the messages of all nodes below which something was added, children before parents."""
        stale, stack = [], [*self._root.children]
        while stack:
            node = stack.pop()
            if node not in self._messages:
                stale.append(node)
                stack.extend(node.children)
        for node in reversed(stale):
            below = sum((self._messages[child].seen for child in node.children), _VERDICT[node.correct])
            step = step_chances(self._drawn[node], self._announces(node.text))
            good = step[:, GOOD] + below[GOOD]
            seen = np.logaddexp(good, step[:, WRONG] + below[WRONG])
            self._messages[node] = _Messages(seen, np.exp(good - seen))


@functools.cache
def _outcomes(length: int, rollouts: int) -> tuple[Array, Array]:
    """Chance of each number of successes from each proper prefix of a solution of so many steps, if good and if wrong.

    Two arrays of shape (length - 1, cells, rollouts + 1). The two-state chain's closed form: after some steps a prefix is
    good with chance base + (start - base) · memory ** steps.
    """
    steps = np.arange(length - 1, 0, -1)[:, None]
    recovery = ANNOUNCED * ANNOUNCED_WELL + (1 - ANNOUNCED) * RECOVERY
    base, memory = recovery / (SLIP + recovery), (1 - SLIP - recovery) ** steps
    good_in_the_end = (base + (1 - base) * memory, base - base * memory)
    if_good, if_wrong = (_binomial(good * (1 - MISGRADED) + (1 - good) * LUCKY, rollouts) for good in good_in_the_end)
    return if_good, if_wrong


def _binomial(success: Array, rollouts: int) -> Array:
    """Chance of k of `rollouts` successes, for each k, on a new last axis."""
    counts = np.arange(rollouts + 1)
    ways = np.array([comb(rollouts, count) for count in counts], dtype=float)
    return ways * success[..., None] ** counts * (1 - success[..., None]) ** (rollouts - counts)


def _entropy(chances: Array) -> Array:
    return -chances * np.log2(np.maximum(chances, 1e-300))
