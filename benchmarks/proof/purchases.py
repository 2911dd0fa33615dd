"""What each method of labelling buys for the same tokens, and the rows that a PRM is trained on.

All methods go down the same list of problems. Ours buys so many of them; what it spent is the
budget of every other one, which goes on down the list until that is spent. Its last problem is
bought whole, so that no other method gets fewer tokens than ours.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import mcts
from benchmarks.label_accuracy import sample_from
from benchmarks.metrics import hard_value, share
from benchmarks.proof.measures import Case
from benchmarks.worlds import Task, World, first_error, make_task
from evolvemcts4rl.exports.choice import ExportOptions, choose, shown_by
from evolvemcts4rl.exports.prm import prm_rows
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import LabelledTree, learn_rates, relabel
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.tree import Node, Tree

UNBOUNDED = 10**6


@dataclass(frozen=True)
class Terms:
    """How a method buys: its estimator, and how much of what it asks for."""

    estimator: str
    solutions: int = 16  # first solutions of a problem
    branches: int = 4  # rollouts of a prefix at a time
    rollouts: int = 40  # of a problem, at most
    searches: int = 4  # of a problem, at most


OURS = Terms("belief")
# Each published method on the terms of our defaults, on thriftier ones, and on its paper's.
RIVALS = {
    "shepherd": Terms("shepherd"),
    "shepherd thrifty": Terms("shepherd", solutions=4, rollouts=UNBOUNDED, searches=UNBOUNDED),
    "shepherd paper": Terms(
        "shepherd", solutions=15, branches=8, rollouts=UNBOUNDED, searches=UNBOUNDED
    ),
    "omega": Terms("omega"),
    "omega thrifty": Terms("omega", solutions=8, rollouts=20, searches=2),
    "omega paper": Terms("omega", solutions=8, branches=8, rollouts=100, searches=UNBOUNDED),
    "answers alone": Terms("answers"),  # nothing but first solutions
}


@dataclass(frozen=True)
class Row:
    """A solution, or its beginning, with the chance that is taught for each step."""

    question: str
    steps: Prefix
    targets: tuple[float, ...]


@dataclass
class Bought:
    """What a method has bought: trees, and what they cost."""

    trees: list[tuple[Task, Tree]] = field(default_factory=list)
    problems: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Lesson:
    """The rows that one PRM is trained on, and what stands about them in the table."""

    rows: list[Row]
    problems: int  # that were bought
    tokens: int  # that they cost
    true: float  # share of the rows' labels that are true, those below 0.5 being "wrong"

    @property
    def steps(self) -> int:
        """Return the number of labelled steps."""
        return sum(len(row.targets) for row in self.rows)


def buy(
    world: World,
    seed: int,
    terms: Terms,
    problems: int | None = None,
    budget: int | None = None,
) -> Bought:
    """Return what a method buys: so many problems, or those that a budget of tokens pays for."""
    bought = Bought()
    for index in itertools.count():
        if index == problems or (budget is not None and bought.tokens >= budget):
            break
        name = f"{seed}:{index}"
        task = make_task(world, random.Random(name))
        tree, tokens = _search(name, task, terms)
        bought.trees.append((task, tree))
        bought.tokens += tokens
        bought.problems += 1
    return bought


def _search(name: str, task: Task, terms: Terms) -> tuple[Tree, int]:
    """Return the labelled tree of a problem, and the tokens that it cost."""
    tokens = 0

    async def roll_out(prefix: Prefix, count: int, start: int) -> list[Rollout]:
        nonlocal tokens
        rollouts = sample_from(task, name, prefix, count, start)
        tokens += sum(rollout.tokens for rollout in rollouts)
        return rollouts

    async def search() -> Tree:
        alone = terms.estimator == "answers"
        settings = SearchSettings(
            estimator="omega" if alone else terms.estimator,
            num_branches=terms.branches,
            max_branches=terms.rollouts,
            max_search=terms.searches,
        )
        problem = Problem(name, task.question, str(task.key))
        solutions = await roll_out((), terms.solutions, 0)
        return await mcts.search(problem, solutions, None if alone else roll_out, settings)

    return asyncio.run(search()), tokens


def held_out(world: World, seed: int, kind: str, problems: int) -> list[Case]:
    """Return solutions of problems that no method buys, 16 each."""
    cases = []
    for index in range(problems):
        name = f"{seed}:{kind}:{index}"
        task = make_task(world, random.Random(name))
        right = str(task.totals[-1])
        for rollout in sample_from(task, name, (), 16, 0):
            answer = rollout.answer or ""
            error = first_error(task, rollout.steps)
            cases.append(Case(task.question, rollout.steps, error, answer, answer == right))
    return cases


def our_lessons(world: World, seed: int, problems: int) -> Iterator[tuple[str, Lesson]]:
    """Yield the lessons of our labels, as a run's end writes them, and of the truth beside."""
    bought = buy(world, seed, OURS, problems)
    # A run gives no tree to a problem that is never solved.
    solved = [(task, tree) for task, tree in bought.trees if tree.root.num_correct]
    rates = learn_rates([tree for _, tree in solved])
    for _, tree in solved:
        relabel(tree, rates, SearchSettings().confidence)
    seen = Bought(solved, bought.problems, bought.tokens)
    yield "ours ≥ 0.9", _lesson(seen, functools.partial(_our_rows, least=0.9, soft=False))
    yield "ours, all", _lesson(seen, functools.partial(_our_rows, least=0.0, soft=False))
    yield "ours, all, soft", _lesson(seen, functools.partial(_our_rows, least=0.0, soft=True))
    yield "true, solutions of ours ≥ 0.9", _lesson(seen, _true_rows_of_sure)
    yield "true, all solutions of ours", _lesson(seen, _true_rows)


