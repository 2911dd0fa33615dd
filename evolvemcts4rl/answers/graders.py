"""The grader that --grader names."""

from __future__ import annotations

from evolvemcts4rl.answers.custom_grader import FunctionGrader
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.answers.rules import BUILT_IN
from evolvemcts4rl.flag_groups.answers import AnswerSettings


async def open_grader(settings: AnswerSettings) -> Grader:
    """Return the grader; raise UserError where it is a function that cannot be used."""
    if settings.grader in BUILT_IN:
        return Grader(rules=BUILT_IN[settings.grader])
    grader = FunctionGrader(settings.grader, settings.grader_timeout)
    await grader.check()
    return grader
