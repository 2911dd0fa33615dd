"""Rows of every file made from hand-made trees, compared whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.labels.labelling import (
    LabelledTree,
    judges_agree,
    labelled_solutions,
    witnesses_agree,
)
from evolvemcts4rl.output.exports import ROWS, STEP_TAG, math_shepherd_rows, prm_rows
from evolvemcts4rl.tree import Node, Tree


def node(
    text: str,
    p_correct: float | None,
    *children: Node,
    end: bool | None = None,
    counts: tuple[int, int] = (0, 0),
    judged: dict[str, int] | None = None,
) -> Node:
    """A node; `end` is the verdict of the solution that ends here, `counts` are (correct, judged)
    rollouts from here."""
    return Node(
        text + "\n\n" * bool(children),
        num_rollouts=counts[1],
        num_correct=counts[0],
        p_correct=p_correct,
        children=list(children),
        correct=end,
        times=int(end is not None),
        searched=judged is not None,
        judgements=judged,
    )


def tree(*children: Node) -> Tree:
    return Tree("000007", "What is 2 + 2?", "4", Node("", 4, 2, None, list(children)))


def rows(name: str, *children: Node) -> list[dict[str, Any]]:
    return list(ROWS[name](LabelledTree(tree(*children))))


ALICE = (
    node(
        "Add.", 0.9,
        node("It is 4.", 0.9, end=True),
        node("Carry.", 0.2, node("It is 5.", 0.1, end=False), counts=(0, 2)),
        counts=(3, 4),
    ),
    node("Multiply.", 0.1, node("It is 6.", 0.05, end=False), counts=(1, 8)),
    node("Guess.", None, node("It is 7.", None, end=False)),
)  # fmt: skip
USER = {"role": "user", "content": "What is 2 + 2?"}


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_steps_has_every_labelled_prefix_once_parents_first() -> None:
    def step(prefix: str, text: str, *figures: bool | float | None) -> dict[str, Any]:
        names = ("mc_value", "num_rollouts", "num_correct", "p_correct", "label")
        return {"solution_prefix": prefix, "step": text} | dict(zip(names, figures, strict=True))

    assert rows("steps", *ALICE) == [
        {
            "question_id": "000007",
            "question": "What is 2 + 2?",
            "final_answer": "4",
            "reasoning_steps": [
                step("", "Add.", 0.75, 4, 3, 0.9, True),
                step("Add.\n\n", "It is 4.", None, 0, 0, 0.9, True),
                step("Add.\n\n", "Carry.", 0.0, 2, 0, 0.2, False),
                step("Add.\n\nCarry.\n\n", "It is 5.", None, 0, 0, 0.1, False),
                step("", "Multiply.", 0.125, 8, 1, 0.1, False),
                step("Multiply.\n\n", "It is 6.", None, 0, 0, 0.05, False),
            ],
        }
    ]


def test_prm_goes_up_to_and_including_the_first_error() -> None:
    """The form of TRL's stepwise supervision: prompt, completions, labels."""
    assert rows("prm", *ALICE) == [
        {"prompt": "What is 2 + 2?", "completions": ["Add.", "It is 4."], "labels": [True, True]},
        {"prompt": "What is 2 + 2?", "completions": ["Add.", "Carry."], "labels": [True, False]},
        {"prompt": "What is 2 + 2?", "completions": ["Multiply."], "labels": [False]},
    ]


def test_math_shepherd_has_the_tag_after_each_step_and_its_label_in_the_same_place() -> None:
    assert rows("math_shepherd", *ALICE) == [
        {
            "input": f"What is 2 + 2?\n{texts}",
            "label": f"What is 2 + 2?\n{labels}",
            "task": "000007",
        }
        for texts, labels in [
            ("Add. ки\nIt is 4. ки", "Add. +\nIt is 4. +"),
            ("Add. ки\nCarry. ки", "Add. +\nCarry. -"),
            ("Multiply. ки", "Multiply. -"),
        ]
    ]


def test_sft_is_the_right_solutions_as_chats() -> None:
    assert rows("sft", *ALICE) == [{"messages": [USER, *said("Add.\n\nIt is 4.")]}]


def test_dpo_pairs_a_right_solution_with_a_wrong_one() -> None:
    """The form of TRL's conversational preferences: prompt, chosen, rejected."""
    assert rows("dpo", *ALICE) == [
        {
            "prompt": [USER],
            "chosen": said("Add.\n\nIt is 4."),
            "rejected": said("Add.\n\nCarry.\n\nIt is 5."),
        }
    ]


def test_openai_dpo_is_the_same_pair_as_openai_documents_it() -> None:
    assert rows("openai_dpo", *ALICE) == [
        {
            "input": {"messages": [USER], "tools": [], "parallel_tool_calls": True},
            "preferred_output": said("Add.\n\nIt is 4."),
            "non_preferred_output": said("Add.\n\nCarry.\n\nIt is 5."),
        }
    ]


@pytest.mark.parametrize(("right", "wrong"), [(2, 3), (3, 2), (0, 2), (2, 0)])
def test_dpo_uses_each_solution_once_at_most(right: int, wrong: int) -> None:
    kinds = [node(f"R{i}", None, end=True) for i in range(right)] + [
        node(f"W{i}", None, end=False) for i in range(wrong)
    ]
    pairs = [(row["chosen"], row["rejected"]) for row in rows("dpo", *kinds)]
    assert pairs == [(said(f"R{i}"), said(f"W{i}")) for i in range(min(right, wrong))]


