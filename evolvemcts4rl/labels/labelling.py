"""The labels of a tree: written from the belief, and read by all that is made from them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from evolvemcts4rl.labels import learning
from evolvemcts4rl.labels.belief import NO_OPINIONS, Belief
from evolvemcts4rl.labels.judge_rates import KnownVerdict, Panel
from evolvemcts4rl.labels.opinions import learn_from_trees, opinions
from evolvemcts4rl.labels.rates import MENDED, Rates
from evolvemcts4rl.records import THINK
from evolvemcts4rl.solutions.corrections import steps_announcing_correction
from evolvemcts4rl.tree import Node, Tree

SURE = 0.8  # of the first error, or of there being none: enough to label a solution
AGREED = 0.9  # what --keep agreed asks of the chance that a solution's labels are right


def learn_rates(trees: Iterable[Tree], without: Set[str] = frozenset()) -> Rates:
    """Return what a run's trees teach of its model."""
    return learning.learn_rates(trees, lambda tree, rates: belief_of(tree, rates, without))


def learn_panel(
    trees: Iterable[Tree],
    rates: Rates,
    known: Mapping[str, Sequence[KnownVerdict | None]],
    without: Set[str] = frozenset(),
) -> Panel:
    """Return how well the judges of a run judge: see opinions.learn_from_trees."""
    judged = (tree for tree in trees if any(path[-1].judgements for path in tree.solutions()))
    sample = heapq.nsmallest(
        learning.SAMPLE, judged, key=lambda tree: blake2b(tree.question_id.encode()).digest()
    )
    return learn_from_trees(
        known,
        sample,
        lambda tree, panel: belief_of(tree, rates, without, panel).p_right_along,
    )


def relabel(
    tree: Tree,
    rates: Rates,
    confidence: float,
    without: Set[str] = frozenset(),
    panel: Panel | None = None,
) -> None:
    """Write p_correct anew where the belief labels, with the rates that a whole run has taught.

    `without` names witnesses that are not listened to. The judges of the panel are, if there is
    one.
    """
    write_labels(tree, belief_of(tree, rates, without, panel), confidence)


def belief_of(
    tree: Tree, rates: Rates, without: Set[str] = frozenset(), panel: Panel | None = None
) -> Belief:
    """Return the belief over a tree with these rates, and with the panel's judges if any."""
    corrections = steps_announcing_correction(node.text.strip() for node in tree.nodes())
    said = opinions(tree, panel) if panel else NO_OPINIONS
    return Belief(tree, corrections, rates, without, said)


def write_labels(tree: Tree, belief: Belief, confidence: float) -> None:
    """Write p_correct where it is known well enough.

    That is every prefix of a given solution, and of one of which it is sure where its first error
    is, or that it has none; and every other prefix that is sure.
    """
    right = _with_doubtful_answer(tree, belief.p_right_everywhere())
    asked_of: set[Node] = set()
    for path in tree.solutions():
        if path[-1].solution_ids or _is_sure([right[node] for node in path]):
            asked_of.update(path)
    for node, chance in right.items():
        sure = not 1 - confidence < chance < confidence
        node.p_correct = round(chance, 4) if sure or node in asked_of else None
    if any(first.text.startswith(THINK) for first in tree.root.children):
        for path in tree.solutions():
            if path[0].text.startswith(THINK):
                _write_mended(tree, path, belief)


def _write_mended(tree: Tree, path: Sequence[Node], belief: Belief) -> None:
    """Write how likely each labelled prefix of a thought has been repaired after a slip."""
    _, states = belief.states_by_cell(path)
    mended = states[:, MENDED] @ belief.weights()
    for node, chance in zip(path, mended.tolist(), strict=True):
        node.p_mended = None if node.p_correct is None else round(tree.p_answer * chance, 4)


