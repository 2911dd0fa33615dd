"""A run as one HTML page: its figures, and the trees with most to learn from.

The page fetches and executes nothing. Questions, answers, steps and reasons come from models and
seed files: they reach the page through `markup.escape` only. The page's own policy forbids scripts
and requests as well, in case one slips through.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.markup import (
    SHORT,
    balance,
    bars,
    escape,
    histogram,
    pluralise,
    table,
    text_block,
    tile,
)
from evolvemcts4rl.report.problem_card import instructive, problem_card
from evolvemcts4rl.tree import Tree

MOST_TREES = 50
MOST_LISTED = 20  # of the contradicted seeds, and of the problems without a tree by status
UNFOLDED = 3
STYLE = Path(__file__).with_name("report.css")
FIFTHS = ["first fifth", "second", "third", "fourth", "last fifth"]

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>EvolveMCTS4RL: a run</title>
<style>
"""

LEGEND = """\
<p class="legend">A <b>rollout</b> is one completion by the model, from the problem or from
a step in the middle of a solution to an answer. <b>p_correct</b> says how likely it is that every
step up to this one is right, judged from all rollouts of the problem: from 0.5 up the step is
labelled <span class="key right">right</span>, below <span class="key wrong">wrong</span>.
<span class="key unknown">Not labelled</span> are steps of which the rollouts say too little.
<b>mc_value</b> is the share of right answers among the rollouts that wrote this step themselves
or started after it.
The <b>first error</b> of a solution is its first wrong step; the steps after it are faded.</p>
"""


def write_report(
    file: TextIO,
    summary: dict[str, Any],
    problems: Callable[[], Iterable[Problem]],
    shown: Sequence[Tree],
) -> None:
    """Write the page of a run with the trees of `shown`, in this order.

    `summary` is what summary.json says; it may also have the "run" for the heading and the
    "resume_command". `problems` gives the run's problems anew at each call, since parents are
    looked up after their children.
    """
    file.writelines(_page(summary, problems, shown))


def most_instructive(labelled_trees: Iterable[LabelledTree], most: int = MOST_TREES) -> list[Tree]:
    """Return at most `most` trees to show, those with most to learn from first."""
    return [
        labelled_tree.tree
        for labelled_tree in heapq.nlargest(most, labelled_trees, key=instructive)
    ]


def _page(
    summary: dict[str, Any], problems: Callable[[], Iterable[Problem]], shown: Sequence[Tree]
) -> Iterator[str]:
    listed, without_tree = _without_tree(problems())
    against = summary["majority_against_stated_answer"][:MOST_LISTED]
    ids = [row["question_id"] for row in against] + [tree.question_id for tree in shown]
    known = _with_ancestors(problems, ids + [problem.question_id for problem in listed])
    yield f"{HEAD}{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>\n"
    yield from _figures(summary)
    yield from _contradictions(against, len(summary["majority_against_stated_answer"]), known)
    yield from _trees(shown, summary["trees"], known)
    yield from _others(listed, without_tree, known)
    yield "</main>\n</body>\n</html>\n"


def _without_tree(problems: Iterable[Problem]) -> tuple[list[Problem], int]:
    """Return the problems without a tree, some of each status, and how many there are in all."""
    seen: Counter[str] = Counter()
    listed = []
    for problem in problems:
        if not problem.has_tree:
            seen[problem.status] += 1
            if seen[problem.status] <= MOST_LISTED:
                listed.append(problem)
    return sorted(listed, key=lambda problem: (problem.status, problem.question_id)), seen.total()


def _with_ancestors(
    problems: Callable[[], Iterable[Problem]], ids: Iterable[str]
) -> dict[str, Problem]:
    """Return the problems of these ids and all that they descend from, by id."""
    known: dict[str, Problem] = {}
    wanted = set(ids)
    while wanted:
        found = {
            problem.question_id: problem for problem in problems() if problem.question_id in wanted
        }
        known |= found
        wanted = {
            problem.parent_id for problem in found.values() if problem.parent_id
        } - known.keys()
    return known


