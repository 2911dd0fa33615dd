"""Everything that is made from a tree: step labels, and training data for a process reward model, SFT and DPO.

Each function takes one tree and gives the rows of one file; nothing else goes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from records import Node, Tree

Row = dict[str, Any]
STEP_TAG = "ки"  # Math-Shepherd's mark after each step


def steps_rows(tree: Tree) -> Iterator[Row]:
    """The tree flattened: every labelled prefix once, parents before children."""
    steps, stack = [], [(child, "") for child in reversed(tree.root.children)]
    while stack:
        node, prefix = stack.pop()
        if node.label is not None:
            steps.append({"solution_prefix": prefix, "step": node.text.strip(), **node.counts()})
        stack.extend((child, prefix + node.text) for child in reversed(node.children))
    if steps:
        row = {"question_id": tree.question_id, "question": tree.question, "final_answer": tree.final_answer}
        yield row | {"reasoning_steps": steps}


def prm_rows(tree: Tree, keep: str = "all") -> Iterator[Row]:
    """Stepwise supervision as TRL reads it: labels up to and including the first error.

    Left out: solutions whose labels, taken together, are less likely right than not, and with `keep` "agreed" those whose
    first error a judge sees elsewhere (the consensus filter of arXiv 2501.07301).
    """
    for steps, labels in _distinct(path for path in labelled_solutions(tree) if keep == "all" or judge_agrees(path)):
        yield {"prompt": tree.question, "completions": steps, "labels": labels}


def math_shepherd_rows(tree: Tree) -> Iterator[Row]:
    """Math-Shepherd's format: the tag after each step in `input`, + or − in its place in `label`."""
    for steps, labels in _distinct(labelled_solutions(tree)):
        marked = [f"{step} {STEP_TAG}" for step in steps]
        judged = [f"{step} {'+' if label else '-'}" for step, label in zip(steps, labels, strict=True)]
        yield {
            "input": "\n".join([tree.question, *marked]),
            "label": "\n".join([tree.question, *judged]),
            "task": tree.question_id,
        }


def sft_rows(tree: Tree) -> Iterator[Row]:
    """Each right solution that is not believed to hold an error, as a chat."""
    for text in _texts(tree, correct=True):
        yield {"messages": [_turn("user", tree.question), _turn("assistant", text)]}


def dpo_rows(tree: Tree) -> Iterator[Row]:
    """Pairs of a right and a wrong solution of the problem, as many as the rarer kind has."""
    for right, wrong in zip(_texts(tree, correct=True), _texts(tree, correct=False), strict=False):
        yield {
            "prompt": [_turn("user", tree.question)],
            "chosen": [_turn("assistant", right)],
            "rejected": [_turn("assistant", wrong)],
        }


def openai_dpo_rows(tree: Tree) -> Iterator[Row]:
    """The same pairs in OpenAI's preference format."""
    for pair in dpo_rows(tree):
        yield {
            "input": {"messages": pair["prompt"], "tools": [], "parallel_tool_calls": True},
            "preferred_output": pair["chosen"],
            "non_preferred_output": pair["rejected"],
        }


def labelled_solutions(tree: Tree) -> Iterator[list[Node]]:
    """The whole solutions whose first error is known: every step up to it is labelled, and the labels together hold.

    Under the belief, the chance that exactly these labels are right is the fall of p_correct at the first error, or
    p_correct of the last step where there is none; it must be over one half.
    """
    for path in tree.solutions():
        beliefs = [node.p_correct for node in path if node.p_correct is not None]
        if len(beliefs) == len(path):
            _, labels = up_to_first_error(path)
            # The chance that all steps are right, or that the error is made exactly where the labels turn.
            chance = (
                beliefs[-1]
                if labels[-1]
                else (beliefs[len(labels) - 2] if len(labels) > 1 else 1.0) - beliefs[len(labels) - 1]
            )
            if chance > 0.5:
                yield path


def up_to_first_error(path: Sequence[Node]) -> tuple[list[str], list[bool]]:
    """A labelled solution's steps and labels, cut after its first error."""
    steps, labels = [], []
    for node in path:
        steps.append(node.text.strip())
        labels.append(bool(node.label))
        if not node.label:
            break
    return steps, labels


def _distinct(paths: Iterable[Sequence[Node]]) -> Iterator[tuple[list[str], list[bool]]]:
    """Steps and labels of each solution, once: many solutions are the same up to their first error."""
    seen = set()
    for path in paths:
        steps, labels = up_to_first_error(path)
        if tuple(steps) not in seen:
            seen.add(tuple(steps))
            yield steps, labels


def judge_agrees(path: Sequence[Node]) -> bool:
    """Whether the judge, where one was asked, names the same first error; a right solution is not judged."""
    if path[-1].judged_error is None:
        return bool(path[-1].correct)
    _, labels = up_to_first_error(path)
    return path[-1].judged_error == (-1 if labels[-1] else len(labels) - 1)


def _texts(tree: Tree, correct: bool) -> Iterator[str]:
    for path in tree.solutions():
        if path[-1].correct is correct and not (correct and path[-1].label is False):
            yield "".join(node.text for node in path).strip()


def _turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


ROWS: dict[str, Callable[[Tree], Iterator[Row]]] = {
    "steps": steps_rows,
    "prm": prm_rows,
    "sft": sft_rows,
    "dpo": dpo_rows,
    "openai_dpo": openai_dpo_rows,
    "math_shepherd": math_shepherd_rows,
}
