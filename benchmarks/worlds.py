"""Worlds with a known truth, whose models err in ways that can be set; named_worlds.py has some.

A problem is a running total: a start, then stages, each an operation with a number. A solution
tells the stages in steps; a toy model writes it, errs, carries wrong totals on and sometimes comes
back. Which step is the first wrong one can be told of any text. These are simulations: they test
inference, and say little about language models.
"""

from __future__ import annotations

import functools
import math
import random
import re
from dataclasses import dataclass
from hashlib import blake2b

from evolvemcts4rl.records import Prefix, Rollout

_STAGE = re.compile(r"stage ([a-z]): (-?\d+) ([-+*]) (\d+) = (-?\d+)")
_REMARK = re.compile(r"\(note: (\d+) \+ (\d+) = (\d+)\)")
_FILLER = (
    "now then here next so well thus hence again first still just simply clearly namely indeed"
).split()


@dataclass(frozen=True)
class World:
    """A kind of problems, and how the model that solves them errs.

    Rates are per stage unless said otherwise.
    """

    about: str
    stages: tuple[int, int] = (4, 9)
    slips: tuple[float, float] = (0.03, 0.2)  # each problem has a rate between these
    spread: float = (
        0.0  # how much the difficulty of stages differs: standard deviation of the logit
    )
    kinds: tuple[str, ...] = ("arithmetic", "operation", "skipped")
    silent: float = 0.08  # from a wrong total back to the right one without a word
    fleeting: float = 0.0  # share of errors that are recovered with the rate below instead
    fleeting_recovery: float = 0.6
    announced: float = 0.08  # back to the right total, saying so
    unheard: float = 0.0  # share of announced corrections in words that nobody listens for
    checks_at_end: float = (
        0.0  # chance that a wrong solution is noticed and mended before the answer is given
    )
    wordings: int | None = 3  # ways to write a step; None: no two are ever the same
    traps: float = 0.0  # share of problems with one stage that many misread in the same way …
    trap_share: tuple[float, float] = (0.3, 0.8)  # … namely so many of the solutions
    stages_a_step: int = 1  # at most
    remarks: float = 0.0  # harmless false remarks, a step
    headings: bool = False  # an opening, a plan and headings stand as steps of their own
    wordy_errors: bool = False  # wrong steps are twice as long
    guesses: float = 0.0  # share of wrong solutions that are given the right answer by luck
    misgraded: float = 0.0  # share of right answers that are graded wrong
    wrong_key: float = 0.0  # share of problems whose stated answer is wrong


@dataclass(frozen=True)
class Task:
    """A problem of a world: its stages, and how hard each is to this world's model."""

    world: World
    start: int
    operations: tuple[tuple[str, int], ...]
    slip: tuple[float, ...]  # of each stage
    trap: int | None = None  # the stage that is misread, if any
    trap_share: float = 0.0
    key_is_wrong: bool = False

    @functools.cached_property
    def totals(self) -> tuple[int, ...]:
        """Return the right total after each stage."""
        value, totals = self.start, []
        for operation in self.operations:
            value = apply(operation, value)
            totals.append(value)
        return tuple(totals)

    @property
    def key(self) -> int:
        """Return the answer against which solutions are graded."""
        return self.totals[-1] + (7 if self.key_is_wrong else 0)

    @property
    def question(self) -> str:
        """Return the problem's text: it states the start and each stage's number."""
        said = "; ".join(
            f"stage {chr(97 + i)}: {sign} {number}"
            for i, (sign, number) in enumerate(self.operations)
        )
        return f"Start with {self.start}. {said}. What is the total?"


def apply(operation: tuple[str, int], value: int) -> int:
    """Return the total after an operation."""
    sign, number = operation
    return value + number if sign == "+" else value - number if sign == "-" else value * number


def make_task(world: World, rng: random.Random) -> Task:
    """Return a problem of the world."""
    count = rng.randint(*world.stages)
    start = value = rng.randint(11, 99)
    operations = []
    for _ in range(count):
        sign = rng.choice("+-*" if abs(value) < 2000 else "+-")
        operation = (sign, rng.randint(2, 9) if sign == "*" else rng.randint(11, 99))
        value = apply(operation, value)
        operations.append(operation)
    base = rng.uniform(*world.slips)
    logits = [math.log(base / (1 - base)) + rng.gauss(0, world.spread) for _ in range(count)]
    trap = rng.randrange(count) if rng.random() < world.traps else None
    return Task(
        world,
        start,
        tuple(operations),
        tuple(1 / (1 + math.exp(-logit)) for logit in logits),
        trap,
        rng.uniform(*world.trap_share),
        rng.random() < world.wrong_key,
    )


def first_error(task: Task, steps: Prefix) -> int | None:
    """Return the index of the first step that is false or leaves something out, or None."""
    position = 0
    for index, step in enumerate(steps):
        if any(int(a) + int(b) != int(c) for a, b, c in _REMARK.findall(step)):
            return index
        for letter, before, sign, number, after in _STAGE.findall(step):
            stage = ord(letter) - 97
            right_before = task.totals[stage - 1] if stage else task.start
            said = (int(before), (sign, int(number)), int(after))
            if stage != position or said != (
                right_before,
                task.operations[stage],
                task.totals[stage],
            ):
                return index
            position += 1
        found = re.search(r"boxed\{(-?\d+)\}", step)
        if found and (position < len(task.operations) or int(found[1]) != task.totals[-1]):
            return index
    return None


