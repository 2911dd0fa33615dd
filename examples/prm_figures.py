"""How good the PRM of train_prm.py is on held-out families: first errors, and votes.

Nothing here needs torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from examples.prm_rows import BadInput, Row, read_json_lines

RECORDING = "recording.jsonl.gz"  # in the run's folder: where --record should write
RIGHT = "right"  # the answer under which all right solutions of a problem vote


@dataclass(frozen=True)
class Solution:
    """A first solution of a problem; those with the same `answer` vote together."""

    prompt: str
    steps: tuple[str, ...]
    answer: str

    @property
    def right(self) -> bool:
        """Return whether its answer is right."""
        return self.answer == RIGHT


Scored = Sequence[tuple[Solution, float]]  # the solutions of a problem with their scores


def first_solutions(run: Path) -> list[list[Solution]]:
    """Return the first solutions with a verdict, two or more of each held-out problem.

    They stand in the recording; a tree holds those of the search too, which begin with steps of
    wrong solutions and may not vote. Wrong answers are the same where they are written alike.
    """
    try:
        return read_solutions(run)
    except (KeyError, TypeError, AttributeError, EOFError, OSError) as error:
        raise BadInput(
            f"The recording or the trees of {run} cannot be read ({type(error).__name__}): "
            "make them anew."
        ) from None


def read_solutions(run: Path) -> list[list[Solution]]:
    """Return what first_solutions does, or raise what a broken file leads to."""
    files = ("rlvr.test", "prm.test")
    ids = {row["question_id"] for name in files for row in read_json_lines(run / f"{name}.jsonl")}
    problems = {
        row["question_id"]: row["question"] for row in read_json_lines(run / "problems.jsonl")
    }
    steps = {
        (tree["question_id"], "".join(path).strip()): tuple(step.strip() for step in path)
        for tree in read_json_lines(run / "tree.jsonl")
        if tree["question_id"] in ids
        for path in paths(tree["reasoning_steps"])
    }
    found = defaultdict(list)
    for row in read_json_lines(run / RECORDING):
        name, text = row["question_id"], row["text"].strip()
        if name in ids and not row["prefix"] and row["verdict"] is not None:
            written = "".join((row["answer"] or text).lower().split())
            answer = RIGHT if row["verdict"] else f"not {RIGHT}: {written}"
            # A problem without a tree was most often solved never: its steps decide nothing.
            parts = steps.get((name, text)) or tuple(text.split("\n\n"))
            found[name].append(Solution(problems[name], parts, answer))
    return [solutions for solutions in found.values() if len(solutions) > 1]


def paths(root: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the texts of all steps up to each node of a tree."""
    stack: list[tuple[dict[str, Any], tuple[str, ...]]] = [(root, ())]
    while stack:
        node, path = stack.pop()
        yield path
        stack += [(child, (*path, child["text"])) for child in node["children"]]


def passes(row: Row, scores: Sequence[float], threshold: float) -> bool:
    """Return whether the first step under the threshold is the row's first error.

    A row without scores counts as missed.
    """
    low = (index for index, score in enumerate(scores) if score < threshold)
    return bool(scores) and next(low, -1) == row.first_error


def f1(
    rows: Sequence[Row], scores: Sequence[Sequence[float]], threshold: float
) -> tuple[float, float, float]:
    """Return ProcessBench's F1 (arXiv 2412.06559) and the two shares of which it is made.

    They are those of the wrong rows whose first error is found exactly, and of the right rows in
    which none is seen. What follows a first error plays no part, so that rows may end with it.
    """
    hits = [
        (row.first_error, passes(row, each, threshold))
        for row, each in zip(rows, scores, strict=True)
    ]
    wrong, right = (
        sum(hit for error, hit in hits if (error < 0) == kind)
        / max(sum((error < 0) == kind for error, _ in hits), 1)
        for kind in (False, True)
    )
    return 2 * wrong * right / max(wrong + right, 1e-9), wrong, right


def best_threshold(rows: Sequence[Row], scores: Sequence[Sequence[float]]) -> float:
    """Return the threshold with the highest F1, of 199 among the scores; else a half."""
    steps = [score for each in scores for score in each] or [0.5]
    tried = [0.5, *map(float, np.quantile(steps, np.linspace(0.005, 0.995, 199)))]
    return max(tried, key=lambda threshold: f1(rows, scores, threshold)[0])


def auc(rows: Sequence[Row], scores: Sequence[Sequence[float]]) -> float:
    """Return the chance that a right step scores higher than a wrong one; ties count half."""
    values = [
        pair
        for row, each in zip(rows, scores, strict=True)
        for pair in zip(each, row.labels[: len(each)], strict=True)
    ]
    right = np.array([score for score, label in values if label])
    wrong = np.sort([score for score, label in values if not label])
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong)) if len(wrong) and len(right) else float("nan")


def share_won(votes: Iterable[tuple[Solution, float]]) -> float:
    """Return 1 where the answer with the most weight is right, a part of it where it is tied."""
    sums: defaultdict[str, float] = defaultdict(float)
    for solution, weight in votes:
        sums[solution.answer] += weight
    winners = [answer for answer, weight in sums.items() if weight == max(sums.values())]
    return (RIGHT in winners) / len(winners)


def best_of(scored: Scored) -> float:
    """Return whether the solution with the highest score is right; a share where several are."""
    top = max(score for _, score in scored)
    return float(np.mean([solution.right for solution, score in scored if score == top]))


WAYS: dict[str, Callable[[Scored], float]] = {
    "one solution": lambda scored: float(np.mean([solution.right for solution, _ in scored])),
    "majority vote": lambda scored: share_won((solution, 1.0) for solution, _ in scored),
    "best of N": best_of,
    "weighted vote": share_won,
    "pass@N": lambda scored: float(any(solution.right for solution, _ in scored)),
}
