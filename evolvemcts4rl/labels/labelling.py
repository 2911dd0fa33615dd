"""The labels of a tree: written from the belief, and read by all that is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from evolvemcts4rl.labels import learning
from evolvemcts4rl.labels.belief import Belief
from evolvemcts4rl.labels.rates import Rates
from evolvemcts4rl.solutions.corrections import steps_announcing_correction
from evolvemcts4rl.tree import Node, Tree

SURE = 0.8  # of a first error: enough to label a solution that was not searched


def learn_rates(trees: Iterable[Tree], without: Set[str] = frozenset()) -> Rates:
    """Return what a run's trees teach of its model."""
    return learning.learn_rates(trees, lambda tree, rates: _belief_of(tree, rates, without))


def relabel(tree: Tree, rates: Rates, confidence: float, without: Set[str] = frozenset()) -> None:
    """Write p_correct anew where the belief labels, with the rates that a whole run has taught.

    `without` names witnesses that are not listened to.
    """
    write_labels(tree, _belief_of(tree, rates, without), confidence)


def _belief_of(tree: Tree, rates: Rates, without: Set[str]) -> Belief:
    corrections = steps_announcing_correction(node.text.strip() for node in tree.nodes())
    return Belief(tree, corrections, rates, without)


def write_labels(tree: Tree, belief: Belief, confidence: float) -> None:
    """Write p_correct where it is known well enough.

    That is every prefix of a right or searched solution or of one whose first error is sure, and
    every other prefix that is sure.
    """
    right = belief.p_right_everywhere()
    asked_of: set[Node] = set()
    for path in tree.solutions():
        if path[-1].correct or path[-1].searched or _is_sure([right[node] for node in path]):
            asked_of.update(path)
    for node, chance in right.items():
        sure = not 1 - confidence < chance < confidence
        node.p_correct = round(chance, 4) if sure or node in asked_of else None


def _is_sure(right: Sequence[float]) -> bool:
    """Whether one step of a solution, or none, is the first error with a chance of SURE."""
    return max(before - after for before, after in pairwise([1.0, *right, 0.0])) >= SURE


class Labelled(NamedTuple):
    """A solution whose first error is known, or that has none, with its steps up to there."""

    path: Sequence[Node]
    steps: list[str]
    labels: list[bool]


class LabelledTree:
    """A finished tree with its solutions, walked once for all that is made from it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.solutions = list(tree.solutions())
        self.labelled = [
            Labelled(path, *up_to_first_error(path)) for path in self.solutions if is_labelled(path)
        ]

    @cached_property
    def right(self) -> list[str]:
        """The texts of the right solutions that are not believed to hold an error."""
        return [
            _text(path)
            for path in self.solutions
            if path[-1].correct and path[-1].label is not False
        ]

    @cached_property
    def wrong(self) -> list[str]:
        """The texts of the wrong solutions."""
        return [_text(path) for path in self.solutions if path[-1].correct is False]


def labelled_solutions(tree: Tree) -> Iterator[list[Node]]:
    """Yield the whole solutions whose first error is known: see `is_labelled`."""
    return filter(is_labelled, tree.solutions())


def is_labelled(path: Sequence[Node]) -> bool:
    """Return whether a solution's first error is known.

    Every step up to it is labelled, and the labels together hold.

    Under the belief, the chance that exactly these labels are right is the fall of p_correct at the
    first error, or p_correct of the last step where there is none; it must be over one half.
    """
    before = 1.0
    for node in path:
        if node.p_correct is None:
            return False
        if not node.label:
            # The chance that the error is made exactly where the labels turn.
            return before - node.p_correct > 0.5 and all(
                later.p_correct is not None for later in path
            )
        before = node.p_correct
    return before > 0.5


def up_to_first_error(path: Sequence[Node]) -> tuple[list[str], list[bool]]:
    """Return a labelled solution's steps and labels, cut after its first error."""
    steps, labels = [], []
    for node in path:
        steps.append(node.text.strip())
        labels.append(bool(node.label))
        if not node.label:
            break
    return steps, labels


def judge_agrees(path: Sequence[Node]) -> bool:
    """Whether the judge names the same first error.

    One that is right throughout by our labels need not have been judged.
    """
    _, labels = up_to_first_error(path)
    if path[-1].judged_error is None:
        return all(labels) and not path[-1].searched
    return path[-1].judged_error == (-1 if labels[-1] else len(labels) - 1)


def _text(path: Sequence[Node]) -> str:
    return "".join([node.text for node in path]).strip()
