"""The search of one problem: select a wrong rollout, find its first error, expand the tree.

Selection and its constants are OmegaPRM's (arXiv 2406.06592). The first error is looked for with
the belief of belief.py, or with one of the two published estimators. Nothing here knows where
rollouts come from.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import write_labels
from evolvemcts4rl.labels.search_state import Candidate, Search
from evolvemcts4rl.records import Problem, Rollout, RolloutSampler
from evolvemcts4rl.tree import Tree

ALPHA = 0.5  # α: how much a mostly right start is preferred
BETA = 0.9  # β: how much a short rollout is preferred
EXPLORATION = 0.125  # c: how much a start that was seldom searched from is preferred
OVERHEAD = 10  # what a request costs beside the words that it samples, in words
LENGTH = 512  # L: words of a rollout that count as one unit of length


async def search(
    problem: Problem,
    solutions: Sequence[Rollout],
    roll_out: RolloutSampler | None,
    settings: SearchSettings,
) -> Tree:
    """Return the tree of a problem whose first solutions are given, with its labels.

    Asks `roll_out` for at most `max_branches` rollouts and searches at most `max_search` of the
    candidates; without it nothing is searched.
    """
    state = Search(
        Tree(problem.question_id, problem.question, problem.final_answer), settings, roll_out
    )
    for rollout in solutions:
        state.enter(rollout, 0)
    estimator = ESTIMATORS[settings.estimator]
    given = [each for each in state.candidates if each.path[-1].solution_ids] if roll_out else []
    for number, solution in enumerate(given, 1):
        state.shares = number
        solution.path[-1].searched = await estimator.locate(state, solution)
    state.shares = len(given) + 1
    searches = 0
    while (
        roll_out
        and state.tree.root.num_rollouts  # where all is given, nothing else is to be labelled
        and searches < settings.max_search
        and state.budget > 0
        and (candidate := estimator.select(state))
    ):
        before = state.spent
        candidate.path[-1].searched = await estimator.locate(state, candidate)
        if state.spent > before:  # what others' rollouts had told already is not a search
            state.visits[candidate.prefix] += 1
            searches += 1
    estimator.label(state)
    return state.tree


def select(search: Search) -> Candidate | None:
    """Return the wrong rollout with the highest Q + U, or None.

    Its start is neither always nor never right.

    A right rollout that announces a correction counts as wrong here: there is an error in it to be
    found.
    """

    def open_to_search(candidate: Candidate) -> bool:
        if not candidate.flawed or candidate.path[-1].searched:
            return False
        value = search.start_of(candidate).started_value
        return value is not None and 0 < value < 1

    total = sum(search.visits.values())
    return max(
        filter(open_to_search, search.candidates),
        key=lambda c: score(search, c, total),
        default=None,
    )


def score(search: Search, candidate: Candidate, total_visits: int) -> float:
    """Return OmegaPRM's Q + U (section 3.3).

    Wrong rollouts from prefixes that mostly succeed come first: confident mistakes.
    """
    value = search.start_of(candidate).started_value or 0.0
    quality: float = ALPHA ** (1 - value) * BETA ** (candidate.length / LENGTH)
    exploration = EXPLORATION * math.sqrt(total_visits) / (1 + search.visits[candidate.prefix])
    return quality + exploration


async def locate_by_belief(search: Search, candidate: Candidate) -> bool:
    """Evaluate the prefix that tells most per word, until the first error is known.

    Or until no prefix tells enough for its words.
    """
    path = candidate.path
    texts = tuple(node.text for node in path)
    price = 0.0 if path[-1].solution_ids else search.price  # a given one is to be labelled
    cost = sum(candidate.words) - np.cumsum(candidate.words)[:-1] + OVERHEAD
    while search.budget > 0:
        right = search.belief.p_right_along(path)
        chances = -np.diff([1.0, *right, 0.0])  # of each step to be the first error; last, of none
        if chances.max() >= search.settings.confidence or len(path) == 1:
            break
        # Rollouts from a prefix repeat one another: each time, the next ones tell less than
        # independent ones would.
        repeats = (
            np.array([search.asked[texts[:depth]] for depth in range(1, len(path))])
            / search.settings.num_branches
        )
        telling = (
            search.belief.information_gain(path, min(search.settings.num_branches, search.budget))
            / cost
            / (1 + repeats)
        )
        if telling.max() < price:
            break
        await search.evaluate(path, int(telling.argmax()) + 1)
    return True


def label_by_belief(search: Search) -> None:
    """Write p_correct as the search's belief has it, which knows of no other problem."""
    write_labels(search.tree, search.belief, search.settings.confidence)


