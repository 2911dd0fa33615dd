"""How sure a voted answer is: what each witness adds, and what seeds teach of the vote."""

import asyncio
import random
from dataclasses import dataclass, replace
from typing import Any

import pytest

from benchmarks.vote_accuracy import MODELS, Setting, vote_on
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import Refused
from evolvemcts4rl.records import Completion, Message, Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.answer_certainty import (
    AnswerCertainty,
    Candidate,
    learn_certainty,
    second_opinion,
)
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.solutions.solver import Solver

VOTED = Problem("0-r1", "q", "4", round=1, agreement=0.75, p_answer=0.8)


def chance(**facts: Any) -> float:
    return AnswerCertainty().of_voted(replace(VOTED, **facts), 16)


def test_a_larger_majority_is_surer_and_never_certain() -> None:
    chances = [chance(agreement=share / 16) for share in range(5, 17)]
    assert chances == sorted(chances)
    assert chances[0] < 0.6
    assert 0.9 < chances[-1] < 1
    assert chance(agreement=1.0, second_opinion=40.0) < 1


def test_false_equations_in_the_majoritys_solutions_make_its_answer_doubtful() -> None:
    assert chance(false_equations=1.0) < chance(false_equations=0.5) < chance(false_equations=0.0)


def test_another_model_speaks_for_an_answer_that_it_gives_and_against_its_rival() -> None:
    agreeing = [
        second_opinion([Candidate(10, (votes,)), Candidate(3, (4 - votes,))], [4])
        for votes in range(5)
    ]
    assert agreeing == sorted(agreeing)
    assert agreeing[0] < 0 < agreeing[3]
    scattered = [Candidate(0, (1,)) for _ in range(4)]
    against = second_opinion([Candidate(10, (0,)), Candidate(3, (4,))], [4])
    assert against < second_opinion([Candidate(10, (0,)), *scattered], [4]) < 0
    assert second_opinion([Candidate(10, ())], []) == 0
    assert second_opinion([Candidate(10, (0,)), Candidate(3, (0,))], [0]) == 0


def test_two_other_models_say_more_than_one() -> None:
    one = second_opinion([Candidate(10, (3,)), Candidate(3, (0,))], [4])
    two = second_opinion([Candidate(10, (3, 3)), Candidate(3, (0, 0))], [4, 4])
    assert one < two


def seeds(right_share: float, count: int = 200) -> list[Problem]:
    rng = random.Random(0)
    return [
        Problem(
            f"{number}",
            "q",
            "4",
            agreement=rng.choice([0.4, 0.6, 0.9]),
            p_answer=1.0,
            vote_agrees=rng.random() < right_share,
        )
        for number in range(count)
    ]


def test_seeds_that_state_answers_teach_how_often_the_vote_is_right() -> None:
    learned = {
        share: learn_certainty(seeds(share), 16).of_voted(VOTED, 16) for share in (0.6, 0.97)
    }
    assert learned[0.6] == pytest.approx(0.6, abs=0.1)
    assert learned[0.97] > 0.93
    assert learn_certainty([], 16).of_voted(VOTED, 16) == chance()
    voted = [replace(problem, p_answer=0.5) for problem in seeds(0.0)]
    assert learn_certainty(voted, 16).of_voted(VOTED, 16) == chance()


@dataclass
class Answers:
    """A chat that gives these answers, or refuses."""

    answers: tuple[str, ...]
    prefill: bool = True
    asked: int = 0

    async def complete(self, messages: list[Message], n: int, **sampling: Any) -> list[Completion]:
        self.asked += 1
        if not self.answers:
            raise Refused("no such model")
        return [Completion(f"It is \\boxed{{{answer}}}.", "stop") for answer in self.answers]


def voted(first: str, *seconds: str, **flags: Any) -> Problem:
    """Return a problem as the vote leaves it: one letter an answer."""
    grader = Grader(1)
    judges = [Judge(f"{number}", Answers(tuple(each)), "m") for number, each in enumerate(seconds)]
    solver = Solver(
        Answers(tuple(first)),
        grader,
        Settings.of(seed_file="seeds.jsonl", num_solutions=len(first), **flags),
        judges=judges,
    )
    try:
        return asyncio.run(solver.vote(Problem("0-r1", "q", None, round=1)))
    finally:
        grader.close()


def test_an_answer_that_another_model_confirms_stands_and_one_it_contradicts_is_dropped() -> None:
    stands, falls = voted("7777778888", "7797"), voted("7777778888", "8888")
    assert (stands.status, stands.final_answer) == ("open", "7")
    assert (stands.p_answer or 0) > 0.95
    assert (falls.status, falls.final_answer, falls.voted_answer) == ("dropped", None, "7")
    assert (falls.p_answer or 1) < 0.3
    assert falls.reason
    assert falls.reason.code == "doubtful_answer"
    assert "under --min_p_answer 0.8" in str(falls.reason)


def test_without_another_model_nothing_is_dropped_but_by_wish() -> None:
    assert voted("7777778888").status == "open"
    assert voted("7777778888", min_p_answer=0.9).status == "dropped"
    assert voted("7777778888", "8888", min_p_answer=0.0).status == "open"


def test_another_model_that_answers_nothing_changes_nothing() -> None:
    problem = voted("7777778888", "", min_p_answer=0.0)
    assert problem.second_opinion is None
    assert problem.p_answer == voted("7777778888").p_answer


@pytest.mark.slow
def test_a_second_model_makes_accepted_answers_right_in_traps() -> None:
    names = [f"900:{number}" for number in range(60)]
    alone = asyncio.run(vote_on(Setting(MODELS["middling"], 0.5, 0.5), names))
    helped = asyncio.run(vote_on(Setting(MODELS["middling"], 0.5, 0.5, 0.0), names))
    assert alone[1] / alone[0] < 0.85
    assert helped[1] / helped[0] >= 0.97
    assert helped[1] > 2 / 3 * alone[1]
