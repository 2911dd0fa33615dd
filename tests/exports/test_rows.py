"""Rows of every file made from hand-made trees, compared whole."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.exports.choice import ExportOptions, Why
from evolvemcts4rl.exports.families import family_of, is_held_out
from evolvemcts4rl.exports.formats import OF_A_TREE, rows_of_problem, rows_of_tree
from evolvemcts4rl.labels.labelling import (
    LabelledTree,
    judges_agree,
    labelled_solutions,
    witnesses_agree,
)
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
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


def rows(name: str, *children: Node, **options: Any) -> list[dict[str, Any]]:
    made = rows_of_tree(name, LabelledTree(tree(*children)), ExportOptions(**options)).rows
    assert all(row["question_id"] == "000007" for row in made)
    return made


def left_out(name: str, *children: Node, **options: Any) -> dict[Why, int]:
    return dict(
        rows_of_tree(name, LabelledTree(tree(*children)), ExportOptions(**options)).left_out
    )


ALICE = (
    node(
        "Add.", 0.9,
        node("It is 4.", 0.9, end=True),
        node("Carry.", 0.08, node("It is 5.", 0.06, end=False), counts=(0, 2)),
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
                step("Add.\n\n", "Carry.", 0.0, 2, 0, 0.08, False),
                step("Add.\n\nCarry.\n\n", "It is 5.", None, 0, 0, 0.06, False),
                step("", "Multiply.", 0.125, 8, 1, 0.1, False),
                step("Multiply.\n\n", "It is 6.", None, 0, 0, 0.05, False),
            ],
        }
    ]


ID = {"question_id": "000007"}
QUESTION = "What is 2 + 2?"


def test_prm_goes_up_to_and_including_the_first_error() -> None:
    """The form of TRL's stepwise supervision, with what the labels were made of."""
    names = ("p_correct", "mc_value", "num_rollouts", "num_correct", "final_answer_correct")

    def row(steps: list[str], labels: list[bool], *more: Any) -> dict[str, Any]:
        row = {**ID, "prompt": QUESTION, "completions": steps, "labels": labels}
        return row | dict(zip(names, more, strict=True))

    assert rows("prm", *ALICE) == [
        row(["Add.", "It is 4."], [True, True], [0.9, 0.9], [0.75, None], [4, 0], [3, 0], True),
        row(["Add.", "Carry."], [True, False], [0.9, 0.08], [0.75, 0.0], [4, 2], [3, 0], False),
        row(["Multiply."], [False], [0.1], [0.125], [8], [1], False),
    ]


def test_prm_chat_has_a_step_a_turn_and_a_sign_for_each() -> None:
    """RLHFlow's conversation; the first turn has the problem, too."""

    def turns(*parts: str) -> list[dict[str, str]]:
        return [
            {"role": ("user", "assistant")[place % 2], "content": part}
            for place, part in enumerate(parts)
        ]

    assert rows("prm_chat", *ALICE) == [
        {**ID, "messages": turns(f"{QUESTION}\n\nAdd.", "+", "It is 4.", "+")},
        {**ID, "messages": turns(f"{QUESTION}\n\nAdd.", "+", "Carry.", "-")},
        {**ID, "messages": turns(f"{QUESTION}\n\nMultiply.", "-")},
    ]


def test_math_shepherd_has_the_tag_after_each_step_and_its_label_in_the_same_place() -> None:
    assert rows("math_shepherd", *ALICE) == [
        {
            **ID,
            "input": f"What is 2 + 2?\n{texts}",
            "label": f"What is 2 + 2?\n{labels}",
            "value": [*signs],
            "task": "000007",
        }
        for texts, labels, signs in [
            ("Add. ки\nIt is 4. ки", "Add. +\nIt is 4. +", "++"),
            ("Add. ки\nCarry. ки", "Add. +\nCarry. -", "+-"),
            ("Multiply. ки", "Multiply. -", "-"),
        ]
    ]


