"""The seeds of a run: each row as a problem, with its id, its answer and what else it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from evolvemcts4rl.answers.choice import Unreadable, with_options
from evolvemcts4rl.answers.rules import seed_answer_reader
from evolvemcts4rl.problems.chats import answered_in, asked_in, turns_of
from evolvemcts4rl.problems.given import (
    GivenSolution,
    cell_of,
    given_solutions,
    lists_are_steps,
)
from evolvemcts4rl.problems.row_content import as_json, digest_of
from evolvemcts4rl.problems.seed_ids import ids_of, numbered
from evolvemcts4rl.problems.table_file import (
    Rows,
    cell_text,
)
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

LINES_SHOWN = 8  # of those that cannot be read


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
        return is_there(self, self.settings.files.answer_column)

    def digest_of_first(self, count: int) -> str | None:
        """Return a hash of what the first rows hold; None where there are fewer."""
        if count > len(self):
            return None
        return digest_of(self.rows.select(range(count)))

    def __iter__(self) -> Iterator[Problem]:
        """Yield each row as a problem, its id the row's own or its number from 0.

        An empty or repeated one has status "refused" and the reason.
        """
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            question = self._question(row)
            question_id, seed = self._id_of(index), as_json(row)
            key = _key(question)
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
                yield self._problem(question_id, question, row)

    def _problem(self, question_id: str, question: str, row: dict[str, Any]) -> Problem:
        """Return a row's problem, refused where its grader cannot read the answer or options."""
        answers, seed = self.settings.answers, as_json(row)
        cell = cell_of(row, self.settings.files.answer_column)
        try:
            if answers.choices_column:
                options = [row.get(name) for name in answers.choices_column]
                question = with_options(question, options)
            answer = _answer(answers.grader, question, cell)
        except Unreadable as error:
            reason = Reason(ReasonCode.UNGRADABLE, str(error))
            return Problem(
                question_id, question, None, status=Status.REFUSED, reason=reason, seed=seed
            )
        return Problem(question_id, question, answer, seed=seed)

    def row_of(self, question_id: str) -> dict[str, Any]:
        """Return the row of a seed."""
        index = self._index_of(question_id)
        assert index is not None, "an evolved problem has no row"
        return self.rows[index]

    def _index_of(self, question_id: str) -> int | None:
        """Return the index of a seed's row; None for an evolved problem."""
        if self._own_ids:
            return self._places.get(question_id)
        return int(question_id) if question_id.isdigit() else None

    @property
    def broken_in_words(self) -> str:
        """Return how many lines of the seed file cannot be read, and the first of them."""
        count, shown = len(self.broken_lines), ", ".join(map(str, self.broken_lines[:LINES_SHOWN]))
        more = ", …" if count > LINES_SHOWN else ""
        rows = "1 row" if count == 1 else f"{count} rows"
        return f"{rows} of {self.settings.files.seed_file} that cannot be read (line {shown}{more})"

    @cached_property
    def _own_ids(self) -> list[str]:
        """Return the ids that the rows bring along, by --id_column; none without it."""
        name = self.settings.files.id_column
        if name is None:
            return []
        rows = (self.rows[index] for index in range(len(self)))
        return ids_of(((cell_of(row, name), self._question(row)) for row in rows), self.settings)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {own: index for index, own in enumerate(self._own_ids)}

    def check_ids(self) -> None:
        """Raise UserError for ids that cannot name problems."""
        _ = self._own_ids

    def _id_of(self, index: int) -> str:
        return self._own_ids[index] if self._own_ids else numbered(index)

    def _question(self, row: dict[str, Any]) -> str:
        parts = []
        for name in self.settings.files.column_names:
            cell = cell_of(row, name)
            turns = turns_of(cell)
            parts.append((asked_in(turns) if turns else cell_text(cell)).strip())
        return "\n\n".join(part for part in parts if part)

    def worked_solutions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the id, problem and own worked solution of each seed that brings one.

        It stands in a column `solution`, or before the #### of the answer, as in GSM8K.
        """
        for seed in self:
            row = self.row_of(seed.question_id)
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
        first = self._index_of(question_id)
        if column is None or first is None:
            return []
        are_steps = lists_are_steps(column, self.settings.files.solutions_are)
        found = []
        for index in (first, *self._repeats.get(first, ())):
            row = self.rows[index]
            found += given_solutions(cell_of(row, column), row, self._id_of(index), are_steps)
        return found

    @cached_property
    def _repeats(self) -> dict[int, list[int]]:
        """Return the rows that repeat an earlier one, by that one."""
        firsts: dict[bytes, int] = {}
        repeats: dict[int, list[int]] = {}
        for index in range(len(self)):
            first = firsts.setdefault(_key(self._question(self.rows[index])), index)
            if first != index:
                repeats.setdefault(first, []).append(index)
        return repeats


def _answer(grader: str, question: str, cell: Any) -> str | None:
    turns = turns_of(cell)
    text = (answered_in(turns) if turns else cell_text(cell)).strip()
    if not text:
        return None
    # A number is told from a text: it is the index of an option.
    is_index = isinstance(cell, int) and not isinstance(cell, bool)
    return seed_answer_reader(grader)(question, cell if is_index else text)


def _key(question: str) -> bytes:
    return hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()


def is_there(seeds: Seeds, name: str) -> bool:
    """Return whether a column is there, or a field of objects that any row has: `column.field`."""
    if name in seeds.rows.column_names:
        return True
    return name.partition(".")[0] in seeds.rows.column_names and any(
        cell_of(seeds.rows[index], name) is not None for index in range(len(seeds))
    )
