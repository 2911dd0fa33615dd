"""Every training file has the columns that trainers read, in the types that they expect.

What they expect was recorded from running their own code: benchmarks/trainers/.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import generate
from evolvemcts4rl.flag_groups.files import FORMATS

ROOT = Path(__file__).parents[2]
EXPECTED: dict[str, Any] = json.loads(
    (ROOT / "benchmarks" / "trainers" / "columns.json").read_text(encoding="utf-8")
)
NOT_FOR_TRAINERS = {"steps", "seed_tree", "seed_flat"}


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def has_turns(value: Any, *roles: str) -> bool:
    if not isinstance(value, list) or [turn["role"] for turn in value] != list(roles):
        return False
    return all(set(turn) == {"role", "content"} and is_text(turn["content"]) for turn in value)


KINDS: dict[str, Callable[[Any], bool]] = {
    "text": is_text,
    "any text": lambda value: isinstance(value, str),
    "texts": lambda value: bool(value) and all(is_text(each) for each in value),
    "truth": lambda value: isinstance(value, bool),
    "truths": lambda value: bool(value) and all(isinstance(each, bool) for each in value),
    "index": lambda value: type(value) is int and value >= -1,
    "question": lambda value: has_turns(value, "user"),
    "reply": lambda value: has_turns(value, "assistant"),
    "dialogue": lambda value: has_turns(value, *["user", "assistant"] * (len(value) // 2 or 1)),
}


def amiss(row: Any, columns: dict[str, Any], where: str) -> Iterator[str]:
    """Yield what in a row is not as a trainer expects it."""
    for name, kind in columns.items():
        place = f"{where}.{name}"
        if name not in row:
            yield f"{place} is missing"
        elif isinstance(kind, dict):
            yield from amiss(row[name], kind, place)
        elif not KINDS[kind](row[name]):
            yield f"{place} is no {kind}: {row[name]!r}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample run with all formats."""
    folder = tmp_path_factory.mktemp("columns") / "run"
    shutil.copytree(ROOT / "samples" / "arithmetic_run", folder)
    flags = ["--formats", ",".join(FORMATS), "--min_p_correct", "0"]
    assert generate.main(["--export", str(folder), *flags]) == 0
    return folder


def test_what_each_file_for_trainers_needs_is_recorded() -> None:
    assert set(EXPECTED) == set(FORMATS) - NOT_FOR_TRAINERS


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_have_the_columns_that_trainers_read(run: Path, name: str) -> None:
    rows = [json.loads(line) for line in (run / f"{name}.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        assert not list(amiss(row, EXPECTED[name]["columns"], name))
        lengths = {len(row[column]) for column in EXPECTED[name].get("as_long_as", [])}
        assert len(lengths) <= 1
        assert set(row) == set(rows[0])  # tables have no rows with columns of their own


def test_parquet_rows_have_the_same_columns(run: Path) -> None:
    rows = pq.read_table(run / "rlvr.parquet").to_pylist()
    assert rows
    for row in rows:
        assert not list(amiss(row, EXPECTED["rlvr"]["columns"], "rlvr"))


def test_a_row_that_no_trainer_could_read_is_found_amiss() -> None:
    wrong = {"prompt": "a text", "completion": [{"role": "assistant", "content": " "}], "label": 1}
    found = list(amiss(wrong, {**EXPECTED["orm"]["columns"], "more": "text"}, "orm"))
    assert [line.split()[0] for line in found] == [
        "orm.prompt", "orm.completion", "orm.label", "orm.more",
    ]  # fmt: skip
