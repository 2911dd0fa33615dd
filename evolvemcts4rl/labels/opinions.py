"""What the judges' verdicts on a tree's solutions say of each of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from evolvemcts4rl.labels.judge_rates import (
    ALIKE,
    NO_ERROR,
    Array,
    KnownVerdict,
    Panel,
    learn_panel,
    outcome_of,
)
from evolvemcts4rl.tree import Node, Tree

ROUNDS = 2  # of expectation maximisation

# The chance that every step up to each node of a path is right, if the panel's judges are heard.
RightAlong = Callable[[Sequence[Node]], Array]


def opinions(tree: Tree, panel: Panel) -> dict[Node, float]:
    """Return how much the judges raise the log-odds that a first error is made at each node.

    That is the sum over judges and over the judged solutions through the node of
    log(Ψ(verdict | first error here) / Ψ(verdict | no error in the solution)). What is said of one
    solution is scaled down to what the known cases can support. Verdicts on solutions that share a
    step are alike there: n of them count as n / (1 + (n - 1) / 2). Nodes of which nobody speaks
    are left out.
    """
    cap = panel.cap
    said: dict[Node, list[float]] = defaultdict(list)
    for path in tree.solutions():
        if path[-1].judgements:
            factors = np.zeros(len(path))
            for judge, verdict in path[-1].judgements.items():
                rates = panel.of(judge)
                factors += rates.weight * rates.log_factors(verdict, len(path))
            factors /= max(1.0, np.abs(factors).max() / cap)
            for node, factor in zip(path, factors.tolist(), strict=True):
                said[node].append(factor)
    return {
        node: min(max(sum(factors) / (1 + (len(factors) - 1) * ALIKE), -cap), cap)
        for node, factors in said.items()
    }


def learn_from_trees(
    known: Mapping[str, Sequence[KnownVerdict | None]],
    trees: Iterable[Tree],
    believe: Callable[[Tree, Panel], RightAlong],
) -> Panel:
    """Return the judges' rates from known cases and from a run's wrong solutions.

    Rollouts tell where the first error of a wrong solution lies, so that what a judge says of it
    can be counted as expected (expectation maximisation). Of right answers nothing but judges
    speaks, and they are not counted.
    """
    panel, trees = learn_panel(known), list(trees)
    for _ in range(ROUNDS):
        seen: dict[str, Array] = {name: np.zeros(4) for name in known}
        for tree in trees:
            judged = [path for path in tree.solutions() if path[-1].judgements]
            wrong = [path for path in judged if not path[-1].correct]
            if wrong:
                right_along = believe(tree, panel)
                for path in wrong:
                    _count(path, right_along(path), seen)
        panel = learn_panel(known, seen)
    return panel


def _count(path: Sequence[Node], right: Array, seen: Mapping[str, Array]) -> None:
    first_error = -np.diff([1.0, *right])
    for judge, verdict in (path[-1].judgements or {}).items():
        if judge in seen:
            for place, chance in enumerate(first_error):
                seen[judge][outcome_of(verdict, place)] += chance


def chance_of(verdict: int, right: Sequence[float]) -> float:
    """Return the chance that a verdict is true, given p_correct of the solution's steps."""
    if verdict == NO_ERROR:
        return right[-1]
    return (right[verdict - 1] if verdict else 1.0) - right[verdict]
