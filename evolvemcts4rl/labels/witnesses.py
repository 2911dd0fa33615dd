"""What a step says about itself: how much it computes, what it states, what results."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from evolvemcts4rl.labels.rates import ALONE, NOT_SEEN, SHARED_BY_MOST, SHARED_BY_SOME, level_of
from evolvemcts4rl.solutions.equations import stated_equations
from evolvemcts4rl.tree import Node, Tree

_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
_COMPARES = ("=", "<", ">", "≤", "≥", "\\le", "\\ge", "\\lt", "\\gt")

# How the chance of a first error depends on a step, from the 3,400 annotated solutions of
# ProcessBench (docs/method.md):
# in proportion to its words, and less where no new number comes out, at the opening, and where an
# end restates.
AVERAGE_WORDS = 20
LETTERS = 6  # a word, with the space after it: formulas have few words
NO_NEW_NUMBER = 0.65
OPENING = 0.5
RESTATING_END = 0.7
LEAST_WITH_NUMBER = 0.25
LEAST_HAZARD, MOST_HAZARD = 0.1, 4.0
ENOUGH = 3  # right first solutions that make their shares worth comparing
MOST = 1 / 3  # of the other right solutions: a result that so many share

WITNESSES = ("words", "equations", "agreement", "corrections", "repeats")


@dataclass(frozen=True)
class StepFacts:
    """What is read off one step, given the steps before it."""

    level: int  # of its hazard, beside that of an average step
    equations: (
        bool | None
    )  # whether all that it states in numbers is true; None where nothing can be checked
    corrects: bool  # whether it announces a correction
    result: str | None  # the last number in it that stood nowhere before
    new: Set[str]  # all such numbers


class Witnesses:
    """The facts of every step of a tree, and the results that right solutions reach."""

    def __init__(self, tree: Tree, corrections: Set[str], without: Set[str] = frozenset()) -> None:
        self._corrections = corrections
        self._root = tree.root
        self._without = without
        self._question = frozenset(_NUMBER.findall(tree.question))
        self._numbers: dict[Node, frozenset[str]] = {}
        self._facts: dict[Node, StepFacts] = {}
        self._reached: dict[
            str, Counter[Node]
        ] = {}  # by how many right solutions, by first step, each result
        self._firsts: dict[Node, Node] = {}  # the first step of the way to each node
        self._right_through: Counter[Node] = Counter()  # how many right solutions pass here
        self.right = 0  # solutions

    def facts(self, node: Node) -> StepFacts:
        """Return the facts of a step that was added."""
        return self._facts[node]

    def add(self, path: Sequence[Node], new: bool) -> None:
        """Take in a solution, which may be new."""
        parent = self._root
        for node in path:
            self._firsts[node] = path[0]
            if node not in self._facts or (node is path[-1] and new):
                self._read(parent, node)
            parent = node
        if new and path[-1].correct:
            self.right += 1
            for number in frozenset().union(*(self._facts[node].new for node in path)):
                self._reached.setdefault(number, Counter())[path[0]] += 1
            self._right_through.update(path)

    def agreement(self, node: Node, right_drawn: Mapping[Node, int]) -> int:
        """Return whether other right solutions reach the step's result.

        `right_drawn` says how many right rollouts wrote each step themselves.
        """
        result = self._facts[node].result
        if result is None or "agreement" in self._without:
            return NOT_SEEN
        first_right = sum([right_drawn[first] for first in self._root.children])
        count = self._first if first_right >= ENOUGH else self._any
        reaching, others = count(node, result, right_drawn)
        if others <= 0:
            return NOT_SEEN
        if reaching <= 0:
            return ALONE
        return SHARED_BY_MOST if reaching >= MOST * others else SHARED_BY_SOME

    def _any(self, node: Node, result: str, right_drawn: Mapping[Node, int]) -> tuple[float, int]:
        """Return how many right solutions elsewhere reach a step's result, and of how many."""
        through, same = self._right_through[node], max(right_drawn[node] - 1, 0)
        return self._reached.get(
            result, Counter()
        ).total() - through + same, self.right - through + same

    def _first(self, node: Node, result: str, right_drawn: Mapping[Node, int]) -> tuple[float, int]:
        """Return the same of first solutions alone.

        The search may have asked much where nothing is right.

        Those of one first step are taken to reach a result as often as all right solutions that it
        leads to.
        """
        own_first, reached = self._firsts[node], self._reached.get(result, Counter())
        own = min(right_drawn[node], right_drawn[own_first])
        reaching = float(max(own - 1, 0))
        for first, times in reached.items():
            passing = self._right_through[node] if first is own_first else 0
            if times > passing:
                others = right_drawn[first] - (own if first is own_first else 0)
                reaching += others * (times - passing) / (self._right_through[first] - passing)
        return reaching, sum([right_drawn[first] for first in self._root.children]) - min(own, 1)

    def _read(self, parent: Node, node: Node) -> None:
        before = self._numbers[parent] if parent is not self._root else self._question
        new = [number for number in _NUMBER.findall(node.text) if number not in before]
        self._numbers[node] = before.union(new) if new else before
        first, last = parent is self._root, node.is_end
        words = max(len(node.text.split()), len(node.text) / LETTERS)
        hazard = words / AVERAGE_WORDS if "words" not in self._without else 1.0
        if new:
            hazard = max(hazard, LEAST_WITH_NUMBER)
        else:
            hazard *= NO_NEW_NUMBER
        if first and not last:
            hazard *= OPENING
        if last and not first and not new:
            hazard *= RESTATING_END
        result = new[-1] if new else None
        self._facts[node] = StepFacts(
            level_of(min(max(hazard, LEAST_HAZARD), MOST_HAZARD)),
            None if "equations" in self._without else equations_hold(node.text),
            node.text.strip() in self._corrections and "corrections" not in self._without,
            result,
            frozenset(new),
        )


@functools.lru_cache(maxsize=4096)
def equations_hold(text: str) -> bool | None:
    """Return whether every equation of a step is true; None where none can be checked."""
    if not any(sign in text for sign in _COMPARES):
        return None
    verdicts = stated_equations(text)
    return all(verdicts) if verdicts else None
