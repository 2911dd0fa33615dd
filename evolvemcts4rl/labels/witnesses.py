"""What a step says about itself, at no tokens: how much it computes, what it states in numbers, what it results in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass

import re2

from evolvemcts4rl.solutions.equations import stated_equations
from evolvemcts4rl.tree import Node, Tree

_NUMBER = re2.compile(r"\d[\d,]*(?:\.\d+)?")

# How the chance of a first error depends on a step, from the 3,400 annotated solutions of ProcessBench (docs/method.md):
# in proportion to its words, and less where no new number comes out, at the opening, and where an end restates.
NO_NEW_NUMBER = 0.65
OPENING = 0.5
RESTATING_END = 0.7
LEAST_HAZARD, MOST_HAZARD = 0.02, 4.0


@dataclass(frozen=True)
class StepFacts:
    """What is read off one step, given the steps before it."""

    hazard: float  # its chance to be wrong beside that of an average step
    equations: bool | None  # whether all that it states in numbers is true; None where nothing can be checked
    corrects: bool  # whether it announces a correction
    result: str | None  # the last number in it that stood nowhere before


class Witnesses:
    """The facts of every step of one tree, each read once, and the results that right solutions reach."""

    def __init__(self, tree: Tree, corrections: Set[str]) -> None:
        self._corrections = corrections
        self._tree = tree
        self._numbers: dict[Node, frozenset[str]] = {tree.root: frozenset(_NUMBER.findall(tree.question))}
        self._facts: dict[Node, StepFacts] = {}
        self._equations: dict[str, bool | None] = {}
        self._mean_words = 0.0

    def facts(self, parent: Node, node: Node) -> StepFacts:
        """Return the facts of a step; its parent's must have been read before."""
        known = self._facts.get(node)
        if known is None:
            known = self._facts[node] = self._read(parent, node)
        return known

    def _read(self, parent: Node, node: Node) -> StepFacts:
        if not self._mean_words:
            self._mean_words = mean_words(each.text for each in self._tree.nodes())
        before = self._numbers[parent]
        new = [number for number in _NUMBER.findall(node.text) if number not in before]
        self._numbers[node] = before.union(new)
        first, last = parent is self._tree.root, node.correct is not None
        hazard = len(node.text.split()) / self._mean_words
        if not new:
            hazard *= NO_NEW_NUMBER
        if first and not last:
            hazard *= OPENING
        if last and not first and not new:
            hazard *= RESTATING_END
        hazard = min(max(hazard, LEAST_HAZARD), MOST_HAZARD)
        corrects = node.text.strip() in self._corrections
        return StepFacts(hazard, self._check(node.text), corrects, new[-1] if new else None)

    def _check(self, text: str) -> bool | None:
        if text not in self._equations:
            verdicts = stated_equations(text)
            self._equations[text] = all(verdicts) if verdicts else None
        return self._equations[text]

    def results_of_right_solutions(self) -> tuple[Counter[str], dict[Node, Counter[str]]]:
        """Return how many right solutions reach each result, and how many of them pass through each node."""
        everywhere: Counter[str] = Counter()
        through: dict[Node, Counter[str]] = {}
        for path in self._tree.solutions():
            if path[-1].correct:
                parent, reached = self._tree.root, set()
                for node in path:
                    facts = self.facts(parent, node)
                    if facts.result:
                        reached.add(facts.result)
                    parent = node
                everywhere.update(reached)
                for node in path:
                    through.setdefault(node, Counter()).update(reached)
        return everywhere, through


def mean_words(texts: Iterable[str]) -> float:
    """Return the mean number of words of these steps; 1 where there is none."""
    lengths = [len(text.split()) for text in texts]
    return max(1.0, sum(lengths) / max(1, len(lengths)))
