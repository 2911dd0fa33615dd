"""JSON Lines files: whole rows are written, torn ones skipped, rows sorted, files replaced."""

from __future__ import annotations

import contextlib
import json
import os
import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

Row = dict[str, Any]
# Finds the id of a row without parsing the row, which may be long.
FIRST_ID = re.compile(rb'\{"question_id": ?"([\w.-]+)"')


def encode_row(row: Row) -> bytes:
    """Return a row as it stands in its file, with the line's end."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Broken servers send half an emoji in their errors: it becomes a question mark.
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def encode_rows(rows: Iterable[Row]) -> bytes:
    """Return rows as they stand in their file."""
    return b"".join(map(encode_row, rows))


def write_all(file: IO[bytes], data: bytes) -> None:
    """Write all of the data to an unbuffered file; raise OSError where the disk is full."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def line_offsets(file: IO[bytes]) -> dict[str, int]:
    """Return the byte at which each line of a file begins, by its question_id."""
    places, position = {}, 0
    for each in file:
        places[_id_of(each).decode()] = position
        position += len(each)
    return places


def _id_of(row: bytes) -> bytes:
    named = FIRST_ID.match(row)
    return named[1] if named else str(orjson.loads(row)["question_id"]).encode()


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, none where there is no file.

    Lines that are not whole are skipped: a killed run may have torn the last, a bad disk any.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        for each in file:
            if each.endswith(b"\n"):
                with contextlib.suppress(orjson.JSONDecodeError):
                    row = orjson.loads(each)
                    if isinstance(row, dict):
                        yield row


def unique_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the first row of each problem."""
    seen: set[str] = set()
    for row in rows:
        if row["question_id"] not in seen:
            seen.add(row["question_id"])
            yield row


def read_in_order(path: Path) -> Iterator[Row]:
    """Yield the rows of a file in order of question_id, none where there is no file.

    Only their ids and places are held in memory.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        for position in _places_in_order(file):
            file.seek(position)
            yield orjson.loads(file.readline())


def _places_in_order(file: IO[bytes]) -> array[int]:
    """Return the bytes at which the lines begin, in order of their question_id."""
    # The id and the place in one object each, half as large as two in a tuple.
    places: list[bytes] = []
    position = 0
    for each in file:
        places.append(_id_of(each) + b"\0" + position.to_bytes(8, "big"))
        position += len(each)
    places.sort()
    return array("Q", [int.from_bytes(place[-8:], "big") for place in places])


def rewrite(path: Path, rows: Iterable[Row]) -> None:
    """Write a file of rows, whole or not at all; the rows may be read from the file itself."""
    with atomic_write(path) as file:
        for row in rows:
            file.write(encode_row(row))


def read_json(path: Path) -> Row:
    """Return the object that a JSON file holds."""
    value: Row = json.loads(path.read_text(encoding="utf-8"))
    return value


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    with atomic_write(path) as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside the path, which is renamed to it when it is whole."""
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
