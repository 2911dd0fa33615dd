"""Planted errors: one step of a right solution is made wrong, and it is known which."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.errors import EndpointError
from evolvemcts4rl.labels.judge_rates import NO_ERROR, KnownVerdict
from evolvemcts4rl.labels.planted import (
    MOST,
    KnownCase,
    ask_known,
    known_cases,
    plant,
    worked_cases,
)
from evolvemcts4rl.labels.witnesses import equations_hold
from evolvemcts4rl.records import Completion, Message, Rollout
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.tree import Tree

QUESTION = "Tom has 12 apples, gives 4 away, then buys 3 bags of 6. How many has he?"
STEPS = (
    "Let us see.",
    "He keeps 12 - 4 = 8.",
    "The bags hold 3 × 6 = 18.",
    "That makes 8 + 18 = 26.",
)


def plants(steps: Sequence[str] = STEPS, count: int = 40) -> list[tuple[tuple[str, ...], int]]:
    tries = [plant(QUESTION, steps, random.Random(seed)) for seed in range(count)]
    return [found for found in tries if found]


def test_one_step_alone_is_changed_and_named() -> None:
    for steps, place in plants():
        assert [old == new for old, new in zip(STEPS, steps, strict=True)].count(False) == 1
        assert steps[place] != STEPS[place]
    assert {place for _, place in plants()} == {1, 2, 3}


def test_the_changed_step_is_false_or_about_numbers_that_are_not_there() -> None:
    kinds = set()
    for steps, place in plants():
        holds = equations_hold(steps[place])
        kinds.add(holds)
        if holds:
            old, new = STEPS[place].split(), steps[place].split()
            changed = [b.rstrip(".") for a, b in zip(old, new, strict=True) if a != b]
            assert changed[0] not in QUESTION
    assert kinds == {True, False}


@pytest.mark.parametrize(
    "steps",
    [
        ("No number here.", "It follows."),
        ("Then x + 2 = 5.", "It follows."),
        ("x = 3.5 here.", "So 3.5 and 3 it is."),
        ("It is 3 + 4 = 8.",),
        ("So 1.5 + 2 = 3.5.",),
        ("Hence 10 - 3 + 4 = 11.",),
    ],
)
def test_nothing_is_planted_where_no_plain_equation_holds(steps: tuple[str, ...]) -> None:
    assert plants(steps, 5) == []


def test_where_nothing_can_be_checked_a_result_is_changed_that_is_used_later() -> None:
    steps = ("Let x = 7 + y, so n = 15.", "With 15 of them, z = 30.", "It is 30.")
    found = plants(steps)
    assert {place for _, place in found} == {0, 1}
    for changed, place in found:
        assert ("n = 15" in changed[0]) == (place != 0)
        assert ("z = 30" in changed[1]) == (place != 1)


@given(st.lists(st.text("12+=-3 ×a.\n", max_size=30), max_size=4), st.integers())
def test_whatever_the_text_a_planted_error_is_one(steps: list[str], seed: int) -> None:
    found = plant("q", steps, random.Random(seed))
    if found:
        assert found[0][found[1]] != steps[found[1]]


def grown(name: str, judged: int = 1, solutions: int = 1) -> Tree:
    """Return a tree of right solutions, so many of them judged, and a wrong one."""
    tree = Tree(name, QUESTION, "26")
    for number in range(solutions):
        path = tree.add(Rollout((f"{name} {number}.", *STEPS[1:]), True), 0)
        if number < judged:
            path[-1].judgements = {"j": NO_ERROR}
    tree.add(Rollout(("It is 27.",), False), 0)
    return tree


def test_cases_are_half_planted_and_half_right_and_the_same_each_time() -> None:
    trees = [grown(f"{number:06d}", 4, 4) for number in range(10)]
    cases = known_cases(trees, [], 0)
    planted = [case for case in cases if case.error != NO_ERROR]
    assert len(planted) == 10
    assert len(cases) == 20
    assert len({case.question_id for case in planted}) == 10  # one of each problem comes first
    assert known_cases(reversed(trees), [], 0) == cases
    assert known_cases(trees, [], 1) != cases


def test_a_small_run_asks_little_and_a_large_one_no_more_than_enough() -> None:
    assert known_cases([grown("000000", 3, 3)], [], 0) == []
    many = [grown(f"{number:06d}", 4, 4) for number in range(100)]
    assert len(known_cases(many, [], 0)) == 2 * MOST


def test_half_of_the_right_cases_are_the_seeds_own_solutions_where_there_are_any() -> None:
    trees = [grown(f"{number:06d}", 4, 4) for number in range(10)]
    worked = [KnownCase(f"{number}", "q", ("a", "b")) for number in range(30)]
    right = [case for case in known_cases(trees, worked, 0) if case.error == NO_ERROR]
    assert right[:5] == worked[:5]
    assert len(right) == 10
    assert all(case.question == QUESTION for case in right[5:])


def test_solutions_with_a_false_equation_are_not_taken_for_right() -> None:
    tree = Tree("0", QUESTION, "26")
    for number in range(8):
        path = tree.add(Rollout((f"{number}", "3 + 4 = 8", *STEPS[1:]), True), 0)
        path[-1].judgements = {"j": NO_ERROR}
    assert known_cases([tree], [], 0) == []


def test_worked_solutions_lose_their_calculators_notes_and_need_steps() -> None:
    text = "Half is 48/2=<<48/2=24>>24.\nTogether 48+24=<<48+24=72>>72.\n"
    (case,) = worked_cases([("0", "q", text), ("1", "q", "It is 4.")], None)
    assert case == KnownCase("0", "q", ("Half is 48/2=24.", "Together 48+24=72."))


@dataclass
class Scripted:
    """A chat that names step 1, or fails where the solution says so."""

    asked: list[list[Message]] = field(default_factory=list)

    async def complete(
        self,
        messages: list[Message],
        n: int,
        *,
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        self.asked.append(messages)
        if "fails" in messages[0]["content"]:
            raise EndpointError("no reply")
        return [Completion("\\boxed{1}", "stop", 50, 5)]


def test_each_judge_is_asked_about_each_case_and_a_lost_reply_costs_that_case_alone() -> None:
    cases = [
        KnownCase("0", "q", ("a", "b"), 1),
        KnownCase("1", "q", ("a", "fails")),
        KnownCase("2", "q", ("a", "b", "c")),
    ]
    chat = Scripted()
    known = asyncio.run(ask_known(cases, [Judge("x", chat, "m"), Judge("y", chat, "m")]))
    verdicts = [KnownVerdict(1, 1, 2), None, KnownVerdict(1, NO_ERROR, 3)]
    assert known.verdicts == {"x": verdicts, "y": verdicts}
    assert known.tokens == {"x": [100, 10], "y": [100, 10]}
    assert len(chat.asked) == 6