def _with_doubtful_answer(tree: Tree, right: dict[Node, float]) -> dict[Node, float]:
    """Return the chances with the doubt in the answer itself: see `Tree.p_answer`.

    Where the answer is wrong, so is what comes to it, and nothing says where: the first error is
    then taken to be as likely at each step of the longest solution through a node.
    """
    if tree.p_answer >= 1:
        return right
    place = {tree.root: 0}
    for node in (tree.root, *tree.nodes()):
        place.update(dict.fromkeys(node.children, place[node] + 1))
    longest = dict(place)
    for node in (*reversed(tree.nodes()), tree.root):
        longest[node] = max([place[node], *(longest[child] for child in node.children)])
    return {
        node: tree.p_answer * chance + (1 - tree.p_answer) * (1 - place[node] / longest[node])
        for node, chance in right.items()
    }


def _is_sure(right: Sequence[float]) -> bool:
    """Return whether one step of a solution, or none, is the first error with a chance of SURE."""
    return max(before - after for before, after in pairwise([1.0, *right, 0.0])) >= SURE


class Labelled(NamedTuple):
    """A solution whose first error is known, or that has none, with its steps up to there.

    A given solution has its most likely labels, however likely.
    """

    path: Sequence[Node]
    steps: list[str]
    labels: list[bool]


class LabelledTree:
    """A finished tree with its solutions, walked once for all that is made from it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.solutions = list(tree.solutions())
        self.labelled = [
            Labelled(path, *up_to_first_error(path))
            for path in self.solutions
            if is_labelled(path) or _is_given(path)
        ]


def labelled_solutions(tree: Tree) -> Iterator[list[Node]]:
    """Yield the whole solutions whose first error is known: see `is_labelled`."""
    return filter(is_labelled, tree.solutions())


def is_labelled(path: Sequence[Node]) -> bool:
    """Return whether a solution's first error is known.

    Every step up to it is labelled, and the labels together hold.

    Under the belief, the chance that exactly these labels are right is the fall of p_correct at the
    first error, or p_correct of the last step where there is none; it must be over one half.
    """
    return certainty(path) > 0.5


def certainty(path: Sequence[Node]) -> float:
    """Return the chance that exactly a solution's labels are right; 0 where one is missing."""
    if any(node.p_correct is None for node in path):
        return 0.0
    before = 1.0
    for node in path:
        assert node.p_correct is not None
        if not node.label:
            # The chance that the error is made exactly where the labels turn.
            return before - node.p_correct
        before = node.p_correct
    return before


def up_to_first_error(path: Sequence[Node]) -> tuple[list[str], list[bool]]:
    """Return a labelled solution's steps and labels, cut after its first error."""
    steps, labels = [], []
    for node in path:
        steps.append(node.text.strip())
        labels.append(bool(node.label))
        if not node.label:
            break
    return steps, labels


def witnesses_agree(path: Sequence[Node]) -> bool:
    """Return whether a solution's labels together are as sure as all witnesses can make them.

    The judges' verdicts are among the witnesses.
    """
    return certainty(path) >= AGREED


def judges_agree(path: Sequence[Node]) -> bool:
    """Return whether most judges name the same first error.

    For labels that are no chances. Those that are right throughout need not have been judged.
    """
    _, labels = up_to_first_error(path)
    error = -1 if labels[-1] else len(labels) - 1
    verdicts = list((path[-1].judgements or {}).values())
    if not verdicts:
        return labels[-1] and not path[-1].searched
    return 2 * verdicts.count(error) > len(verdicts)


def keep_supported_reasoning(tree: Tree) -> None:
    """Keep the judges' words for verdicts alone that the labels support."""
    for path in tree.solutions():
        end = path[-1]
        if not (end.judge_reasoning and end.judgements):
            continue
        _, labels = up_to_first_error(path)
        error = -1 if labels[-1] else len(labels) - 1
        sure = certainty(path) >= SURE
        end.judge_reasoning = {
            judge: text
            for judge, text in end.judge_reasoning.items()
            if sure and end.judgements.get(judge) == error
        } or None


def _is_given(path: Sequence[Node]) -> bool:
    """Return whether a solution was given and has a label at every step."""
    return bool(path[-1].solution_ids) and all(node.p_correct is not None for node in path)
