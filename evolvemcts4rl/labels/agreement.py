"""Whether the right solutions of a problem reach the results that a step states.

A solution counts by its chance to be written from the problem alone, since a search buys most of
its rollouts where nothing is right. That chance is the product, over its steps, of how often each
was drawn among all that was drawn there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from evolvemcts4rl.labels.rates import ALONE, NOT_SEEN, SHARED_BY_MOST, SHARED_BY_SOME
from evolvemcts4rl.labels.witnesses import Witnesses
from evolvemcts4rl.tree import Node, Tree

MOST = 1 / 3  # of the other right solutions: a result that so many share
ENOUGH = 3  # right solutions that make their shares worth comparing
ONE = 0.75  # of a solution written from the problem: what is less is no other solution
NEGLIGIBLE = 1e-9


class Agreement(NamedTuple):
    """How the result of a step agrees with right solutions, and how the last one before it did."""

    now: int  # NOT_SEEN where the step has no result, or there is nothing to compare
    before: int
    few: bool  # whether there are few right solutions to compare with


NO_AGREEMENT = Agreement(NOT_SEEN, NOT_SEEN, False)


class Agreements:
    """The agreement of every step of a tree, as it stands."""

    def __init__(self, tree: Tree, witnesses: Witnesses) -> None:
        self._tree = tree
        self._witnesses = witnesses
        self._found: dict[Node, Agreement] = {}

    def __getitem__(self, node: Node) -> Agreement:
        """Return the agreement of a step, as it was last updated."""
        return self._found[node]

    def update(self, drawn: Mapping[Node, int]) -> Iterator[Node]:
        """Compare all results anew and yield the nodes whose agreement has changed.

        `drawn` says how many rollouts wrote each step themselves.
        """
        root, nodes = self._tree.root, self._tree.nodes()
        facts = self._witnesses.facts_of
        draws, right = _right_shares((*reversed(nodes), root), drawn)
        # From shares of what is drawn at a prefix to shares of all that is written from the start.
        reached: defaultdict[str, float] = defaultdict(float)
        weights: dict[Node, float] = {root: 1.0}
        for parent in (root, *nodes):
            weight = weights[parent] / draws[parent]
            for node in parent.children:
                weights[node] = written = weight * drawn[node]
                right[node] = share = right[node] * written
                if share:
                    for number in facts[node].new:
                        reached[number] += share
        compare = Comparison(right[root], reached, sum([drawn[first] for first in root.children]))
        deaf = self._witnesses.are_deaf_to_agreement
        for parent in (root, *nodes):
            above = self._found.get(parent, NO_AGREEMENT)
            before = above.now if above.now != NOT_SEEN else above.before
            for node in parent.children:
                result = facts[node].result
                if result is None or deaf:
                    agreement = Agreement(NOT_SEEN, before, False)
                else:
                    now, few = compare.with_others(result, right[node] / drawn[node])
                    agreement = Agreement(now, before, few)
                if self._found.get(node) != agreement:
                    self._found[node] = agreement
                    yield node


class Comparison(NamedTuple):
    """The right solutions of a problem, as shares of all that is written from the start."""

    right: float
    reached: Mapping[str, float]  # by the results that they state
    solutions: int  # how many were written from the start

    def with_others(self, result: str, own: float) -> tuple[int, bool]:
        """Return how a result agrees with the right solutions but its own, and if those are few."""
        others = self.right - own
        if others <= NEGLIGIBLE:
            return NOT_SEEN, False
        reaching = self.reached.get(result, 0.0) - own
        few = others * self.solutions < ENOUGH
        if reaching >= MOST * others:
            return SHARED_BY_MOST, few
        return (ALONE if reaching * self.solutions < ONE else SHARED_BY_SOME), few


def _right_shares(
    nodes: Iterable[Node], drawn: Mapping[Node, int]
) -> tuple[dict[Node, int], dict[Node, float]]:
    """Return how many rollouts went on from each prefix or ended there, and how many were right.

    The right ones as a share. Children come before their parents.
    """
    draws: dict[Node, int] = {}
    shares: dict[Node, float] = {}
    for node in nodes:
        total, right = node.times, float(node.times if node.correct else 0)
        for child in node.children:
            total += drawn[child]
            right += drawn[child] * shares[child]
        draws[node] = max(total, 1)
        shares[node] = right / draws[node]
    return draws, shares
