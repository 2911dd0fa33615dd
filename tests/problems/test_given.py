"""Solutions in the shapes in which seed files have them, and what is said about others."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.given import GivenSolution
from evolvemcts4rl.problems.seed_rows import Seeds
from evolvemcts4rl.problems.seeds import read_seeds
from evolvemcts4rl.settings import Settings

PROCESSBENCH = {
    "id": "gsm8k-7",
    "generator": "m",
    "problem": "What is 1 + 1?",
    "steps": ["One and one.\n", "", "It is 3."],
    "final_answer_correct": False,
    "label": 2,
}
PRM800K = {
    "labeler": "someone",
    "question": {
        "problem": "What is 1 + 1?",
        "ground_truth_answer": "2",
        "pre_generated_steps": ["Add.", "It is 3."],
    },
    "label": {
        "steps": [
            {
                "completions": [
                    {"text": "Guess.", "rating": 0, "flagged": False},
                    {"text": "Add.", "rating": 1, "flagged": False},
                ],
                "human_completion": None,
                "chosen_completion": 1,
            },
            {
                "completions": [{"text": "It is 4.", "rating": -1, "flagged": False}],
                "human_completion": {"text": "It is 2.", "rating": None},
                "chosen_completion": None,
            },
            {
                "completions": [{"text": "So it is 3.", "rating": -1, "flagged": False}],
                "human_completion": None,
                "chosen_completion": None,
            },
        ],
        "finish_reason": "found_error",
    },
}
NESTED = {"column_names": ("question.problem",), "answer_column": "question.ground_truth_answer"}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Seeds]:
    """Read rows in a form of file, with these flags; give the seeds."""

    def write_and_read(*rows: dict[str, Any], form: str = "lines", **flags: Any) -> Seeds:
        path = tmp_path / "seeds.jsonl"
        if form == "lines":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        elif form == "pretty":
            path.write_text("".join(json.dumps(row, indent=2) + "\n" for row in rows))
        else:
            import datasets

            path = tmp_path / "seeds.parquet"
            datasets.Dataset.from_list(list(rows)).to_parquet(str(path))
        return read_seeds(Settings.of(seed_file=str(path), **flags))

    return write_and_read


def solved(cell: Any, **fields: Any) -> dict[str, Any]:
    return {"problem": "What is 1 + 1?", "final_answer": "2", "solved": cell} | fields


def steps(name: str, *texts: str) -> GivenSolution:
    """A given solution of these steps, which came as a list."""
    whole = (*(text + "\n\n" for text in texts[:-1]), texts[-1])
    return GivenSolution(name, "".join(whole), whole)


LISTS = [["Add.", "2"], ["Guess.", "3"]]
SHAPES = {
    "a text": ("Add.\n\n2", {}, [GivenSolution("000000", "Add.\n\n2")]),
    "texts": (
        ["Add. 2", "3"],
        {},
        [GivenSolution("000000-1", "Add. 2"), GivenSolution("000000-2", "3")],
    ),
    "steps": (["Add.", "2"], {"solutions_are": "steps"}, [steps("000000", "Add.", "2")]),
    "lists of steps": (LISTS, {}, [steps("000000-1", *LISTS[0]), steps("000000-2", *LISTS[1])]),
    "objects of steps": (
        [{"steps": LISTS[0]}, {"steps": LISTS[1]}],
        {},
        [steps("000000-1", *LISTS[0]), steps("000000-2", *LISTS[1])],
    ),
    "steps as objects": (
        [{"steps": [{"text": "Add."}, {"text": "2"}]}],
        {},
        [steps("000000", "Add.", "2")],
    ),
    "JSON in a text": (
        json.dumps(LISTS),
        {},
        [steps("000000-1", *LISTS[0]), steps("000000-2", *LISTS[1])],
    ),
    "a text in brackets": ("[1, 2] it is", {}, [GivenSolution("000000", "[1, 2] it is")]),
    "numbers in brackets": ("[1, 2]", {}, [GivenSolution("000000", "[1, 2]")]),
}


@pytest.mark.parametrize("form", ["lines", "pretty", "parquet"])
@pytest.mark.parametrize(("cell", "flags", "expected"), SHAPES.values(), ids=SHAPES)
def test_every_shape_is_read_from_every_form_of_file(
    read: Callable[..., Seeds],
    cell: Any,
    flags: dict[str, str],
    expected: list[GivenSolution],
    form: str,
) -> None:
    seeds = read(solved(cell), form=form, solutions_column="solved", **flags)
    assert seeds.given("000000") == expected
    assert [(seed.question, seed.final_answer) for seed in seeds] == [("What is 1 + 1?", "2")]


@pytest.mark.parametrize("form", ["lines", "pretty", "parquet"])
def test_processbench_rows_are_read_as_they_are(read: Callable[..., Seeds], form: str) -> None:
    seeds = read(PROCESSBENCH, form=form, solutions_column="steps")
    assert seeds.given("000000") == [steps("gsm8k-7", "One and one.\n", "", "It is 3.")]


@pytest.mark.parametrize("form", ["lines", "pretty", "parquet"])
def test_prm800k_rows_are_read_as_they_are(read: Callable[..., Seeds], form: str) -> None:
    seeds = read(PRM800K, form=form, solutions_column="label", **NESTED)
    assert [(seed.question, seed.final_answer) for seed in seeds] == [("What is 1 + 1?", "2")]
    assert seeds.given("000000") == [steps("000000", "Add.", "It is 2.", "So it is 3.")]
    before = read(PRM800K, form=form, solutions_column="question.pre_generated_steps", **NESTED)
    assert before.given("000000") == [steps("000000", "Add.", "It is 3.")]


def test_a_row_without_solutions_has_none_and_an_evolved_problem_neither(
    read: Callable[..., Seeds],
) -> None:
    rows = [solved(cell, problem=str(number)) for number, cell in enumerate(["2", None, "", "3"])]
    seeds = read(*rows, solutions_column="solved")
    assert [len(seeds.given(f"{number:06d}")) for number in range(4)] == [1, 0, 0, 1]
    assert seeds.given("000000-r1") == []


def test_solutions_of_rows_with_the_same_problem_belong_to_the_first_of_them(
    read: Callable[..., Seeds],
) -> None:
    rows = [solved("2", id="a"), solved("5", problem="other", id=3), solved("4", id="b")]
    seeds = read(*rows, solutions_column="solved", form="pretty")
    assert [each.solution_id for each in seeds.given("000000")] == ["a", "b"]
    assert [each.solution_id for each in seeds.given("000001")] == ["3"]


def test_ids_of_several_solutions_are_the_row_s_own_list_where_there_is_one(
    read: Callable[..., Seeds],
) -> None:
    seeds = read(solved(["2", "3"], solution_id=["x", "y"]), solutions_column="solved")
    assert [each.solution_id for each in seeds.given("000000")] == ["x", "y"]


@pytest.mark.parametrize(
    ("rows", "flags", "said"),
    [
        ([solved("2")], {"solutions_column": "answers"}, "has no column 'answers': name one of"),
        ([solved("2")], {"solutions_column": "a.b"}, "has no column 'a.b': name one of"),
        ([solved(None), solved(" ")], {}, "has no solution in any row of 'solved'"),
        (
            [solved([["2"]]), solved([[5]])],
            {},
            "holds int '5' where a step should be in column 'solved' of row 2",
        ),
        (
            [solved({"is": 2})],
            {},
            "holds dict \"{'is': 2}\" where steps should be in column 'solved' of row 1",
        ),
    ],
)
def test_what_holds_no_solutions_is_named_with_its_row(
    read: Callable[..., Seeds], rows: Sequence[dict[str, Any]], flags: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        read(*rows, form="pretty", **{"solutions_column": "solved"} | flags)
    assert said in str(refused.value)
    assert "--solutions_column" in str(refused.value) or "lists of texts" in str(refused.value)


def test_solutions_that_are_to_be_labelled_are_not_taken_for_right_ones(
    read: Callable[..., Seeds],
) -> None:
    row = {"problem": "What is 1 + 1?", "final_answer": "2", "solution": "It is 3."}
    assert len(list(read(row).worked_solutions())) == 1
    assert list(read(row, solutions_column="solution").worked_solutions()) == []
