"""What a belief reaches that knows a world's rates: the bound of what can be learned.

The states of all steps of simulated trees are known, so that the rates can be counted instead of
being learned: those of the run over all of its trees, and the cell of each problem (slips,
recoveries, hard steps) over its own. What such a belief gets wrong is in no rate: nothing that it
looks at tells it, or the model has no words for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.worlds import Task, first_error, is_fleeting, total_of
from evolvemcts4rl.labels.belief import Belief
from evolvemcts4rl.labels.labelling import belief_of, write_labels
from evolvemcts4rl.labels.learning import PSEUDO_PROBLEMS, count_known, ways_of
from evolvemcts4rl.labels.messages import LOG_EASY, LOG_HARD
from evolvemcts4rl.labels.rates import (
    FLEETING,
    HARD_RIGHT,
    LASTING,
    MENDED,
    RIGHT,
    STATES,
    Array,
    Counts,
    Rates,
)
from evolvemcts4rl.records import Prefix
from evolvemcts4rl.tree import Node, Tree

ROUNDS = 2  # the cells are weighed with the rates, and the rates counted beside the cells
LEAST = 1e-30  # of a cell's weight


def true_states(task: Task, steps: Prefix) -> list[int]:
    """Return the state after each step: right, mended, or with which kind of error."""
    error = first_error(task, steps)
    states: list[int] = []
    for depth in range(1, len(steps) + 1):
        before = states[-1] if states else RIGHT
        position, total = total_of(task, steps[:depth])
        is_good = total == (task.totals[position - 1] if position else task.start)
        if error is None or depth <= error:
            states.append(RIGHT)
        elif is_good:  # a false remark is an error without consequence
            states.append(FLEETING if depth == error + 1 else MENDED)
        elif before in (LASTING, FLEETING):
            states.append(before)
        else:
            states.append(FLEETING if is_fleeting(task, position, total) else LASTING)
    return states


class Step(NamedTuple):
    """A step of a tree, with the truth about it."""

    parent: Node
    node: Node
    before: int  # the state
    after: int
    is_shared: bool  # an error that many make in the same way


def true_steps(task: Task, tree: Tree) -> Iterator[Step]:
    """Yield each step of a tree once, with its states."""
    seen = set()
    for path in tree.solutions():
        steps = tuple(node.text.strip() for node in path)
        states = [RIGHT, *true_states(task, steps)]
        for depth, node in enumerate(path):
            if node in seen:
                continue
            seen.add(node)
            before, after = states[depth], states[depth + 1]
            slips = before < LASTING <= after
            parent = path[depth - 1] if depth else tree.root
            yield Step(parent, node, before, after, slips and _is_trapped(task, steps, depth))


def _is_trapped(task: Task, steps: Prefix, place: int) -> bool:
    """Return whether the step at this place is the misread one."""
    stage, done = total_of(task, steps[:place])[0], total_of(task, steps[: place + 1])[0]
    return task.trap is not None and stage <= task.trap < done


def _cells(rates: Rates, steps: Sequence[Step], belief: Belief) -> Array:
    """Return how much each cell is to be believed of a problem whose states are known."""
    weights = np.log(rates.cells)
    from_good: dict[tuple[Node, int], list[Array]] = {}  # log-chances if easy and if hard
    for step in steps:
        moves = rates.step(belief.key(step.node))
        draws = max(step.node.num_rollouts - step.node.num_started, 1)
        easy = draws * np.log(moves[step.before, step.after])
        if step.before >= LASTING:
            weights = weights + easy
            continue
        either = from_good.setdefault((step.parent, step.before), [LOG_EASY, LOG_HARD])
        either[0] = either[0] + easy
        either[1] = either[1] + draws * np.log(moves[HARD_RIGHT + step.before, step.after])
    for easy, hard in from_good.values():
        weights = weights + np.logaddexp(easy, hard)
    likely = np.exp(weights - weights.max())
    cells: Array = np.maximum(likely / likely.sum(), LEAST)
    return cells


def relabel_by_true_rates(tasks: Sequence[Task], trees: Sequence[Tree], confidence: float) -> None:
    """Write the labels of a belief that is told the rates of the run and of each problem."""
    known = [list(true_steps(task, tree)) for task, tree in zip(tasks, trees, strict=True)]
    rates, own = Rates(), [Rates().cells] * len(trees)
    for _ in range(ROUNDS):
        counts = Counts()
        for index, (tree, steps) in enumerate(zip(trees, known, strict=True)):
            belief = belief_of(tree, rates)
            belief.weights()  # brings the agreements up to date
            own[index] = _cells(rates, steps, belief)
            counts.cells += own[index]
            for step in steps:
                joint = np.zeros((STATES, STATES))
                joint[step.before, step.after] = 1
                (ways,) = ways_of(joint[None])
                count_known(belief.key(step.node), step.node, ways, float(step.is_shared), counts)
        rates = counts.rates_given(rates, PSEUDO_PROBLEMS)
    for tree, cells in zip(trees, own, strict=True):
        write_labels(tree, belief_of(tree, replace(rates, cells=cells)), confidence)
