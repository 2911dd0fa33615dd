"""The graders of the package: what each takes for an answer, and for the same one."""

import asyncio

import pytest

from evolvemcts4rl.answers.choice import Unreadable
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.answers.rules import BUILT_IN
from evolvemcts4rl.records import Problem


@pytest.mark.parametrize(
    ("name", "gold", "completion", "verdict"),
    [
        ("math", "1/2", "The answer is \\boxed{0.5}.", True),
        ("exact", "1/2", "The answer is \\boxed{0.5}.", False),
        ("exact", "1/2", "The answer is \\boxed{1/2}.", True),
        ("exact", "the red  one", "#### the red one", True),
        ("exact", "Paris", "The answer is **Paris**.", True),
        ("exact", "Paris", "The answer is paris", False),
        ("exact", "f(x)", "Answer: `f(x)`", True),
        ("exact", "Paris", "I think of Paris.", None),
        ("number", "2.50", "The answer is \\boxed{2.5 \\text{ cm}}.", True),
        ("number", "0.333333333", "The answer is \\boxed{\\frac{1}{3}}.", True),
        ("number", "0.33", "The answer is \\boxed{\\frac{1}{3}}.", False),
        ("number", "-4", "#### 4", False),
        ("number", "4", "The answer is \\boxed{x + 1}.", False),
        ("number", "4", "I do not know.", None),
    ],
)
def test_verdict(name: str, gold: str, completion: str, verdict: bool | None) -> None:
    grader = Grader(rules=BUILT_IN[name])
    problem = Problem("000000", "Q?", gold)
    answer = grader.answer_of("Q?", completion)
    assert asyncio.run(grader.verdicts(problem, [(completion, answer)])) == [verdict]
    assert not grader.workers.started


def test_choice_is_graded_and_voted_by_its_letter() -> None:
    grader = Grader(rules=BUILT_IN["choice"])
    question = "Which? A) red B) blue"
    said = [
        "\\boxed{B}",
        "The answer is blue.",
        "So it is (A).",
        "\\boxed{A}",
        "It is red or blue.",
    ]
    answers = [grader.answer_of(question, text) for text in said]
    assert answers == ["B", "B", None, "A", None]
    problem = Problem("000000", question, "B")
    completions = list(zip(said, answers, strict=True))
    verdicts = asyncio.run(grader.verdicts(problem, completions))
    assert verdicts == [True, True, None, False, None]
    assert asyncio.run(grader.vote(["B", "B", "A"])) == ("B", 2 / 3)


def test_exact_vote_keeps_forms_apart_that_mathematics_takes_for_one() -> None:
    assert asyncio.run(Grader(rules=BUILT_IN["exact"]).vote(["0.5", "1/2", "0.5"])) == (
        "0.5",
        2 / 3,
    )
    assert asyncio.run(Grader(rules=BUILT_IN["number"]).vote(["0.5", "1/2", "3"]))[1] == 2 / 3


def test_seed_whose_answer_is_no_number_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="'red', is no number"):
        BUILT_IN["number"].seed_answer("Q?", "red")
    assert BUILT_IN["number"].seed_answer("Q?", "so it is 3 #### 3") == "3"
