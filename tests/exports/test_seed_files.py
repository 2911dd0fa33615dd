"""The two files of the first EvolveMCTS4RL, compared whole with what its readers expect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.exports.choice import ExportOptions
from evolvemcts4rl.exports.formats import rows_of_tree
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Node, Tree

QUESTION = "What is 2 + 2?"


def made(name: str, grown: LabelledTree) -> list[dict[str, Any]]:
    return rows_of_tree(name, grown, ExportOptions()).rows


@pytest.fixture
def grown() -> LabelledTree:
    """Three first solutions, and two rollouts from the first step of the wrong one."""
    tree = Tree("000007", QUESTION, "4")
    tree.add(Rollout(("It is 4.",), True), 0)
    tree.add(Rollout(("It is 4.",), True), 0)
    tree.add(Rollout(("Add.\n\n", "It is\n5."), False), 0)
    tree.add(Rollout(("Add.\n\n", "Carry.\n\n", "It is 4."), True), 1)
    tree.add(Rollout(("Add.\n\n", "It is\n5."), False), 1)
    return LabelledTree(tree)


def seed_row(steps: Any) -> dict[str, Any]:
    return {
        "question_id": "000007",
        "question": QUESTION,
        "final_answer": "4",
        "reasoning_steps": steps,
    }


def node(text: str, mc_value: float, *children: dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "mc_value": mc_value, "children": list(children)}


def test_seed_tree_has_the_question_at_its_root_and_a_value_at_every_step(
    grown: LabelledTree,
) -> None:
    assert made("seed_tree", grown) == [
        seed_row(
            node(
                QUESTION,
                2 / 3,
                node("It is 4.", 1.0),
                node(
                    "Add.",
                    1 / 3,
                    node("It is\n5.", 0.0),
                    node("Carry.", 1.0, node("It is 4.", 1.0)),
                ),
            )
        )
    ]


def test_seed_flat_has_every_prefix_with_the_question_before_it(grown: LabelledTree) -> None:
    def prefix(mc_value: float, *steps: str) -> dict[str, Any]:
        return {"solution_prefix": "\n\n".join((QUESTION, *steps)), "mc_value": mc_value}

    assert made("seed_flat", grown) == [
        seed_row(
            [
                prefix(2 / 3),
                prefix(1.0, "It is 4."),
                prefix(1 / 3, "Add."),
                prefix(0.0, "Add.", "It is\n5."),
                prefix(1.0, "Add.", "Carry."),
                prefix(1.0, "Add.", "Carry.", "It is 4."),
            ]
        )
    ]


def test_the_belief_stands_in_where_no_rollout_passed_and_nothing_known_is_left_out(
    grown: LabelledTree,
) -> None:
    grown.tree.root.children += [
        Node("Mine.\n\n", p_correct=0.75, children=[Node("It is 6.")]),
        Node("Yours.\n\n", children=[Node("It is 7.", 1, 1)]),
    ]
    (tree,), (flat,) = made("seed_tree", grown), made("seed_flat", grown)
    assert tree["reasoning_steps"]["children"][2:] == [node("Mine.", 0.75)]
    assert flat["reasoning_steps"][-1] == {
        "solution_prefix": f"{QUESTION}\n\nMine.",
        "mc_value": 0.75,
    }


@st.composite
def nodes(draw: st.DrawFn, depth: int = 0) -> Node:
    children = [] if depth == 3 else draw(st.lists(nodes(depth=depth + 1), max_size=2))
    count = draw(st.integers(0, 4))
    right = draw(st.integers(0, count))
    belief = draw(st.none() | st.floats(0, 1))
    return Node(draw(st.text("ab \n", min_size=1, max_size=4)), count, right, belief, children)


def all_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [row, *(below for child in row["children"] for below in all_of(child))]


@given(st.lists(nodes(), max_size=3))
def test_both_files_tell_of_the_same_prefixes_and_no_value_is_missing(children: list[Node]) -> None:
    grown = LabelledTree(Tree("000007", QUESTION, "4", Node("", 4, 2, None, children)))
    ((tree,), (flat,)) = (
        json.loads(json.dumps(made(n, grown))) for n in ("seed_tree", "seed_flat")
    )
    found = all_of(tree["reasoning_steps"])
    assert all(set(row) == {"text", "mc_value", "children"} for row in found)
    assert [row["mc_value"] for row in found] == [
        row["mc_value"] for row in flat["reasoning_steps"]
    ]
    assert all(isinstance(row["mc_value"], float) for row in found)
    for row, prefix in zip(found, flat["reasoning_steps"], strict=True):
        assert prefix["solution_prefix"].startswith(QUESTION)
        assert prefix["solution_prefix"].endswith(row["text"])