def test_what_holds_the_tag_of_math_shepherd_is_left_out_and_counted() -> None:
    russian = node("Складываем руки.", 0.99, end=True), node("It is 4.", 0.99, end=True)
    assert [row["label"] for row in rows("math_shepherd", *russian)] == [f"{QUESTION}\nIt is 4. +"]
    assert left_out("math_shepherd", *russian) == {Why.HOLDS_TAG: 1}
    assert len(rows("math_shepherd", *russian, step_tag="<step>")) == 2
    assert left_out("math_shepherd", *russian, step_tag="What") == {Why.HOLDS_TAG: 2}


def test_processbench_has_whole_solutions_and_the_index_of_the_first_error() -> None:
    def row(number: int, steps: list[str], correct: bool, label: int) -> dict[str, Any]:
        return {
            **ID,
            "id": f"000007-{number}",
            "generator": "m",
            "problem": QUESTION,
            "steps": steps,
            "final_answer_correct": correct,
            "label": label,
        }

    assert rows("processbench", *ALICE, model_name="m") == [
        row(0, ["Add.", "It is 4."], True, -1),
        row(1, ["Add.", "Carry.", "It is 5."], False, 1),
        row(2, ["Multiply.", "It is 6."], False, 0),
    ]


def test_critic_says_what_an_agreeing_judge_said_and_else_the_index_alone() -> None:
    end = node("It is 5.", 0.02, end=False, judged={"far": 0, "i": 1, "j": 1})
    end.judge_reasoning = {
        "far": r"Step 0 is wrong: \boxed{0}",
        "i": r"Step 1 is wrong. \boxed{1}",
        "j": "The first wrong step is 1",
    }
    bare = node("It is 4.", 0.97, end=True)
    made = rows("critic", node("Add.", 0.98, node("Carry.", 0.04, end), bare))
    assert [(row["first_error"], row["judge"], row["messages"][-1]["content"]) for row in made] == [
        (1, "i", r"Step 1 is wrong. \boxed{1}"),
        (1, "j", "The first wrong step is 1\n\n\\boxed{1}"),
        (-1, "", r"\boxed{-1}"),
    ]
    (asked,) = made[0]["messages"][:-1]
    assert asked["role"] == "user"
    for part in (QUESTION, "<step_0>\nAdd.\n</step_0>", "<step_2>\nIt is 5.\n</step_2>"):
        assert part in asked["content"]


def test_sft_is_the_right_solutions_as_chats() -> None:
    assert rows("sft", *ALICE) == [{**ID, "messages": [USER, *said("Add.\n\nIt is 4.")]}]


WRONG = "Guess.\n\nIt is 7."  # the surest of the wrong ones: its verdict alone speaks


def test_dpo_pairs_the_surest_right_solution_with_the_surest_wrong_one() -> None:
    """The form of TRL's conversational preferences: prompt, chosen, rejected."""
    assert rows("dpo", *ALICE) == [
        {
            **ID,
            "prompt": [USER],
            "chosen": said("Add.\n\nIt is 4."),
            "rejected": said(WRONG),
        }
    ]


def test_dpo_text_is_the_same_pair_as_texts() -> None:
    assert rows("dpo_text", *ALICE) == [
        {**ID, "prompt": QUESTION, "chosen": "Add.\n\nIt is 4.", "rejected": WRONG}
    ]


def test_openai_dpo_is_the_same_pair_as_openai_documents_it() -> None:
    assert rows("openai_dpo", *ALICE) == [
        {
            **ID,
            "input": {"messages": [USER], "tools": [], "parallel_tool_calls": True},
            "preferred_output": said("Add.\n\nIt is 4."),
            "non_preferred_output": said(WRONG),
        }
    ]


def test_orm_has_every_solution_with_the_verdict_on_its_answer() -> None:
    texts = ["Add.\n\nIt is 4.", "Add.\n\nCarry.\n\nIt is 5.", "Multiply.\n\nIt is 6.", WRONG]
    assert rows("orm", *ALICE) == [
        {**ID, "prompt": [USER], "completion": said(text), "label": text == texts[0]}
        for text in texts
    ]


