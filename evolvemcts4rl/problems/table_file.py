"""Read a file of rows: JSON, JSON Lines, pretty-printed objects one after another, CSV or Parquet.

`datasets` reads what it knows. A file of text is looked through first, for what would end a parser.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import decimal
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from evolvemcts4rl.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

LOADERS = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}
CHUNK = 1 << 20
MOST_LINE = 16 << 20  # bytes; parsing a line takes eleven times its size
MOST_WHOLE = 256 << 20  # bytes of a file that is not a row a line: it takes seven times its size
MOST_DEPTH = 64  # nested brackets; the parser of `datasets` overflows its stack at some depth
EXACT = ("string", "large_string", "int64", "bool", "null")  # types that keep what the JSON says
_TEXT_LIKE = (str, int, float, decimal.Decimal, datetime.date, datetime.time, type(None))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def read_table(path: Path, used: Sequence[str]) -> tuple[Dataset, str]:
    """Return the rows of a file and the SHA-256 of its bytes.

    Raises UserError, naming the file, where it cannot be read or one of the `used` columns holds
    what is no text. Nothing is cached: the same size and time need not be the same content.
    """
    loader = LOADERS.get(path.suffix.lower(), "json")
    try:
        scan = _Scan(path, loader)
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}).") from None
    if scan.is_empty:
        raise UserError(f"The file {path} is empty: it needs at least one problem.")
    if loader == "json" and not scan.is_shallow:
        return _from_objects(path, used), scan.digest
    return _load(path, loader, used), scan.digest


def cell_text(cell: Any) -> str:
    """Return a cell as text, a list's items joined by commas; a missing one, or NaN, is empty."""
    if isinstance(cell, list):
        return ", ".join(map(cell_text, cell))
    if cell is None or cell != cell:
        return ""
    # Half a character, which JSON can hold and no UTF-8 file.
    return str(cell).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Scan:
    """What must be known of a file before a parser sees it, read in chunks.

    Raises UserError for a text that is not UTF-8, holds a NUL, or has a line too long to parse.
    """

    def __init__(self, path: Path, loader: str) -> None:
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line, self._line_bytes = 1, 0
        self._depth, self._in_text, self._held = 0, 0, b""
        self.is_shallow, self.is_empty = True, True
        hasher = hashlib.sha256()
        with path.open("rb") as file:
            whole = loader == "json" and _is_array(file)
            if whole and path.stat().st_size > MOST_WHOLE:
                raise _too_large(path)
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                self.is_empty = False
                if loader == "parquet":
                    continue
                if loader == "json" and self.is_shallow:
                    self._follow_brackets(chunk)
                self._check_text(chunk, MOST_WHOLE if whole else MOST_LINE)
            if loader != "parquet":
                self._decode(b"", last=True)
        self.digest = hasher.hexdigest()

    def _check_text(self, chunk: bytes, longest: int) -> None:
        self._decode(chunk)
        if (nul := chunk.find(0)) >= 0:
            line = self._line + chunk.count(b"\n", 0, nul)
            raise UserError(
                f"The file {self._path} holds a NUL byte in line {line}: it is not a file of text."
            )
        self._line += chunk.count(b"\n")
        end = chunk.rfind(b"\n")
        self._line_bytes = len(chunk) - end - 1 + (self._line_bytes if end < 0 else 0)
        if self._line_bytes > longest:
            raise UserError(
                f"The file {self._path} has more than {longest >> 20} MB in line {self._line}: "
                "write each problem on a line of its own."
            )

    def _decode(self, chunk: bytes, last: bool = False) -> None:
        try:
            self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            line = self._line + error.object.count(b"\n", 0, error.start)
            raise UserError(
                f"The file {self._path} is not UTF-8 in line {line}: save it as UTF-8 text."
            ) from None

    def _follow_brackets(self, chunk: bytes) -> None:
        """Count how deep brackets nest outside of texts, none of which may hold a line's end."""
        text = (self._held + chunk).replace(rb"\\", b"").replace(rb"\"", b"")
        # A backslash at the end may escape what the next chunk begins with.
        self._held = b"\\" if text.endswith(b"\\") else b""
        parts = text.removesuffix(b"\\").split(b'"')
        outside, inside = parts[self._in_text :: 2], parts[1 - self._in_text :: 2]
        self._in_text ^= (len(parts) - 1) % 2
        brackets = np.frombuffer(b"".join(outside).translate(None, _NOT_BRACKETS), np.uint8)
        heights = self._depth + np.cumsum(
            np.where((brackets == ord("[")) | (brackets == ord("{")), 1, -1)
        )
        self._depth = int(heights[-1]) if len(heights) else self._depth
        deepest = int(heights.max(initial=0))
        self.is_shallow = deepest <= MOST_DEPTH and not any(b"\n" in part for part in inside)


