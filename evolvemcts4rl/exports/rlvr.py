"""Problems with answers that can be checked, for reinforcement learning with such rewards."""

from __future__ import annotations

from collections.abc import Iterator

from evolvemcts4rl.exports.choice import Example, ExportOptions, Why
from evolvemcts4rl.exports.families import is_held_out
from evolvemcts4rl.flag_groups.kinds import GRADERS
from evolvemcts4rl.prompts import prompt_messages
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem

# verl chooses its reward by this name: the one here compares what stands in \boxed{}.
DATA_SOURCE = "lighteval/MATH"
OWN_SOURCE = "evolvemcts4rl"  # answers that need a reward of one's own
_TO_BE_LEARNED = {Status.SEARCHED, Status.NOT_SEARCHED}


def rlvr_rows(problem: Problem, options: ExportOptions) -> Iterator[Example | Why]:
    r"""Yield one row for a problem with an answer, with the instruction to box it.

    `solution` has an answer of mathematics in \boxed{}, so that readers of LaTeX find it.
    """
    if problem.status not in _TO_BE_LEARNED or not problem.final_answer:
        return
    if not _is_learnable(problem, options):
        yield Why.NOT_LEARNABLE
        return
    held_out = is_held_out(problem.question_id, options.test_share)
    row = {
        "question_id": problem.question_id,
        "prompt": prompt_messages("solve_problem", "", options.prompts, question=problem.question),
        "solution": _solution(problem.final_answer, options),
        "data_source": DATA_SOURCE if options.grader == "math" else OWN_SOURCE,
        "ability": options.grader if options.grader in GRADERS else "custom",
        "reward_model": {"style": "rule", "ground_truth": problem.final_answer},
        "extra_info": {
            "question_id": problem.question_id,
            "parent_id": problem.parent_id,
            "mutation": problem.mutation,
            "round": problem.round,
            "solve_rate": problem.solve_rate,
            "agreement": problem.agreement,
            "split": "test" if held_out else "train",
        },
    }
    yield Example(row, 1.0 if problem.p_answer is None else problem.p_answer)


def _solution(answer: str, options: ExportOptions) -> str:
    return f"\\boxed{{{answer}}}" if options.grader == "math" else answer


def _is_learnable(problem: Problem, options: ExportOptions) -> bool:
    if options.learnable is None:
        return True
    low, high = options.learnable
    return problem.solve_rate is not None and low <= problem.solve_rate <= high
