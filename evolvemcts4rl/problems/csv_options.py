"""How a file of separated values is to be read: by comma, semicolon or tab, each cell as text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def csv_options(path: Path) -> dict[str, Any]:
    """Return the options that keep every cell as its text: 007 is not 7, None is not missing.

    Raises ValueError, with what is wrong, for a file that `datasets` would read otherwise.
    """
    import datasets

    with path.open(newline="", encoding="utf-8-sig") as file:
        separator = separator_of(file.readline())
        file.seek(0)
        reader = csv.reader(file, delimiter=separator)
        names = next(reader, [])
        if len(set(names)) < max(len(names), 1):
            raise ValueError("its first line must name the columns, each once")
        for row in reader:
            # A text with a separator lacks its quotes: `datasets` would shift the columns silently.
            if len(row) > len(names):
                raise ValueError(
                    f"more fields in line {reader.line_num} than columns: quote texts that hold "
                    f"{SEPARATORS[separator]}, or leave such rows out with --skip_broken_rows"
                )
    if reader.line_num < 2:
        raise ValueError("it has no rows below the names of its columns")
    text = datasets.Value("string")
    features = datasets.Features(dict.fromkeys(names, text))
    return {"features": features, "keep_default_na": False, "sep": separator}


def separator_of(first_line: str) -> str:
    """Return the separator that makes the most columns of a first line; of equals, the comma."""
    columns = {
        separator: len(next(csv.reader([first_line], delimiter=separator), []))
        for separator in SEPARATORS
    }
    return max(SEPARATORS, key=lambda separator: columns[separator])
