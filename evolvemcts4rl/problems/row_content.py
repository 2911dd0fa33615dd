"""What a row of a seed file holds: as JSON, and as a digest that does not depend on the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

MOST_NESTED = 32  # levels of lists and objects


def as_json(value: Any, depth: int = 0) -> Any:
    """Return what a cell or row holds as JSON can hold it, dates and the like as texts.

    What nests deeper than `datasets` could read again is left out.
    """
    if depth > MOST_NESTED:
        return None
    if isinstance(value, dict):
        return {str(name): as_json(each, depth + 1) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each, depth + 1) for each in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a hash of what the rows hold, in whatever kind of file they stand."""
    hasher = hashlib.sha256()
    for row in rows:
        held = json.dumps(_held(as_json(row)), sort_keys=True, separators=(",", ":"))
        hasher.update(held.encode() + b"\n")
    return hasher.hexdigest()


def _held(value: Any) -> Any:
    """Return what a cell holds, in the form that all kinds of files have in common.

    Rows that follow may turn whole numbers into others, and give a row empty fields.
    """
    if isinstance(value, dict):
        held = {name: _held(each) for name, each in value.items()}
        return {name: each for name, each in held.items() if each is not None}
    if isinstance(value, list):
        return [_held(each) for each in value]
    if value is None or value == "" or value != value:
        return None
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).encode("utf-8", "replace").decode()
