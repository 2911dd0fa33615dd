"""What a run cost and made: summary.json, and the lines that end the program's output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.records import Problem

if TYPE_CHECKING:
    from evolvemcts4rl.chat.journal import Totals

FIFTHS = 5


@dataclass
class LabelCounts:
    """How the labels of a run's trees balance, and where the first errors lie."""

    trees: int = 0
    rollouts: int = 0
    steps: Counter[bool] = field(default_factory=Counter)  # by label
    solutions: Counter[str] = field(default_factory=Counter)  # by what was found in them
    one_step_solutions: int = 0
    whole_solutions: int = 0
    errors: list[int] = field(default_factory=lambda: [0] * FIFTHS)  # by the part of the solution where they lie

    def add(self, labelled_tree: LabelledTree) -> None:
        """Count one more tree."""
        self.trees += 1
        self.rollouts += labelled_tree.tree.root.num_rollouts
        self.whole_solutions += len(labelled_tree.solutions)
        self.one_step_solutions += sum(len(path) == 1 for path in labelled_tree.solutions)
        for node in labelled_tree.tree.nodes():
            self.rollouts += node.num_rollouts
            if node.label is not None:
                self.steps[node.label] += 1
        for path, _, labels in labelled_tree.labelled:
            kind = "right" if labels[-1] else "wrong, error found" if not path[-1].correct else "right after an error"
            self.solutions[kind] += 1
            if not labels[-1]:
                self.errors[min(FIFTHS - 1, (len(labels) - 1) * FIFTHS // len(path))] += 1

    def to_json(self) -> dict[str, Any]:
        """The counts as they stand in summary.json."""
        return {
            "trees": self.trees,
            "rollouts": self.rollouts,
            "labelled_steps": {"right": self.steps[True], "wrong": self.steps[False]},
            "labelled_solutions": dict(self.solutions),
            "whole_solutions": self.whole_solutions,
            "one_step_solutions": self.one_step_solutions,
            "first_errors_by_fifth_of_the_solution": self.errors,
        }


def summarise(
    problems: Iterable[Problem], labels: LabelCounts, totals: Totals, prices: tuple[float, float] | None
) -> dict[str, Any]:
    """The counts of a run, from its problems, its trees' labels and what its journal has bought."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    mutations: Counter[str] = Counter()
    disagreements = []
    for problem in problems:
        statuses[problem.status] += 1
        mutations[problem.mutation] += 1
        if problem.reason:
            reasons[f"{problem.status}: {_kind(problem.reason)}"] += 1
        if problem.vote_agrees is False and (problem.agreement or 0) > 0.5:
            disagreements.append(
                {
                    "question_id": problem.question_id,
                    "stated": problem.final_answer,
                    "voted": problem.voted_answer,
                    "agreement": problem.agreement,
                }
            )
    summary = {
        "problems": dict(statuses),
        "mutations": dict(mutations),
        "reasons": dict(reasons.most_common()),
        "majority_against_stated_answer": disagreements,
        "completions": totals.completions,
        "prompt_tokens": totals.prompt_tokens,
        "completion_tokens": totals.completion_tokens,
        "money": money(totals, prices),
    }
    return summary | labels.to_json()


def print_summary(summary: dict[str, Any], folder: Path, stopped: str | None, resume_command: str) -> None:
    """Tell on standard output what came out, and where it is; `resume_command` is the command that goes on from there."""
    problems = ", ".join(f"{count} {status}" for status, count in summary["problems"].items())
    steps, solutions = summary["labelled_steps"], summary["labelled_solutions"]
    lines = {
        "problems": f"{sum(summary['problems'].values())}: {problems}",
        "trees": f"{summary['trees']} with {summary['rollouts']} rollouts",
        "labelled steps": f"{steps['right']} right, {steps['wrong']} wrong",
        "solutions": ", ".join(f"{count} {kind}" for kind, count in solutions.items()) or "none labelled",
        "tokens": f"{summary['prompt_tokens']:,} in, {summary['completion_tokens']:,} out" + _cost(summary),
        "seconds": f"{summary['seconds']:.0f} in this run",
        "files": f"{folder}",
    }
    for name, text in lines.items():
        print(f"{name:<15} {text}")
    for reason, count in list(summary["reasons"].items())[:8]:
        print(f"{'':<15} {count} × {reason}")
    if 2 * summary.get("one_step_solutions", 0) > summary.get("whole_solutions", 0):
        print(
            f"{'look at':<15} {summary['one_step_solutions']} of {summary['whole_solutions']} solutions are a single step, "
            "in which no first error can be found: give with --step_separator the text that ends the model's steps"
        )
    against = summary["majority_against_stated_answer"]
    if against:
        first = against[0]
        print(
            f"{'look at':<15} {len(against)} seeds whose stated answer the majority contradicts, first "
            f"{first['question_id']}: stated {first['stated']}, voted {first['voted']} ({first['agreement']:.0%})"
        )
    if timed_out := summary.get("comparisons_timed_out"):
        print(f"{'answers':<15} {timed_out} comparisons took too long and count as no match")
    if stopped:
        print(f"{'stopped':<15} {stopped}")
    elif summary["problems"].get("failed"):
        print(f"{'failed':<15} {summary['problems']['failed']} problems: {resume_command} tries them again")


def _kind(reason: str) -> str:
    """A reason without its numbers and ids, so that equal ones count together."""
    return " ".join("…" if any(sign.isdigit() for sign in word) else word for word in reason.split())[:120]


def money(totals: Totals, prices: tuple[float, float] | None) -> float | None:
    """What the tokens cost at these prices per million of prompt and completion tokens; None where there are no prices."""
    if prices is None:
        return None
    return round((totals.prompt_tokens * prices[0] + totals.completion_tokens * prices[1]) / 1e6, 4)


def _cost(summary: dict[str, Any]) -> str:
    return "" if summary["money"] is None else f", costing {summary['money']:.2f}"
