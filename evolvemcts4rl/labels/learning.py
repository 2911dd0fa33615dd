"""What a run's trees teach about its model: expectation maximisation over a sample of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from hashlib import blake2b

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
    for _ in range(ROUNDS):
        counts = Counts()
        for tree in sample:
            count(believe(tree, rates), tree, counts)
        rates = counts.rates_given(rates, PSEUDO_PROBLEMS)
    return rates


def count(belief: Belief, tree: Tree, counts: Counts) -> None:
    """Add what a tree says of the rates: how often each thing is expected to have happened."""
    weights = belief.weights()
    counts.cells += weights
    start = np.zeros((STATES, len(SLIP)))
    start[RIGHT] = weights
    states: dict[Node, Array] = {tree.root: start}
    for parent in (tree.root, *tree.nodes()):
        for node in parent.children:
            joint = states[parent][:, None] * belief.move(node)
            states[node] = joint.sum(axis=0)
            _count_step(belief, node, joint.sum(axis=-1), counts)


def _count_step(belief: Belief, node: Node, joint: Array, counts: Counts) -> None:
    """Count one step, given how likely it leads from each state to each."""
    key = belief.key(node)
    alone, shared = belief.rates.slip_kinds(key)
    count_known(key, node, joint, shared / (alone + shared), counts)


def count_known(key: StepKey, node: Node, joint: Array, shared: float, counts: Counts) -> None:
    """Count one step, given how likely it leads from each state to each: shape (from, to).

    `shared` is the chance that the error is one that others make as well, if the step makes one.
    """
    good = joint[:, :LASTING].sum()
    slipped = joint[:LASTING, LASTING:].sum()
    carried = joint[LASTING:, LASTING:].sum()
    if key.equations is not None:
        counts.seen("false_slip", not key.equations, slipped)
        counts.seen("false_carried", not key.equations, carried)
    counts.seen("announced", key.corrects, joint[LASTING:].sum())
    if key.corrects:
        counts.seen("announced_well", True, joint[LASTING:, :LASTING].sum())
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