def test_step_dpo_pairs_steps_after_the_same_right_prefix() -> None:
    """The columns of Math-Step-DPO-10K."""
    after = node("Add.", 0.99, node("Wrong.", 0.02, end=False), node("It is 4.", 0.98, end=True))
    found = rows("step_dpo", node("Read.", 0.995, after), node("Multiply.", 0.01, end=False))
    common = {**ID, "dataset": "evolvemcts4rl", "prompt": QUESTION, "answer": "4"}
    assert found == [
        {
            **common,
            "initial_reason_steps": "",
            "chosen": "Read.",
            "rejected": "Multiply.",
            "full_chosen": "Read.\n\nAdd.\n\nIt is 4.",
            "full_rejected": "Multiply.",
        },
        {
            **common,
            "initial_reason_steps": "Read.\n\nAdd.\n\n",
            "chosen": "It is 4.",
            "rejected": "Wrong.",
            "full_chosen": "It is 4.",
            "full_rejected": "Wrong.",
        },
    ]


def test_right_step_from_which_no_solution_came_to_the_answer_is_in_no_pair() -> None:
    dead = node("Add.", 0.95, node("It is 5.", 0.01, end=False))
    assert rows("step_dpo", dead, node("Multiply.", 0.01, end=False)) == []
    better = node("Read.", 0.94, node("It is 4.", 0.93, end=True))
    (row,) = rows("step_dpo", dead, better, node("Multiply.", 0.01, end=False))
    assert row["chosen"] == "Read."


PROBLEM = Problem(
    "000007-r2", QUESTION, "4", "000007-r1", "deepen", 2, 0.75, 0.75, Status.SEARCHED, p_answer=0.95
)


def test_rlvr_is_a_problem_with_its_answer_and_where_it_comes_from() -> None:
    """The columns of verl and of TRL's GRPOTrainer, whose reward reads `solution`."""
    (row,) = rows_of_problem("rlvr", PROBLEM, ExportOptions()).rows
    (asked,) = row.pop("prompt")
    assert asked["role"] == "user"
    assert QUESTION in asked["content"]
    assert r"\boxed{}" in asked["content"]
    assert row == {
        "question_id": "000007-r2",
        "solution": r"\boxed{4}",
        "data_source": "lighteval/MATH",
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "4"},
        "extra_info": {
            "question_id": "000007-r2",
            "parent_id": "000007-r1",
            "mutation": "deepen",
            "round": 2,
            "solve_rate": 0.75,
            "agreement": 0.75,
            "split": "train",
        },
    }
    held_out = rows_of_problem("rlvr", PROBLEM, ExportOptions(test_share=1.0)).rows
    assert held_out[0]["extra_info"]["split"] == "test"


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({"status": Status.REFUSED}, {}),
        ({"status": Status.DROPPED}, {}),
        ({"status": Status.FAILED}, {}),
        ({"final_answer": None}, {}),
        ({"p_answer": 0.8}, {Why.UNSURE: 1}),
        ({"solve_rate": 1.0}, {Why.NOT_LEARNABLE: 1}),
        ({"solve_rate": 0.1}, {Why.NOT_LEARNABLE: 1}),
        ({"solve_rate": None}, {Why.NOT_LEARNABLE: 1}),
    ],
)
def test_rlvr_has_no_problem_without_a_sure_answer_or_outside_the_bounds(
    changed: dict[str, Any], left: dict[Why, int]
) -> None:
    options = ExportOptions(learnable=(0.2, 0.75))
    assert len(rows_of_problem("rlvr", PROBLEM, options).rows) == 1
    chosen = rows_of_problem("rlvr", replace(PROBLEM, **changed), options)
    assert (chosen.rows, dict(chosen.left_out)) == ([], left)


def test_rows_that_are_less_sure_than_asked_are_left_out_and_counted() -> None:
    unsure = (
        node("Right", 0.89, end=True),
        node("Wrong", 0.12, end=False),
        node("Sure", 0.95, node("then wrong", 0.3, end=False)),
    )
    for name in ("prm", "math_shepherd", "prm_chat", "critic", "processbench"):
        assert rows(name, *unsure) == []
        assert left_out(name, *unsure) == {Why.UNSURE: 3}
        assert len(rows(name, *unsure, min_p_correct=0.7)) == 3
    assert left_out("sft", *unsure) == left_out("dpo", *unsure) == {Why.UNSURE: 1}
    assert left_out("step_dpo", *unsure) == {Why.UNSURE: 1}


