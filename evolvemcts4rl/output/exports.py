"""Everything that is made from a tree: step labels, and training data for a process reward model, SFT and DPO.

Each function takes one tree, walked once, and gives the rows of one file; nothing else goes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from evolvemcts4rl.records import Node, Tree

Row = dict[str, Any]
STEP_TAG = "ки"  # Math-Shepherd's mark after each step


class Labelled(NamedTuple):
    """A solution whose first error is known, or that has none: its path, and its steps and labels up to the first error."""

    path: Sequence[Node]
    steps: list[str]
    labels: list[bool]


class Harvest:
    """A finished tree with its solutions, walked once for all that is made from it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.solutions = list(tree.solutions())
        self.labelled = [Labelled(path, *up_to_first_error(path)) for path in self.solutions if is_labelled(path)]

    @cached_property
    def right(self) -> list[str]:
        """The texts of the right solutions that are not believed to hold an error."""
        return [_text(path) for path in self.solutions if path[-1].correct and path[-1].label is not False]

    @cached_property
    def wrong(self) -> list[str]:
        """The texts of the wrong solutions."""
        return [_text(path) for path in self.solutions if path[-1].correct is False]


def steps_rows(harvest: Harvest) -> Iterator[Row]:
    """The tree flattened: every labelled prefix once, parents before children."""
    tree = harvest.tree
    steps, stack = [], [(child, "") for child in reversed(tree.root.children)]
    while stack:
        node, prefix = stack.pop()
        if node.label is not None:
            steps.append({"solution_prefix": prefix, "step": node.text.strip(), **node.counts()})
        if node.children:
            longer = prefix + node.text
            stack.extend((child, longer) for child in reversed(node.children))
    if steps:
        row = {"question_id": tree.question_id, "question": tree.question, "final_answer": tree.final_answer}
        yield row | {"reasoning_steps": steps}


def prm_rows(harvest: Harvest, keep: str = "all") -> Iterator[Row]:
    """Stepwise supervision as TRL reads it: labels up to and including the first error.

    Left out: solutions whose labels, taken together, are less likely right than not, and with `keep` "agreed" those whose
    first error a judge sees elsewhere (the consensus filter of arXiv 2501.07301).
    """
    for steps, labels in _distinct(each for each in harvest.labelled if keep == "all" or judge_agrees(each.path)):
        yield {"prompt": harvest.tree.question, "completions": steps, "labels": labels}


def math_shepherd_rows(harvest: Harvest) -> Iterator[Row]:
    """Math-Shepherd's format: the tag after each step in `input`, + or − in its place in `label`."""
    tree = harvest.tree
    for steps, labels in _distinct(harvest.labelled):
        marked = [f"{step} {STEP_TAG}" for step in steps]
        judged = [f"{step} {'+' if label else '-'}" for step, label in zip(steps, labels, strict=True)]
        yield {
            "input": "\n".join([tree.question, *marked]),
            "label": "\n".join([tree.question, *judged]),
            "task": tree.question_id,
        }


def sft_rows(harvest: Harvest) -> Iterator[Row]:
    """Each right solution that is not believed to hold an error, as a chat."""
    for text in harvest.right:
        yield {"messages": [_turn("user", harvest.tree.question), _turn("assistant", text)]}


def dpo_rows(harvest: Harvest) -> Iterator[Row]:
    """Pairs of a right and a wrong solution of the problem, as many as the rarer kind has."""
    for right, wrong in zip(harvest.right, harvest.wrong, strict=False):
        yield {
            "prompt": [_turn("user", harvest.tree.question)],
            "chosen": [_turn("assistant", right)],
            "rejected": [_turn("assistant", wrong)],
        }


def openai_dpo_rows(harvest: Harvest) -> Iterator[Row]:
    """The same pairs in OpenAI's preference format."""
    for pair in dpo_rows(harvest):
        yield {
            "input": {"messages": pair["prompt"], "tools": [], "parallel_tool_calls": True},
            "preferred_output": pair["chosen"],
            "non_preferred_output": pair["rejected"],
        }


def labelled_solutions(tree: Tree) -> Iterator[list[Node]]:
    """The whole solutions whose first error is known: see `is_labelled`."""
    return filter(is_labelled, tree.solutions())


def is_labelled(path: Sequence[Node]) -> bool:
    """Whether a solution's first error is known: every step up to it is labelled, and the labels together hold.

    Under the belief, the chance that exactly these labels are right is the fall of p_correct at the first error, or
    p_correct of the last step where there is none; it must be over one half.
    """
    before = 1.0
    for node in path:
        if node.p_correct is None:
            return False
        if not node.label:
            # The chance that the error is made exactly where the labels turn.
            return before - node.p_correct > 0.5 and all(later.p_correct is not None for later in path)
        before = node.p_correct
    return before > 0.5


def up_to_first_error(path: Sequence[Node]) -> tuple[list[str], list[bool]]:
    """A labelled solution's steps and labels, cut after its first error."""
    steps, labels = [], []
    for node in path:
        steps.append(node.text.strip())
        labels.append(bool(node.label))
        if not node.label:
            break
    return steps, labels


def _distinct(solutions: Iterable[Labelled]) -> Iterator[tuple[list[str], list[bool]]]:
    """Steps and labels of each solution, once: many solutions are the same up to their first error."""
    seen = set()
    for _, steps, labels in solutions:
        if (key := tuple(steps)) not in seen:
            seen.add(key)
            yield steps, labels


def judge_agrees(path: Sequence[Node]) -> bool:
    """Whether the judge names the same first error. One that is right throughout by our labels need not have been judged."""
    _, labels = up_to_first_error(path)
    if path[-1].judged_error is None:
        return all(labels) and not path[-1].searched
    return path[-1].judged_error == (-1 if labels[-1] else len(labels) - 1)


def _text(path: Sequence[Node]) -> str:
    return "".join([node.text for node in path]).strip()


def _turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


ROWS: dict[str, Callable[[Harvest], Iterator[Row]]] = {
    "steps": steps_rows,
    "prm": prm_rows,
    "sft": sft_rows,
    "dpo": dpo_rows,
    "openai_dpo": openai_dpo_rows,
    "math_shepherd": math_shepherd_rows,
}