def continue_solution(task: Task, prefix: Prefix, rng: random.Random) -> Rollout:
    """Return one completion from a prefix, as the world's model writes it, graded."""
    steps, (position, value) = list(prefix), total_of(task, prefix)
    world, stages = task.world, len(task.operations)
    if prefix and "boxed" in prefix[-1]:
        answer = int(re.findall(r"boxed\{(-?\d+)\}", prefix[-1])[-1])
        return Rollout(tuple(steps), _graded(task, answer, rng), str(answer), 1)
    if world.headings and not prefix:
        steps.append(
            rng.choice(
                [
                    "Let us go step by step.",
                    "Let's break this down.",
                    "We follow the stages in order.",
                ]
            )
        )
    while position < stages:
        if (
            world.headings
            and (position or len(steps) == 1)
            and rng.random() < 0.3
            and not steps[-1].startswith("**")
        ):
            steps.append(f"**Stage {chr(97 + position)}**")
        step, position, value = _next_step(task, position, value, rng)
        steps.append(step)
    if value != task.totals[-1] and rng.random() < world.checks_at_end:
        steps.append(f"{_correction(task, rng)} going through it again gives {task.totals[-1]}.")
        value = task.totals[-1]
    answer = value
    if value != task.totals[-1] and rng.random() < world.guesses:
        answer = task.totals[-1]
    steps.append(f"The answer is \\boxed{{{answer}}}.")
    words = sum(len(step.split()) for step in steps[len(prefix) :])
    return Rollout(tuple(steps), _graded(task, answer, rng), str(answer), words)


def _graded(task: Task, answer: int, rng: random.Random) -> bool:
    return answer == task.key and rng.random() >= task.world.misgraded


def total_of(task: Task, prefix: Prefix) -> tuple[int, int]:
    """Return where a prefix has come to: the next stage, and the total so far."""
    position, value = 0, task.start
    for step in prefix:
        for letter, _, _, _, after in _STAGE.findall(step):
            position, value = ord(letter) - 96, int(after)
        if step.endswith(f"gives {task.totals[-1]}."):
            value = task.totals[-1]
    return position, value


def is_fleeting(task: Task, position: int, value: int) -> bool:
    """Return whether the error that led to this total is of the kind that is soon recovered."""
    digest = blake2b(
        f"{task.start}:{task.totals[-1]}:{value - task.totals[position - 1]}".encode(),
        digest_size=4,
    )
    return int.from_bytes(digest.digest(), "big") / 2**32 < task.world.fleeting


def _correction(task: Task, rng: random.Random) -> str:
    unheard = rng.random() < task.world.unheard
    return (
        "Hmm, let me look at this once more;"
        if unheard
        else "Wait, I made a mistake above, so I correct it:"
    )


def _next_step(task: Task, position: int, value: int, rng: random.Random) -> tuple[str, int, int]:
    """Return the text of the next step, the stage after it and its total."""
    world = task.world
    before = task.totals[position - 1] if position else task.start
    opening, erred = "", False
    if value != before:
        silent = world.fleeting_recovery if is_fleeting(task, position, value) else world.silent
        chance = rng.random()
        if chance < world.announced:
            value, opening = before, _correction(task, rng)
        elif chance < world.announced + silent:
            value = before
    parts = []
    for _ in range(rng.randint(1, world.stages_a_step)):
        if position == len(task.operations):
            break
        right = task.totals[position - 1] if position else task.start
        part, position, after = _stage(task, position, value, rng, careful=bool(opening))
        erred |= value == right and after != task.totals[position - 1]
        value = after
        parts.append(part)
    return _write(task, opening, parts, erred, rng), position, value


def _stage(
    task: Task, position: int, value: int, rng: random.Random, careful: bool
) -> tuple[str, int, int]:
    operation, kind = task.operations[position], None
    if position == task.trap and rng.random() < task.trap_share:
        kind = "operation"
    elif not careful and rng.random() < task.slip[position]:
        kind = rng.choice(task.world.kinds)
    if kind == "skipped" and position + 1 < len(task.operations):
        position += 1
        operation = task.operations[position]
    elif kind == "operation":
        operation = ("-" if operation[0] == "+" else "+", operation[1])
    after = apply(operation, value)
    if kind == "arithmetic":
        after += rng.choice([-10, -2, -1, 1, 2, 10])
    return (
        f"stage {chr(97 + position)}: {value} {operation[0]} {operation[1]} = {after}",
        position + 1,
        after,
    )


def _write(task: Task, opening: str, parts: list[str], erred: bool, rng: random.Random) -> str:
    world = task.world
    if world.wordings is None:
        opening = f"{opening} {' '.join(rng.choices(_FILLER, k=6))}".strip()
    elif not opening:
        opening = ["So", "Then", "Next", "Now", "Thus"][rng.randrange(world.wordings)]
    # Some stages are long, whoever writes them.
    filler = "carefully " * (ord(parts[0][6]) * 7919 % 15)
    if erred and world.wordy_errors:
        filler += "as one can see from what was said before " * 2
    remark = ""
    if rng.random() < world.remarks:
        a, b = rng.randint(3, 40), rng.randint(3, 40)
        remark = f" (note: {a} + {b} = {a + b + rng.choice([-2, -1, 1, 10])})"
    return f"{opening} {filler}" + ", ".join(parts) + remark + "."
