"""Completions read as rollouts: verdicts, the vote, the gate, and what the model is asked."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.problems.given import GivenSolution
from evolvemcts4rl.records import Completion, Problem, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.rollouts import MOST_STEPS
from evolvemcts4rl.solutions.solver import Solver
from evolvemcts4rl.solutions.steps import join_steps

PROBLEM = Problem("000000", "What is $\\frac{1}{2} + \\frac{1}{2}$?", "1")


@dataclass
class Scripted:
    """A chat that gives these completions, whatever it is asked, and keeps what it was asked."""

    replies: Sequence[str | Completion]
    prefill: bool = True
    asked: list[tuple[list[dict[str, str]], int, int, str]] = field(default_factory=list)

    async def complete(
        self, messages: list[dict[str, str]], n: int, *, start: int = 0, affinity_key: str = ""
    ) -> list[Completion]:
        self.asked.append((messages, n, start, affinity_key))
        return [
            reply if isinstance(reply, Completion) else Completion(reply, "stop", 5, 7)
            for reply in self.replies
        ]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    grader = Grader(1)
    yield grader
    grader.close()


@pytest.fixture
def solve(grader: Grader) -> Callable[..., Any]:
    """Ask a solver's method with these replies; gives the result and the chat."""

    def ask(
        method: str,
        replies: Sequence[Completion | str],
        problem: Problem = PROBLEM,
        prefill: bool = True,
        **flags: Any,
    ) -> tuple[Problem | tuple[Problem, list[Rollout]], Scripted]:
        chat = Scripted(replies, prefill)
        solver = Solver(chat, grader, Settings.of(seed_file="seeds.jsonl", **flags))
        return asyncio.run(getattr(solver, method)(problem)), chat

    return ask


def boxed(*values: str) -> list[str]:
    return [f"Think.\n\nThe answer is \\boxed{{{value}}}." for value in values]


CUT_OFF = Completion("Think.\n\nThe answer is \\boxed{1}", "length", 5, 7)
FILTERED = Completion("", "content_filter", 5, 0)


def test_first_solutions_are_judged_and_what_says_nothing_counts_nowhere(
    solve: Callable[..., Any],
) -> None:
    replies = [*boxed("1", "\\frac{2}{2}", "3"), CUT_OFF, FILTERED, "I do not know, sorry."]
    (problem, rollouts), chat = solve("first_solutions", replies)
    assert [rollout.verdict for rollout in rollouts] == [True, True, False, None, None, None]
    assert [rollout.answer for rollout in rollouts][3:] == [None, None, None]
    assert rollouts[0].steps == ("Think.\n\n", "The answer is \\boxed{1}.")
    assert rollouts[0].tokens == 7
    assert (problem.solve_rate, problem.status, problem.reason) == (0.6667, "searched", None)
    ((_, n, start, affinity_key),) = chat.asked
    assert (n, start, affinity_key) == (16, 0, "000000")


def test_solutions_that_voted_are_handed_to_the_search(grader: Grader) -> None:
    replies: list[str | Completion] = [*boxed("1", "\\frac{2}{2}", "3"), CUT_OFF]
    chat = Scripted(replies)
    solver = Solver(chat, grader, Settings.of(seed_file="seeds.jsonl"))

    async def vote_and_solve() -> tuple[Problem, list[Rollout]]:
        return await solver.first_solutions(await solver.vote(OPEN))

    problem, rollouts = asyncio.run(vote_and_solve())
    assert len(chat.asked) == 1
    assert [rollout.verdict for rollout in rollouts] == [True, True, False, None]
    assert (problem.agreement, problem.vote_agrees, problem.solve_rate) == (0.6667, True, 0.6667)
    assert not solver.voters


def test_vote_is_recorded_beside_a_stated_answer_that_it_contradicts(
    solve: Callable[..., Any],
) -> None:
    (problem, _), _ = solve("first_solutions", boxed("2", "2.0", "1"))
    assert problem.final_answer == "1"
    assert problem.voted_answer in ("2", "2.0")
    assert problem.agreement == 0.6667
    assert problem.vote_agrees is False


