"""What a run's trees teach about its model: expectation maximisation over a sample of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from evolvemcts4rl.labels.belief import DEFAULT_RATES, Belief
from evolvemcts4rl.labels.rates import (
    CARRIED,
    GOOD,
    LASTING,
    NOT_SEEN,
    RIGHT,
    SLIP,
    SLIPPED,
    STATES,
    Array,
    Counts,
    Rates,
    StepKey,
)
from evolvemcts4rl.tree import Node, Tree

SAMPLE = 64  # trees
ROUNDS = 4
PSEUDO_PROBLEMS = 10  # what a run learns holds the prior to be as good as so many problems


def learn_rates(
    trees: Iterable[Tree], believe: Callable[[Tree, Rates], Belief], rates: Rates = DEFAULT_RATES
) -> Rates:
    """Return the rates under which what was seen of a run's trees is most likely, given the prior.

    They are learned from a sample that depends on the trees' names alone.
    """
    sample = heapq.nsmallest(
        SAMPLE, trees, key=lambda tree: blake2b(tree.question_id.encode()).digest()
    )
    beliefs = [(tree, believe(tree, rates)) for tree in sample]
    for _ in range(ROUNDS):
        counts = Counts()
        for tree, belief in beliefs:
            count(belief.under(rates), tree, counts)
        rates = counts.rates_given(rates, PSEUDO_PROBLEMS)
    return rates


def count(belief: Belief, tree: Tree, counts: Counts) -> None:
    """Add what a tree says of the rates: how often each thing is expected to have happened."""
    weights = belief.weights()
    counts.cells += weights
    parents, steps, joints = [tree.root], [], [np.empty((0, STATES, STATES))]
    states = np.zeros((1, STATES, len(SLIP)))
    states[0, RIGHT] = weights
    while nodes := [node for parent in parents for node in parent.children]:
        places = [place for place, parent in enumerate(parents) for _ in parent.children]
        each = states[places, :, None] * belief.moves(nodes)
        parents, states = nodes, each.sum(axis=1)
        steps += nodes
        joints.append(each.sum(axis=-1))
    for node, ways in zip(steps, ways_of(np.concatenate(joints)), strict=True):
        _count_step(belief, node, ways, counts)


class Ways(NamedTuple):
    """How likely a step leads to a good prefix; from good to wrong, back, and from wrong to wrong.

    What leads to a good prefix includes what is mended.
    """

    good: float
    slipped: float
    mended: float
    carried: float


def ways_of(joint: Array) -> Iterator[Ways]:
    """Yield each step's ways, given how likely it leads from each state to each.

    `joint` has the shape (steps, from, to).
    """
    good = joint[:, :, :LASTING].sum(axis=(1, 2))
    slipped = joint[:, :LASTING, LASTING:].sum(axis=(1, 2))
    mended = joint[:, LASTING:, :LASTING].sum(axis=(1, 2))
    carried = joint[:, LASTING:, LASTING:].sum(axis=(1, 2))
    ways = zip(good.tolist(), slipped.tolist(), mended.tolist(), carried.tolist(), strict=True)
    return (Ways(*each) for each in ways)


def _count_step(belief: Belief, node: Node, ways: Ways, counts: Counts) -> None:
    """Count one step."""
    key = belief.key(node)
    alone, shared = belief.rates.slip_kinds(key)
    count_known(key, node, ways, shared / (alone + shared), counts)


def count_known(key: StepKey, node: Node, ways: Ways, shared: float, counts: Counts) -> None:
    """Count one step whose ways are known.

    `shared` is the chance that the error is one that others make as well, if the step makes one.
    """
    good, slipped, mended, carried = ways
    if key.equations is not None:
        counts.seen("false_slip", not key.equations, slipped)
        counts.seen("false_carried", not key.equations, carried)
    counts.seen("announced", key.corrects, mended + carried)
    if key.corrects:
        counts.seen("announced_well", True, mended)
        counts.seen("announced_well", False, carried)
    shared_slips = slipped * shared
    counts.seen("shared", True, shared_slips)
    counts.seen("shared", False, slipped - shared_slips)
    if key.agreement != NOT_SEEN:
        seen = counts.agreement[int(key.few), key.agreement_before, :, key.agreement - 1]
        seen[[GOOD, SLIPPED, CARRIED]] += good, slipped - shared_slips, carried
    if node.correct is not None:
        # Of each draw: the right solutions of a problem may all be one text.
        counts.seen("misgraded", not node.correct, good * node.times)
        counts.seen("lucky", node.correct, (slipped + carried) * node.times)
