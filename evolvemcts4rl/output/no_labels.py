"""Why a run that came to its end has labelled nothing, and the way out: one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evolvemcts4rl.flag_groups.kinds import GRADERS
from evolvemcts4rl.output.summary import LabelCounts
from evolvemcts4rl.reasons import ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

WAYS_OUT = {
    ReasonCode.SOLVED_ALWAYS: "take harder seeds, or evolve them with --mutations upward",
    ReasonCode.SOLVED_NEVER: (
        "look whether --answer_column names the answers, or take easier seeds or a stronger model"
    ),
    ReasonCode.SOLVE_RATE: "widen --min_solve_rate and --max_solve_rate",
    ReasonCode.NO_ANSWERS: "give larger ones where they are cut off",
    ReasonCode.NO_VERDICTS: "look at what the function of --grader returns, and at the log",
    ReasonCode.UNGRADABLE: "name another column with --answer_column, or another --grader",
    ReasonCode.FEW_ANSWERS: (
        "where they are cut off, give a larger --max_tokens, and the server a larger context"
    ),
    ReasonCode.THIN_MAJORITY: (
        "name the column of the answers with --answer_column; where there is none, take easier "
        "seeds or a stronger model"
    ),
    ReasonCode.CONTAMINATED: "take other seeds, or other files with --decontaminate",
    ReasonCode.NO_PROBLEM: "name the column of the problems with --column_names",
}
OWN_GRADER_SAYS_NO = (
    "look whether the function of --grader is right about one of its solutions, or take easier "
    "seeds or a stronger model"
)


def why_nothing_is_labelled(
    problems: Iterable[Problem], labels: LabelCounts, settings: Settings
) -> str | None:
    """Return the sentence; None where there are labels, or problems that failed say why not."""
    if labels.steps or settings.evolution.evolve_only:
        return None
    total, counts = 0, Counter[ReasonCode]()
    firsts: dict[ReasonCode, Problem] = {}
    for problem in problems:
        total += 1
        if problem.status == Status.FAILED:
            return None
        if problem.reason:
            counts[problem.reason.code] += 1
            firsts.setdefault(problem.reason.code, problem)
    if labels.shortest is not None and sum(counts.values()) < total:
        return _budget_too_small(labels.shortest, settings)
    if not counts:
        return None
    code, count = counts.most_common(1)[0]
    way_out = WAYS_OUT.get(code, "problems.jsonl has the reason of each")
    if code is ReasonCode.SOLVED_NEVER and settings.answers.grader not in GRADERS:
        way_out = OWN_GRADER_SAYS_NO
    whose = "the only problem" if total == 1 else f"{count} of {total} problems"
    return f"{whose} came to nothing, {_first(firsts[code])}: {way_out}."


def _first(problem: Problem) -> str:
    """Return what became of the first of these problems, beside the answer that it states."""
    stated = f"whose stated answer is {problem.final_answer}" if problem.final_answer else ""
    named = f"such as {problem.question_id}"
    return f"{named}, {stated + ': ' if stated else ''}{problem.reason}"


def _budget_too_small(shortest: int, settings: Settings) -> str:
    search = settings.search
    if not search.max_search:
        return "--max_search 0 searches no solution: give a larger one."
    need = max((shortest - 1) * search.num_branches, 1)
    return (
        f"--max_branches {search.max_branches} is too small for --estimator {search.estimator}: "
        f"the shortest solution has {shortest} steps, which takes {need} rollouts: "
        f"give --max_branches {need} or more, or a smaller --num_branches."
    )
