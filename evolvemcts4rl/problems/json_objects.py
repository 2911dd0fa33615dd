"""Read JSON objects one after another, however many lines each has: what `datasets` cannot read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.file_scan import MOST_WHOLE, too_large


def read_objects(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file: a row each, in order.

    Raises UserError, naming the line, where the file is not JSON of objects.
    """
    if path.stat().st_size > MOST_WHOLE:
        raise too_large(path)
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
        raise UserError(
            f"The file {path} is not JSON in line {line} ({error.msg}): mend it, or leave such "
            "rows out with --skip_broken_rows."
        ) from None
    except ValueError:  # Python reads no longer numbers, since that takes quadratic time
        most = sys.get_int_max_str_digits()
        raise UserError(
            f"The file {path} holds a number of more than {most} digits: "
            "write it as a text, in quotes."
        ) from None
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"The file {path} must hold objects with named columns, not bare values.")
    return rows


def rows_inside(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a single object that holds them in a list, as in {"data": […]}.

    Where no field, or more than one, holds a list of objects, the object is a row itself.
    """
    if len(rows) != 1:
        return rows
    lists = [
        field
        for field in rows[0].values()
        if isinstance(field, list) and field and all(isinstance(row, dict) for row in field)
    ]
    return lists[0] if len(lists) == 1 else rows


def _broken_line(text: str) -> int | None:
    """Return the number of the first line that is not JSON; None if a row takes several lines.

    Where the file is parsed as a whole, a row that breaks off is noticed only in the next line.
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
