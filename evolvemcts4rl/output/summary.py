"""What a run cost and made: summary.json, and the lines that end the program's output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.reasons import ReasonCode, Status, sentence_of
from evolvemcts4rl.records import Problem
from evolvemcts4rl.terminal import printable

if TYPE_CHECKING:
    from evolvemcts4rl.labels.judge_rates import Panel
    from evolvemcts4rl.labels.planted import KnownVerdicts

FIFTHS = 5
# What is said of a solution with an error, by the verdict on its answer.
_FOUND = {
    True: "right after an error",
    False: "wrong, error found",
    None: "without answer, error found",
}
GUESSES = 0.5  # does_not_guess under which a judge is said to guess
MOST_REASONS = 8
MOST_OF_ANSWER, MOST_OF_REASON = 60, 300  # characters


@dataclass
class LabelCounts:
    """Counts over a run's trees: labels, solutions, and where the first errors lie."""

    trees: int = 0
    rollouts: int = 0
    steps: Counter[bool] = field(default_factory=Counter)  # by label
    solutions: Counter[str] = field(default_factory=Counter)  # by what was found in them
    given_solutions: int = 0  # which have a label at every step
    one_step_solutions: int = 0
    whole_solutions: int = 0
    shortest: int | None = None  # steps of the shortest whole solution
    # By judge: its verdicts, and the tokens that they cost.
    judges: dict[str, Counter[str]] = field(default_factory=dict)
    errors: list[int] = field(default_factory=lambda: [0] * FIFTHS)  # by the fifth they lie in

    def add(self, labelled_tree: LabelledTree) -> None:
        """Count one more tree."""
        self.trees += 1
        self.rollouts += labelled_tree.tree.root.num_started
        self.whole_solutions += len(labelled_tree.solutions)
        lengths = map(len, labelled_tree.solutions)
        self.shortest = min([*lengths, *filter(None, [self.shortest])], default=None)
        self.one_step_solutions += sum(len(path) == 1 for path in labelled_tree.solutions)
        for node in labelled_tree.tree.nodes():
            self.rollouts += node.num_started
            if node.label is not None:
                self.steps[node.label] += 1
        for judge, (prompt, completion) in labelled_tree.tree.judge_tokens.items():
            cost = Counter(prompt_tokens=prompt, completion_tokens=completion)
            self.judges.setdefault(judge, Counter(verdicts=0)).update(cost)
        for solution in labelled_tree.solutions:
            for judge in solution[-1].judgements or {}:
                self.judges.setdefault(judge, Counter())["verdicts"] += 1
        for path, _, labels in labelled_tree.labelled:
            self.given_solutions += len(path[-1].solution_ids)
            if labels[-1]:
                self.solutions["right"] += 1
                continue
            kind = _FOUND[path[-1].correct]
            self.solutions[kind] += 1
            self.errors[min(FIFTHS - 1, (len(labels) - 1) * FIFTHS // len(path))] += 1

    def counting(self, labelled_trees: Iterable[LabelledTree]) -> Iterator[LabelledTree]:
        """Yield the trees and count each."""
        for labelled_tree in labelled_trees:
            self.add(labelled_tree)
            yield labelled_tree

    def to_json(self) -> dict[str, Any]:
        """Return the counts as they stand in summary.json."""
        return {
            "trees": self.trees,
            "rollouts": self.rollouts,
            "labelled_steps": {"right": self.steps[True], "wrong": self.steps[False]},
            "labelled_solutions": dict(self.solutions),
            "given_solutions": self.given_solutions,
            "whole_solutions": self.whole_solutions,
            "one_step_solutions": self.one_step_solutions,
            "first_errors_by_fifth_of_the_solution": self.errors,
            "judges": {judge: dict(cost) for judge, cost in sorted(self.judges.items())},
        }


def summarise(
    problems: Iterable[Problem],
    labels: LabelCounts,
    bought: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the counts of a run's problems and labels, with those of what it `bought`."""
    statuses: Counter[str] = Counter()
    reasons: Counter[ReasonCode] = Counter()
    mutations: Counter[str] = Counter()
    disagreements = []
    first_failure = None
    for problem in problems:
        statuses[str(problem.status)] += 1
        mutations[problem.mutation] += 1
        if problem.reason:
            reasons[problem.reason.code] += 1
        if problem.status == Status.FAILED and first_failure is None:
            first_failure = {
                "question_id": problem.question_id,
                "reason": str(problem.reason or ""),
            }
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
        "reasons": {str(code): count for code, count in reasons.most_common()},
        "first_failure": first_failure,
        "majority_against_stated_answer": disagreements,
    }
    return summary | dict(bought) | labels.to_json()


def print_summary(
    summary: dict[str, Any], folder: Path, stopped: str | None, resume_command: str
) -> None:
    """Print what the run made and where it is; `stopped` says why it ended early."""
    for name, text in _lines(summary, folder, stopped, resume_command):
        print(f"{name:<15} {printable(text)}")


def print_export(summary: dict[str, Any], folder: Path) -> None:
    """Print what an export made and where it is."""
    for name, text in (*_file_lines(summary), ("files", str(folder))):
        print(f"{name:<15} {printable(text)}")


def _file_lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the lines on training files: their rows, and what was left out of which."""
    files = summary.get("files", {})
    rows = {name: each["rows"] + each["test_rows"] for name, each in files.items()}
    if rows:
        yield "rows", ", ".join(f"{name} {count}" for name, count in rows.items())
    held_out = sum(each["test_rows"] for each in files.values())
    if held_out:
        yield "held out", f"{held_out} of these rows, in files of their own"
    left_out = [
        f"{name} {', '.join(f'{count} {why}' for why, count in each['left_out'].items())}"
        for name, each in files.items()
        if each["left_out"]
    ]
    if left_out:
        yield "left out", "; ".join(left_out)


def _lines(
    summary: dict[str, Any], folder: Path, stopped: str | None, resume_command: str
) -> Iterator[tuple[str, str]]:
    """Yield the lines of the summary, each with its name."""
    problems = ", ".join(f"{count} {status}" for status, count in summary["problems"].items())
    steps, solutions = summary["labelled_steps"], summary["labelled_solutions"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in solutions.items())
    yield "problems", f"{sum(summary['problems'].values())}: {problems}"
    yield "trees", f"{summary['trees']} with {summary['rollouts']} rollouts"
    yield "labelled steps", f"{steps['right']} right, {steps['wrong']} wrong"
    yield "solutions", kinds or "none labelled"
    if given := summary.get("given_solutions"):
        yield "given", f"{given} solutions of the seed file labelled"
    yield from _lines_of_cost(summary)
    yield from _file_lines(summary)
    yield "seconds", f"{summary['seconds']:.0f} in this run"
    yield "files", f"{folder}"
    for number, (code, count) in enumerate(list(summary["reasons"].items())[:MOST_REASONS]):
        yield "" if number else "reasons", f"{count} × {sentence_of(code)}"
    yield from _lines_of_doubt(summary)
    if why := summary.get("nothing_labelled"):
        yield "no labels", why
    if stopped:
        yield "stopped", stopped
    elif failed := summary["problems"].get("failed"):
        yield "failed", f"{failed} problems: {resume_command} tries them again"
        if first := summary.get("first_failure"):
            yield "", f"{first['question_id']}: {printable(first['reason'], MOST_OF_REASON)}"


def _lines_of_cost(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tokens that were bought, with those of each judge and role."""
    yield "tokens", _tokens(summary)
    for judge, told in summary.get("judges", {}).items():
        yield "judge", _judge_line(judge, told)
    roles = summary.get("roles", {})
    for name, role in roles.items() if len(roles) > 1 else ():
        yield "", f"{name} {role['model'] or ''}".rstrip() + f": {_tokens(role)}"


def _lines_of_doubt(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what in the steps and answers should be looked at."""
    if 2 * summary.get("one_step_solutions", 0) > summary.get("whole_solutions", 0):
        yield (
            "look at",
            f"{summary['one_step_solutions']} of {summary['whole_solutions']} solutions are a "
            "single step, in which no first error can be found: give with --step_separator the "
            "text that ends the model's steps",
        )
    if against := summary["majority_against_stated_answer"]:
        first = against[0]
        stated, voted = (printable(first[name], MOST_OF_ANSWER) for name in ("stated", "voted"))
        yield (
            "look at",
            f"{len(against)} seeds whose stated answer the majority contradicts, first "
            f"{first['question_id']}: stated {stated}, voted {voted} ({first['agreement']:.0%})",
        )
    if timed_out := summary.get("comparisons_timed_out"):
        yield "answers", f"{timed_out} comparisons took too long and count as no match"


def _judge_line(judge: str, told: dict[str, Any]) -> str:
    """Return what a judge cost, and how well it judges where that is known."""
    spent = told.get("prompt_tokens", 0), told.get("completion_tokens", 0)
    line = f"{printable(judge)}: {told['verdicts']} verdicts, {spent[0]:,} tokens in, "
    line += f"{spent[1]:,} out (of the above)"
    if "known_cases" not in told:
        return line
    if not told["known_cases"]:
        return f"{line}; how well it judges is not known, since no error could be planted"
    if told["does_not_guess"] < GUESSES:
        return f"{line}; it guesses, so its verdicts count for next to nothing"
    return (
        f"{line}; of planted errors it names {told['names_first_error']:.0%}, "
        f"false alarms {told['false_alarm']:.0%}"
    )


def told_of_judges(
    judges: dict[str, dict[str, float]], known: KnownVerdicts, panel: Panel
) -> dict[str, dict[str, float]]:
    """Return what summary.json says of the judges: what they cost and how well they judge."""
    told = {}
    for name, tokens in known.tokens.items():
        cost = judges.get(name, {"verdicts": 0, "prompt_tokens": 0, "completion_tokens": 0})
        cost["prompt_tokens"] += tokens[0]
        cost["completion_tokens"] += tokens[1]
        told[name] = cost | panel.of(name).summary()
    return told


def _tokens(bought: dict[str, Any]) -> str:
    """Return what was bought in words, with its cost where there are prices."""
    tokens = f"{bought['prompt_tokens']:,} in, {bought['completion_tokens']:,} out"
    return tokens if bought["money"] is None else f"{tokens}, costing {bought['money']:.2f}"
