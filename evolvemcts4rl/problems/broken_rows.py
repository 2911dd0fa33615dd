"""A copy of a file of rows without those that cannot be read: --skip_broken_rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import orjson

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.csv_options import separator_of
from evolvemcts4rl.problems.file_scan import MOST_LINE


def copy_without_broken_rows(path: Path, loader: str, copy: Path) -> list[int]:
    """Write the rows that can be read to `copy`; return the numbers of the lines left out.

    A file whose rows are not a line each is copied whole: no line of it can be left out.
    """
    try:
        return _copy_csv(path, copy) if loader == "csv" else _copy_json(path, copy)
    except OSError as error:
        raise UserError(f"The file {path} cannot be read ({error.strerror}).") from None


def _copy_json(path: Path, copy: Path) -> list[int]:
    broken: list[int] = []
    rows = 0
    with copy.open("wb") as kept:
        for number, line in _lines(path):
            text = b"?" if line is None else line.strip()
            if not (rows or broken) and (text == b"{" or text.startswith(b"[")):
                break  # a pretty-printed object, or an array
            if line is not None and _is_row(line):
                rows += 1
                kept.write(line.removesuffix(b"\n") + b"\n")
            elif text:
                broken.append(number)
    if rows:
        return broken
    copy.unlink()
    copy.symlink_to(path.resolve())
    return []


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Yield every line with its number from 1; None for one that is too long to be read."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MOST_LINE + 1):
            number += 1
            too_long = len(line) > MOST_LINE
            rest = line
            while too_long and rest and not rest.endswith(b"\n"):
                rest = file.readline(MOST_LINE)
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            yield number, None if too_long else text


def _is_row(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _copy_csv(path: Path, copy: Path) -> list[int]:
    broken: list[int] = []
    with (
        path.open(newline="", encoding="utf-8-sig", errors="replace") as file,
        copy.open("w", newline="", encoding="utf-8") as kept,
    ):
        separator = separator_of(file.readline())
        file.seek(0)
        reader = csv.reader(file, delimiter=separator)
        writer = csv.writer(kept, delimiter=separator)
        names = next(reader, [])
        writer.writerow(names)
        while True:
            number = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return broken
            except csv.Error:
                row = [""] * (len(names) + 1)
            whole = len(row) <= len(names) and not any(
                "\ufffd" in cell or "\0" in cell for cell in row
            )
            if whole:
                writer.writerow(row)
            else:
                broken.append(number)
