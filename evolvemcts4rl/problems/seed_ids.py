"""The ids of seeds: their numbers in the file, or those that they bring along with --id_column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import re2

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.table_file import cell_text
from evolvemcts4rl.settings import Settings

_EVOLVED = re2.compile(r"(.+)-r\d+")


def numbered(index: int) -> str:
    """Return the id of the row with this index, where it has none of its own."""
    return f"{index:06d}"


def ids_of(rows: Iterable[tuple[Any, str]], settings: Settings) -> list[str]:
    """Return the id of each row, given its cell and its problem.

    A row that repeats another one, its id included, gets its number added. Raises UserError where
    an id is missing, stands for two problems, or is that of a problem evolved from another seed.
    """
    source = f"The seed file {settings.files.seed_file}"
    column = settings.files.id_column
    problems: dict[str, str] = {}
    ids = []
    for index, (cell, problem) in enumerate(rows):
        own = " ".join(cell_text(cell).split())
        if not own:
            raise UserError(
                f"{source} has no id in column {column!r} of row {index + 1}: fill it in, or leave "
                "out --id_column."
            )
        if problems.setdefault(own, problem) != problem:
            raise UserError(
                f"{source} has the id {own} in column {column!r} of row {index + 1} for the second "
                "time, with another problem: make the ids differ, or leave out --id_column."
            )
        ids.append(own)
    for own in problems:
        evolved = _EVOLVED.fullmatch(own)
        if evolved and evolved[1] in problems:
            raise UserError(
                f"{source} has the ids {evolved[1]} and {own} in column {column!r}, and the second "
                "would be that of a problem evolved from the first: leave out --id_column."
            )
    first = {own: index for index, own in reversed([*enumerate(ids)])}
    return [
        own if first[own] == index else f"{own}+{numbered(index)}" for index, own in enumerate(ids)
    ]