def rival_lessons(world: World, seed: int, name: str, budget: int) -> Iterator[tuple[str, Lesson]]:
    """Yield the lessons of another method's labels, for so many tokens, and of the truth beside."""
    bought = buy(world, seed, RIVALS[name], budget=budget)
    if RIVALS[name].estimator == "answers":
        yield name, _lesson(bought, _rows_by_answer)
        return
    yield f"{name}: hard", _lesson(bought, _labelled_rows)
    yield f"{name}: soft", _lesson(bought, functools.partial(_labelled_rows, value=_soft_value))
    yield f"true, {name}'s solutions", _lesson(bought, _true_rows_where_labelled)


def _soft_value(node: Node) -> float | None:
    """Return the share of right ones of the rollouts started at a node, else its label."""
    return node.started_value if node.children and node.num_started else node.p_correct


def _lesson(bought: Bought, rows_of: Callable[[Task, Tree], list[Row]]) -> Lesson:
    rows: list[Row] = []
    true: list[bool] = []
    for task, tree in bought.trees:
        for row in rows_of(task, tree):
            rows.append(row)
            error = first_error(task, row.steps)
            end = len(row.steps) if error is None else error
            true += [(at < end) == (target >= 0.5) for at, target in enumerate(row.targets)]
    return Lesson(rows, bought.problems, bought.tokens, share(true))


def _our_rows(task: Task, tree: Tree, least: float, soft: bool) -> list[Row]:
    """Return the rows of prm.jsonl: up to and including the first error."""
    options = ExportOptions(min_p_correct=least)
    rows = choose(prm_rows(LabelledTree(tree), options), options).rows
    taught = "p_correct" if soft else "labels"
    return [
        Row(task.question, tuple(row["completions"]), tuple(map(float, row[taught])))
        for row in rows
    ]


def _rows_by_answer(task: Task, tree: Tree) -> list[Row]:
    """Return all solutions whose every step is taken to be as right as the answer."""
    return [
        Row(task.question, _texts(path), (float(bool(path[-1].correct)),) * len(path))
        for path in tree.solutions()
    ]


def _labelled_rows(
    task: Task, tree: Tree, value: Callable[[Node], float | None] = hard_value
) -> list[Row]:
    """Return all solutions with a label at every step, whole, as the papers train on them."""
    rows = []
    for path in tree.solutions():
        values = [value(node) for node in path]
        known = [each for each in values if each is not None]
        if len(known) == len(path):
            rows.append(Row(task.question, _texts(path), tuple(known)))
    return rows


def _true_rows(task: Task, tree: Tree) -> list[Row]:
    return _truth(task, [_texts(path) for path in tree.solutions()])


def _true_rows_of_sure(task: Task, tree: Tree) -> list[Row]:
    sure = [each for each in LabelledTree(tree).labelled if shown_by(each.path, each.labels) >= 0.9]
    return _truth(task, [_texts(each.path) for each in sure])


def _true_rows_where_labelled(task: Task, tree: Tree) -> list[Row]:
    return _truth(task, [row.steps for row in _labelled_rows(task, tree)])


def _truth(task: Task, solutions: Sequence[Prefix]) -> list[Row]:
    """Return solutions with true labels, up to and including the first error, each once."""
    rows: dict[Prefix, Row] = {}
    for steps in solutions:
        error = first_error(task, steps)
        shown = steps if error is None else steps[: error + 1]
        targets = tuple(float(index != error) for index in range(len(shown)))
        rows[shown] = Row(task.question, shown, targets)
    return list(rows.values())


def _texts(path: Sequence[Node]) -> Prefix:
    return tuple(node.text.strip() for node in path)
