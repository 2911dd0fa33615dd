"""A run as one HTML page: its figures, and the trees from which there is most to learn. Nothing on it is fetched or executed.

Questions, answers, steps and reasons come from models and seed files: they reach the page through `markup.escape` only, and
the page's own policy forbids scripts and requests, should one slip through all the same.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.markup import SHORT, balance, bars, escape, histogram, pluralise, table, text_block, tile
from evolvemcts4rl.report.problem_card import instructive, problem_card
from evolvemcts4rl.tree import Tree

MOST_TREES = 50
MOST_LISTED = 20  # contradicted answers, and problems without a tree of each status
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

LEGEND = """<p class="legend"><b>p_correct</b> is the belief that every step up to here is right.
<b>mc_value</b> is the share of correct rollouts among those started after the step.
<span class="key right">right</span> p_correct ≥ 0.5, <span class="key wrong">wrong</span> below,
<span class="key unknown">not labelled</span> where nothing was found out. Steps after the first error are faded.</p>
"""


def write_report(
    file: TextIO,
    summary: dict[str, Any],
    problems: Callable[[], Iterable[Problem]],
    shown: Sequence[Tree],
) -> None:
    """Write the page of a run with the trees of `shown`, in this order.

    `summary` is what summary.json says; its "run", where there is one, stands in the heading. `problems` gives the run's
    problems anew at each call, since parents are looked up after their children.
    """
    file.writelines(_page(summary, problems, shown))


def most_instructive(labelled_trees: Iterable[LabelledTree], most: int = MOST_TREES) -> list[Tree]:
    """The trees to show, those from which there is most to learn first; never holds more than `most` of them."""
    return [labelled_tree.tree for labelled_tree in heapq.nlargest(most, labelled_trees, key=instructive)]


def _page(summary: dict[str, Any], problems: Callable[[], Iterable[Problem]], shown: Sequence[Tree]) -> Iterator[str]:
    listed = _without_tree(problems())
    against = summary["majority_against_stated_answer"][:MOST_LISTED]
    ids = [row["question_id"] for row in against] + [tree.question_id for tree in shown]
    known = _with_ancestors(problems, ids + [problem.question_id for problem in listed])
    yield f"{HEAD}{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>\n"
    yield from _figures(summary)
    yield from _contradictions(against, len(summary["majority_against_stated_answer"]), known)
    yield from _trees(shown, summary["trees"], known)
    yield from _others(listed, summary["problems"], known)
    yield "</main>\n</body>\n</html>\n"


def _without_tree(problems: Iterable[Problem]) -> list[Problem]:
    """The first problems of each status that has no tree."""
    seen: Counter[str] = Counter()
    listed = []
    for problem in problems:
        if problem.status != "searched" and seen[problem.status] < MOST_LISTED:
            seen[problem.status] += 1
            listed.append(problem)
    return sorted(listed, key=lambda problem: (problem.status, problem.question_id))


def _with_ancestors(problems: Callable[[], Iterable[Problem]], ids: Iterable[str]) -> dict[str, Problem]:
    """The problems of these ids and all that they descend from, by id."""
    known: dict[str, Problem] = {}
    wanted = set(ids)
    while wanted:
        found = {problem.question_id: problem for problem in problems() if problem.question_id in wanted}
        known |= found
        wanted = {problem.parent_id for problem in found.values() if problem.parent_id} - known.keys()
    return known


def _figures(summary: dict[str, Any]) -> Iterator[str]:
    """The run in numbers."""
    statuses, steps, solutions = Counter(summary["problems"]), summary["labelled_steps"], summary["labelled_solutions"]
    yield f"<header><h1>EvolveMCTS4RL {escape(summary.get('run', ''))}</h1>\n"
    if not summary.get("complete", True):
        yield "<p><b>This run has not come to its end:</b> the same command goes on with it.</p>\n"
    yield '</header>\n<div class="tiles">\n'
    about = " · ".join(f"{number:,} {status.replace('_', ' ')}" for status, number in statuses.most_common())
    yield tile(f"{sum(statuses.values()):,}", "problems", about)
    yield tile(f"{summary['rollouts']:,}", "rollouts with a verdict", f"in {pluralise(summary['trees'], 'tree')}")
    right, wrong = steps["right"], steps["wrong"]
    yield tile(f"{right + wrong:,}", "labelled steps", f"{right:,} right · {wrong:,} wrong", balance(right, wrong))
    about = " · ".join(f"{number:,} {kind}" for kind, number in Counter(solutions).most_common()) or "none"
    yield tile(f"{sum(solutions.values()):,}", "labelled solutions", about)
    yield tile(*_tokens(summary))
    yield '</div>\n<div class="panels">\n'
    errors = summary["first_errors_by_fifth_of_the_solution"]
    yield f"<section><h2>Where first errors lie</h2>\n{histogram(errors, FIFTHS)}"
    yield '<p class="quiet">Labelled solutions by the part in which their first error stands.</p></section>\n'
    mutations = {name.replace("_", " "): number for name, number in summary["mutations"].items()}
    if "identity" in mutations:
        mutations = {"seeds": mutations.pop("identity")} | mutations
    yield f"<section><h2>Where problems come from</h2>\n{bars(mutations)}</section>\n"
    if summary["reasons"]:
        reasons = {name.replace("_", " ", 1): number for name, number in list(summary["reasons"].items())[:10]}
        yield f"<section><h2>Why there is no tree</h2>\n{bars(reasons)}</section>\n"
    yield "</div>\n"


def _tokens(summary: dict[str, Any]) -> tuple[str, str, str]:
    read, written = summary["prompt_tokens"], summary["completion_tokens"]
    parts = [f"{read:,} in", f"{written:,} out", pluralise(summary["completions"], "completion")]
    if summary["money"] is not None:
        parts.insert(2, f"costing {summary['money']:,.2f}")
    if "seconds" in summary:
        parts.append(f"{summary['seconds']:,.0f} seconds")
    return f"{read + written:,}", "tokens", " · ".join(parts)


def _contradictions(against: list[dict[str, Any]], total: int, known: dict[str, Problem]) -> Iterator[str]:
    """The seeds whose stated answer the majority contradicts."""
    if not against:
        return
    yield f"<h2>The majority contradicts the stated answer</h2>\n<p>{pluralise(total, 'seed')}. "
    yield "Where the share is large, look at the seed: it is often the stated answer that is wrong.</p>\n"
    rows = []
    for row in against:
        problem = known.get(row["question_id"])
        question = text_block(problem.question, SHORT) if problem else ""
        votes = "" if row["agreement"] is None else f"{row['agreement']:.0%}"
        answers = [escape(row["stated"]), f"<b>{escape(row['voted'])}</b>", votes]
        rows.append([f"<code>{escape(row['question_id'])}</code>", question, *answers])
    yield table(["problem", "question", "stated", "voted", "share"], rows)
    if total > len(against):
        yield f'<p class="quiet">{total - len(against):,} more in summary.json.</p>\n'


def _trees(shown: Sequence[Tree], total: int, known: dict[str, Problem]) -> Iterator[str]:
    if not total:
        return
    yield f"<h2>{'The trees' if len(shown) == total else f'{len(shown):,} of {total:,} trees'}</h2>\n"
    if len(shown) < total:
        yield f"<p>The most instructive first; {total - len(shown):,} are not shown: all are in tree.jsonl.</p>\n"
    yield LEGEND
    for place, tree in enumerate(shown):
        problem = known.get(tree.question_id) or Problem(tree.question_id, tree.question, tree.final_answer)
        yield from problem_card(problem, tree, known, place < UNFOLDED)


def _others(listed: list[Problem], statuses: dict[str, int], known: dict[str, Problem]) -> Iterator[str]:
    """Problems that were not searched, with the reason."""
    if not listed:
        return
    total = sum(number for status, number in statuses.items() if status != "searched")
    yield f"<h2>{pluralise(total, 'problem')} without a tree</h2>\n"
    if total > len(listed):
        yield f"<p>The first {MOST_LISTED} of each kind; {total - len(listed):,} are not shown: see problems.jsonl.</p>\n"
    rows = []
    for problem in listed:
        origin = "seed"
        if problem.parent_id:
            parent = known.get(problem.parent_id)
            question = text_block(parent.question, SHORT) if parent else ""
            origin = (
                f"{escape(problem.mutation.replace('_', ' '))} of <code>{escape(problem.parent_id)}</code>{question}"
            )
        became = f"<b>{escape(problem.status.replace('_', ' '))}</b> {escape(problem.reason or '')}"
        rows.append(
            [f"<code>{escape(problem.question_id)}</code>", text_block(problem.question, SHORT), origin, became]
        )
    yield table(["problem", "question", "from", "what became of it"], rows)
