"""The tree flattened: every labelled prefix once."""

from __future__ import annotations

from collections.abc import Iterator

from evolvemcts4rl.exports.choice import Example, ExportOptions
from evolvemcts4rl.labels.labelling import LabelledTree


def steps_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield the tree flattened: every labelled prefix once, parents before children."""
    tree = labelled_tree.tree
    steps, stack = [], [(child, "") for child in reversed(tree.root.children)]
    while stack:
        node, prefix = stack.pop()
        if node.label is not None:
            step = {"solution_prefix": prefix, "step": node.text.strip(), **node.counts()}
            ids = {"solution_ids": node.solution_ids} if options.with_ids else {}
            steps.append(step | ids)
        if node.children:
            longer = prefix + node.text
            stack.extend((child, longer) for child in reversed(node.children))
    if steps:
        row = {
            "question_id": tree.question_id,
            "question": tree.question,
            "final_answer": tree.final_answer,
        }
        yield Example(row | {"reasoning_steps": steps})
