"""Read the seed problems of a run, and the test problems that no problem may repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.answers.choice import Unreadable, with_options
from evolvemcts4rl.answers.rules import seed_answer_reader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.kinds import GRADERS
from evolvemcts4rl.problems.given import (
    GivenSolution,
    cell_of,
    given_solutions,
    lists_are_steps,
)
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
        return _is_there(self, self.settings.files.answer_column)

    def __iter__(self) -> Iterator[Problem]:
        """Yield each row as a problem, its id the row's number from 0.

        An empty or repeated one has status "refused" and the reason.
        """
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            question = self._question(row)
            question_id, key = f"{index:06d}", _key(question)
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
                yield self._problem(question_id, question, row)

    def _problem(self, question_id: str, question: str, row: Mapping[str, Any]) -> Problem:
        """Return a row's problem, refused where its grader cannot read the answer or options."""
        answers = self.settings.answers
        try:
            if answers.choices_column:
                question = with_options(question, [row[name] for name in answers.choices_column])
            answer = _answer(
                answers.grader, question, cell_of(row, self.settings.files.answer_column)
            )
        except Unreadable as error:
            reason = Reason(ReasonCode.UNGRADABLE, str(error))
            return Problem(question_id, question, None, status=Status.REFUSED, reason=reason)
        # Only a function of the user's reads the row itself.
        seed = None if answers.grader in GRADERS else json.loads(json.dumps(row, default=str))
        return Problem(question_id, question, answer, seed=seed)

    def worked_solutions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the id, problem and own worked solution of each seed that brings one.

        It stands in a column `solution`, or before the #### of the answer, as in GSM8K.
        """
        for seed in self:
            row = self.rows[int(seed.question_id)]
            # What is to be labelled need not be right.
            labelled = self.settings.files.solutions_column == SOLUTION_COLUMN
            text = None if labelled else row.get(SOLUTION_COLUMN)
            if not isinstance(text, str):
                cell = cell_of(row, self.settings.files.answer_column)
                text = cell.rpartition("####")[0] if isinstance(cell, str) else ""
            if seed.question and seed.status == Status.OPEN and text.strip():
                yield seed.question_id, seed.question, text

    def given(self, question_id: str) -> list[GivenSolution]:
        """Return the solutions that a seed's row brings along, and the rows that repeat it.

        There are none for an evolved problem. Raises ValueError for a cell that holds none.
        """
        column = self.settings.files.solutions_column
        if column is None or not question_id.isdigit():
            return []
        are_steps = lists_are_steps(column, self.settings.files.solutions_are)
        first = int(question_id)
        found = []
        for index in (first, *self._repeats.get(first, ())):
            row = self.rows[index]
            found += given_solutions(cell_of(row, column), row, f"{index:06d}", are_steps)
        return found

    @cached_property
    def _repeats(self) -> dict[int, list[int]]:
        """The rows that repeat an earlier one, by that one."""
        firsts: dict[bytes, int] = {}
        repeats: dict[int, list[int]] = {}
        for index in range(len(self)):
            first = firsts.setdefault(_key(self._question(self.rows[index])), index)
            if first != index:
                repeats.setdefault(first, []).append(index)
        return repeats

    def _question(self, row: dict[str, Any]) -> str:
        parts = [cell_text(cell_of(row, name)).strip() for name in self.settings.files.column_names]
        return "\n\n".join(part for part in parts if part)


def _key(question: str) -> bytes:
    return hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()


def _answer(grader: str, question: str, cell: Any) -> str | None:
    text = cell_text(cell).strip()
    if not text:
        return None
    # A number is told from a text: it is the index of an option.
    is_index = isinstance(cell, int) and not isinstance(cell, bool)
    return seed_answer_reader(grader)(question, cell if is_index else text)


def read_seeds(settings: Settings) -> Seeds:
    """Return the seeds of a file, or of the train split of the hub's dataset of that name.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a
    column that is not there, is empty or holds objects.
    """
    path = Path(settings.files.seed_file)
    used = (*settings.files.column_names, settings.files.answer_column)
    if path.is_file():
        rows, digest = read_table(path, used, _nested(settings))
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


def _nested(settings: Settings) -> list[str]:
    """Return the columns that may hold lists and objects."""
    named = [*settings.files.column_names, settings.files.answer_column]
    inside = [name.partition(".")[0] for name in named if "." in name]
    given = settings.files.solutions_column
    return inside if given is None else [*inside, given, given.partition(".")[0]]


def _is_there(seeds: Seeds, name: str) -> bool:
    """Return whether a column is there, or a field of objects that any row has: `column.field`."""
    if name in seeds.rows.column_names:
        return True
    return name.partition(".")[0] in seeds.rows.column_names and any(
        cell_of(seeds.rows[index], name) is not None for index in range(len(seeds))
    )


def _check_given(seeds: Seeds) -> None:
    """Raise UserError where --solutions_column holds no solutions, naming the row."""
    column, found = seeds.settings.files.solutions_column, 0
    if column is None:
        return
    source = f"The seed file {seeds.settings.files.seed_file}"
    for index in range(len(seeds)):
        row = seeds.rows[index]
        try:
            found += len(given_solutions(cell_of(row, column), row, "", are_steps=True))
        except ValueError as error:
            raise UserError(
                f"{source} holds {error} in column {column!r} of row {index + 1}: a column of "
                "solutions must hold texts, or lists of texts."
            ) from None
    if not found:
        raise UserError(
            f"{source} has no solution in any row of {column!r}: name another column with "
            "--solutions_column, or leave it out."
        )


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
    asked_for += settings.answers.choices_column
    if settings.files.solutions_column is not None:
        asked_for.append(settings.files.solutions_column)
    missing = [name for name in asked_for if not _is_there(seeds, name)]
    if missing:
        flag = "--column_names" if missing[0] in settings.files.column_names else "--answer_column"
        flag = "--choices_column" if missing[0] in settings.answers.choices_column else flag
        flag = "--solutions_column" if missing[0] == settings.files.solutions_column else flag
        raise UserError(
            f"The seed file {settings.files.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, there))} with {flag}."
        )
    _check_gradable(seeds)
    if not any(seed.question for seed in seeds):
        columns = " and ".join(map(repr, settings.files.column_names))
        raise UserError(
            f"The seed file {settings.files.seed_file} has no problem in any row of {columns}: "
            f"name another "
            "column with --column_names."
        )
    _check_given(seeds)


def _check_gradable(seeds: Seeds) -> None:
    """Raise UserError where the grader can read the answer of no row, which is then no accident."""
    first = None
    for seed in seeds:
        if seed.reason is None or seed.reason.code != ReasonCode.UNGRADABLE:
            return
        first = first or seed
    if first:
        raise UserError(
            f"No row of the seed file {seeds.settings.files.seed_file} can be graded by --grader "
            f"{seeds.settings.answers.grader}: the first one cannot since {first.reason}."
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
