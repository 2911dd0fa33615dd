"""Every format by its name: those that are made from a tree, and the one from a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from evolvemcts4rl.exports.choice import Chosen, Example, ExportOptions, Row, Why, choose
from evolvemcts4rl.exports.critic import critic_rows
from evolvemcts4rl.exports.policy import (
    dpo_rows,
    dpo_text_rows,
    openai_dpo_rows,
    orm_rows,
    sft_rows,
    step_dpo_rows,
)
from evolvemcts4rl.exports.prm import (
    math_shepherd_rows,
    prm_chat_rows,
    prm_rows,
    processbench_rows,
)
from evolvemcts4rl.exports.rlvr import rlvr_rows
from evolvemcts4rl.exports.seed_files import seed_flat_rows, seed_tree_rows
from evolvemcts4rl.exports.whole_trees import steps_rows
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.records import Problem

RowsOfTree = Callable[[LabelledTree, ExportOptions], Iterator[Example | Why]]


def _unchanged(rows: Callable[[LabelledTree], Iterator[Row]]) -> RowsOfTree:
    """Return the rows of a file that has all of the tree, of which none is left out."""
    return lambda labelled_tree, _: map(Example, rows(labelled_tree))


OF_A_TREE: dict[str, RowsOfTree] = {
    "steps": steps_rows,
    "prm": prm_rows,
    "sft": sft_rows,
    "dpo": dpo_rows,
    "openai_dpo": openai_dpo_rows,
    "math_shepherd": math_shepherd_rows,
    "prm_chat": prm_chat_rows,
    "critic": critic_rows,
    "step_dpo": step_dpo_rows,
    "dpo_text": dpo_text_rows,
    "orm": orm_rows,
    "processbench": processbench_rows,
    "seed_tree": _unchanged(seed_tree_rows),
    "seed_flat": _unchanged(seed_flat_rows),
}
OF_A_PROBLEM: dict[str, Callable[[Problem, ExportOptions], Iterator[Example | Why]]] = {
    "rlvr": rlvr_rows
}


def rows_of_tree(name: str, labelled_tree: LabelledTree, options: ExportOptions) -> Chosen:
    """Return what a tree adds to the file of this format; nothing where that is of problems."""
    rows = OF_A_TREE.get(name)
    return choose(rows(labelled_tree, options), options) if rows else Chosen()


def rows_of_problem(name: str, problem: Problem, options: ExportOptions) -> Chosen:
    """Return what a problem adds to the file of this format; nothing where that is of trees."""
    rows = OF_A_PROBLEM.get(name)
    return choose(rows(problem, options), options) if rows else Chosen()
