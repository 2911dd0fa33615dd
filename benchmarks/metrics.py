"""How true labels are: what every table of labels shows, and how it is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evolvemcts4rl.labels.labelling import is_labelled
from evolvemcts4rl.records import Prefix
from evolvemcts4rl.tree import Node

HEADS = (
    "PB-F1", "± se", "F1", "AUC", "AUC right", "ECE", "if ≥ 0.9",
    "if ≤ 0.1", "kept", "exact", "hidden", "tokens/sol"
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A labelled solution: where its first error is found, and where it is."""

    steps: Prefix
    found: int | None
    error: int | None
    correct: bool  # the answer, as graded
    kept: bool


@dataclass
class Result:
    """What one method makes of one problem."""

    solutions: list[Found] = field(default_factory=list)
    values: list[tuple[float, bool, bool]] = field(
        default_factory=list
    )  # p, truth, in a solution with a right answer
    tokens: int = 0


def hard_value(node: Node) -> float | None:
    """Return the label of a node as it was given."""
    return node.p_correct


def soft_value(node: Node) -> float | None:
    """Return the share of right ones among the rollouts that were started at a labelled node."""
    started = node.p_correct is not None and node.children
    return node.started_value if started else node.p_correct


def read_labels(
    solutions: Iterable[Sequence[Node]],
    error_of: Callable[[Prefix], int | None],
    value: Callable[[Node], float | None] = hard_value,
    threshold: float = 0.5,
) -> Result:
    """Return the labels of solutions of one tree beside the truth; below the threshold is wrong."""
    result, seen = Result(), set()
    for path in solutions:
        steps = tuple(node.text.strip() for node in path)
        error = error_of(steps)
        chances = [value(node) for node in path]
        for depth, (node, chance) in enumerate(zip(path, chances, strict=True)):
            if chance is not None and node not in seen:
                seen.add(node)
                result.values.append(
                    (chance, error is None or depth < error, bool(path[-1].correct))
                )
        known = [chance for chance in chances if chance is not None]
        if len(known) == len(path):
            found = next((depth for depth, chance in enumerate(known) if chance < threshold), None)
            result.solutions.append(
                Found(steps, found, error, bool(path[-1].correct), is_labelled(path))
            )
    return result


def share(hits: Sequence[bool]) -> float:
    """Return the share of true ones; nan where there is none."""
    return float(np.mean(hits)) if len(hits) else float("nan")


def f1(solutions: Sequence[Found], definition: Callable[[Found], bool]) -> float:
    """Return the harmonic mean of two shares.

    They are the erroneous solutions that are found exactly, and the clean ones called clean.
    """
    wrong = share([one.found == one.error for one in solutions if definition(one)])
    right = share([one.found is None for one in solutions if one.error is None])
    return 2 * wrong * right / max(wrong + right, 1e-9)


def processbench_f1(solutions: Sequence[Found]) -> float:
    """Return F1 by ProcessBench's definition.

    A solution with a wrong step is a wrong one there, whatever its answer.
    """
    return f1(solutions, lambda one: one.error is not None)


def auc(values: Sequence[tuple[float, bool]]) -> float | None:
    """Return the chance that a right prefix has the higher value than a wrong one.

    Ties count half.

    None where one kind is missing.
    """
    right = np.array([value for value, truth in values if truth])
    wrong = np.sort([value for value, truth in values if not truth])
    if not len(right) or not len(wrong):
        return None
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong))


def calibration_error(values: Sequence[tuple[float, bool]]) -> float | None:
    """Return the expected calibration error over ten bins of equal width."""
    return sum(abs(part) for _, _, part in reliability(values)) if values else None


def reliability(values: Sequence[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """Return each bin's mean label, share of right ones, and part of the error."""
    chance, truth = np.array(values, dtype=float).T
    bins = np.minimum(chance * 10, 9).astype(int)
    return [
        (
            chance[bins == k].mean(),
            truth[bins == k].mean(),
            (chance - truth)[bins == k].sum() / len(chance),
        )
        for k in range(10)
        if (bins == k).any()
    ]


def row(results: Sequence[Result]) -> list[float | None]:
    """Return the figures of a table's row, in the order of HEADS."""
    solutions = [one for result in results for one in result.solutions]
    values = [(value, truth) for result in results for value, truth, _ in result.values]
    kept = [one for one in solutions if one.kept]
    return [
        processbench_f1(solutions),
        bootstrap(
            results, lambda some: processbench_f1([one for each in some for one in each.solutions])
        ),
        f1(solutions, lambda one: one.error is not None and not one.correct),
        auc(values),
        auc(
            [(value, truth) for result in results for value, truth, right in result.values if right]
        ),
        calibration_error(values),
        share([truth for value, truth in values if value >= 0.9]),
        share([not truth for value, truth in values if value <= 0.1]),
        float(len(kept)),
        share([one.found == one.error for one in kept]),
        share([one.error is not None for one in kept if one.found is None]),
        sum(result.tokens for result in results) / max(len(kept), 1),
    ]


def bootstrap(results: Sequence[Result], figure: Callable[[Sequence[Result]], float]) -> float:
    """Return the standard error of a figure over problems."""
    rng = np.random.default_rng(0)
    draws = [
        [results[i] for i in rng.integers(len(results), size=len(results))] for _ in range(100)
    ]
    return float(np.nanstd([figure(draw) for draw in draws])) if results else float("nan")


def in_both(one: Sequence[Result], other: Sequence[Result]) -> tuple[float, float, int]:
    """Return both methods' PB-F1 on the solutions that both label, and how many those are."""
    mine, theirs = [], []
    for first, second in zip(one, other, strict=True):
        labelled = {each.steps: each for each in second.solutions}
        for each in first.solutions:
            if each.steps in labelled:
                mine.append(each)
                theirs.append(labelled[each.steps])
    return processbench_f1(mine), processbench_f1(theirs), len(mine)


def figure(value: float | None) -> str:
    """Return a figure as a table shows it."""
    if value is None or value != value:
        return "-"
    return f"{value:.3f}" if value < 2 else f"{value:.0f}"


def table_head(width: int) -> str:
    """Return the first line of a table whose titles have so many characters."""
    return " " * width + "".join(f"{head:>11}" for head in HEADS)


def table_row(title: str, results: Sequence[Result]) -> str:
    """Return a line of a table."""
    return title + "".join(f"{figure(value):>11}" for value in row(results))
