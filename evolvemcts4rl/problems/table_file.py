"""Read a file of rows: JSON, JSON Lines, pretty-printed objects, CSV, TSV or Parquet.

`datasets` reads what it can. A file of text is first looked through for what would crash it.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.broken_rows import copy_without_broken_rows
from evolvemcts4rl.problems.chats import turns_of
from evolvemcts4rl.problems.csv_options import csv_options
from evolvemcts4rl.problems.file_scan import MOST_WHOLE, FileScan
from evolvemcts4rl.problems.hub import first_line
from evolvemcts4rl.problems.json_objects import read_objects, rows_inside

if TYPE_CHECKING:
    from datasets import Dataset

LOADERS = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
# Types of columns that keep what the JSON says; those that no one uses may hold other numbers too.
EXACT = ("string", "large_string", "int64", "bool", "null")
NUMBERS = ("float64", "double", "uint64")
_TEXT_LIKE = (str, int, float, decimal.Decimal, datetime.date, datetime.time, type(None))


class Rows(Protocol):
    """The rows of a file, each a dict by column."""

    @property
    def column_names(self) -> list[str]:
        """Return the names of all columns."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return the row of this index."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield every row."""

    def select(self, indices: range) -> Self:
        """Return these rows alone."""


class ObjectRows:
    """Rows that were read object by object: each has the fields that it was given, as they were."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    @property
    def column_names(self) -> list[str]:
        """Return the names of all columns, in the order in which they come up."""
        return list(dict.fromkeys(name for row in self._rows for name in row))

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return the row of this index."""
        return self._rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield every row."""
        return iter(self._rows)

    def select(self, indices: range) -> ObjectRows:
        """Return these rows alone."""
        return ObjectRows([self._rows[index] for index in indices])


def read_table(path: Path, used: Sequence[str]) -> tuple[Rows, str]:
    """Return the rows of a file and the SHA-256 of its bytes.

    Raises UserError, naming the file, where it cannot be read or one of the `used` columns holds
    what is no text. Nothing is cached: the same size and time need not be the same content.
    """
    loader = _loader_of(path)
    try:
        scan = FileScan(path, loader)
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}).") from None
    if scan.is_empty:
        raise UserError(f"The file {path} is empty: it needs at least one problem.")
    if loader == "json" and not scan.is_shallow:
        return _from_objects(path, used), scan.digest
    return _load(path, loader, used), scan.digest


def read_sound_rows(path: Path, used: Sequence[str]) -> tuple[Rows, str, list[int]]:
    """Return what `read_table` returns without the rows that cannot be read, and their lines."""
    loader = _loader_of(path)
    if loader == "parquet":
        return *read_table(path, used), []
    with tempfile.TemporaryDirectory(prefix="evolvemcts4rl-") as folder:
        copy = Path(folder) / path.name
        broken = copy_without_broken_rows(path, loader, copy)
        if not broken:  # the errors shall name the file itself
            return *read_table(path, used), []
        return *read_table(copy, used), broken


def _loader_of(path: Path) -> str:
    return LOADERS.get(path.suffix.lower(), "json")


def cell_text(cell: Any) -> str:
    """Return a cell as text, a list's items joined by commas; a missing one, or NaN, is empty."""
    if isinstance(cell, list):
        return ", ".join(map(cell_text, cell))
    if cell is None or cell != cell:
        return ""
    # JSON can hold half of a surrogate pair, which UTF-8 cannot encode.
    return str(cell).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _load(path: Path, loader: str, used: Sequence[str]) -> Rows:
    """Return the rows as `datasets` reads them.

    It reads no objects of several lines, and changes dates and numbers of many digits: files with
    these are read object by object instead.
    """
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    read = {
        "json": datasets.Dataset.from_json,
        "csv": datasets.Dataset.from_csv,
        "parquet": datasets.Dataset.from_parquet,
    }[loader]
    # The rows are mapped into memory and stay there when the folder is gone.
    with tempfile.TemporaryDirectory(prefix="evolvemcts4rl-") as folder:
        # Under a name of ours: `datasets` takes *, [ and :: in a path for a pattern.
        name = Path(folder) / f"rows.{loader}"
        name.symlink_to(path.resolve())
        try:
            options = csv_options(path) if loader == "csv" else {}
            rows: Dataset = read(str(name), cache_dir=folder, **options)
        except (
            datasets.exceptions.DatasetsError,
            ValueError,
            OSError,
            NotImplementedError,
            csv.Error,
        ) as error:
            if loader != "json":
                raise UserError(
                    f"The file {path} cannot be read as {loader}: {first_line(error)}"
                ) from None
            return _from_objects(path, used)
    if loader == "json" and not _is_as_it_was(rows, used, path.stat().st_size):
        return _from_objects(path, used)
    refuse_objects(rows, used, f"The file {path}")
    table: Rows = rows
    return table


def _is_as_it_was(rows: Dataset, used: Sequence[str], size: int) -> bool:
    """Return whether the rows hold what the JSON says.

    Changes in columns that no one uses are borne where the file is too large to be read otherwise.
    A single row may be an object that holds the rows.
    """
    there = [name for name in used if name in rows.column_names]
    types = [getattr(rows.features[name], "dtype", "") for name in there]
    if not all(kind in EXACT for kind in types) or (len(rows) == 1 and not there):
        return False
    return size > MOST_WHOLE or all(
        _is_exact(rows.features[name]) for name in rows.column_names if name not in used
    )


def _is_exact(feature: Any) -> bool:
    if isinstance(feature, dict):
        return all(map(_is_exact, feature.values()))
    inner = getattr(feature, "feature", None)
    return getattr(feature, "dtype", "") in EXACT + NUMBERS if inner is None else _is_exact(inner)


def refuse_objects(rows: Dataset, used: Sequence[str], source: str) -> None:
    """Raise UserError, naming column and row, where a used column holds no text or number."""
    import datasets

    for name in used:
        if name in rows.column_names and not isinstance(rows.features[name], datasets.Value):
            _refuse_objects(rows[name], name, source)


def _refuse_objects(cells: Iterable[Any], column: str, source: str) -> None:
    for number, cell in enumerate(cells, 1):
        if not _is_text_like(cell) and not turns_of(cell):
            raise UserError(
                f"{source} holds an object in column {column!r} of row {number}: a column of "
                "problems or answers must hold text, numbers, lists of these, or a chat's turns."
            )


def _is_text_like(cell: Any) -> bool:
    return all(
        isinstance(item, _TEXT_LIKE) for item in (cell if isinstance(cell, list) else [cell])
    )


def _from_objects(path: Path, used: Sequence[str]) -> ObjectRows:
    rows = read_objects(path)
    if not any(name.partition(".")[0] in row for row in rows for name in used):
        rows = rows_inside(rows)
    for name in used:
        _refuse_objects((row.get(name) for row in rows), name, f"The file {path}")
    return ObjectRows([{cell_text(name): cell for name, cell in row.items()} for row in rows])
