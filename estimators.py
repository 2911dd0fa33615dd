"""The two published ways to find a first error, for comparison: --estimator omega and --estimator shepherd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evolvemcts4rl.records import Rollout

if TYPE_CHECKING:
    from mcts import Candidate, Search


async def locate_by_halving(search: Search, candidate: Candidate) -> bool:
    """OmegaPRM's bisection (arXiv 2406.06592, section 3.2) of what was sampled: a prefix is right if any rollout from it succeeds."""
    right, wrong = candidate.start, len(candidate.path)
    while wrong - right > 1:
        if search.budget <= 0:
            return False
        middle = (right + wrong) // 2
        known = candidate.path[middle - 1].mc_value  # of a search before this one
        any_right = _any_right(await search.evaluate(candidate.path, middle)) if known is None else known > 0
        if any_right is None:
            return False
        if any_right:
            right = middle
        else:
            wrong = middle
    for depth, node in enumerate(candidate.path, 1):
        search.labels[node] = float(depth <= right)
    return True


def select_in_order(search: Search) -> Candidate | None:
    """The first solution in order of sampling that was not labelled yet and whose steps the budget can pay for."""
    for candidate in search.candidates:
        price = (len(candidate.path) - 1) * search.settings.num_branches
        if candidate.start == 0 and not candidate.path[-1].searched and price <= search.budget:
            return candidate
    return None


async def locate_step_by_step(search: Search, candidate: Candidate) -> bool:
    """Math-Shepherd's hard estimate (arXiv 2312.08935, section 3.3): a step is right if any completion from it succeeds."""
    for depth in range(1, len(candidate.path)):
        any_right = _any_right(await search.evaluate(candidate.path, depth))
        if any_right is not None:
            search.labels[candidate.path[depth - 1]] = float(any_right)
    search.labels[candidate.path[-1]] = float(bool(candidate.path[-1].correct))
    return True


def _any_right(rollouts: Sequence[Rollout]) -> bool | None:
    """Whether any rollout is right; None where none of them has a verdict."""
    verdicts = [rollout.verdict for rollout in rollouts if rollout.verdict is not None]
    return any(verdicts) if verdicts else None


def label_as_found(search: Search) -> None:
    """Write the labels that were found; where none was, a right answer vouches for the steps that lead to it."""
    for path in search.tree.solutions():
        for node in path:
            if path[-1].correct and search.settings.estimator == "omega":
                node.p_correct = 1.0
    for node, label in search.labels.items():
        node.p_correct = label
