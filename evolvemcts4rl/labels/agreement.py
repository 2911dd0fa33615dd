"""Whether the right solutions of a problem reach the results that a step states.

A solution counts by its chance to be written from the problem alone, since a search buys most of
its rollouts where nothing is right. That chance is the product, over its steps, of how often each
was drawn among all that was drawn there.

Most steps of a tree belong to the end of one solution, and a batch of rollouts changes few of its
paths. So steps that the same rollouts wrote are counted together, and what is below a step is
counted again only if it has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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


# What is found of a result: the agreement of its step, by that of the last result before it.
_Verdict = Sequence[Agreement]
_VERDICTS: Mapping[bool, Sequence[_Verdict]] = {
    few: [[Agreement(now, before, few) for before in range(4)] for now in range(4)]
    for few in (False, True)
}
_NO_VERDICT = _VERDICTS[False][NOT_SEEN]


@dataclass(eq=False, slots=True)
class _Stretch:
    """Steps that the same rollouts wrote, one after another."""

    steps: Sequence[Node]
    results: Sequence[str | None]  # of each step
    numbers: Sequence[str]  # all that are new in them
    drawn: int  # how many rollouts wrote them
    below: list[_Stretch] = field(default_factory=list)
    draws: int = 1  # how many rollouts went on after the last step or ended there
    right: float = 0.0  # the share of these that were right
    written: float = 1.0  # the share of all that is written from the start
    own: float = 0.0  # the share of the right ones in all that is, for each that wrote the steps
    before: int = NOT_SEEN  # how the last result before them agrees
    verdicts: Sequence[_Verdict] | None = None  # of each step; None where they are not up to date


class Agreements:
    """The agreement of every step of a tree, as it stands."""

    def __init__(self, tree: Tree, witnesses: Witnesses) -> None:
        self._tree = tree
        self._witnesses = witnesses
        self._stretches: dict[Node, _Stretch] = {}  # by their first steps
        self._found: dict[Node, Agreement] = {}

    def __getitem__(self, node: Node) -> Agreement:
        """Return the agreement of a step, as it was last updated."""
        return self._found[node]

    def update(self, drawn: Mapping[Node, int], stale: Iterable[Node]) -> Iterator[Node]:
        """Compare all results anew and yield the nodes whose agreement has changed.

        `drawn` says how many rollouts wrote each step themselves; `stale` has every node at or
        below which something has changed.
        """
        for node in stale:
            self._stretches.pop(node, None)
        root = self._read(drawn)
        stretches, reached = _written_from_start(root)
        right = 0.0 if self._witnesses.are_deaf_to_agreement else root.right
        compare = Comparison(right, reached, sum([first.drawn for first in root.below]))
        results: defaultdict[float, set[str | None]] = defaultdict(set)
        for stretch in stretches:
            results[stretch.own].update(stretch.results)
        found = {own: compare.with_others(each, own) for own, each in results.items()}
        for stretch in stretches:
            verdict_on = found[stretch.own]
            verdicts = [verdict_on[result] for result in stretch.results]
            if verdicts != stretch.verdicts:
                stretch.verdicts = verdicts
                yield from self._enter(stretch, verdicts)

    def _read(self, drawn: Mapping[Node, int]) -> _Stretch:
        """Return the root, with the stretches below it that are known and those that are new."""
        root = _Stretch([self._tree.root], [], [], 1)
        new = [root]
        for stretch in new:  # which grows meanwhile
            for child in stretch.steps[-1].children:
                below = self._stretches.get(child)
                if below is None:
                    self._stretches[child] = below = self._read_stretch(child, drawn)
                    new.append(below)
                stretch.below.append(below)
        for stretch in reversed(new):
            end = stretch.steps[-1]
            draws, right = end.times, float(end.times if end.correct else 0)
            for below in stretch.below:
                draws += below.drawn
                right += below.drawn * below.right
            stretch.draws = max(draws, 1)
            stretch.right = right / stretch.draws
        return root

    def _read_stretch(self, node: Node, drawn: Mapping[Node, int]) -> _Stretch:
        """Return the stretch that begins with a node."""
        steps, wrote = [node], drawn[node]
        while len(node.children) == 1 and not node.times:
            node = node.children[0]
            if drawn[node] != wrote:
                break
            steps.append(node)
        results: list[str | None] = []
        numbers: list[str] = []
        for step in steps:
            facts = self._witnesses.facts_of[step]
            results.append(facts.result)
            numbers += facts.new
        return _Stretch(steps, results, numbers, wrote)

    def _enter(self, stretch: _Stretch, verdicts: Sequence[_Verdict]) -> Iterator[Node]:
        """Enter the verdicts on a stretch and yield the nodes whose agreement has changed."""
        before = stretch.before
        for node, verdict in zip(stretch.steps, verdicts, strict=False):
            agreement = verdict[before]
            before = agreement.now or before
            if self._found.get(node) is not agreement:
                self._found[node] = agreement
                yield node
        for below in stretch.below:
            if below.before != before:
                below.before, below.verdicts = before, None


class Comparison(NamedTuple):
    """The right solutions of a problem, as shares of all that is written from the start."""

    right: float
    reached: Mapping[str | None, float]  # by the results that they state
    solutions: int  # how many were written from the start

    def with_others(self, results: Iterable[str | None], own: float) -> dict[str | None, _Verdict]:
        """Return how each result agrees with the right solutions but its own, which has a share."""
        others = self.right - own
        if others <= NEGLIGIBLE:
            return dict.fromkeys(results, _NO_VERDICT)
        verdicts = _VERDICTS[others * self.solutions < ENOUGH]
        found: dict[str | None, _Verdict] = {}
        for result in results:
            reaching = self.reached.get(result, 0.0) - own
            if reaching >= MOST * others:
                found[result] = verdicts[SHARED_BY_MOST]
            else:
                alone = reaching * self.solutions < ONE
                found[result] = verdicts[ALONE if alone else SHARED_BY_SOME]
        found[None] = _NO_VERDICT
        return found


def _written_from_start(root: _Stretch) -> tuple[list[_Stretch], Mapping[str | None, float]]:
    """Return all stretches and how much of what is written from the start reaches each number.

    Parents come before children. From shares of what is drawn at a prefix to shares of all.
    """
    reached: defaultdict[str | None, float] = defaultdict(float)
    stretches = [root]
    for stretch in stretches:  # which grows meanwhile
        stretches += stretch.below
        if stretch.right:
            share = stretch.right * stretch.written
            stretch.own = share / stretch.drawn
            for number in stretch.numbers:
                reached[number] += share
            weight = stretch.written / stretch.draws
            for below in stretch.below:
                below.written = weight * below.drawn
    return stretches, reached