def solved_with(
    grader: Grader,
    given: Sequence[GivenSolution],
    replies: Sequence[str | Completion] = (),
    **flags: Any,
) -> tuple[tuple[Problem, list[Rollout]], Scripted]:
    """The first solutions of a problem that these came with, and what the model was asked."""
    chat = Scripted(list(replies))
    settings = Settings.of(seed_file="seeds.jsonl", **flags)
    solver = Solver(chat, grader, settings, given=lambda question_id: given)
    return asyncio.run(solver.first_solutions(PROBLEM)), chat


WRONG = GivenSolution("w", "Think. \\boxed{7}")


def test_given_solutions_are_graded_and_searched_without_a_question_to_the_model(
    grader: Grader,
) -> None:
    steps = ("Two halves\n\n", "are a whole: \\boxed{1}")
    silent = GivenSolution("s", "Let me think.\n\nHm.")
    given = [WRONG, GivenSolution("r", "".join(steps), steps), silent]
    (problem, rollouts), chat = solved_with(grader, given)
    assert not chat.asked
    assert [(each.solution_id, each.verdict) for each in rollouts] == [
        ("w", False),
        ("r", True),
        ("s", None),
    ]
    assert rollouts[1].steps == steps
    assert rollouts[2].steps == ("Let me think.\n\n", "Hm.")
    assert (problem.status, problem.solve_rate, problem.voted_answer) == ("searched", None, None)


def test_given_solutions_have_no_part_in_the_solve_rate_and_the_vote(grader: Grader) -> None:
    (problem, rollouts), chat = solved_with(grader, [WRONG] * 5, boxed("1", "1"), own_solutions=2)
    assert chat.asked[0][1] == 2
    assert (problem.solve_rate, problem.voted_answer, problem.agreement) == (1.0, "1", 1.0)
    assert [each.verdict for each in rollouts] == [False] * 5 + [True] * 2
    assert (problem.status, problem.reason) == ("searched", None)


def test_a_given_text_is_cut_as_the_model_s_are(grader: Grader) -> None:
    text = "One.--Two.--\\boxed{1}"
    (_, (rollout,)), _ = solved_with(grader, [GivenSolution("a", text)], step_separator="--")
    assert rollout.steps == ("One.--", "Two.--", "\\boxed{1}")


@pytest.mark.parametrize("replies", [[CUT_OFF] * 3, [FILTERED], ["Hm.", "Well."]])
def test_problem_without_a_single_answer_is_not_searched_and_says_why(
    solve: Callable[..., Any], replies: Sequence[Completion | str]
) -> None:
    (problem, _), _ = solve("first_solutions", replies)
    assert (problem.status, problem.solve_rate, problem.has_tree) == ("not_searched", None, False)
    assert f"none of its {len(replies)} solutions came to an answer (are --max_tokens" in str(
        problem.reason
    )


@pytest.mark.parametrize(
    ("answers", "flags", "reason"),
    [
        (["1"] * 4, {}, "solved always (4 of 4)"),
        (["2", "3", "2"], {}, "solved never (0 of 3: they came to 2, 3)"),
        (["1", "2"], {}, None),
        (
            ["1", "2", "2", "2"],
            {"min_solve_rate": 0.3},
            "its solve rate, 0.25, is under --min_solve_rate 0.3",
        ),
        (["1", "2", "2", "2"], {"min_solve_rate": 0.25}, None),
        (
            ["1", "1", "1", "2"],
            {"max_solve_rate": 0.7},
            "its solve rate, 0.75, is over --max_solve_rate 0.7",
        ),
        (["1", "1", "1", "2"], {"max_solve_rate": 0.75}, None),
        (["1"] * 2, {"min_solve_rate": 0.1}, "solved always (2 of 2)"),
    ],
)
def test_gate_lets_through_what_can_be_searched(
    solve: Callable[..., Any], answers: list[str], flags: dict[str, float], reason: str | None
) -> None:
    (problem, _), _ = solve("first_solutions", boxed(*answers), **flags)
    assert (problem.status, problem.to_json()["reason"]) == (
        "not_searched" if reason else "searched",
        reason,
    )


