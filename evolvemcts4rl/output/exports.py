"""The files that are made from a tree: step labels, and training data for PRM, SFT and DPO.

Each function yields the rows of one file from one tree alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from evolvemcts4rl.labels.labelling import Labelled, LabelledTree
from evolvemcts4rl.output.seed_files import seed_flat_rows, seed_tree_rows
from evolvemcts4rl.tree import Node

Row = dict[str, Any]
Keep = Callable[[Sequence[Node]], bool]  # whether a labelled solution is kept
STEP_TAG = "ки"  # Math-Shepherd's mark after each step


def steps_rows(labelled_tree: LabelledTree, ids: bool = False) -> Iterator[Row]:
    """Yield the tree flattened: every labelled prefix once, parents before children."""
    tree = labelled_tree.tree
    steps, stack = [], [(child, "") for child in reversed(tree.root.children)]
    while stack:
        node, prefix = stack.pop()
        if node.label is not None:
            step = {"solution_prefix": prefix, "step": node.text.strip(), **node.counts()}
            steps.append(step | ({"solution_ids": node.solution_ids} if ids else {}))
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


def prm_rows(
    labelled_tree: LabelledTree, keep: Keep | None = None, ids: bool = False
) -> Iterator[Row]:
    """Yield stepwise supervision as TRL reads it: labels up to and including the first error.

    Solutions whose labels together are less likely right than not are left out, unless they were
    given, and with `keep` those that it does not take.
    """
    for steps, labels, name in _distinct(
        each for each in labelled_tree.labelled if keep is None or keep(each.path)
    ):
        row = {"prompt": labelled_tree.tree.question, "completions": steps, "labels": labels}
        yield row | _id(name, ids)


def math_shepherd_rows(labelled_tree: LabelledTree, ids: bool = False) -> Iterator[Row]:
    """Yield Math-Shepherd's format: a tag after each step in `input`, + or − for it in `label`."""
    tree = labelled_tree.tree
    for steps, labels, name in _distinct(labelled_tree.labelled):
        marked = [f"{step} {STEP_TAG}" for step in steps]
        judged = [
            f"{step} {'+' if label else '-'}" for step, label in zip(steps, labels, strict=True)
        ]
        row = {
            "input": "\n".join([tree.question, *marked]),
            "label": "\n".join([tree.question, *judged]),
            "task": tree.question_id,
        }
        yield row | _id(name, ids)


def sft_rows(labelled_tree: LabelledTree, ids: bool = False) -> Iterator[Row]:
    """Yield each right solution in which no error is believed to be, as a chat."""
    question = _turn("user", labelled_tree.tree.question)
    for text, name in labelled_tree.right:
        yield {"messages": [question, _turn("assistant", text)]} | _id(name, ids)


def dpo_rows(labelled_tree: LabelledTree, ids: bool = False) -> Iterator[Row]:
    """Yield pairs of a right and a wrong solution, as many as there are of the rarer kind."""
    for right, wrong in zip(labelled_tree.right, labelled_tree.wrong, strict=False):
        row = {
            "prompt": [_turn("user", labelled_tree.tree.question)],
            "chosen": [_turn("assistant", right.text)],
            "rejected": [_turn("assistant", wrong.text)],
        }
        names = {"chosen_id": right.solution_id, "rejected_id": wrong.solution_id}
        yield row | (names if ids else {})


def openai_dpo_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield the pairs of `dpo_rows` in OpenAI's preference format."""
    for pair in dpo_rows(labelled_tree):
        yield {
            "input": {"messages": pair["prompt"], "tools": [], "parallel_tool_calls": True},
            "preferred_output": pair["chosen"],
            "non_preferred_output": pair["rejected"],
        }


def _distinct(
    solutions: Iterable[Labelled],
) -> Iterator[tuple[list[str], list[bool], str | None]]:
    """Yield steps and labels, each once, since solutions may be equal up to their first error.

    A given solution has its own row for each id that it was given with.
    """
    seen = set()
    for path, steps, labels in solutions:
        for name in path[-1].ids_or_none:
            if (key := (name, *steps)) not in seen:
                seen.add(key)
                yield steps, labels, name


def _id(name: str | None, ids: bool) -> Row:
    return {"solution_id": name} if ids else {}


def _turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


# The files whose rows tell which given solution they are made of, where any are given.
WITH_IDS = ("steps", "prm", "sft", "dpo", "math_shepherd")
ROWS: dict[str, Callable[..., Iterator[Row]]] = {
    "steps": steps_rows,
    "prm": prm_rows,
    "sft": sft_rows,
    "dpo": dpo_rows,
    "openai_dpo": openai_dpo_rows,
    "math_shepherd": math_shepherd_rows,
    "seed_tree": seed_tree_rows,
    "seed_flat": seed_flat_rows,
}
