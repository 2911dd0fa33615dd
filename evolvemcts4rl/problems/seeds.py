"""Read the seed problems of a run, and the test problems that no problem may repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.answers.extract import seed_answer
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.table_file import (
    LOADERS,
    cell_text,
    first_line,
    read_table,
    refuse_objects,
)
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from datasets import Dataset


SOLUTION_COLUMN = "solution"


@dataclass(frozen=True)
class Seeds:
    """The seeds of a run, read row by row; `digest` tells a changed seed file from the same one."""

    rows: Dataset
    settings: Settings
    digest: str

    def __len__(self) -> int:
        """Return how many rows are taken, those that will be refused included."""
        return min(len(self.rows), self.settings.files.limit or len(self.rows))

    @property
    def have_answers(self) -> bool:
        """Return whether there is a column of answers."""
        return self.settings.files.answer_column in self.rows.column_names

    def digest_of_first(self, count: int) -> str | None:
        """Return a hash of what the first rows hold; None where there are fewer.

        It is the same in whatever kind of file they stand, and whatever rows follow.
        """
        if count > len(self):
            return None
        hasher = hashlib.sha256()
        for row in self.rows.select(range(count)):
            held = json.dumps(_held(row), sort_keys=True, separators=(",", ":"))
            hasher.update(held.encode() + b"\n")
        return hasher.hexdigest()

    def __iter__(self) -> Iterator[Problem]:
        """Yield each row as a problem, its id the row's number from 0.

        An empty or repeated one has status "refused" and the reason.
        """
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            parts = [cell_text(row[name]).strip() for name in self.settings.files.column_names]
            question = "\n\n".join(part for part in parts if part)
            question_id = f"{index:06d}"
            key = hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()
            if not question:
                yield Problem(
                    question_id,
                    "",
                    None,
                    status=Status.REFUSED,
                    reason=Reason(ReasonCode.NO_PROBLEM),
                )
            elif key in seen:
                reason = Reason(ReasonCode.REPEATED_ROW, f"it repeats row {seen[key]}")
                yield Problem(question_id, question, None, status=Status.REFUSED, reason=reason)
            else:
                seen[key] = question_id
                yield Problem(
                    question_id, question, _answer(row.get(self.settings.files.answer_column))
                )

    def worked_solutions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the id, problem and own worked solution of each seed that brings one.

        It stands in a column `solution`, or before the #### of the answer, as in GSM8K.
        """
        for seed in self:
            row = self.rows[int(seed.question_id)]
            text = row.get(SOLUTION_COLUMN)
            if not isinstance(text, str):
                cell = row.get(self.settings.files.answer_column)
                text = cell.rpartition("####")[0] if isinstance(cell, str) else ""
            if seed.question and seed.status == Status.OPEN and text.strip():
                yield seed.question_id, seed.question, text


def _held(value: Any) -> Any:
    """Return what a cell holds, in the form that all kinds of files have in common.

    Rows that follow may turn whole numbers into others, and give a row empty fields.
    """
    if isinstance(value, dict):
        held = {str(name): _held(each) for name, each in value.items()}
        return {name: each for name, each in held.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_held(each) for each in value]
    if value is None or value == "" or value != value:
        return None
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).encode("utf-8", "replace").decode()


def _answer(cell: Any) -> str | None:
    text = cell_text(cell).strip()
    return (seed_answer(text) or None) if text else None


def read_seeds(settings: Settings) -> Seeds:
    """Return the seeds of a file, or of the train split of the hub's dataset of that name.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a
    column that is not there, is empty or holds objects.
    """
    path = Path(settings.files.seed_file)
    used = (*settings.files.column_names, settings.files.answer_column)
    if path.is_file():
        rows, digest = read_table(path, used)
    elif path.suffix in LOADERS or path.exists() or settings.files.seed_file.count("/") > 1:
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(
            f"The seed file {settings.files.seed_file} {what}: give --seed_file a JSON, JSON "
            f"Lines, CSV or Parquet file."
        )
    else:
        rows = _load_from_hub(settings.files.seed_file)
        digest = str(rows._fingerprint)
        refuse_objects(rows, used, f"The dataset {settings.files.seed_file}")
    seeds = Seeds(rows, settings, digest)
    _check_columns(seeds)
    return seeds


def _check_columns(seeds: Seeds) -> None:
    """Raise UserError for a column that is not there, and for seeds without any problem."""
    settings, there = seeds.settings, seeds.rows.column_names
    if len(seeds) == 0:
        raise UserError(
            f"The seed file {settings.files.seed_file} has no rows: it needs at least one problem."
        )
    asked_for = [*settings.files.column_names]
    if settings.files.answer_column != DEFAULTS["answer_column"]:
        asked_for.append(settings.files.answer_column)  # the default one may be missing
    missing = [name for name in asked_for if name not in there]
    if missing:
        flag = "--column_names" if missing[0] in settings.files.column_names else "--answer_column"
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, there))} with {flag}."
        )
    if not any(seed.question for seed in seeds):
        columns = " and ".join(map(repr, settings.files.column_names))
        raise UserError(
            f"The seed file {settings.files.seed_file} has no problem in any row of {columns}: "
            f"name another "
            "column with --column_names."
        )


def read_test_texts(settings: Settings) -> list[str]:
    """Return the text of every row of the --decontaminate files.

    It is that of the problem's columns, or of all columns where the file has none of these.
    """
    texts = []
    for name in settings.evolution.decontaminate:
        if not Path(name).is_file():
            raise UserError(f"The file {name} of --decontaminate is not there.")
        rows, _ = read_table(Path(name), settings.files.column_names)
        columns = [
            column
            for column in (*settings.files.column_names, "problem", "question")
            if column in rows.column_names
        ]
        for row in rows:
            cells = [
                row[column]
                for column in columns[: len(settings.files.column_names)] or rows.column_names
            ]
            texts.append("\n\n".join(cell for cell in cells if isinstance(cell, str)))
    return texts


def _load_from_hub(name: str) -> Dataset:
    import datasets

    try:
        return datasets.load_dataset(name, split="train")
    except (datasets.exceptions.DatasetsError, ValueError, OSError, RuntimeError) as error:
        raise UserError(
            f"The seed file {name} is not there, nor a dataset that the hub gives: "
            f"{first_line(error)}"
        ) from None