OPEN = Problem("000001", "What is 1 + 1?", None)


@pytest.mark.parametrize(
    ("replies", "agreement", "answer", "reason"),
    [
        (boxed("2", "2.0", "3"), 0.5, "2", None),
        (boxed("2", "2", "3", "4"), 0.5, "2", None),
        (
            boxed("2", "2", "3", "4"),
            0.6,
            None,
            "the majority's share of the answers, 0.50, is under --agreement 0.6",
        ),
        (
            boxed("2", "3"),
            0.0,
            None,
            "the first place of the vote is tied, with a share of 0.50 each",
        ),
        ([CUT_OFF, FILTERED, "Hm."], 0.5, None, "only 0 of its 3 solutions came to an answer"),
        ([*boxed("2"), CUT_OFF, CUT_OFF], 0.9, None, "only 1 of its 3 solutions came to an answer"),
        ([*boxed("2", "2"), CUT_OFF, CUT_OFF], 0.9, "2", None),
    ],
)
def test_vote_answers_a_problem_or_drops_it_with_the_reason(
    solve: Callable[..., Any],
    replies: Sequence[Completion | str],
    agreement: float,
    answer: str | None,
    reason: str | None,
) -> None:
    problem, _ = solve("vote", replies, problem=OPEN, agreement=agreement)
    assert (problem.final_answer, problem.to_json()["reason"]) == (answer, reason)
    assert problem.status == ("dropped" if reason else "open")


def ask_from(
    prefix: tuple[str, ...],
    replies: Sequence[Completion | str],
    grader: Grader,
    prefill: bool = True,
    **flags: Any,
) -> tuple[list[Rollout], Scripted]:
    chat = Scripted(replies, prefill)
    rollout_sampler = Solver(
        chat, grader, Settings.of(seed_file="seeds.jsonl", **flags)
    ).rollout_sampler(PROBLEM)

    async def ask() -> list[Rollout]:
        return await rollout_sampler(prefix, len(replies), 3)

    return asyncio.run(ask()), chat


@pytest.mark.parametrize("model_name", ["gpt-4o", EMBEDDED_MODEL])
@pytest.mark.parametrize("prefill", [True, False])
def test_continuation_begins_with_the_messages_of_the_solution(
    grader: Grader, model_name: str, prefill: bool
) -> None:
    _, first = ask_from((), boxed("1"), grader, prefill, model_name=model_name)
    _, later = ask_from(
        ("Halves.\n\n", "They add.\n\n"), boxed("1"), grader, prefill, model_name=model_name
    )
    ((solution, *_),), ((messages, n, start, affinity_key),) = first.asked, later.asked
    assert messages[: len(solution)] == solution
    assert PROBLEM.question in solution[-1]["content"]
    assert messages[len(solution)] == {"role": "assistant", "content": "Halves.\n\nThey add.\n\n"}
    assert [message["role"] for message in messages[len(solution) + 1 :]] == (
        [] if prefill else ["user"]
    )
    assert (n, start, affinity_key) == (1, 3, "000000")


@pytest.mark.parametrize(
    ("prefix", "text", "steps"),
    [
        (("A.\n\n",), "\n\nB.\n\nIt is \\boxed{1}.", ("A.\n\n", "B.\n\n", "It is \\boxed{1}.")),
        (("A.\n\n",), "B.\n\nIt is \\boxed{1}.\n\n", ("A.\n\n", "B.\n\n", "It is \\boxed{1}.")),
        (("A.",), "\n\nIt is \\boxed{1}.", ("A.", "\n\nIt is \\boxed{1}.")),
        ((), "\n\nIt is \\boxed{1}.", ("It is \\boxed{1}.",)),
    ],
)
def test_newlines_at_the_seam_are_written_once(
    grader: Grader, prefix: tuple[str, ...], text: str, steps: tuple[str, ...]
) -> None:
    (rollout,), _ = ask_from(prefix, [text], grader)
    assert rollout.steps == steps
    assert rollout.verdict is True


