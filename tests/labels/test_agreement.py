"""How results agree with right solutions, against the definition, while a tree grows."""

from collections import defaultdict
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.labels.agreement import ENOUGH, MOST, ONE, Agreement, Agreements
from evolvemcts4rl.labels.rates import ALONE, NOT_SEEN, SHARED_BY_MOST, SHARED_BY_SOME
from evolvemcts4rl.labels.witnesses import Witnesses
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Node, Tree
from tests.support.fast import examples

CLOSE = 1e-6  # to a threshold: rounding decides
Growth = list[tuple[tuple[str, ...], bool, int]]


class Grown:
    """A tree, its facts and its agreements, brought up to date when they are asked for."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.tree = Tree("t", "What is 1 + 1?", "2")
        self.witnesses = Witnesses(self.tree, frozenset(), without)
        self.agreements = Agreements(self.tree, self.witnesses)
        self.stale: set[Node] = set()
        self.ends: set[Node] = set()

    def add(self, steps: tuple[str, ...], verdict: bool, start: int = 0) -> list[Node]:
        """Add a rollout."""
        path = self.tree.add(Rollout(steps, verdict), start)
        self.witnesses.add(path, path[-1] not in self.ends)
        self.ends.add(path[-1])
        self.stale.update(path)
        return path

    @property
    def drawn(self) -> dict[Node, int]:
        """Return how many rollouts wrote each step themselves."""
        return {node: max(node.num_rollouts - node.num_started, 1) for node in self.tree.nodes()}

    def update(self) -> list[Node]:
        """Bring the agreements up to date and return the nodes whose agreement has changed."""
        changed = self.agreements.update(self.drawn, self.stale)
        self.stale.clear()
        return changed


class Definition:
    """The agreements of a tree by what they are: each right solution counts by its chance."""

    def __init__(self, grown: Grown) -> None:
        self.facts, self.drawn = grown.witnesses.facts_of, grown.drawn
        self.solutions = sum(self.drawn[first] for first in grown.tree.root.children)
        self.paths = list(grown.tree.solutions())
        self.through: defaultdict[Node, float] = defaultdict(float)
        self.reached: defaultdict[str, float] = defaultdict(float)
        self.right = 0.0
        for path in self.paths:
            chance = self.chance(grown.tree.root, path) if path[-1].correct else 0.0
            self.right += chance
            for node in path:
                self.through[node] += chance
                for number in self.facts[node].new:
                    self.reached[number] += chance

    def chance(self, root: Node, path: list[Node]) -> float:
        """Return the chance that a solution is written from the problem alone."""
        chance = 1.0
        for parent, node in pairwise([root, *path]):
            chance *= self.drawn[node] / self.draws(parent)
        return chance * path[-1].times / self.draws(path[-1])

    def draws(self, node: Node) -> int:
        """Return how many rollouts went on after a node or ended there."""
        return node.times + sum(self.drawn[child] for child in node.children)

    def possible(self, node: Node) -> set[tuple[int, bool]]:
        """Return how a node's result agrees: two answers or more where rounding decides."""
        result = self.facts[node].result
        own = self.through[node] / self.drawn[node]
        others = self.right - own
        if result is None or others < CLOSE:
            return {(NOT_SEEN, False)}
        reaching = self.reached[result] - own
        nearby = reaching - CLOSE, reaching + CLOSE
        by_most = {each >= MOST * others for each in nearby}
        alone = {each * self.solutions < ONE for each in nearby}
        few = {each * self.solutions < ENOUGH for each in (others - CLOSE, others + CLOSE)}
        now = {
            SHARED_BY_MOST if shared else ALONE if one else SHARED_BY_SOME
            for shared, one in product(by_most, alone)
        }
        return set(product(now, few))


def assert_as_defined(grown: Grown) -> None:
    """Assert that every agreement is what it is by definition."""
    by_definition = Definition(grown)
    for path in by_definition.paths:
        before = NOT_SEEN
        for node in path:
            agreement = grown.agreements[node]
            assert (agreement.now, agreement.few) in by_definition.possible(node)
            assert agreement.before == before
            before = agreement.now or before


@st.composite
def growth(draw: st.DrawFn) -> Growth:
    """Rollouts, each from the start or from a prefix of an earlier one; equal texts, equal
    verdicts."""
    rollouts: Growth = []
    verdicts: dict[tuple[str, ...], bool] = {}
    step = st.sampled_from(["so", "2", "3", "4 5", "1 6"])
    for _ in range(draw(st.integers(1, 14))):
        start, prefix = 0, tuple[str, ...]()
        if bool(rollouts) and draw(st.booleans()):
            earlier, _, _ = draw(st.sampled_from(rollouts))
            start = draw(st.integers(0, len(earlier) - 1))
            prefix = earlier[:start]
        steps = (*prefix, *draw(st.lists(step, min_size=1, max_size=4)))
        verdict: bool = draw(st.booleans())
        rollouts.append((steps, verdicts.setdefault(steps, verdict), start))
    return rollouts


@given(growth(), st.integers(1, 4))
@settings(max_examples=examples(200), deadline=None)
def test_agreements_are_as_defined_while_the_tree_grows(rollouts: Growth, batch: int) -> None:
    grown = Grown()
    told: dict[Node, Agreement] = {}
    for number, rollout in enumerate(rollouts, 1):
        grown.add(*rollout)
        if number % batch == 0 or number == len(rollouts):
            told.update((node, grown.agreements[node]) for node in grown.update())
            assert_as_defined(grown)
            assert told == {node: grown.agreements[node] for node in grown.tree.nodes()}


@given(growth())
@settings(max_examples=examples(100), deadline=None)
def test_agreements_do_not_depend_on_when_they_were_asked_for(rollouts: Growth) -> None:
    often, once = Grown(), Grown()
    for rollout in rollouts:
        often.add(*rollout)
        often.update()
        once.add(*rollout)
    once.update()
    pairs = zip(often.tree.nodes(), once.tree.nodes(), strict=True)
    assert all(often.agreements[one] == once.agreements[other] for one, other in pairs)


def test_a_result_that_right_solutions_reach_is_shared_and_another_is_alone() -> None:
    grown = Grown()
    for number in range(4):
        grown.add((f"{number} cars of 40 kg", "80"), verdict=True)
    wrong = grown.add(("so", "70", "80"), verdict=False)
    grown.update()
    found = [grown.agreements[node] for node in wrong]
    assert found == [
        Agreement(NOT_SEEN, NOT_SEEN, few=False),
        Agreement(ALONE, NOT_SEEN, few=False),
        Agreement(SHARED_BY_MOST, ALONE, few=False),
    ]


def test_only_what_has_changed_is_told() -> None:
    grown = Grown()
    first = grown.add(("2", "3"), verdict=True)
    assert grown.update() == first
    second = grown.add(("4", "3"), verdict=True)
    assert set(grown.update()) == {*first, *second}  # there is something to compare with
    assert grown.update() == []
    grown.add(("4", "3"), verdict=True)
    assert set(grown.update()) == set(second)  # which half of the others write now


@pytest.mark.parametrize("without", [{"agreement"}, {"equations"}])
def test_who_is_deaf_to_agreement_finds_none(without: set[str]) -> None:
    grown = Grown(frozenset(without))
    path = grown.add(("2", "3"), verdict=True)
    grown.add(("5", "3"), verdict=True)
    grown.update()
    is_deaf = grown.agreements[path[1]] == Agreement(NOT_SEEN, NOT_SEEN, few=False)
    assert is_deaf == (without == {"agreement"})
