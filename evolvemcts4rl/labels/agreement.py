"""Whether the right solutions of a problem reach the results that a step states.

A solution counts by its chance to be written from the problem alone, since a search buys most of
its rollouts where nothing is right. That chance is the product, over its steps, of how often each
was drawn among all that was drawn there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
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
        root = self._tree.root
        nodes = self._tree.nodes()
        right = self._right_shares(nodes, drawn)
        reached: defaultdict[str, float] = defaultdict(float)
        weights: dict[Node, float] = {root: 1.0}
        for parent in (root, *nodes):
            weight = weights[parent] / max(_draws(parent, drawn), 1)
            for node in parent.children:
                weights[node] = weight * drawn[node]
                right[node] *= weights[node]
                if right[node] > 0:
                    for number in self._witnesses.facts(node).new:
                        reached[number] += right[node]
        solutions = sum([drawn[first] for first in root.children])
        for parent in (root, *nodes):
            above = (
                self._found[parent] if parent is not root else Agreement(NOT_SEEN, NOT_SEEN, False)
            )
            before = above.now if above.now != NOT_SEEN else above.before
            for node in parent.children:
                now, few = self._compare(
                    node, right[node] / drawn[node], right[root], reached, solutions
                )
                agreement = Agreement(now, before, few)
                if self._found.get(node) != agreement:
                    self._found[node] = agreement
                    yield node

    def _right_shares(self, nodes: list[Node], drawn: Mapping[Node, int]) -> dict[Node, float]:
        """Return the share of right solutions among those written from each prefix."""
        shares: dict[Node, float] = {}
        for node in (*reversed(nodes), self._tree.root):
            right = float(node.times) if node.correct else 0.0
            right += sum([drawn[child] * shares[child] for child in node.children])
            shares[node] = right / max(_draws(node, drawn), 1)
        return shares

    def _compare(
        self, node: Node, own: float, right: float, reached: Mapping[str, float], solutions: int
    ) -> tuple[int, bool]:
        """Return a step's agreement with the solutions other than its own, and if those are few."""
        result = self._witnesses.facts(node).result
        others = right - own
        if result is None or others <= NEGLIGIBLE or self._witnesses.are_deaf_to_agreement:
            return NOT_SEEN, False
        reaching = reached[result] - own
        few = others * solutions < ENOUGH
        if reaching * solutions < ONE and reaching < MOST * others:
            return ALONE, few
        return (SHARED_BY_MOST if reaching >= MOST * others else SHARED_BY_SOME), few


def _draws(node: Node, drawn: Mapping[Node, int]) -> int:
    """Return how many rollouts went on from a prefix or ended there."""
    return node.times + sum([drawn[child] for child in node.children])
