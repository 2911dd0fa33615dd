"""Read a file of rows: JSON, JSON Lines, pretty-printed objects one after another, CSV or Parquet.

`datasets` reads what it can. A file of text is first looked through for what would crash it.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.file_scan import FileScan
from evolvemcts4rl.problems.json_objects import read_objects

if TYPE_CHECKING:
    from datasets import Dataset

LOADERS = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}
EXACT = ("string", "large_string", "int64", "bool", "null")  # types that keep what the JSON says
_TEXT_LIKE = (str, int, float, decimal.Decimal, datetime.date, datetime.time, type(None))


def read_table(path: Path, used: Sequence[str], nested: Sequence[str] = ()) -> tuple[Dataset, str]:
    """Return the rows of a file and the SHA-256 of its bytes.

    The `nested` columns may hold lists and objects; where the file is read object by object, these
    stand there as JSON. Raises UserError, naming the file, where it cannot be read or one of the
    `used` columns holds what is no text. Nothing is cached: the same size and time need not be the
    same content.
    """
    loader = LOADERS.get(path.suffix.lower(), "json")
    try:
        scan = FileScan(path, loader)
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}).") from None
    if scan.is_empty:
        raise UserError(f"The file {path} is empty: it needs at least one problem.")
    if loader == "json" and not scan.is_shallow:
        return _from_objects(path, used, nested), scan.digest
    return _load(path, loader, used, nested), scan.digest


def cell_text(cell: Any) -> str:
    """Return a cell as text, a list's items joined by commas; a missing one, or NaN, is empty."""
    if isinstance(cell, list):
        return ", ".join(map(cell_text, cell))
    if cell is None or cell != cell:
        return ""
    # JSON can hold half of a surrogate pair, which UTF-8 cannot encode.
    return str(cell).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _load(path: Path, loader: str, used: Sequence[str], nested: Sequence[str]) -> Dataset:
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
            options = _csv_options(path) if loader == "csv" else {}
            rows = read(str(name), cache_dir=folder, **options)
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
            return _from_objects(path, used, nested)
    types = [
        getattr(rows.features[name], "dtype", "") for name in used if name in rows.column_names
    ]
    if loader == "json" and not all(kind in EXACT for kind in types):
        return _from_objects(path, used, nested)
    refuse_objects(rows, used, f"The file {path}")
    return rows


def refuse_objects(rows: Dataset, used: Sequence[str], source: str) -> None:
    """Raise UserError, naming column and row, where a used column holds no text or number."""
    import datasets

    for name in used:
        if name in rows.column_names and not isinstance(rows.features[name], datasets.Value):
            _refuse_objects(rows[name], name, source)


def _refuse_objects(cells: Iterable[Any], column: str, source: str) -> None:
    for number, cell in enumerate(cells, 1):
        if not _is_text_like(cell):
            raise UserError(
                f"{source} holds an object in column {column!r} of row {number}: a column of "
                f"problems or "
                "answers must hold text, numbers, or lists of these."
            )


def _is_text_like(cell: Any) -> bool:
    return all(
        isinstance(item, _TEXT_LIKE) for item in (cell if isinstance(cell, list) else [cell])
    )


def _csv_options(path: Path) -> dict[str, Any]:
    """Return the options that keep every cell as its text: 007 is not 7, None is not missing."""
    import datasets

    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        if len(set(names)) < max(len(names), 1):
            raise ValueError("its first line must name the columns, each once")
        for row in reader:
            # A text with a comma lacks its quotes: `datasets` would shift the columns silently.
            if len(row) > len(names):
                raise ValueError(
                    f"more fields in line {reader.line_num} than columns: quote texts that hold "
                    f"commas"
                )
    if reader.line_num < 2:
        raise ValueError("it has no rows below the names of its columns")
    text = datasets.Value("string")
    return {"features": datasets.Features(dict.fromkeys(names, text)), "keep_default_na": False}


def _from_objects(path: Path, used: Sequence[str], nested: Sequence[str]) -> Dataset:
    import datasets

    rows = read_objects(path)
    for name in used:
        _refuse_objects((row.get(name) for row in rows), name, f"The file {path}")
    names = dict.fromkeys(name for row in rows for name in row)

    # All cells as text, since a column may mix numbers, text and lists; other objects become None.
    def text_of(row: dict[str, Any], name: str) -> str | None:
        cell = row.get(name)
        if name in nested and isinstance(cell, list | dict):
            return json.dumps(cell)
        return cell_text(cell) if _is_text_like(cell) else None

    return datasets.Dataset.from_list(
        [{cell_text(name): text_of(row, name) for name in names} for row in rows]
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's cause, where it has one, else of the error."""
    error = error.__cause__ or error
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
