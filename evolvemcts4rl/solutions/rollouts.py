"""Read completions as rollouts: the messages that ask for them, their steps and their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from evolvemcts4rl.answers.extract import extract_answer
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.prompts import prompt_messages, prompt_turns
from evolvemcts4rl.records import THINK, Completion, Message, Prefix, Problem, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.steps import join_steps, merge_steps, split_steps
from evolvemcts4rl.solutions.thoughts import after_thought, steps_with_thought

# Arrow, and `datasets` with it, reads no JSON nested deeper than a tree of 30 steps.
MOST_STEPS = 28


def solution_messages(
    problem: Problem, prefix: Prefix, settings: Settings, prefill: bool
) -> list[Message]:
    """Return the messages that ask the run's model for a solution that begins with a prefix."""
    # A continuation repeats its solution's messages, which the server's prefix cache holds.
    model, told = settings.model.model_name, settings.prompts
    messages = prompt_messages("solve_problem", model, told, question=problem.question)
    if prefix:
        text = join_steps(prefix)
        if prefill:
            messages.append({"role": "assistant", "content": text})
        else:
            # In words, a thought is gone on with as any other text.
            messages.append({"role": "assistant", "content": text.removeprefix(f"{THINK}\n")})
            messages += prompt_turns("continue_solution", model, told)
    return messages


def as_rollout(
    prefix: Prefix,
    completion: Completion,
    separator: str | None,
    answer_of: Callable[[str], str | None] = extract_answer,
    with_thought: bool = False,
) -> Rollout:
    """Return a completion as a rollout that is still to be graded.

    `with_thought` makes a thought, where there is one, part of the solution.
    """
    room = MOST_STEPS - len(prefix)
    more = steps_with_thought(prefix, completion, separator, room) if with_thought else None
    text = completion.text
    if more is None:
        before = join_steps(prefix)
        text = text.rstrip()
        text = text.lstrip("\n") if not prefix or before.endswith("\n") else text
        more = cut_steps(text, separator, room)
        text = before + text
    answer = answer_of(text) if completion.whole else None
    return Rollout((*prefix, *more), None, answer, completion.completion_tokens, completion.whole)


async def graded(problem: Problem, rollouts: Sequence[Rollout], grader: Grader) -> list[Rollout]:
    """Return the rollouts with their verdicts; one that is not whole has none."""
    whole = [(after_thought(join_steps(r.steps)), r.answer) for r in rollouts if r.whole]
    verdicts = iter(await grader.verdicts(problem, whole))
    return [replace(r, verdict=next(verdicts)) if r.whole else r for r in rollouts]


def cut_steps(text: str, separator: str | None, most: int = MOST_STEPS) -> list[str]:
    """Return the steps of a text; after those of a given solution there may be room for none."""
    return merge_steps(split_steps(text, separator), max(most, 1))


def answers_of(rollouts: Sequence[Rollout]) -> list[str]:
    """Return the answers of those rollouts that come to one."""
    return [rollout.answer for rollout in rollouts if rollout.answer is not None]
