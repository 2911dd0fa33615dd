"""The tree: what entering rollouts makes of it, and that its JSON is all of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.records import Completion, Problem, Rollout
from evolvemcts4rl.solutions.rollouts import MOST_STEPS
from evolvemcts4rl.tree import Node, Tree

STEPS = st.lists(
    st.sampled_from(["a\n\n", "b\n\n", "c", "ки \ud7ff\x00\u2028"]), min_size=1, max_size=4
).map(tuple)
Entry = tuple[tuple[str, ...], bool, int]  # steps, verdict, and how many it was started with
ROLLOUTS = st.lists(st.tuples(STEPS, st.booleans(), st.integers(0, 3)), max_size=12)


def grown(entries: list[Entry]) -> Tree:
    """A tree of these rollouts, started where they can have been."""
    tree = Tree("000000", "What is 1 + 1?", "2")
    for steps, verdict, start in entries:
        tree.add(Rollout(steps, verdict), min(start, len(steps) - 1))
    return tree


def nodes(tree: Tree) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node with its prefix."""
    stack: list[tuple[tuple[str, ...], Node]] = [((), tree.root)]
    while stack:
        prefix, node = stack.pop()
        yield prefix, node
        stack.extend(((*prefix, child.text), child) for child in node.children)


@given(ROLLOUTS, st.lists(st.none() | st.floats(0, 1), min_size=1))
def test_json_is_the_whole_tree(entries: list[Entry], beliefs: list[float | None]) -> None:
    tree = grown(entries)
    for number, (_, node) in enumerate(nodes(tree)):
        belief = beliefs[number % len(beliefs)]
        node.p_correct = None if belief is None else round(belief, 4)
        if node.correct is False and number % 2:
            node.searched, node.judgements = True, {"a": number % 3 - 1, "b": 0}
    row = tree.to_json()
    again = Tree.from_json(json.loads(json.dumps(row, ensure_ascii=False)))
    assert again.to_json() == row
    assert [vars(node) | {"children": None} for _, node in nodes(again)] == [
        vars(node) | {"children": None} for _, node in nodes(tree)
    ]


def test_a_given_solution_enters_no_count_and_keeps_its_ids_and_its_verdict() -> None:
    tree = Tree("000000", "q", "2")
    own = Rollout(("a\n\n", "b"), True)
    tree.add(Rollout(("a\n\n", "b"), True, "2", solution_id="x"), 0)
    assert [(node.num_rollouts, node.mc_value, node.times) for _, node in nodes(tree)] == [
        (0, None, 0)
    ] * 3
    tree.add(own, 0)
    tree.add(Rollout(("a\n\n", "b"), True, "2", solution_id="y"), 0)
    tree.add(Rollout(("a\n\n", "c"), None, None, solution_id="z"), 0)
    assert [(node.num_rollouts, node.num_started) for _, node in nodes(tree)] == [
        (1, 1),
        (1, 0),
        (0, 0),
        (1, 0),
    ]
    assert [(path[-1].solution_ids, path[-1].correct) for path in tree.solutions()] == [
        (["x", "y"], True),
        (["z"], None),
    ]
    assert Tree.from_json(json.loads(json.dumps(tree.to_json()))).to_json() == tree.to_json()


def test_whitespace_after_a_step_makes_no_other_step_of_it() -> None:
    tree = grown(
        [
            (("7", "8"), True, 0),
            (("7 \n\n", "9"), False, 0),
            (("7",), True, 0),
            (("7\n\n", "9 "), False, 1),
        ]
    )
    (seven,) = tree.root.children
    assert [(node.text, node.times) for node in seven.children] == [("8", 1), ("9", 2)]
    ended_first = grown(
        [(("7",), True, 0), (("7 \n\n", "9"), False, 0), (("7\n\n", "8"), False, 0)]
    )
    (seven,) = ended_first.root.children
    assert (seven.text, seven.correct, [node.text for node in seven.children]) == (
        "7 \n\n",
        True,
        ["9", "8"],
    )


def plain(entries: list[Entry]) -> list[Entry]:
    """The rollouts with steps that are equal where they are the same, and the starts used."""
    return [
        (tuple(step.strip() for step in steps), verdict, min(start, len(steps) - 1))
        for steps, verdict, start in entries
    ]


@given(ROLLOUTS)
def test_counts_are_of_rollouts_that_wrote_the_step_themselves_or_started_after_it(
    entries: list[Entry],
) -> None:
    entries = plain(entries)
    for prefix, node in nodes(grown(entries)):
        depth = len(prefix)
        passing = [v for steps, v, start in entries if steps[:depth] == prefix and start <= depth]
        started = [v for steps, v, start in entries if steps[:start] == prefix]
        assert (node.num_rollouts, node.num_correct) == (len(passing), sum(passing))
        assert (node.num_started, node.num_started_correct) == (len(started), sum(started))
        assert node.mc_value == (sum(passing) / len(passing) if passing else None)
        assert node.started_value == (sum(started) / len(started) if started else None)


def of_earlier_version(row: dict[str, Any]) -> dict[str, Any]:
    """The row of a node as earlier versions wrote it: the counts are of what started here."""
    row = dict(row)
    row["num_rollouts"] = row.pop("num_started")
    row["num_correct"] = row.pop("num_started_correct")
    row["mc_value"] = row["num_correct"] / row["num_rollouts"] if row["num_rollouts"] else None
    row["children"] = [of_earlier_version(child) for child in row["children"]]
    return row


