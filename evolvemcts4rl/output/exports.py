"""The files that are made from a tree: step labels, and training data for PRM, SFT and DPO.

Each function yields the rows of one file from one tree alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from evolvemcts4rl.labels.labelling import Labelled, LabelledTree
from evolvemcts4rl.tree import Node

Row = dict[str, Any]
Keep = Callable[[Sequence[Node]], bool]  # whether a labelled solution is kept
STEP_TAG = "ки"  # Math-Shepherd's mark after each step


def steps_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield the tree flattened: every labelled prefix once, parents before children."""
    tree = labelled_tree.tree
    steps, stack = [], [(child, "") for child in reversed(tree.root.children)]
    while stack:
        node, prefix = stack.pop()
        if node.label is not None:
            steps.append({"solution_prefix": prefix, "step": node.text.strip(), **node.counts()})
        if node.children:
            longer = prefix + node.text
            stack.extend((child, longer) for child in reversed(node.children))
    if steps:
        row = {
            "question_id": tree.question_id,
            "question": tree.question,
            "final_answer": tree.final_answer,
        }
        yield row | {"reasoning_steps": steps}


def prm_rows(labelled_tree: LabelledTree, keep: Keep | None = None) -> Iterator[Row]:
    """Yield stepwise supervision as TRL reads it: labels up to and including the first error.

    Solutions whose labels together are less likely right than not are left out, and with `keep`
    those that it does not take.
    """
    for steps, labels in _distinct(
        each for each in labelled_tree.labelled if keep is None or keep(each.path)
    ):
        yield {"prompt": labelled_tree.tree.question, "completions": steps, "labels": labels}


def math_shepherd_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield Math-Shepherd's format: a tag after each step in `input`, + or − for it in `label`."""
    tree = labelled_tree.tree
    for steps, labels in _distinct(labelled_tree.labelled):
        marked = [f"{step} {STEP_TAG}" for step in steps]
        judged = [
            f"{step} {'+' if label else '-'}" for step, label in zip(steps, labels, strict=True)
        ]
        yield {
            "input": "\n".join([tree.question, *marked]),
            "label": "\n".join([tree.question, *judged]),
            "task": tree.question_id,
        }


def sft_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield each right solution in which no error is believed to be, as a chat."""
    for text in labelled_tree.right:
        yield {"messages": [_turn("user", labelled_tree.tree.question), _turn("assistant", text)]}


def dpo_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield pairs of a right and a wrong solution, as many as there are of the rarer kind."""
    for right, wrong in zip(labelled_tree.right, labelled_tree.wrong, strict=False):
        yield {
            "prompt": [_turn("user", labelled_tree.tree.question)],
            "chosen": [_turn("assistant", right)],
            "rejected": [_turn("assistant", wrong)],
        }


def openai_dpo_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield the pairs of `dpo_rows` in OpenAI's preference format."""
    for pair in dpo_rows(labelled_tree):
        yield {
            "input": {"messages": pair["prompt"], "tools": [], "parallel_tool_calls": True},
            "preferred_output": pair["chosen"],
            "non_preferred_output": pair["rejected"],
        }


def _distinct(solutions: Iterable[Labelled]) -> Iterator[tuple[list[str], list[bool]]]:
    """Yield steps and labels, each once, since solutions may be equal up to their first error."""
    seen = set()
    for _, steps, labels in solutions:
        if (key := tuple(steps)) not in seen:
            seen.add(key)
            yield steps, labels


def _turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


ROWS: dict[str, Callable[[LabelledTree], Iterator[Row]]] = {
    "steps": steps_rows,
    "prm": prm_rows,
    "sft": sft_rows,
    "dpo": dpo_rows,
    "openai_dpo": openai_dpo_rows,
    "math_shepherd": math_shepherd_rows,
}
