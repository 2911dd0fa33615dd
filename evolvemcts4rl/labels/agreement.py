"""Whether the right solutions of a problem reach the results that a step states.

A solution counts by its chance to be written from the problem alone, since a search buys most of
its rollouts where nothing is right. That chance is the product, over its steps, of how often each
was drawn among all that was drawn there.

All results are compared anew after each batch of rollouts. Two things make that cheap. Steps that
the same rollouts wrote, one after another, have the same shares; most are written by one rollout
alone, up to its end. And a part of the tree is read again only where something has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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


# What is found of a result: the agreement of its step, by how the last result before it agrees.
Verdict = Sequence[Agreement]
VERDICTS: Mapping[bool, Sequence[Verdict]] = {
    few: [[Agreement(now, before, few) for before in range(4)] for now in range(4)]
    for few in (False, True)
}
NO_VERDICT = VERDICTS[False][NOT_SEEN]


@dataclass(eq=False, slots=True)
class Stretch:
    """Steps that the same rollouts wrote, one after another."""

    steps: Sequence[Node]
    results: Sequence[str | None]  # of each step
    numbers: Sequence[str]  # all that are new in the steps
    drawn: int  # how many rollouts wrote the steps
    below: list[Stretch] = field(default_factory=list)
    draws: int = 1  # how many rollouts went on after the last step or ended there
    right: float = 0.0  # the share of those that were right
    written: float = 1.0  # the share of all that is written from the start
    own: float = 0.0  # the share of all of that which each of its rollouts adds to the right
    before: int = NOT_SEEN  # how the last result before the steps agrees
    verdicts: Sequence[Verdict] | None = None  # on the results; None before they are compared


class Agreements:
    """The agreement of every step of a tree, as it stands."""

    def __init__(self, tree: Tree, witnesses: Witnesses) -> None:
        self._tree = tree
        self._witnesses = witnesses
        self._stretches: dict[Node, Stretch] = {}  # by their first steps
        self._found: dict[Node, Agreement] = {}

    def __getitem__(self, node: Node) -> Agreement:
        """Return the agreement of a step, as it was last updated."""
        return self._found[node]

    def update(self, drawn: Mapping[Node, int], stale: Iterable[Node]) -> list[Node]:
        """Compare all results anew and return the nodes whose agreement has changed.

        `drawn` says how many rollouts wrote each step themselves; `stale` has every node at or
        below which something has changed.
        """
        for node in stale:
            self._stretches.pop(node, None)
        root = self._read(drawn)
        stretches, reached = written_from_start(root)
        right = 0.0 if self._witnesses.are_deaf_to_agreement else root.right
        solutions = sum([first.drawn for first in root.below])
        known: dict[float, dict[str | None, Verdict]] = {}  # by the own share, and by the result
        changed: list[Node] = []
        for stretch in stretches[1:]:
            own = stretch.own
            verdict_on = known.get(own)
            if verdict_on is None:
                verdict_on = known[own] = {None: NO_VERDICT}
            verdicts = []
            for result in stretch.results:
                verdict = verdict_on.get(result)
                if verdict is None:
                    reaching = reached.get(result, 0.0)
                    verdict = verdict_on[result] = compare(reaching, own, right, solutions)
                verdicts.append(verdict)
            if verdicts != stretch.verdicts:
                stretch.verdicts = verdicts
                changed += self._enter(stretch, verdicts)
        return changed

    def _enter(self, stretch: Stretch, verdicts: Iterable[Verdict]) -> list[Node]:
        """Enter the verdicts on a stretch and return the nodes whose agreement has changed."""
        changed, before, found = [], stretch.before, self._found
        for node, verdict in zip(stretch.steps, verdicts, strict=True):
            agreement = verdict[before]
            before = agreement.now or before
            if found.get(node) is not agreement:
                found[node] = agreement
                changed.append(node)
        for below in stretch.below:
            if below.before != before:
                below.before, below.verdicts = before, None
        return changed

    def _read(self, drawn: Mapping[Node, int]) -> Stretch:
        """Return the root as a stretch, with the known and the new ones below it."""
        known, root = self._stretches, Stretch([self._tree.root], [None], (), 1)
        read = [root]
        for stretch in read:  # which grows meanwhile
            for child in stretch.steps[-1].children:
                below = known.get(child)
                if below is None:
                    below = known[child] = self._read_stretch(child, drawn)
                    read.append(below)
                stretch.below.append(below)
        for stretch in reversed(read):
            end = stretch.steps[-1]
            draws, right = end.times, float(end.times) if end.correct else 0.0
            for below in stretch.below:
                draws += below.drawn
                right += below.drawn * below.right
            stretch.draws = draws = draws or 1
            stretch.right = right / draws
        return root

    def _read_stretch(self, node: Node, drawn: Mapping[Node, int]) -> Stretch:
        """Return the stretch that begins with a node, without what is below it."""
        steps, wrote = [node], drawn[node]
        while len(node.children) == 1 and not node.times:
            node = node.children[0]
            if drawn[node] != wrote:
                break
            steps.append(node)
        results: list[str | None] = []
        numbers: list[str] = []
        facts_of = self._witnesses.facts_of
        for step in steps:
            facts = facts_of[step]
            results.append(facts.result)
            if facts.new:
                numbers += facts.new
        return Stretch(steps, results, numbers, wrote)


def written_from_start(root: Stretch) -> tuple[list[Stretch], Mapping[str | None, float]]:
    """Return all stretches, parents before children, and the right share that states each number.

    From shares of what is drawn at a prefix to shares of all that is written from the start.
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


def compare(reaching: float, own: float, right: float, solutions: int) -> Verdict:
    """Return how a result agrees with the right solutions but its own.

    All are shares of what is written from the start: the right solutions that reach the result,
    its own, and all right ones. `solutions` says how many were written from the start.
    """
    others = right - own
    if others <= NEGLIGIBLE:
        return NO_VERDICT
    verdicts = VERDICTS[others * solutions < ENOUGH]
    reaching -= own
    if reaching >= MOST * others:
        return verdicts[SHARED_BY_MOST]
    return verdicts[ALONE if reaching * solutions < ONE else SHARED_BY_SOME]
