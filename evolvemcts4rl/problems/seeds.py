"""Read the seed problems of a run, and the test problems that no problem may repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from evolvemcts4rl.answers.extract import seed_answer
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.chats import answered_in, asked_in, turns_of
from evolvemcts4rl.problems.hub import load_from_hub
from evolvemcts4rl.problems.seed_ids import ids_of, numbered
from evolvemcts4rl.problems.table_file import (
    LOADERS,
    Rows,
    cell_text,
    read_sound_rows,
    read_table,
    refuse_objects,
)
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import DEFAULTS, Settings

MOST_NESTED = 32  # levels of lists and objects
LINES_SHOWN = 8  # of those that cannot be read
# Names that columns of answers have where they are not named with --answer_column.
ANSWER_COLUMNS = (
    "answer",
    "answers",
    "expected_answer",
    "correct_answer",
    "reference_answer",
    "ground_truth",
    "gold",
    "solution",
    "target",
    "label",
    "output",
    "response",
    "result",
)


SOLUTION_COLUMN = "solution"


@dataclass(frozen=True)
class Seeds:
    """The seeds of a run, read row by row; `digest` tells a changed seed file from the same one.

    `broken_lines` are the numbers of the lines that were left out, since they cannot be read.
    """

    rows: Rows
    settings: Settings
    digest: str
    broken_lines: list[int] = field(default_factory=list)

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
            held = json.dumps(_held(_as_json(row)), sort_keys=True, separators=(",", ":"))
            hasher.update(held.encode() + b"\n")
        return hasher.hexdigest()

    def __iter__(self) -> Iterator[Problem]:
        """Yield each row as a problem, its id the row's own or its number from 0.

        An empty or repeated one has status "refused" and the reason.
        """
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            question = self._question(row)
            question_id, seed = self._id_of(index), _as_json(row)
            key = hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()
            if not question:
                yield Problem(
                    question_id,
                    "",
                    None,
                    status=Status.REFUSED,
                    reason=Reason(ReasonCode.NO_PROBLEM),
                    seed=seed,
                )
            elif key in seen:
                reason = Reason(ReasonCode.REPEATED_ROW, f"it repeats row {seen[key]}")
                yield Problem(
                    question_id, question, None, status=Status.REFUSED, reason=reason, seed=seed
                )
            else:
                seen[key] = question_id
                answer = _answer(row.get(self.settings.files.answer_column))
                yield Problem(question_id, question, answer, seed=seed)

    def row_of(self, question_id: str) -> dict[str, Any]:
        """Return the row of a seed."""
        return self.rows[self._places[question_id] if self._own_ids else int(question_id)]

    @property
    def broken_in_words(self) -> str:
        """How many lines of the seed file cannot be read, and the first of them."""
        count, shown = len(self.broken_lines), ", ".join(map(str, self.broken_lines[:LINES_SHOWN]))
        more = ", …" if count > LINES_SHOWN else ""
        rows = "1 row" if count == 1 else f"{count} rows"
        return f"{rows} of {self.settings.files.seed_file} that cannot be read (line {shown}{more})"

    @cached_property
    def _own_ids(self) -> list[str]:
        """The ids that the rows bring along, by --id_column; none without it."""
        name = self.settings.files.id_column
        if name is None:
            return []
        rows = (self.rows[index] for index in range(len(self)))
        return ids_of(((row.get(name), self._question(row)) for row in rows), self.settings)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {own: index for index, own in enumerate(self._own_ids)}

    def _id_of(self, index: int) -> str:
        return self._own_ids[index] if self._own_ids else numbered(index)

    def _question(self, row: dict[str, Any]) -> str:
        parts = []
        for name in self.settings.files.column_names:
            cell = row.get(name)
            turns = turns_of(cell)
            parts.append((asked_in(turns) if turns else cell_text(cell)).strip())
        return "\n\n".join(part for part in parts if part)

    def worked_solutions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the id, problem and own worked solution of each seed that brings one.

        It stands in a column `solution`, or before the #### of the answer, as in GSM8K.
        """
        for seed in self:
            row = self.row_of(seed.question_id)
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


def _as_json(value: Any, depth: int = 0) -> Any:
    """Return what a cell or row holds as JSON can hold it, dates and the like as texts.

    What nests deeper than `datasets` could read again is left out.
    """
    if depth > MOST_NESTED:
        return None
    if isinstance(value, dict):
        return {str(name): _as_json(each, depth + 1) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(each, depth + 1) for each in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _answer(cell: Any) -> str | None:
    turns = turns_of(cell)
    text = (answered_in(turns) if turns else cell_text(cell)).strip()
    return (seed_answer(text) or None) if text else None


def read_seeds(settings: Settings) -> Seeds:
    """Return the seeds of a file, or of the hub's dataset of that name.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a
    column that is not there, is empty or holds objects.
    """
    path = Path(settings.files.seed_file)
    used = (*settings.files.column_names, settings.files.answer_column)
    rows: Rows
    broken: list[int] = []
    if path.is_file() and settings.files.skip_broken_rows:
        rows, digest, broken = read_sound_rows(path, used)
    elif path.is_file():
        rows, digest = read_table(path, used)
    elif path.suffix in LOADERS or path.exists() or settings.files.seed_file.count("/") > 1:
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(
            f"The seed file {settings.files.seed_file} {what}: give --seed_file a JSON, JSON "
            f"Lines, CSV, TSV or Parquet file."
        )
    else:
        dataset = load_from_hub(settings.files.seed_file)
        rows, digest = dataset, str(dataset._fingerprint)
        refuse_objects(dataset, used, f"The dataset {settings.files.seed_file}")
    seeds = Seeds(rows, settings, digest, broken)
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
    asked_for += filter(None, [settings.files.id_column])
    missing = [name for name in asked_for if name not in there]
    if missing:
        files = settings.files
        flags = {files.id_column: "--id_column", files.answer_column: "--answer_column"}
        flags |= dict.fromkeys(files.column_names, "--column_names")
        flag = flags[missing[0]]
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, there))} with {flag}."
        )
    if not any(seed.question for seed in seeds):
        columns = " and ".join(map(repr, settings.files.column_names))
        raise UserError(
            f"The seed file {settings.files.seed_file} has no problem in any row of {columns}: "
            "name another column with --column_names."
        )
    _ = seeds._own_ids
    _check_vote(seeds)


def _check_vote(seeds: Seeds) -> None:
    """Raise UserError where answers would be voted by mistake, or --vote has nothing to decide."""
    settings, there = seeds.settings, seeds.rows.column_names
    named = settings.files.answer_column
    if seeds.have_answers:
        if settings.files.vote:
            raise UserError(
                f"The seed file {settings.files.seed_file} has answers in column {named!r}: "
                "leave out --vote, which has nothing to decide."
            )
        return
    likely = next((name for name in ANSWER_COLUMNS if name in there), None)
    if likely and likely not in settings.files.column_names and not settings.files.vote:
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {named!r}, but {likely!r}: "
            f"give --answer_column {likely}, or --vote to let the solutions vote for the answers."
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
