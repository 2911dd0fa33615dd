"""A world in which every step can be checked, and a model with known weaknesses.

A problem is a running total: a start, then operations. A right solution writes one step an
operation. The model slips (wrong arithmetic, a wrong operation, a step left out), carries a wrong
total on as a language model does, and now and then comes back to the right one, silently or saying
so. The first error of any text can be told exactly.
"""

from __future__ import annotations

import functools
import random
import re
from dataclasses import dataclass

from evolvemcts4rl.records import Prefix, Rollout

WORDS_A_STEP = (6, 40)
_TOTAL = re.compile(r"#(\d+).* = (-?\d+)\b")


@dataclass(frozen=True)
class Model:
    """How a toy model errs: chances per step."""

    slip: float = 0.1
    hard_step: float = 0.0  # extra chance of a slip at one step of each problem
    silent: float = 0.08  # from a wrong total back to the right one, without a word
    announced: float = 0.08  # the same, saying so
    wordings: int = 3  # in how many ways a step may be written
    kinds: tuple[str, ...] = ("arithmetic", "formula", "skipped")  # of slips


@dataclass(frozen=True)
class ToyProblem:
    """A start and operations; `totals[i]` is the right total after operation i."""

    start: int
    operations: tuple[tuple[str, int], ...]
    hard: int

    @functools.cached_property
    def totals(self) -> tuple[int, ...]:
        """Return the right total after each operation."""
        value, totals = self.start, []
        for operation in self.operations:
            value = apply(operation, value)
            totals.append(value)
        return tuple(totals)


def apply(operation: tuple[str, int], value: int) -> int:
    """Return the total after an operation."""
    sign, number = operation
    return (
        value + number if sign == "+" else value - number if sign == "-" else (value * number) % 997
    )


def make_problem(rng: random.Random, steps: tuple[int, int] = (4, 10)) -> ToyProblem:
    """Return a problem with a number of operations from the range, both ends included."""
    count = rng.randint(*steps)
    operations = tuple((rng.choice("+-*"), rng.randint(2, 19)) for _ in range(count))
    return ToyProblem(rng.randint(1, 99), operations, rng.randrange(count))


def first_error(problem: ToyProblem, steps: Prefix) -> int | None:
    """Return the index of the first step that does not continue right ones rightly, or None."""
    for index, step in enumerate(steps):
        if step.startswith("The answer"):
            return None
        found = _TOTAL.search(step)
        if not found or int(found[1]) != index or int(found[2]) != problem.totals[index]:
            return index
    return None


def continue_solution(
    problem: ToyProblem, prefix: Prefix, model: Model, rng: random.Random
) -> Rollout:
    """Return one completion from a prefix to the end, as this model writes it, with its verdict."""
    steps, (position, value) = list(prefix), _state(problem, prefix)
    tokens = 0
    while position < len(problem.operations):
        step, position, value = _next_step(problem, position, value, (model, rng))
        steps.append(step)
        tokens += len(step.split())
    if not (prefix and prefix[-1].startswith("The answer")):
        steps.append(f"The answer is \\boxed{{{value}}}.")
    return Rollout(tuple(steps), value == problem.totals[-1], str(value), tokens + 4)


def _state(problem: ToyProblem, prefix: Prefix) -> tuple[int, int]:
    position, value = 0, problem.start
    for step in prefix:
        if found := _TOTAL.search(step):
            position, value = int(found[1]) + 1, int(found[2])
    return position, value


def _next_step(
    problem: ToyProblem, position: int, value: int, who: tuple[Model, random.Random]
) -> tuple[str, int, int]:
    """Return the text of the next step, the position after it and its total."""
    model, rng = who
    before = problem.totals[position - 1] if position else problem.start
    opening = rng.choice(["So", "Then", "Next", "Now", "Thus"][: model.wordings])
    chance = rng.random()
    if value != before and chance < model.announced:
        value, opening = before, "Wait, I made a mistake above, so I correct it:"
    elif value != before and chance < model.announced + model.silent:
        value = before
    operation = problem.operations[position]
    slip = model.slip + (model.hard_step if position == problem.hard else 0.0)
    # A model that has just corrected itself looks twice; one that is already wrong may err further.
    if not opening.startswith("Wait") and rng.random() < slip:
        kind = rng.choice(model.kinds)
        if kind == "skipped" and position + 1 < len(problem.operations):
            position, operation = position + 1, problem.operations[position + 1]
        elif kind == "formula":
            operation = ("-" if operation[0] == "+" else "+", operation[1])
        else:
            after = apply(operation, value) + rng.choice([-10, -2, -1, 1, 2, 10])
            return _write(opening, position, (value, operation), after), position + 1, after
    after = apply(operation, value)
    return _write(opening, position, (value, operation), after), position + 1, after


def _write(opening: str, position: int, term: tuple[int, tuple[str, int]], after: int) -> str:
    value, (sign, number) = term
    # The filler's length is a function of the position alone: some steps of a problem are long,
    # whoever writes them.
    filler = "carefully " * (position * 7919 % 23)
    return f"{opening} {filler}#{position} {value} {sign} {number} = {after}"
