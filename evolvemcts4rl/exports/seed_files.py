"""The two files of the first EvolveMCTS4RL, Azure's slm-innovator-lab, for those who read these.

A row has the four fields that it has there; `reasoning_steps` is a tree whose nodes have `text`,
`mc_value` and `children` alone, or the same prefixes in a flat list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.tree import Node, Tree

Row = dict[str, Any]


def seed_tree_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield the tree with the question as its root's text and a value at every node."""
    tree = labelled_tree.tree
    root = _with_value(tree.root)
    if root is None:
        return
    root["text"] = tree.question
    stack = [(tree.root, root)]
    while stack:
        node, row = stack.pop()
        for child in node.children:
            if (below := _with_value(child)) is not None:
                row["children"].append(below)
                stack.append((child, below))
    yield _row(tree, root)


def seed_flat_rows(labelled_tree: LabelledTree) -> Iterator[Row]:
    """Yield every prefix of the tree, parents first; each begins with the question."""
    tree = labelled_tree.tree
    prefixes: list[Row] = []
    stack = [(tree.root, f"{tree.question}\n\n")]
    while stack:
        node, before = stack.pop()
        text = before + node.text
        value = _value(node)
        if value is None:
            continue
        prefixes.append({"solution_prefix": text.rstrip(), "mc_value": value})
        stack.extend((child, text) for child in reversed(node.children))
    if prefixes:
        yield _row(tree, prefixes)


def _row(tree: Tree, steps: Any) -> Row:
    return {
        "question_id": tree.question_id,
        "question": tree.question,
        "final_answer": tree.final_answer,
        "reasoning_steps": steps,
    }


def _with_value(node: Node) -> Row | None:
    value = _value(node)
    return None if value is None else {"text": node.text.strip(), "mc_value": value, "children": []}


def _value(node: Node) -> float | None:
    """Return mc_value; where no rollout passed, p_correct, which is asked of the same prefix.

    None where nothing at all is known: such a node is left out, with what is below it.
    """
    return node.p_correct if node.mc_value is None else node.mc_value
