"""Read a thought and the answer after it as one solution, in the form that the model wrote it.

`<think>`, the paragraphs of the thought, `</think>` and the answer, which is the last step. So a
prefix that ends inside the thought is the text that a server goes on from.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.records import THINK, THOUGHT_ENDS, Completion, Prefix, is_open_thought
from evolvemcts4rl.solutions.steps import join_steps, merge_steps, split_steps

PARAGRAPH = "\n\n"
# Without a thought in any of so many solutions of so many problems, there will be none.
SOLUTIONS, PROBLEMS = 32, 4


def steps_with_thought(
    prefix: Prefix, completion: Completion, separator: str | None, most: int
) -> list[str] | None:
    """Return the steps after the prefix: those of the thought, at most `most` with the answer.

    A thought ends a step at each blank line, or after each `separator`. None where the completion
    neither begins with a thought nor goes on from one.
    """
    before = join_steps(prefix)
    goes_on = is_open_thought(before)
    if not (goes_on or (completion.thought and not prefix)):
        return None
    thought = completion.thought.rstrip()
    opening = "" if goes_on else f"{THINK}\n"
    thought = opening + (thought.lstrip("\n") if before.endswith("\n") else thought)
    answer = f"{THOUGHT_ENDS}{PARAGRAPH}{completion.text.strip()}"
    if not thought.strip():
        return [answer]
    if most < 2:
        return [f"{thought}\n{answer}"]
    steps = split_steps(f"{thought}\n", separator or PARAGRAPH)
    return [*merge_steps(steps, most - 1), answer]


def after_thought(solution: str) -> str:
    """Return a solution without the thought that it begins with: what a grader reads."""
    if not solution.startswith(THINK):
        return solution
    return solution.partition(THOUGHT_ENDS)[2].lstrip("\n")


@dataclass
class ThoughtWatch:
    """Ends a run early that shall label thoughts and gets none."""

    found: bool = False
    solutions: int = 0
    problems: set[str] = field(default_factory=set)

    def look(self, question_id: str, completions: list[Completion]) -> None:
        """Look for a thought in first solutions; raise UserError once many have none."""
        whole = [completion for completion in completions if completion.whole]
        self.found = self.found or any(completion.thought for completion in whole)
        if self.found or question_id in self.problems:
            return
        self.problems.add(question_id)
        self.solutions += len(whole)
        if self.solutions >= SOLUTIONS and len(self.problems) >= PROBLEMS:
            raise UserError(
                f"--label_thoughts finds no thought in the first {self.solutions} solutions: take "
                "a model that shows its thoughts (some need --extra_body to think), or leave the "
                "flag out and start with --overwrite."
            )