def test_answer_that_begins_in_the_prefix_is_read_whole(grader: Grader) -> None:
    (rollout,), _ = ask_from(("The answer is \\boxed{",), ["1}."], grader)
    assert (rollout.answer, rollout.verdict) == ("1", True)


@given(
    st.lists(st.sampled_from(["A.\n\n", "1. B\n", "$$x$$\n\n", "C"]), max_size=3),
    st.text("ab1.\n $\\", max_size=20),
)
def test_rollout_is_the_prefix_and_then_what_the_model_wrote(prefix: list[str], text: str) -> None:
    grader = Grader(1)  # starts no worker: nothing here needs one
    (rollout,), _ = ask_from(tuple(prefix), [Completion(text, "length")], grader)
    assert rollout.steps[: len(prefix)] == tuple(prefix)
    assert "".join(join_steps(rollout.steps).split()) == "".join(
        (join_steps(prefix) + text).split()
    )
    assert rollout.verdict is None


def test_step_separator_divides_the_steps(grader: Grader) -> None:
    (rollout,), _ = ask_from((), ["A\nB\nIt is \\boxed{1}."], grader, step_separator="\n")
    assert rollout.steps == ("A\n", "B\n", "It is \\boxed{1}.")


def ask_for_each(problems: int, solver: Solver) -> None:
    for number in range(problems):
        asyncio.run(solver.first_solutions(Problem(f"{number:06}", "What is 1 + 1?", "2")))


@pytest.mark.parametrize("flags", [{"step_separator": "@@"}, {"step_separator": "\n\n\n"}])
def test_separator_that_no_solution_holds_ends_the_run_early(
    grader: Grader, flags: dict[str, str]
) -> None:
    chat = Scripted(boxed(*"1" * 16))
    solver = Solver(chat, grader, Settings.of(seed_file="seeds.jsonl", **flags))
    with pytest.raises(
        UserError, match=r"--step_separator '.+' occurs in none of the first 64 solutions"
    ):
        ask_for_each(100, solver)
    assert len(chat.asked) == 4


@pytest.mark.parametrize("separator", [None, "\n\n", "boxed{7}"])
def test_separator_that_some_solution_holds_is_used(grader: Grader, separator: str | None) -> None:
    solver = Solver(
        Scripted(boxed(*"12345678")),
        grader,
        Settings.of(seed_file="seeds.jsonl", step_separator=separator),
    )
    ask_for_each(40, solver)


def test_few_solutions_without_the_separator_end_no_run(grader: Grader) -> None:
    one_problem = Solver(
        Scripted(boxed(*"1" * 100)),
        grader,
        Settings.of(seed_file="seeds.jsonl", step_separator="@@"),
    )
    ask_for_each(1, one_problem)
    ask_for_each(1, one_problem)
    nothing_whole = Solver(
        Scripted([CUT_OFF] * 16), grader, Settings.of(seed_file="seeds.jsonl", step_separator="@@")
    )
    ask_for_each(20, nothing_whole)


def test_long_solution_has_as_many_steps_as_a_tree_may_be_deep(grader: Grader) -> None:
    text = "".join(f"Thought {number}.\n\n" for number in range(200)) + "The answer is \\boxed{7}."
    prefix = tuple(f"Step {number}.\n\n" for number in range(MOST_STEPS - 1))
    for before in ((), prefix[:5], prefix):
        (rollout,), _ = ask_from(before, [text], grader)
        assert rollout.steps[: len(before)] == before
        assert len(rollout.steps) <= MOST_STEPS
        assert "".join(rollout.steps[len(before) :]) == text
