"""What a step says about itself: how much it computes, what it states, what results."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from evolvemcts4rl.labels.rates import level_of
from evolvemcts4rl.solutions.equations import stated_equations
from evolvemcts4rl.tree import Node, Tree

_NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3}(?![0-9]))*(?:\.[0-9]+)?")

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

WITNESSES = ("words", "equations", "agreement", "corrections", "repeats")


class StepFacts(NamedTuple):
    """What is read off one step, given the steps before it."""

    level: int  # of its hazard, beside that of an average step
    equations: (
        bool | None
    )  # whether all that it states in numbers is true; None where nothing can be checked
    corrects: bool  # whether it announces a correction
    result: str | None  # the last number in it that stood nowhere before
    new: Set[str]  # all such numbers


class Witnesses:
    """The facts of every step of a tree."""

    def __init__(self, tree: Tree, corrections: Set[str], without: Set[str] = frozenset()) -> None:
        self._corrections = corrections
        self._root = tree.root
        self._without = without
        self._question = frozenset(_numbers(tree.question))
        self._numbers: dict[Node, frozenset[str]] = {}
        self.facts_of: dict[Node, StepFacts] = {}
        self.are_deaf_to_agreement = "agreement" in without

    def facts(self, node: Node) -> StepFacts:
        """Return the facts of a step that was added."""
        return self.facts_of[node]

    def add(self, path: Sequence[Node], new: bool) -> None:
        """Take in a solution, which may be new."""
        parent = self._root
        for node in path:
            if node not in self.facts_of or (node is path[-1] and new):
                self.read(parent, node)
            parent = node

    def read(self, parent: Node, node: Node) -> None:
        """Read a step off its node, which comes after its parent."""
        before = self._numbers[parent] if parent is not self._root else self._question
        new = [number for number in _numbers(node.text) if number not in before]
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
        self.facts_of[node] = StepFacts(
            level_of(min(max(hazard, LEAST_HAZARD), MOST_HAZARD)),
            None if "equations" in self._without else equations_hold(node.text),
            node.text.strip() in self._corrections and "corrections" not in self._without,
            result,
            frozenset(new),
        )


def _numbers(text: str) -> list[str]:
    """Return the numbers of a text, each in the one spelling of its value."""
    return [number if number.isdecimal() else _plain(number) for number in _NUMBER.findall(text)]


def _plain(number: str) -> str:
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


@functools.lru_cache(maxsize=4096)
def equations_hold(text: str) -> bool | None:
    """Return whether every equation of a step is true; None where none can be checked."""
    verdicts = stated_equations(text)
    return all(verdicts) if verdicts else None
