"""The belief over which steps of a problem's tree are right, by exact inference in a small hidden Markov model.

Every prefix of the tree is in one of three states: *right* (every step up to here is right), *wrong* (an error is being
carried along), or *mended* (there was an error, and a later step came back from it). A step leads from right to wrong
with the slip rate and from wrong to mended with the recovery rate; a solution's answer is right when its last state is
right or mended. The states are hidden; the answers' verdicts and the steps that announce a correction are seen. Messages
passed along the tree give each prefix its probability of being right from all rollouts that pass through it, each in the
way that is valid for it: a rollout is a fair sample only of the steps that it wrote itself.

Neither rate is known. Both are laid out on a grid, and every problem weighs its cells by its own rollouts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from records import Node, Tree

Array = NDArray[np.float64]
RIGHT, WRONG, MENDED = 0, 1, 2

_SLIPS = (0.01, 0.03, 0.07, 0.14, 0.27, 0.5)  # chance of an error, per step
_RECOVERIES = (0.01, 0.04, 0.1, 0.22)  # chance of coming back from one without a word, per step
_CELLS = [(slip, recovery) for slip in _SLIPS for recovery in _RECOVERIES]
SLIP, RECOVERY = (np.array(rates) for rates in zip(*_CELLS, strict=True))

_ANNOUNCED = 0.1  # chance that a step from a wrong prefix announces a correction …
_ANNOUNCED_WELL = 0.8  # … and that the announced correction is one
_ANNOUNCED_FALSELY = 0.005  # chance of the same words where nothing was wrong
_MISGRADED = 0.002  # a right solution whose answer is judged wrong
_LUCKY = 0.02  # a wrong one whose answer is right all the same

_PRIOR = -np.log(RECOVERY)  # logarithm: models seldom come back from an error without saying so
_AT_ROOT = np.zeros((len(SLIP), 3))
_AT_ROOT[:, RIGHT] = 1.0  # nothing has been done wrong yet


@functools.cache
def _step(draws: int, announced: bool) -> Array:
    """Chances of `draws` samples of one step: (cells, 3 from, 3 to). Samples of the same text share their state."""
    chances = np.zeros((len(SLIP), 3, 3))
    chances[:, RIGHT, RIGHT] = chances[:, MENDED, MENDED] = 1 - SLIP
    chances[:, RIGHT, WRONG] = chances[:, MENDED, WRONG] = SLIP
    chances[:, WRONG, WRONG] = 1 - RECOVERY
    chances[:, WRONG, MENDED] = RECOVERY
    if announced:
        chances *= _ANNOUNCED_FALSELY
        chances[:, WRONG, WRONG] = _ANNOUNCED * (1 - _ANNOUNCED_WELL)
        chances[:, WRONG, MENDED] = _ANNOUNCED * _ANNOUNCED_WELL
    return chances**draws


_VERDICT = {
    True: np.array([1 - _MISGRADED, _LUCKY, 1 - _MISGRADED]),
    False: np.array([_MISGRADED, 1 - _LUCKY, _MISGRADED]),
}


@dataclass(frozen=True)
class _Messages:
    """What is known of one prefix from what was seen at and below it; arrays have the shape (cells, 3) or (cells,)."""

    local: Array  # its likelihood, given the prefix's state
    up: Array  # its likelihood, given the state of the prefix before
    scale: Array  # logarithm of what was divided out of both to keep them near 1


class Belief:
    """The belief over one problem's tree. `announces` tells whether a step's text announces a correction."""

    def __init__(self, tree: Tree, announces: Callable[[str], bool]) -> None:
        self._root = tree.root
        self._announces = announces
        self._messages: dict[Node, _Messages] = {}
        self._drawn: dict[Node, int] = {}  # how many rollouts wrote this step themselves
        for node in _bottom_up(tree.root):
            # Those that end at or below it, less those that were started there.
            drawn = node.times - node.num_rollouts + sum(self._drawn[child] for child in node.children)
            self._drawn[node] = drawn
            self._refresh(node)

    def add(self, path: Sequence[Node], start: int) -> None:
        """Take in a rollout that has just entered the tree and wrote the steps of `path` after the first `start` ones."""
        for node in path[start:]:
            self._drawn[node] = self._drawn.get(node, 0) + 1
        for node in reversed(path):
            self._refresh(node)
        self._refresh(self._root)

    def along(self, path: Sequence[Node]) -> Array:
        """Chance that every step up to each node of the path is right: shape (len(path),), never rising."""
        return self._states(path)[:, :, RIGHT] @ self._weights()

    def everywhere(self) -> dict[Node, float]:
        """The same for every node of the tree but the root."""
        weights, beliefs = self._weights(), {}
        stack = [(self._root, child, _AT_ROOT) for child in self._root.children]
        while stack:
            parent, node, above = stack.pop()
            above, state = self._descend(parent, node, above)
            beliefs[node] = float(state[:, RIGHT] @ weights)
            stack.extend((node, child, above) for child in node.children)
        return beliefs

    def telling(self, path: Sequence[Node], rollouts: int) -> Array:
        """What `rollouts` from each proper prefix of the path would tell: bits about the first error, shape (len(path) - 1,).

        The expected fall in entropy of "the prefix is right", which is all that such rollouts speak of.
        """
        states = self._states(path)[:-1]  # (prefixes, cells, 3)
        success = _success_rates(len(path))[:-1]
        joint = states[..., None] * self._weights()[:, None, None] * _binomial(success, rollouts)
        wrong_or_right = np.stack([joint[:, :, RIGHT].sum(1), joint[:, :, 1:].sum((1, 2))], axis=1)  # (prefixes, 2, k)
        outcome, prior = wrong_or_right.sum(1), wrong_or_right.sum(2)
        return _entropy(prior).sum(1) - (_entropy(wrong_or_right).sum((1, 2)) - _entropy(outcome).sum(1))

    def _refresh(self, node: Node) -> None:
        """Compute a node's messages anew from its children's."""
        local, scale = np.ones((len(SLIP), 3)), np.zeros(len(SLIP))
        if node.correct is not None:
            local = local * _VERDICT[node.correct]
        for child in node.children:
            below = self._messages[child]
            local = local * below.up
            top = local.max(axis=1)
            local, scale = local / top[:, None], scale + below.scale + np.log(top)
        up = (self._step(node) @ local[:, :, None])[:, :, 0]
        self._messages[node] = _Messages(local, up, scale)

    def _step(self, node: Node) -> Array:
        return _step(self._drawn[node], self._announces(node.text))

    def _weights(self) -> Array:
        """How much each cell of the grid is believed: shape (cells,). A problem itself is a right prefix."""
        root = self._messages[self._root]
        log_likelihood = root.scale + np.log(root.local[:, RIGHT]) + _PRIOR
        weights = np.exp(log_likelihood - log_likelihood.max())
        return weights / weights.sum()

    def _states(self, path: Sequence[Node]) -> Array:
        """Chances of the three states of each node of a path: shape (len(path), cells, 3)."""
        parent, above, states = self._root, _AT_ROOT, []
        for node in path:
            above, state = self._descend(parent, node, above)
            states.append(state)
            parent = node
        return np.stack(states)

    def _descend(self, parent: Node, node: Node, above: Array) -> tuple[Array, Array]:
        """Chances of a node's states from all that was seen elsewhere, and from all: two arrays of shape (cells, 3)."""
        own = self._messages[node]
        elsewhere = above * self._messages[parent].local / own.up
        above = (elsewhere[:, None, :] @ self._step(node))[:, 0]
        above /= above.sum(1, keepdims=True)
        state = above * own.local
        return above, state / state.sum(1, keepdims=True)


@functools.cache
def _success_rates(length: int) -> Array:
    """Chance of a right answer from each prefix of a solution of so many steps, given its state: (length, cells, 3).

    The two-state chain's closed form: it is near good with chance base + (start - base) * memory ** steps.
    """
    steps = np.arange(length - 1, -1, -1)[:, None]
    base, memory = RECOVERY / (SLIP + RECOVERY), (1 - SLIP - RECOVERY) ** steps
    good = np.stack([base + (start - base) * memory for start in (1.0, 0.0, 1.0)], axis=2)
    return good * (1 - _MISGRADED) + (1 - good) * _LUCKY


def _binomial(success: Array, rollouts: int) -> Array:
    """Chance of k of `rollouts` successes, for each k, on a new last axis."""
    counts = np.arange(rollouts + 1)
    ways = np.array([comb(rollouts, count) for count in counts])
    return ways * success[..., None] ** counts * (1 - success[..., None]) ** (rollouts - counts)


def _entropy(chances: Array) -> Array:
    return -chances * np.log2(np.maximum(chances, 1e-300))


def _bottom_up(root: Node) -> list[Node]:
    """All nodes, children before parents."""
    order, stack = [], [root]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(node.children)
    return order[::-1]
