"""Search recorded problems again: rollouts come from a recording, and nothing is made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mcts
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.search_state import Search
from evolvemcts4rl.output.recording import read_recording
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.tree import Node, Tree


@dataclass
class Recording:
    """What was recorded of one problem; prefixes are without the whitespace around their steps."""

    problem: Problem
    solutions: list[Rollout] = field(default_factory=list)
    rollouts: dict[Prefix, list[Rollout]] = field(default_factory=dict)

    @property
    def solve_rate(self) -> float | None:
        """Return the share of right ones among the first solutions with a verdict."""
        verdicts = [one.verdict for one in self.solutions if one.verdict is not None]
        return sum(verdicts) / len(verdicts) if verdicts else None

    def is_recorded(self, steps: Prefix) -> bool:
        """Return whether there are rollouts at every proper prefix of a solution."""
        bare = stripped(steps)
        return all(bare[:depth] in self.rollouts for depth in range(1, len(bare)))

    async def sample(self, prefix: Prefix, count: int, start: int) -> list[Rollout]:
        """Return the recorded rollouts of these indices, fewer where there are no more."""
        return self.rollouts.get(stripped(prefix), [])[start : start + count]


def stripped(steps: Sequence[str]) -> Prefix:
    """Return steps without the whitespace around them, as a tree compares them."""
    return tuple(step.strip() for step in steps)


def read_recordings(path: Path) -> list[Recording]:
    """Return what was recorded of each problem."""
    found: dict[str, Recording] = {}
    for row in read_recording(path):
        name = row.question_id
        one = found.setdefault(name, Recording(Problem(name, "", "")))
        rollout = row.as_rollout()
        if row.prefix:
            one.rollouts.setdefault(stripped(row.prefix), []).append(rollout)
        else:
            one.solutions.append(rollout)
    return list(found.values())


class NoneLeft(Exception):
    """All rollouts that were recorded at a prefix are used."""


class ReplayedSearch(Search):
    """A search that selects recorded solutions alone, and has the recorded rollouts alone."""

    def __init__(self, recording: Recording, settings: SearchSettings) -> None:
        problem = recording.problem
        tree = Tree(problem.question_id, problem.question, str(problem.final_answer))
        super().__init__(tree, settings, recording.sample)
        self.recording = recording
        self.tokens = sum(rollout.tokens for rollout in recording.solutions)
        for rollout in recording.solutions:
            self.enter(rollout, 0)

    def enter(self, rollout: Rollout, start: int) -> None:
        """Enter a rollout; one whose prefixes were not recorded is never searched."""
        before = len(self.candidates)
        super().enter(rollout, start)
        if len(self.candidates) > before and not self.recording.is_recorded(rollout.steps):
            self.candidates.pop()

    async def evaluate(self, path: Sequence[Node], depth: int) -> list[Rollout]:
        """Take rollouts from the path's first `depth` steps; raise NoneLeft without any."""
        prefix = tuple(node.text for node in path[:depth])
        if not await self.recording.sample(prefix, 1, self.asked[prefix]):
            raise NoneLeft
        rollouts = await super().evaluate(path, depth)
        self.tokens += sum(rollout.tokens for rollout in rollouts)
        return rollouts


async def replay(recording: Recording, settings: SearchSettings) -> tuple[Tree, int]:
    """Return the tree of a problem, searched as mcts.search does, and the tokens that it took."""
    search = ReplayedSearch(recording, settings)
    estimator = mcts.ESTIMATORS[settings.estimator]
    searches = 0
    while (
        recording.solve_rate not in (0.0, 1.0)
        and searches < settings.max_search
        and search.budget > 0
        and (candidate := estimator.select(search))
    ):
        before = search.spent
        try:
            candidate.path[-1].searched = await estimator.locate(search, candidate)
        except NoneLeft:
            candidate.path[-1].searched = True
        if search.spent > before:
            search.visits[candidate.prefix] += 1
            searches += 1
    estimator.label(search)
    return search.tree, search.tokens