@given(ROLLOUTS)
def test_a_tree_of_an_earlier_version_gets_the_counts_that_it_has_now(entries: list[Entry]) -> None:
    # A solution has one verdict however often it is written.
    entries = [(steps, len("".join(steps)) % 2 == 0, start) for steps, _, start in plain(entries)]
    row = grown(entries).to_json()
    before = row | {"reasoning_steps": of_earlier_version(row["reasoning_steps"])}
    assert Tree.from_json(before).to_json() == row


@given(ROLLOUTS)
def test_solutions_are_the_different_rollouts_with_how_often_each_was_written(
    entries: list[Entry],
) -> None:
    paths = {tuple(node.text for node in path): path[-1] for path in grown(entries).solutions()}
    written = [steps for steps, _, _ in entries]
    assert {steps: node.times for steps, node in paths.items()} == {
        steps: written.count(steps) for steps in written
    }
    assert all(
        node.correct == next(v for s, v, _ in reversed(entries) if s == steps)
        for steps, node in paths.items()
    )


def test_solutions_come_with_what_was_found_first_and_what_goes_on_after_what_ends() -> None:
    tree = grown(
        [(("b", "x"), True, 0), (("a",), False, 0), (("b", "y"), False, 1), (("b",), False, 0)]
    )
    assert [[node.text for node in path] for path in tree.solutions()] == [
        ["b"],
        ["b", "x"],
        ["b", "y"],
        ["a"],
    ]


def test_add_gives_the_path_without_the_root() -> None:
    tree = Tree("000000", "q", "2")
    path = tree.add(Rollout(("a", "b"), True), 1)
    assert [node.text for node in path] == ["a", "b"]
    assert path[0] is tree.root.children[0]
    assert [(node.num_started, node.num_rollouts, node.correct) for node in (tree.root, *path)] == [
        (0, 0, None),
        (1, 1, None),
        (0, 1, True),
    ]


def test_four_hundred_steps_go_through_json() -> None:
    tree = grown([(tuple(f"Step {number}\n\n" for number in range(400)), True, 399)])
    again = Tree.from_json(json.loads(json.dumps(tree.to_json())))
    (path,) = again.solutions()
    assert len(path) == 400
    assert path[-1].correct
    assert again.to_json() == tree.to_json()


def test_row_of_a_node_has_its_fields_and_a_solution_more() -> None:
    end = Node(
        "b",
        correct=False,
        times=2,
        searched=True,
        judgements={"j": -1},
        judge_reasoning={"j": "All is well."},
    )
    node = Node("a", 4, 3, 0.8765, [end], num_started=2, num_started_correct=1)
    assert node.to_json() == {
        "text": "a",
        "mc_value": 0.75,
        "num_rollouts": 4,
        "num_correct": 3,
        "num_started": 2,
        "num_started_correct": 1,
        "p_correct": 0.8765,
        "label": True,
        "children": [
            {
                "text": "b",
                "mc_value": None,
                "num_rollouts": 0,
                "num_correct": 0,
                "num_started": 0,
                "num_started_correct": 0,
                "p_correct": None,
                "label": None,
                "correct": False,
                "times": 2,
                "searched": True,
                "judgements": {"j": -1},
                "judge_reasoning": {"j": "All is well."},
                "children": [],
            }
        ],
    }


def test_the_verdict_of_an_earlier_version_is_read_as_that_of_one_judge() -> None:
    row = grown([(("a",), False, 0)]).to_json()
    row["reasoning_steps"]["children"][0]["judged_error"] = -1
    (path,) = Tree.from_json(row).solutions()
    assert path[-1].judgements == {"judge": -1}


def test_doubt_in_the_answer_and_the_judges_tokens_go_through_json() -> None:
    tree = grown([(("a",), False, 0)])
    tree.p_answer, tree.judge_tokens = 0.75, {"j": [120, 30]}
    again = Tree.from_json(json.loads(json.dumps(tree.to_json())))
    assert (again.p_answer, again.judge_tokens) == (0.75, {"j": [120, 30]})


@given(
    st.builds(
        Problem, st.text(), st.text(), st.none() | st.text(), agreement=st.none() | st.floats(0, 1)
    )
)
def test_problem_goes_through_json(problem: Problem) -> None:
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


def test_only_a_completion_that_came_to_its_own_end_is_whole() -> None:
    ends = [("4", "stop"), ("4", "length"), ("4", "content_filter"), (" \n", "stop"), ("", "empty")]
    assert [Completion(text, reason).whole for text, reason in ends] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_deepest_tree_loads_with_datasets(tmp_path: Path) -> None:
    import datasets

    tree = Tree("0", "q", "1")
    tree.add(Rollout(tuple(f"step {number}\n\n" for number in range(MOST_STEPS)), True), 0)
    path = tmp_path / "tree.jsonl"
    path.write_text(json.dumps(tree.to_json()) + "\n")
    assert (
        len(
            datasets.load_dataset(
                "json", data_files=str(path), split="train", cache_dir=str(tmp_path)
            )
        )
        == 1
    )