async def locate_by_halving(search: Search, candidate: Candidate) -> bool:
    """Bisect what was sampled, as OmegaPRM does (arXiv 2406.06592, section 3.2).

    A prefix is right there if any rollout from it succeeds.
    """
    right, wrong = candidate.start, len(candidate.path)
    while wrong - right > 1:
        if search.budget <= 0:
            return False
        middle = (right + wrong) // 2
        known = candidate.path[middle - 1].started_value  # of a search before this one
        any_right = (
            _any_right(await search.evaluate(candidate.path, middle))
            if known is None
            else known > 0
        )
        if any_right is None:
            return False
        if any_right:
            right = middle
        else:
            wrong = middle
    end = candidate.path[-1]
    if end.solution_ids and end.correct is not False and wrong == len(candidate.path):
        right = wrong  # nothing speaks against the last step of a given solution
    for depth, node in enumerate(candidate.path, 1):
        search.labels[node] = float(depth <= right)
    return True


def select_in_order(search: Search) -> Candidate | None:
    """Return the first solution, in order of sampling, that is not labelled yet and affordable."""
    for candidate in search.candidates:
        price = (len(candidate.path) - 1) * search.settings.num_branches
        if candidate.start == 0 and not candidate.path[-1].searched and price <= search.budget:
            return candidate
    return None


async def locate_step_by_step(search: Search, candidate: Candidate) -> bool:
    """Estimate step by step, as Math-Shepherd does (arXiv 2312.08935, section 3.3).

    A step is right there if any completion from it succeeds.
    """
    for depth in range(1, len(candidate.path)):
        if search.budget <= 0:
            return False
        any_right = _any_right(await search.evaluate(candidate.path, depth))
        if any_right is not None:
            search.labels[candidate.path[depth - 1]] = float(any_right)
    end = candidate.path[-1]
    if end.correct is not None:
        search.labels[end] = float(end.correct)
    elif len(candidate.path) > 1 and candidate.path[-2] in search.labels:
        search.labels[end] = search.labels[candidate.path[-2]]  # a given one without an answer
    return True


def _any_right(rollouts: Sequence[Rollout]) -> bool | None:
    """Return whether any rollout is right; None where none of them has a verdict."""
    verdicts = [rollout.verdict for rollout in rollouts if rollout.verdict is not None]
    return any(verdicts) if verdicts else None


def label_as_found(search: Search) -> None:
    """Write the labels that the searches found."""
    for node, label in search.labels.items():
        node.p_correct = label


def label_as_found_or_vouched(search: Search) -> None:
    """Write the labels found; elsewhere a right answer vouches for the steps before it."""
    for path in search.tree.solutions():
        if path[-1].correct:
            for node in path:
                node.p_correct = 1.0
    label_as_found(search)


@dataclass(frozen=True)
class Estimator:
    """How to select a solution, find its first error, and label the tree."""

    select: Callable[[Search], Candidate | None]
    locate: Callable[
        [Search, Candidate], Awaitable[bool]
    ]  # gives whether it came to an end within the budget
    label: Callable[[Search], None]


ESTIMATORS = {
    "belief": Estimator(select, locate_by_belief, label_by_belief),
    "omega": Estimator(select, locate_by_halving, label_as_found_or_vouched),
    "shepherd": Estimator(select_in_order, locate_step_by_step, label_as_found),
}