def test_doubt_in_the_answer_leaves_its_verdicts_out() -> None:
    doubtful = tree(node("It is 4.", None, end=True), node("It is 5.", None, end=False))
    doubtful.p_answer = 0.8
    for name in ("sft", "dpo", "orm"):
        chosen = rows_of_tree(name, LabelledTree(doubtful), ExportOptions())
        assert not chosen.rows
        assert chosen.left_out[Why.UNSURE] > 0
        assert rows_of_tree(name, LabelledTree(doubtful), ExportOptions(0.8)).rows


def test_balance_keeps_as_many_right_rows_as_wrong_ones_the_surest() -> None:
    ends = [node(f"R{p}", p, end=True) for p in (0.91, 0.99, 0.93, 0.98)]
    ends += [node(f"W{p}", p, end=False) for p in (0.05, 0.01)]
    kept = [row["completions"] for row in rows("prm", *ends, balance=True)]
    assert kept == [["R0.99"], ["R0.98"], ["W0.05"], ["W0.01"]]
    assert left_out("prm", *ends, balance=True) == {Why.BALANCE: 2}
    assert len(rows("sft", *ends, balance=True)) == 4  # a file with right ones alone
    assert len(rows("orm", *ends, balance=True)) == 4


def test_per_problem_keeps_the_surest_and_then_the_most_different() -> None:
    ends = [
        node("add two and two", 0.97, end=True),
        node("add two and two again", 0.96, end=True),
        node("count on fingers", 0.95, end=True),
        node("add two and two now", 0.99, end=True),
    ]
    assert [row["completions"] for row in rows("prm", *ends, per_problem=2)] == [
        ["count on fingers"],
        ["add two and two now"],
    ]
    assert left_out("prm", *ends, per_problem=2) == {Why.PER_PROBLEM: 2}
    wrong = [node(f"W{place}", 0.01, end=False) for place in range(3)]
    both = rows("prm", *ends, *wrong, per_problem=4, balance=True)
    assert [row["labels"][-1] for row in both] == [True, True, False, False]


def test_family_of_a_problem_is_its_seed() -> None:
    assert [family_of(each) for each in ("000004", "000004-r1", "000004-r12", "a-r", "a-rx1")] == [
        "000004", "000004", "000004", "a-r", "a-rx1"
    ]  # fmt: skip


def test_families_are_held_out_together_and_stay_so_when_the_share_grows() -> None:
    ids = [f"{number:06d}" for number in range(2000)]
    small = {each for each in ids if is_held_out(each, 0.05)}
    large = {each for each in ids if is_held_out(each, 0.2)}
    assert small < large
    assert 60 < len(small) < 140
    assert all(is_held_out(f"{each}-r3", 0.05) == (each in small) for each in ids)
    assert not any(is_held_out(each, 0.0) for each in ids)
    assert all(is_held_out(each, 1.0) for each in ids)


@pytest.mark.parametrize(("right", "wrong"), [(2, 3), (3, 2), (0, 2), (2, 0)])
def test_dpo_uses_each_solution_once_at_most(right: int, wrong: int) -> None:
    kinds = [node(f"R{i}", None, end=True) for i in range(right)] + [
        node(f"W{i}", None, end=False) for i in range(wrong)
    ]
    pairs = [(row["chosen"], row["rejected"]) for row in rows("dpo", *kinds)]
    assert pairs == [(said(f"R{i}"), said(f"W{i}")) for i in range(min(right, wrong))]


@pytest.mark.parametrize("name", [name for name in OF_A_TREE if not name.startswith("seed_")])
def test_tree_of_which_nothing_was_found_out_gives_no_labels(name: str) -> None:
    assert rows(name) == []
    unlabelled = rows(name, node("Guess.", None, end=False), node("Think.", None, end=False))
    assert all("completion" in row for row in unlabelled)  # orm: of their answers alone


def test_solutions_alike_up_to_their_first_error_are_one_row() -> None:
    wrong = [node(f"It is {number}.", 0.1, end=False) for number in (5, 6, 7)]
    assert [row["completions"] for row in rows("prm", node("Carry.", 0.1, *wrong))] == [["Carry."]]
    assert len(rows("math_shepherd", node("Carry.", 0.1, *wrong))) == 1


