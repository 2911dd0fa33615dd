"""Cases whose truth is known, from which it is learned how well a judge judges.

Known to be right are the seeds' own worked solutions, and solutions of the run whose answer is
right and whose equations hold; known to be wrong are such solutions with one step changed.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import re2

from evolvemcts4rl.errors import EndpointError
from evolvemcts4rl.labels.judge import Opinion, ask
from evolvemcts4rl.labels.judge_rates import NO_ERROR, KnownVerdict
from evolvemcts4rl.labels.witnesses import equations_hold
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.solutions.steps import split_steps
from evolvemcts4rl.tree import Node, Tree

log = logging.getLogger(__name__)

MOST = 20  # planted errors, and as many right solutions
VERDICTS_A_CASE = 4  # so many verdicts in a run pay for a planted error and a right solution
A_TREE = 4  # solutions of one problem, at most
MOST_READ, MOST_CHARACTERS = 1000, 10_000  # of the seeds' worked solutions
_CALCULATOR = re2.compile(r"<<[^<>]*>>")  # GSM8K's notes: <<48/2=24>>
_SUM = re2.compile(r"([0-9]{1,6}) ?([-+*/×÷]) ?([0-9]{1,6}) ?= ?([0-9]{1,9})")
_RESULT = re2.compile(r"= ?([0-9]{1,9})")
NEAR = 20  # characters after a number in which its end is looked for
_DIGITS = re2.compile(r"[0-9]+")
_PART_OF_A_NUMBER = frozenset("0123456789.,-+*/×÷^%=")


@dataclass(frozen=True)
class KnownCase:
    """A solution whose first wrong step is known; -1 says that there is none."""

    question_id: str
    question: str
    steps: tuple[str, ...]
    error: int = NO_ERROR


@dataclass
class KnownVerdicts:
    """What each judge said of the same cases, None where it said nothing, and its tokens."""

    verdicts: dict[str, list[KnownVerdict | None]] = field(default_factory=dict)
    tokens: dict[str, list[int]] = field(default_factory=dict)


async def ask_known(cases: Sequence[KnownCase], judges: Sequence[Judge]) -> KnownVerdicts:
    """Ask every judge about every case."""
    known = KnownVerdicts()
    for judge in judges:
        opinions = await asyncio.gather(*(_opinion(judge, case) for case in cases))
        known.verdicts[judge.name] = [
            None
            if opinion.error is None
            else KnownVerdict(opinion.error, case.error, len(case.steps))
            for opinion, case in zip(opinions, cases, strict=True)
        ]
        known.tokens[judge.name] = [
            sum(opinion.prompt_tokens for opinion in opinions),
            sum(opinion.completion_tokens for opinion in opinions),
        ]
    return known


async def _opinion(judge: Judge, case: KnownCase) -> Opinion:
    try:
        return await ask(judge, case.question_id, case.question, case.steps)
    except EndpointError as error:  # the rates are learned from the other cases
        log.warning("%s: a judge is known less well: %s", case.question_id, error)
        return Opinion(None)


def known_cases(
    trees: Iterable[Tree], worked: Sequence[KnownCase], random_seed: int
) -> list[KnownCase]:
    """Return planted errors and right solutions, as many as the run's verdicts are worth.

    `worked` are right solutions that the seeds bring. What is chosen depends on the trees and the
    random_seed alone.
    """
    counted = _Counted(trees)
    found = (each for tree in counted for each in _candidates(tree, random_seed))
    best = heapq.nsmallest(MOST, found, key=lambda one: one.order)
    count = min(MOST, counted.verdicts // VERDICTS_A_CASE)
    planted = [one.planted for one in best[:count]]
    right = [*worked[: count // 2], *(one.right for one in best)]
    return planted + right[:count]


def worked_cases(
    solutions: Iterable[tuple[str, str, str]], separator: str | None
) -> list[KnownCase]:
    """Return the first worked solutions of seeds that have several steps, as right cases."""
    cases = []
    for question_id, question, text in islice(solutions, MOST_READ):
        plain = _CALCULATOR.sub("", text[:MOST_CHARACTERS]).strip()
        steps = tuple(step.strip() for step in split_steps(plain, separator))
        if len(steps) == 1:
            steps = tuple(filter(None, (line.strip() for line in plain.splitlines())))
        if len(steps) > 1 and len(text) <= MOST_CHARACTERS:
            cases.append(KnownCase(question_id, question, steps))
        if len(cases) == MOST:
            break
    return cases


def plant(
    question: str, steps: Sequence[str], rng: random.Random
) -> tuple[tuple[str, ...], int] | None:
    """Return the steps of a right solution with one made wrong, and which; None where none can be.

    A result is changed, so that its equation is false, or a number that it comes from as well, so
    that its equation holds and the step is no part of this problem. Where an equation cannot be
    checked, a result is changed that a later step uses.
    """
    places = list(range(len(steps)))
    rng.shuffle(places)
    for place in places:
        before, after = question + "".join(steps[:place]), " ".join(steps[place + 1 :])
        holds = equations_hold(steps[place])
        changes = rng.sample((_other_result, _other_number), 2) if holds else [_other_used_result]
        for change in changes if holds is not False else ():
            if changed := change(steps[place], before, after, rng):
                return (*steps[:place], changed, *steps[place + 1 :]), place
    return None


class _Candidate(NamedTuple):
    order: tuple[int, bytes]
    planted: KnownCase
    right: KnownCase


class _Counted:
    """Trees, whose verdicts are counted as they pass."""

    def __init__(self, trees: Iterable[Tree]) -> None:
        self._trees = trees
        self.verdicts = 0  # of the judge that gave most

    def __iter__(self) -> Iterator[Tree]:
        for tree in self._trees:
            self.verdicts += sum(bool(path[-1].judgements) for path in tree.solutions())
            yield tree


def _candidates(tree: Tree, random_seed: int) -> Iterator[_Candidate]:
    """Yield a tree's right solutions in which an error can be planted, in the order of choice.

    One of each tree comes first.
    """
    name = f"{random_seed}:{tree.question_id}"
    digest = blake2b(name.encode(), digest_size=8).digest()
    right = [path for path in tree.solutions() if _is_right(path)]
    rng = random.Random(name)
    rng.shuffle(right)
    rank = 0
    for path in right:
        steps = tuple(node.text.strip() for node in path)
        if planted := plant(tree.question, steps, rng):
            case = KnownCase(tree.question_id, tree.question, steps)
            wrong = replace(case, steps=planted[0], error=planted[1])
            yield _Candidate((rank, digest), wrong, case)
            rank += 1
            if rank == A_TREE:
                return


def _is_right(path: Sequence[Node]) -> bool:
    # Not by p_correct, which is written anew when a run ends: a run that ends twice asks once.
    return bool(path[-1].correct) and all(equations_hold(node.text) is not False for node in path)


def _sum_in(step: str) -> re2._Match[str] | None:
    """Return the last "a op b = c" of a step that stands for itself and holds."""
    found = None
    for match in _SUM.finditer(step):
        before, after = step[: match.start()].rstrip()[-1:], step[match.end() :].lstrip()[:2]
        alone = before not in _PART_OF_A_NUMBER and after[:1] not in _PART_OF_A_NUMBER - set(".,")
        goes_on = after[:1] in (".", ",") and after[1:2].isdigit()
        a, operator, b, c = match.groups()
        if alone and not goes_on and _apply(int(a), operator, int(b)) == int(c):
            found = match
    return found


def _other_result(step: str, before: str, after: str, rng: random.Random) -> str | None:
    """Return the step with another result, so that its equation is false."""
    if not (found := _sum_in(step)):
        return None
    changed = f"{step[: found.start(4)]}{_near(int(found[4]), rng)}{step[found.end(4) :]}"
    return changed if equations_hold(changed) is False else None


def _other_used_result(step: str, before: str, after: str, rng: random.Random) -> str | None:
    """Return the step with another last result, where that is new here and used later."""
    results = []
    for match in _RESULT.finditer(step):
        ends = step[match.end() : match.end() + NEAR].lstrip()[:2]
        if ends[:1] not in _PART_OF_A_NUMBER - set(".,") and not ends[1:2].isdigit():
            results.append(match)
    used = _numbers(after) - _numbers(before) if results else set()
    found = next((match for match in reversed(results) if match[1] in used), None)
    if not found:
        return None
    return f"{step[: found.start(1)]}{_near(int(found[1]), rng)}{step[found.end(1) :]}"


def _near(number: int, rng: random.Random) -> int:
    return number + rng.choice([off for off in (-10, -2, -1, 1, 2, 10) if number + off >= 0])


def _numbers(text: str) -> set[str]:
    return set(_DIGITS.findall(text))


def _other_number(step: str, before: str, after: str, rng: random.Random) -> str | None:
    """Return the step with a number that stood nowhere before, and the result that follows."""
    if not (found := _sum_in(step)):
        return None
    a, operator, b = int(found[1]), found[2], int(found[3])
    for off in rng.sample((-3, -2, -1, 1, 2, 3), 6):
        other = b + off
        result = _apply(a, operator, other) if other > 0 else None
        if result is not None and result >= 0 and str(other) not in before:
            changed = f"{step[: found.start(3)]}{other}{step[found.end(3) : found.start(4)]}"
            changed += f"{result}{step[found.end(4) :]}"
            return changed if equations_hold(changed) else None
    return None


def _apply(a: int, operator: str, b: int) -> int | None:
    if operator == "+":
        return a + b
    if operator == "-":
        return a - b
    if operator in "*×":
        return a * b
    return a // b if b and a % b == 0 else None
