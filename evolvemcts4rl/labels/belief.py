"""The belief over which steps of a tree are right: a hidden Markov model on the tree.

Every prefix is *right* (every step up to here is), carries a *lasting* or a *fleeting* error, or is
*mended* (there was an error, and a later step came back from it). A solution's answer is right when
its last state is right or mended. The states are hidden; the verdicts of the answers are seen, and
what each step says about itself (witnesses.py). Messages (messages.py) passed along the tree give
each prefix its probability of being right from all rollouts that pass through it, each in the way
that is valid for it: a rollout is a fair sample only of the steps that it wrote itself. What comes
after a prefix cannot tell right from mended, so that the messages know of *good* prefixes alone; a
prefix is right when it is good at every step of the way.

None of the rates is known: those that differ between problems are laid out on a grid (rates.py),
and every problem weighs its cells by its own rollouts. Rollouts of one prefix are more alike than
the model has it, so that what n of them say is tempered to n / (1 + (n - 1) ρ).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

import numpy as np

from evolvemcts4rl.labels.agreement import Agreements
from evolvemcts4rl.labels.information import bits_told, success_counts
from evolvemcts4rl.labels.messages import (
    Message,
    messages_under,
    of_problem,
    right_after,
    states_after,
)
from evolvemcts4rl.labels.rates import (
    HARD_RIGHT,
    LASTING,
    NOT_SEEN,
    RIGHT,
    SLIP,
    STATES,
    Array,
    Rates,
    StepKey,
)
from evolvemcts4rl.labels.witnesses import Witnesses
from evolvemcts4rl.tree import Node, Tree

DEFAULT_RATES = Rates()
NO_OPINIONS: Mapping[Node, float] = MappingProxyType({})


class Belief:
    """The belief over one problem's tree.

    `corrections` has the steps that announce one, without the whitespace around them.

    `without` names witnesses that are not listened to. `opinions` has what judges say: for a node,
    the logarithm of how much likelier their verdicts are if its step is the first error than if its
    solution has none.
    """

    def __init__(
        self,
        tree: Tree,
        corrections: Set[str],
        rates: Rates = DEFAULT_RATES,
        without: Set[str] = frozenset(),
        opinions: Mapping[Node, float] = NO_OPINIONS,
    ) -> None:
        self._tree = tree
        self.rates = rates
        self._without = without
        self.witnesses = Witnesses(tree, corrections, without)
        self._parents: dict[Node, Node] = {}
        self._seen: set[Node] = set()  # ends of solutions
        self._agreements = Agreements(tree, self.witnesses)
        self._opinions = opinions
        self._drawn: dict[Node, int] = {}  # how many rollouts wrote this step themselves
        self._keys: dict[Node, StepKey] = {}  # of nodes about which nothing has changed since
        self._has_grown = True  # since the results were compared
        self._forget()
        for parent in (tree.root, *tree.nodes()):
            for node in parent.children:
                self._parents[node] = parent
                self.witnesses.read(parent, node)
                if node.is_end:
                    self._seen.add(node)

    def _forget(self) -> None:
        # The messages of the nodes at and below which nothing has changed since.
        self._messages: dict[Node, Message] = {}
        self._root = of_problem((), 1.0)  # what is known of the problem itself
        # How much each cell is believed, as long as nothing is added.
        self._weights: Array | None = None
        # What rollouts are expected to give that were asked about last.
        self._expected: tuple[object, Array] | None = None

    def under(self, rates: Rates) -> Belief:
        """Return the belief under other rates; to neither of the two is anything added then."""
        self._read_tree()
        other = copy.copy(self)
        other.rates = rates
        other._forget()
        return other

    def add(self, path: Sequence[Node]) -> None:
        """Take in a rollout that has just entered the tree at this path."""
        self._weights, self._has_grown = None, True
        parent = self._tree.root
        for node in path:
            self._parents[node] = parent
            self._messages.pop(node, None)
            self._keys.pop(node, None)
            parent = node
        self.witnesses.add(path, path[-1] not in self._seen)
        self._seen.add(path[-1])

    def key(self, node: Node) -> StepKey:
        """Return all that the chances of a node's step depend on."""
        if node not in self._keys:
            self._keys[node] = self._read_key(node)
        return self._keys[node]

    def _read_key(self, node: Node) -> StepKey:
        facts, agreement = self.witnesses.facts(node), self._agreements[node]
        before = agreement.before if agreement.now != NOT_SEEN else NOT_SEEN
        return StepKey(
            facts.level, facts.equations, facts.corrects, agreement.now, before, agreement.few
        )

    def evidence(self) -> Array:
        """Return the log-likelihood of all that was seen, by cell of the rates: shape (cells,).

        A function of the tree as it stands in its JSON, in whatever order its rollouts came.
        """
        self._bring_up_to_date()
        return self._root[0]

    def weights(self) -> Array:
        """Return how much each cell of the grid is believed: shape (cells,)."""
        if self._weights is None:
            log_weights = self.evidence() + np.log(self.rates.cells)
            weights = np.exp(log_weights - log_weights.max())
            self._weights = weights / weights.sum()
        return self._weights

    def p_right_along(self, path: Sequence[Node]) -> Array:
        """Return the chance that every step up to each node of the path is right.

        Shape (len(path),), never rising.
        """
        weights = self.weights()
        right: Array = self._stay_right(path).cumprod(axis=0) @ weights
        return right

    def p_right_everywhere(self) -> dict[Node, float]:
        """Return the same for every node but the root, parents before children."""
        weights, nodes = self.weights(), self._tree.nodes()
        right: dict[Node, Array] = {self._tree.root: np.ones_like(SLIP)}
        stay = self._stay_right(nodes) if nodes else ()
        for node, stays in zip(nodes, stay, strict=True):  # parents come before children
            right[node] = right[self._parents[node]] * stays
        by_cell = np.array([right[node] for node in nodes]).reshape(-1, len(SLIP))
        return dict(zip(nodes, (by_cell @ weights).tolist(), strict=True))

    def states_by_cell(self, path: Sequence[Node]) -> tuple[Array, Array]:
        """Return the chances that each node of a path is right, and of its states, by cell.

        Shapes (len(path), cells) and (len(path), state, cells).
        """
        self.weights()  # brings the messages up to date
        state, states = np.eye(STATES)[RIGHT][:, None], []
        moves = self.moves(path)
        for to in moves:
            state = (state[:, None] * to).sum(axis=0)
            states.append(state)
        return moves[:, RIGHT, RIGHT].cumprod(axis=0), np.array(states)

    def information_gain(self, path: Sequence[Node], rollouts: int) -> Array:
        """Return what `rollouts` from each proper prefix of the path would tell, in bits.

        Shape (len(path) - 1,).
        """
        right, states = (chances * self.weights() for chances in self.states_by_cell(path[:-1]))
        return bits_told(right, states, self._outcomes(path, rollouts))

    def _outcomes(self, path: Sequence[Node], rollouts: int) -> Array:
        """Return the chances of how many of `rollouts` succeed, from each proper prefix.

        They are those of `success_counts`. The steps of a rollout are taken to be like those of the
        path, so that nothing that is seen meanwhile changes them.
        """
        levels = tuple(self.witnesses.facts(node).level for node in path[1:])
        if self._expected is None or self._expected[0] != (levels, rollouts):
            success = self.rates.verdict(True) * np.ones_like(SLIP)
            found = []
            for level in reversed(levels):
                success = (self.rates.move(level) * success).sum(axis=1)
                found.append(success)
            of_prefixes = np.array(found[::-1]).reshape(-1, STATES, len(SLIP))
            self._expected = (levels, rollouts), success_counts(of_prefixes, rollouts)
        return self._expected[1]

    def move(self, node: Node) -> Array:
        """Return the chance of a node's state, given that of the prefix before.

        Shape (from, to, cells).
        """
        moves: Array = self.moves([node])[0]
        return moves

    def moves(self, nodes: Sequence[Node]) -> Array:
        """Return the same of several nodes, one after another on the first axis."""
        to = states_after([self._messages[node] for node in nodes])
        hard = np.array([self._hard(node) for node in nodes])[:, :, None]
        to[:, :LASTING] += hard * (to[:, HARD_RIGHT:] - to[:, :LASTING])
        moves: Array = to[:, :STATES]
        return moves

    def _stay_right(self, nodes: Sequence[Node]) -> Array:
        """Return the chance that each node's step is right after a right prefix: (nodes, cells)."""
        easy, hard = right_after([self._messages[node] for node in nodes])
        share = np.array([self._hard(node)[RIGHT] for node in nodes])
        stay: Array = (1 - share) * easy + share * hard
        return stay

    def _hard(self, node: Node) -> Array:
        """Return the chance that a node's step is a hard one, if the prefix before it is good."""
        parent = self._parents[node]
        return self._root[1] if parent is self._tree.root else self._messages[parent].hard

    def _scale(self, node: Node) -> float:
        """Return how much is believed of what the rollouts from a prefix say, which are alike."""
        draws = sum([self._drawn[child] for child in node.children])
        return 1 / (1 + (draws - 1) * self.rates.likeness) if draws > 1 else 1.0

    def _bring_up_to_date(self) -> None:
        """Compute the messages of nodes below which something changed, children first."""
        self._read_tree()
        stale = self._stale()
        if not stale:
            return
        messages = messages_under(self.rates)
        for node in reversed(stale):
            self._messages[node] = messages.of(
                self.key(node),
                1 if "repeats" in self._without else self._drawn[node],
                node.correct,
                self._opinions.get(node, 0.0),
                self._scale(node),
                [self._messages[child] for child in node.children],
            )
        root = self._tree.root
        first = [self._messages[child] for child in root.children]
        self._root = of_problem(first, self._scale(root))

    def _read_tree(self) -> None:
        """Compare the results again if the tree has grown."""
        if not self._has_grown:
            return
        stale = self._stale()
        for node in stale:
            self._drawn[node] = max(node.num_rollouts - node.num_started, 1)
        for node in self._agreements.update(self._drawn, stale):
            self._keys.pop(node, None)
            while self._messages.pop(node, None):
                node = self._parents[node]
        self._has_grown = False

    def _stale(self) -> list[Node]:
        """Return all nodes below which something changed, parents before children."""
        stale = [node for node in self._tree.root.children if node not in self._messages]
        for node in stale:  # which grows meanwhile
            stale += [child for child in node.children if child not in self._messages]
        return stale