def _is_array(file: BinaryIO) -> bool:
    """Return whether a file of JSON begins with an array."""
    beginning = file.read(CHUNK).removeprefix(codecs.BOM_UTF8).lstrip()
    file.seek(0)
    return beginning.startswith(b"[")


def _too_large(path: Path) -> UserError:
    return UserError(
        f"The file {path} is JSON of more than {MOST_WHOLE >> 20} MB that is not a row a line: "
        "write it as JSON Lines, each problem on a line of its own."
    )


def _load(path: Path, loader: str, used: Sequence[str]) -> Dataset:
    """Return the rows as `datasets` reads them.

    Read object by object are forms that it does not know, and columns in which it would change
    what stands there: dates, and numbers of many digits.
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
            return _from_objects(path, used)
    types = [
        getattr(rows.features[name], "dtype", "") for name in used if name in rows.column_names
    ]
    if loader == "json" and not all(kind in EXACT for kind in types):
        return _from_objects(path, used)
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
    """Return what keeps every cell the text that it is: no 7 of 007, nothing missing of None."""
    import datasets

    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        if len(set(names)) < max(len(names), 1):
            raise ValueError("its first line must name the columns, each once")
        for row in reader:
            # A comma in a text without quotes: `datasets` would shift the columns and say nothing.
            if len(row) > len(names):
                raise ValueError(
                    f"more fields in line {reader.line_num} than columns: quote texts that hold "
                    f"commas"
                )
    if reader.line_num < 2:
        raise ValueError("it has no rows below the names of its columns")
    text = datasets.Value("string")
    return {"features": datasets.Features(dict.fromkeys(names, text)), "keep_default_na": False}


def _from_objects(path: Path, used: Sequence[str]) -> Dataset:
    import datasets

    rows = _objects(path)
    for name in used:
        _refuse_objects((row.get(name) for row in rows), name, f"The file {path}")
    names = dict.fromkeys(name for row in rows for name in row)
    # All as text, since a column may mix numbers, text and lists; no other objects are needed.
    return datasets.Dataset.from_list(
        [{cell_text(name): _cell_or_none(row.get(name)) for name in names} for row in rows]
    )


def _cell_or_none(cell: Any) -> str | None:
    return cell_text(cell) if _is_text_like(cell) else None


def _objects(path: Path) -> list[dict[str, Any]]:
    """Return JSON objects one after another, however many lines each has."""
    if path.stat().st_size > MOST_WHOLE:
        raise _too_large(path)
    decoder, rows, position = json.JSONDecoder(), [], 0
    try:
        text = path.read_text(encoding="utf-8-sig")
        while rest := text[position : position + 1]:
            if rest in " \t\r\n,":
                position += 1
                continue
            value, position = decoder.raw_decode(text, position)
            rows += value if isinstance(value, list) else [value]
    except RecursionError:
        raise UserError(
            f"The file {path} is not JSON of problems: its brackets nest too deep."
        ) from None
    except json.JSONDecodeError as error:
        line = _broken_line(text) or error.lineno
        raise UserError(f"The file {path} is not JSON in line {line}: {error.msg}.") from None
    except ValueError:  # Python reads no longer ones, since that would take too long
        most = sys.get_int_max_str_digits()
        raise UserError(
            f"The file {path} holds a number of more than {most} digits: "
            "write it as a text, in quotes."
        ) from None
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"The file {path} must hold objects with named columns, not bare values.")
    return rows


def _broken_line(text: str) -> int | None:
    """Return the number of the first line that is not JSON; None where rows are not one a line.

    Parsed as a whole, a row that breaks off is only noticed in the next line.
    """
    rows_a_line = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                json.loads(line)
            except (ValueError, RecursionError):
                return number if rows_a_line else None
            rows_a_line = True
    return None


def first_line(error: BaseException) -> str:
    """Return what went wrong, without the loader's own frame around it."""
    error = error.__cause__ or error
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
