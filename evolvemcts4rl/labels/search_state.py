"""The state of a problem's search: the rollouts in its tree, and which of them may be searched."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from evolvemcts4rl.flag_groups.search import SearchSettings, words_per_bit
from evolvemcts4rl.labels.belief import Belief
from evolvemcts4rl.records import Prefix, Rollout, RolloutSampler
from evolvemcts4rl.solutions.corrections import steps_announcing_correction
from evolvemcts4rl.tree import Node, Tree

DEARER = 0.3  # how much more a bit must be worth with each search of the problem


@dataclass(frozen=True)
class Candidate:
    """A rollout that may be searched.

    Its nodes are given without the root, with the number of steps that it was started with.
    """

    path: tuple[Node, ...]
    start: int
    # Whether there is an error in it to be found: its answer is wrong, or it announces a correction
    flawed: bool

    @property
    def prefix(self) -> Prefix:
        """Return the steps that it was started with."""
        return tuple(node.text for node in self.path[: self.start])

    @functools.cached_property
    def words(self) -> list[int]:
        """Return the number of words of each step."""
        return [len(node.text.split()) for node in self.path]

    @functools.cached_property
    def length(self) -> int:
        """Return the number of words that were sampled."""
        return sum(self.words[self.start :])


@dataclass
class Search:
    """The state of one problem's search.

    It depends on the completions alone: no clock, no other problem, no shared chance.
    """

    tree: Tree
    settings: SearchSettings
    roll_out: RolloutSampler | None  # None: nothing is searched
    spent: int = 0  # rollouts sampled, those without a verdict included
    candidates: list[Candidate] = field(default_factory=list)
    asked: Counter[Prefix] = field(default_factory=Counter)
    visits: Counter[Prefix] = field(
        default_factory=Counter
    )  # searches begun, by the start of the rollout
    known_steps: set[str] = field(default_factory=set)  # without the whitespace around them
    corrections: set[str] = field(default_factory=set)  # those of them that announce one
    labels: dict[Node, float] = field(
        default_factory=dict
    )  # found by an estimator without a belief
    shares: int = 1  # how often max_branches may be spent by now

    def __post_init__(self) -> None:
        """Begin with an empty belief."""
        self.belief = Belief(self.tree, self.corrections)

    @property
    def budget(self) -> int:
        """Return how many rollouts may still be sampled."""
        return self.settings.max_branches * self.shares - self.spent

    def enter(self, rollout: Rollout, start: int) -> None:
        """Enter a rollout that was started after its first `start` steps.

        One without a verdict counts nowhere.
        """
        if rollout.solution_id is None and (rollout.verdict is None or len(rollout.steps) <= start):
            return
        steps = [step.strip() for step in rollout.steps]
        new = [step for step in steps[start:] if step not in self.known_steps]
        self.known_steps.update(new)
        self.corrections |= steps_announcing_correction(new)
        path = self.tree.add(rollout, start)
        self.belief.add(path)
        if path[-1].times + len(path[-1].solution_ids) == 1:
            flawed = not rollout.verdict or not self.corrections.isdisjoint(steps)
            self.candidates.append(Candidate(tuple(path), start, flawed))

    async def evaluate(self, path: Sequence[Node], depth: int) -> list[Rollout]:
        """Sample rollouts from the path's first `depth` steps.

        Their number is `num_branches`, or what the budget has left.
        """
        prefix = tuple(node.text for node in path[:depth])
        count = min(self.settings.num_branches, self.budget)
        assert self.roll_out, "only a search asks for rollouts"
        rollouts = await self.roll_out(prefix, count, self.asked[prefix])
        self.asked[prefix] += count
        self.spent += count
        for rollout in rollouts:
            self.enter(rollout, depth)
        return rollouts

    @property
    def price(self) -> float:
        """Return the bits that a word must be expected to tell.

        It rises with each search: solutions of one problem are alike, so that the labels of one
        more are worth less.
        """
        searches = sum(self.visits.values())
        return (1 + DEARER * searches) / words_per_bit(self.settings.effort)

    def start_of(self, candidate: Candidate) -> Node:
        """Return the node at which a candidate was started."""
        return candidate.path[candidate.start - 1] if candidate.start else self.tree.root