def test_answers_of_solutions_that_are_one_row_may_differ() -> None:
    ends = [node("It is 5.", 0.05, end=False), node("No: it is 4.", 0.05, end=True)]
    (row,) = rows("prm", node("Carry.", 0.1, *ends))
    assert row["final_answer_correct"] is None


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
    assert [row["labels"] for row in rows("prm", chain, min_p_correct=0.0)] == (
        [labels] if labels else []
    )


def test_right_solution_with_an_announced_error_is_labelled_so_and_serves_as_no_model() -> None:
    healed = node("Carry.", 0.1, node("Wait, that was wrong: it is 4.", 0.1, end=True))
    assert [row["labels"] for row in rows("prm", healed)] == [[False]]
    wrong = node("It is 5.", 0.1, end=False)
    for name in ("sft", "dpo", "openai_dpo"):
        assert rows(name, healed, wrong) == []


def prm_of(trees: Tree, sure: float = 0.9, **more: Any) -> list[dict[str, Any]]:
    return rows_of_tree("prm", LabelledTree(trees), ExportOptions(sure, **more)).rows


def test_keep_agreed_keeps_solutions_whose_labels_together_are_at_least_as_sure_as_that() -> None:
    trees = tree(
        node("Sure", 0.99, node("wrong", 0.05, end=False)),
        node("Hardly", 0.93, node("wrong", 0.07, end=False)),
        node("R", 0.9, end=True),
        node("S", 0.89, end=True),
        node("Near", 0.5, end=True),
    )
    kept = [row["completions"] for row in prm_of(trees, 0, keep=witnesses_agree)]
    assert kept == [["Sure", "wrong"], ["R"]]
    assert len(prm_of(trees, 0)) == 4


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
    kept = [row["completions"] for row in prm_of(trees, keep=judges_agree)]
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
    everything = ExportOptions(min_p_correct=0.0, step_tag="ки")
    made = {
        name: json.loads(json.dumps(rows_of_tree(name, LabelledTree(grown), everything).rows))
        for name in OF_A_TREE
    }
    for row in made["prm"]:
        assert len(row["completions"]) == len(row["labels"]) == len(row["p_correct"]) > 0
        assert all(row["labels"][:-1])
    for name in ("math_shepherd", "prm_chat"):
        assert len(made["prm"]) == len(made[name]) <= len(list(labelled_solutions(grown)))
    for row, same in zip(made["math_shepherd"], made["prm"], strict=True):
        # One character in the tag's place, and the two texts stand beneath each other.
        marked = row["input"].replace("ки", "#")
        places = [place for place, sign in enumerate(marked) if sign == "#"]
        assert [row["label"][place] for place in places] == [
            "+" if label else "-" for label in same["labels"]
        ]
        assert len(marked) == len(row["label"])
        assert len(row["value"]) == row["input"].count("ки")
    assert len(made["dpo"]) == len(made["openai_dpo"]) == len(made["dpo_text"])
    assert len(made["processbench"]) == len(made["critic"])
    for row in made["processbench"]:
        assert -1 <= row["label"] < len(row["steps"])


@pytest.mark.slow
@given(
    st.lists(trees_of_any_shape(), max_size=4),
    st.floats(0, 1),
    st.none() | st.integers(1, 4),
    st.booleans(),
)
def test_what_is_left_out_is_counted_and_what_is_kept_stays_in_order(
    children: list[Node], sure: float, most: int | None, balance: bool
) -> None:
    labelled_tree = LabelledTree(tree(*children))
    options = ExportOptions(sure, most, balance)
    for name in OF_A_TREE:
        everything = rows_of_tree(name, labelled_tree, ExportOptions(0.0))
        chosen = rows_of_tree(name, labelled_tree, options)
        assert len(chosen.rows) <= (most or len(everything.rows))
        rest = iter(everything.rows)
        assert all(row in rest for row in chosen.rows)
        total = len(everything.rows) + everything.left_out.total()
        assert len(chosen.rows) + chosen.left_out.total() == total
