"""Seed files as people have them, and what is said about those that cannot be used."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.seeds import read_seeds, read_test_texts
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

TWO = [Problem("000000", "What is 1 + 1?", "2"), Problem("000001", "What is 2 + 3?", "5")]
ROWS = [{"problem": seed.question, "final_answer": seed.final_answer} for seed in TWO]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
CSV = "problem,final_answer\nWhat is 1 + 1?,2\nWhat is 2 + 3?,5\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Problem]]:
    """Write a seed file of this name and content, and read it."""

    def write_and_read(name: str, content: str | bytes, **flags: Any) -> list[Problem]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        seeds = read_seeds(Settings.of(seed_file=str(path), **flags))
        return [replace(seed, seed=None) for seed in seeds]

    return write_and_read


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


FORMS = {
    "JSON Lines": ("a.jsonl", LINES),
    "no name that says so": ("seeds", LINES),
    "no last newline": ("a.jsonl", LINES.rstrip()),
    "blank lines": ("a.jsonl", "\n" + LINES.replace("\n", "\n\n")),
    "array": ("a.json", json.dumps(ROWS)),
    "pretty array": ("a.json", json.dumps(ROWS, indent=2)),
    "pretty objects": ("a.json", "".join(json.dumps(row, indent=2) for row in ROWS)),
    "pretty objects, commas between": (
        "a.jsonl",
        ",\n".join(json.dumps(row, indent=4) for row in ROWS),
    ),
    "CSV": ("a.csv", CSV),
    "CSV of Windows": ("a.CSV", CSV.replace("\n", "\r\n")),
    "BOM, JSON Lines": ("a.jsonl", "\ufeff" + LINES),
    "BOM, array": ("a.json", "\ufeff" + json.dumps(ROWS)),
    "BOM, pretty objects": (
        "a.json",
        "\ufeff" + "".join(json.dumps(row, indent=2) for row in ROWS),
    ),
    "BOM, CSV": ("a.csv", "\ufeff" + CSV),
    "CSV with semicolons": ("a.csv", CSV.replace(",", ";")),
    "TSV": ("a.tsv", CSV.replace(",", "\t")),
    "CSV with tabs": ("a.csv", CSV.replace(",", "\t")),
    "rows inside an object": ("a.json", json.dumps({"version": "1.0", "data": ROWS})),
    "rows inside an object, pretty": ("a.json", json.dumps({"data": ROWS, "n": [2]}, indent=1)),
}


@pytest.mark.parametrize(("name", "content"), FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_seeds(
    read: Callable[..., list[Problem]], name: str, content: str
) -> None:
    assert read(name, content) == TWO


def test_parquet_gives_the_same_seeds(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list(ROWS).to_parquet(str(tmp_path / "a.parquet"))
    seeds = read_seeds(Settings.of(seed_file=str(tmp_path / "a.parquet")))
    assert [replace(seed, seed=None) for seed in seeds] == TWO


ANSWERS = {
    "as it is": ("\\frac{1}{2}", "\\frac{1}{2}"),
    "GSM8K": ("3 + 39 = 42 clips.\n#### 42", "42"),
    "boxed": ("So $x = \\boxed{1}$ at first, then $\\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}"),
    "a number": (42, "42"),
    "a number of many digits": (2**100, str(2**100)),
    "a list of one": (["4"], "4"),
    "a list": (["1", "2"], "1, 2"),
    "a date": ("2020-01-01", "2020-01-01"),
    "a decimal": (0.5, "0.5"),
    "missing": (None, None),
    "empty": ("", None),
    "blank": (" \n", None),
    "NaN": (float("nan"), None),
}


@pytest.mark.parametrize(("cell", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_answers_are_read_in_every_form(
    read: Callable[..., list[Problem]], cell: float | list[str] | str | None, answer: str | None
) -> None:
    (seed,) = read("a.jsonl", lines({"problem": "p", "final_answer": cell}))
    assert seed.final_answer == answer


@pytest.mark.parametrize(
    "cells", [[42, "x"], ["x", 42], [42, 0.5], [42, ["7"]], ["2020-01-01", "x"]]
)
def test_one_answer_column_may_mix_types(
    read: Callable[..., list[Problem]], cells: list[float | list[str] | str]
) -> None:
    seeds = read(
        "a.jsonl",
        lines(*({"problem": f"p{i}", "final_answer": cell} for i, cell in enumerate(cells))),
    )
    assert [seed.final_answer for seed in seeds] == [
        str(cell[0]) if isinstance(cell, list) else str(cell) for cell in cells
    ]


def test_cells_of_csv_stay_as_they_are(read: Callable[..., list[Problem]]) -> None:
    seeds = read("a.csv", "problem,final_answer\na,007\nb,\nc,1.50\nd,None\n")
    assert [seed.final_answer for seed in seeds] == ["007", None, "1.50", "None"]


def test_file_without_answers_gives_seeds_without_answers(
    read: Callable[..., list[Problem]],
) -> None:
    assert read("a.jsonl", lines({"problem": "p"})) == [Problem("000000", "p", None)]


def test_columns_are_joined_by_a_blank_line_without_the_empty_ones(
    read: Callable[..., list[Problem]],
) -> None:
    rows: list[dict[str, Any]] = [
        {"problem": "p", "context": "c"},
        {"problem": "q", "context": None},
        {"problem": "r", "context": " "},
    ]
    seeds = read("a.jsonl", lines(*rows), column_names=("context", "problem"))
    assert [seed.question for seed in seeds] == ["c\n\np", "q", "r"]


def test_answer_column_has_the_name_that_was_given(read: Callable[..., list[Problem]]) -> None:
    (seed,) = read(
        "a.jsonl", lines({"problem": "p", "solution": "#### 3"}), answer_column="solution"
    )
    assert seed.final_answer == "3"


def test_empty_and_repeated_problems_are_refused_with_the_reason(
    read: Callable[..., list[Problem]],
) -> None:
    problems = ["p  q", "", "p q", None, "r"]
    seeds = read("a.jsonl", lines(*({"problem": text, "final_answer": "1"} for text in problems)))
    assert [(seed.question_id, seed.status, seed.to_json()["reason"]) for seed in seeds] == [
        ("000000", "open", None),
        ("000001", "refused", "the row has no problem"),
        ("000002", "refused", "it repeats row 000000"),
        ("000003", "refused", "the row has no problem"),
        ("000004", "open", None),
    ]


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (2, 2), (9, 2), (None, 2)])
def test_limit_takes_the_first_rows(tmp_path: Path, limit: int | None, count: int) -> None:
    (tmp_path / "a.jsonl").write_text(LINES)
    seeds = read_seeds(Settings.of(seed_file=str(tmp_path / "a.jsonl"), limit=limit))
    assert [replace(seed, seed=None) for seed in seeds] == TWO[:count]
    assert len(seeds) == count


def test_half_a_character_is_replaced_so_that_everything_after_can_write_it(
    read: Callable[..., list[Problem]],
) -> None:
    seeds = read(
        "a.jsonl", '{"problem": "p \\ud800 q", "final_answer": "\\udfff", "x": ["\\ud800"]}\n'
    )
    assert seeds == [Problem("000000", "p \ufffd q", "\ufffd")]


def test_characters_written_as_pairs_are_whole(read: Callable[..., list[Problem]]) -> None:
    assert (
        read("a.json", '{"problem": "\\ud83d\\ude00"}{"problem": "x \\ud800"}')[0].question == "😀"
    )


@pytest.mark.parametrize(("name", "what"), [("nowhere.jsonl", "is not there"), ("", "is a folder")])
def test_missing_file_and_folder_are_refused(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(UserError, match=f"{what}: give --seed_file"):
        read_seeds(Settings.of(seed_file=str(tmp_path / name)))


def test_changed_file_has_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    digests = []
    for content in (LINES, LINES, LINES.replace("1 + 1", "1 + 7")):
        path.write_text(content)
        digests.append(read_seeds(Settings.of(seed_file=str(path))).digest)
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"problem": "p", "solution": "s"}, "p"),
        ({"question": "q", "answer": "a"}, "q"),
        ({"text": "t", "n": 1, "more": "m"}, "t\n\nm"),
    ],
)
def test_decontaminate_files_give_their_problems_or_all_their_text(
    tmp_path: Path, row: dict[str, Any], text: str
) -> None:
    (tmp_path / "test.jsonl").write_text(lines(row))
    settings = Settings.of(seed_file="seeds.jsonl", decontaminate=(str(tmp_path / "test.jsonl"),))
    assert read_test_texts(settings) == [text]


def test_missing_decontaminate_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="of --decontaminate is not there"):
        read_test_texts(
            Settings.of(seed_file="seeds.jsonl", decontaminate=(str(tmp_path / "test.jsonl"),))
        )


def test_answer_column_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text('{"problem": "p", "solution": "2"}\n')
    with pytest.raises(UserError, match="no column 'typo': name one of 'problem', 'solution'"):
        read_seeds(Settings.of(seed_file=str(path), answer_column="typo"))
    assert not read_seeds(Settings.of(seed_file=str(path), vote=True)).have_answers


def test_rows_are_known_by_what_they_hold_in_whatever_file_and_whatever_follows(
    tmp_path: Path,
) -> None:
    import datasets

    rows = [{"problem": f"p{n}", "final_answer": str(n), "level": str(n)} for n in range(4)]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    (tmp_path / "b.json").write_text(json.dumps(rows[:3], indent=1))
    (tmp_path / "c.csv").write_text(
        "problem,final_answer,level\n" + "".join(f"p{n},{n},{n}\n" for n in range(3))
    )
    datasets.Dataset.from_list(rows).to_parquet(tmp_path / "d.parquet")
    other = {"problem": "x", "final_answer": 4, "new": [1]}
    (tmp_path / "e.jsonl").write_text(lines(*rows[:3], other))
    digests = {
        read_seeds(Settings.of(seed_file=str(path))).digest_of_first(3)
        for path in sorted(tmp_path.iterdir())
    }
    assert len(digests) == 1
    (tmp_path / "a.jsonl").write_text(lines(*rows[:2], rows[2] | {"level": "9"}))
    seeds = read_seeds(Settings.of(seed_file=str(tmp_path / "a.jsonl")))
    assert seeds.digest_of_first(3) not in digests
    assert seeds.digest_of_first(4) is None


CHOICES: list[dict[str, Any]] = [
    {"problem": "Which is red?", "options": ["blood", "snow"], "final_answer": "A"},
    {"problem": "Which is white?", "options": ["blood", "snow"], "final_answer": "snow"},
]
SHOWN = "\n\nA) blood\nB) snow"


@pytest.mark.parametrize(
    ("rows", "flags"),
    [
        (CHOICES, {"choices_column": ("options",)}),
        (
            [row | {"final_answer": index} for index, row in enumerate(CHOICES)],
            {"choices_column": ("options",)},
        ),
        (
            [
                {
                    "problem": row["problem"],
                    "a": "blood",
                    "b": "snow",
                    "final_answer": row["final_answer"],
                }
                for row in CHOICES
            ],
            {"choices_column": ("a", "b")},
        ),
        (
            [
                {"problem": row["problem"] + SHOWN, "final_answer": row["final_answer"]}
                for row in CHOICES
            ],
            {},
        ),
    ],
)
def test_options_stand_in_the_problem_and_the_answer_is_a_letter(
    read: Callable[..., list[Problem]], rows: list[dict[str, Any]], flags: dict[str, Any]
) -> None:
    assert read("a.jsonl", lines(*rows), grader="choice", **flags) == [
        Problem("000000", f"Which is red?{SHOWN}", "A"),
        Problem("000001", f"Which is white?{SHOWN}", "B"),
    ]


def test_row_that_its_grader_cannot_grade_is_refused_with_the_reason(
    read: Callable[..., list[Problem]],
) -> None:
    rows = [*CHOICES, CHOICES[0] | {"problem": "Which is blue?", "final_answer": "sky"}]
    flags = {"grader": "choice", "choices_column": ("options",)}
    *good, bad = read("a.jsonl", lines(*rows), **flags)
    assert [seed.status for seed in good] == ["open", "open"]
    assert (bad.status, bad.reason and bad.reason.code) == ("refused", "ungradable")
    assert str(bad.reason) == "its answer, 'sky', is none of its 2 options, nor an index from 0"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"grader": "number"}, "can be graded by --grader number: the first one cannot since its"),
        ({"grader": "choice"}, "it has no options: name their column with --choices_column"),
        (
            {"grader": "choice", "choices_column": ("choices",)},
            "no column 'choices': name one of 'problem', 'options', 'final_answer' with --choices",
        ),
        ({"choices_column": ("options",)}, "--choices_column is for --grader choice"),
    ],
)
def test_grader_that_fits_no_row_is_refused(
    read: Callable[..., list[Problem]], flags: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as error:
        read("a.jsonl", lines(*CHOICES), **flags)
    assert words in str(error.value)


def test_answers_stay_as_they_are_where_no_grader_of_ours_reads_them(
    read: Callable[..., list[Problem]],
) -> None:
    row = {"problem": "Add.", "final_answer": "see #### 2", "tests": ["a", "b"], "level": 3}
    (seed,) = read("a.jsonl", lines(row), grader="grade.py:grade")
    assert seed.final_answer == "see #### 2"
    (seed,) = read("a.jsonl", lines(row), grader="exact")
    assert seed.final_answer == "see #### 2"