@pytest.mark.parametrize("name", [name for name in ROWS if not name.startswith("seed_")])
def test_tree_of_which_nothing_was_found_out_gives_no_labels(name: str) -> None:
    assert rows(name) == []
    unlabelled = rows(name, node("Guess.", None, end=False), node("Think.", None, end=False))
    assert unlabelled == []


def test_solutions_alike_up_to_their_first_error_are_one_row() -> None:
    wrong = [node(f"It is {number}.", 0.1, end=False) for number in (5, 6, 7)]
    assert rows("prm", node("Carry.", 0.1, *wrong)) == [
        {"prompt": "What is 2 + 2?", "completions": ["Carry."], "labels": [False]}
    ]
    assert len(rows("math_shepherd", node("Carry.", 0.1, *wrong))) == 1


@pytest.mark.parametrize(
    ("beliefs", "labels"),
    [
        ((0.9, 0.9, 0.9), [True, True, True]),
        ((0.9, 0.9, 0.51), [True, True, True]),
        ((0.9, 0.3, 0.3), [True, False]),
        (
            (0.6, 0.4, 0.3),
            None,
        ),  # the error is at the first, second or third step, each about as likely
        ((0.9, None, 0.1), None),
        ((0.9, 0.5, 0.0), None),  # an even chance is not over one half
    ],
)
def test_solution_is_kept_where_its_labels_together_are_likelier_right_than_not(
    beliefs: tuple[float, float | None, float], labels: list[bool] | None
) -> None:
    a, b, c = beliefs
    chain = node("A", a, node("B", b, node("C", c, end=labels == [True] * 3)))
    assert [row["labels"] for row in rows("prm", chain)] == ([labels] if labels else [])


def test_right_solution_with_an_announced_error_is_labelled_so_and_serves_as_no_model() -> None:
    healed = node("Carry.", 0.1, node("Wait, that was wrong: it is 4.", 0.1, end=True))
    assert [row["labels"] for row in rows("prm", healed)] == [[False]]
    wrong = node("It is 5.", 0.1, end=False)
    for name in ("sft", "dpo", "openai_dpo"):
        assert rows(name, healed, wrong) == []


def test_keep_agreed_keeps_solutions_whose_labels_together_are_at_least_as_sure_as_that() -> None:
    trees = tree(
        node("Sure", 0.99, node("wrong", 0.05, end=False)),
        node("Hardly", 0.93, node("wrong", 0.07, end=False)),
        node("R", 0.9, end=True),
        node("S", 0.89, end=True),
        node("Near", 0.5, end=True),
    )
    kept = [row["completions"] for row in prm_rows(LabelledTree(trees), witnesses_agree)]
    assert kept == [["Sure", "wrong"], ["R"]]
    assert len(list(prm_rows(LabelledTree(trees)))) == 4


def test_most_judges_must_agree_with_labels_that_are_no_chances() -> None:
    def chain(name: str, **judgements: int) -> Node:
        return node(f"A{name}", 1.0, node("B", 0.0, end=False, judged=judgements))

    trees = tree(
        chain("same", j=1),
        chain("earlier", j=0),
        chain("most", i=1, j=1, k=-1),
        chain("half", i=1, j=0),
        chain("unasked"),
        node("R", 1.0, end=True),
        node("S", 1.0, end=True, judged={"j": 0}),
        node("T", 1.0, end=True, judged={"j": -1}),
    )
    kept = [row["completions"] for row in prm_rows(LabelledTree(trees), judges_agree)]
    assert kept == [["Asame", "B"], ["Amost", "B"], ["R"], ["T"]]


@st.composite
def trees_of_any_shape(draw: st.DrawFn, depth: int = 0) -> Node:
    """A node whose belief falls along its path, as beliefs do."""
    belief = draw(st.none() | st.floats(0, 1))
    text = draw(st.text("ab \n+-.\\", min_size=1, max_size=5))
    children = [] if depth == 3 else draw(st.lists(trees_of_any_shape(depth=depth + 1), max_size=2))
    return Node(text, 0, 0, belief, children, draw(st.booleans()) if not children else None)


@given(st.lists(trees_of_any_shape(), max_size=3))
def test_properties_of_every_file(children: list[Node]) -> None:
    grown = tree(*children)
    made = {
        name: [json.loads(json.dumps(row)) for row in function(LabelledTree(grown))]
        for name, function in ROWS.items()
    }
    for row in made["prm"]:
        assert len(row["completions"]) == len(row["labels"]) > 0
        assert all(row["labels"][:-1])
    assert len(made["prm"]) == len(made["math_shepherd"]) <= len(list(labelled_solutions(grown)))
    for row, same in zip(made["math_shepherd"], made["prm"], strict=True):
        # One character in the tag's place, and the two texts stand beneath each other.
        marked = row["input"].replace(STEP_TAG, "#")
        places = [place for place, sign in enumerate(marked) if sign == "#"]
        assert [row["label"][place] for place in places] == [
            "+" if label else "-" for label in same["labels"]
        ]
        assert len(marked) == len(row["label"])
    assert len(made["dpo"]) == len(made["openai_dpo"])
    assert list(math_shepherd_rows(LabelledTree(grown))) == made["math_shepherd"]