def _figures(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the run in numbers."""
    yield f"<header><h1>EvolveMCTS4RL {escape(summary.get('run', ''))}</h1>\n"
    if not summary.get("complete", True):
        command = escape(summary.get("resume_command", "the same command"))
        yield f"<p><b>This run is not complete:</b> {command} continues it.</p>\n"
    yield '</header>\n<div class="tiles">\n'
    yield from _tiles(summary)
    yield '</div>\n<div class="panels">\n'
    yield from _panels(summary)
    yield "</div>\n"


def _tiles(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the totals: problems, rollouts, labels and tokens."""
    statuses, solutions = Counter(summary["problems"]), Counter(summary["labelled_solutions"])
    yield tile(f"{statuses.total():,}", "problems", _each(statuses))
    about = f"completions that came to an answer, in {pluralise(summary['trees'], 'tree')}"
    yield tile(f"{summary['rollouts']:,}", "rollouts", about)
    right, wrong = summary["labelled_steps"]["right"], summary["labelled_steps"]["wrong"]
    about = f"{right:,} right · {wrong:,} wrong"
    yield tile(f"{right + wrong:,}", "labelled steps", about, balance(right, wrong))
    yield tile(f"{solutions.total():,}", "labelled solutions", _each(solutions) or "none")
    yield tile(*_tokens(summary))


def _each(counts: Counter[str]) -> str:
    return " · ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in counts.most_common())


def _panels(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the charts: places of first errors, origins of problems, reasons against a search."""
    errors = summary["first_errors_by_fifth_of_the_solution"]
    yield f"<section><h2>Where first errors are</h2>\n{histogram(errors, FIFTHS)}"
    about = "How many solutions have their first wrong step in which fifth of their steps."
    yield f'<p class="quiet">{about}</p></section>\n'
    mutations = {name.replace("_", " "): number for name, number in summary["mutations"].items()}
    if "identity" in mutations:
        mutations = {"seeds": mutations.pop("identity")} | mutations
    yield f"<section><h2>Where problems come from</h2>\n{bars(mutations)}</section>\n"
    if summary["reasons"]:
        commonest = list(summary["reasons"].items())[:10]
        reasons = {name.replace("_", " ", 1): number for name, number in commonest}
        yield f"<section><h2>Why problems were not searched</h2>\n{bars(reasons)}</section>\n"


def _tokens(summary: dict[str, Any]) -> tuple[str, str, str]:
    read, written = summary["prompt_tokens"], summary["completion_tokens"]
    parts = [f"{read:,} in", f"{written:,} out", pluralise(summary["completions"], "completion")]
    if summary["money"] is not None:
        parts.insert(2, f"costing {summary['money']:,.2f}")
    if "seconds" in summary:
        parts.append(f"{summary['seconds']:,.0f} seconds")
    return f"{read + written:,}", "tokens", " · ".join(parts)


def _contradictions(
    against: list[dict[str, Any]], total: int, known: dict[str, Problem]
) -> Iterator[str]:
    """Yield the seeds whose stated answer most solutions contradict."""
    if not against:
        return
    yield "<h2>Most solutions contradict the seed file</h2>\n"
    yield f"<p>For {pluralise(total, 'seed')}, most solutions give another answer than the seed "
    yield "file states. Where their share is large, check the seed: the stated answer may be "
    yield "wrong.</p>\n"
    rows = []
    for row in against:
        problem = known.get(row["question_id"])
        question = text_block(problem.question, SHORT) if problem else ""
        votes = "" if row["agreement"] is None else f"{row['agreement']:.0%}"
        answers = [escape(row["stated"]), f"<b>{escape(row['voted'])}</b>", votes]
        rows.append([f"<code>{escape(row['question_id'])}</code>", question, *answers])
    yield table(["problem", "question", "stated answer", "most solutions", "share"], rows)
    if total > len(against):
        yield f'<p class="quiet">{total - len(against):,} more in summary.json.</p>\n'


def _trees(shown: Sequence[Tree], total: int, known: dict[str, Problem]) -> Iterator[str]:
    if not total:
        return
    heading = "The trees" if len(shown) == total else f"{len(shown):,} of {total:,} trees"
    yield f"<h2>{heading}</h2>\n"
    yield "<p>A tree holds all solutions of a problem, step by step; solutions that begin alike "
    yield "share their first steps. The trees with most to learn from come first.</p>\n"
    if len(shown) < total:
        yield f"<p>{total - len(shown):,} are not shown: all are in tree.jsonl.</p>\n"
    yield LEGEND
    for place, tree in enumerate(shown):
        problem = known.get(tree.question_id) or Problem(
            tree.question_id, tree.question, tree.final_answer
        )
        yield from problem_card(problem, tree, known, place < UNFOLDED)


def _others(listed: list[Problem], total: int, known: dict[str, Problem]) -> Iterator[str]:
    """Yield the problems that have no tree, with the reason."""
    if not listed:
        return
    yield f"<h2>{pluralise(total, 'problem')} without a tree</h2>\n"
    if total > len(listed):
        yield f"<p>The first {MOST_LISTED} of each status; {total - len(listed):,} are not shown: "
        yield "all are in problems.jsonl.</p>\n"
    rows = []
    for problem in listed:
        origin = "seed"
        if problem.parent_id:
            parent = known.get(problem.parent_id)
            question = text_block(parent.question, SHORT) if parent else ""
            mutation = escape(problem.mutation.replace("_", " "))
            origin = f"{mutation} of <code>{escape(problem.parent_id)}</code>{question}"
        became = f"<b>{escape(problem.status.replace('_', ' '))}</b> {escape(problem.reason or '')}"
        rows.append(
            [
                f"<code>{escape(problem.question_id)}</code>",
                text_block(problem.question, SHORT),
                origin,
                became,
            ]
        )
    yield table(["problem", "question", "from", "what became of it"], rows)
