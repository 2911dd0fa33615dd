"""Flags from a file, given as @FILE: words as on the command line, or a run's settings.json."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.kinds import Switch
from evolvemcts4rl.settings import DEFAULTS, FLAGS

MOST_BYTES = 1_000_000
# What a settings.json notes and a repeated run does not do again: delete a run.
NOT_REPEATED = ("overwrite",)
# What making files anew does not do by itself, either.
NOT_EXPORTED = ("overwrite", "record", "push_to_hub", "private", "header", "extra_body")


def read_flag_files(argv: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the words of a command line with those of its @FILEs, and values from JSON.

    The values, by the name of the flag, are those of a file that holds a JSON object; words count
    more than they do, wherever they stand. The first word after a flag is its value: models may be
    called @org/name. Raises UserError for a file that cannot be read as either.
    """
    words: list[str] = []
    values: dict[str, Any] = {}
    before = ""
    for word in argv:
        is_file, before = word.startswith("@") and not _takes_value(before), word
        if not is_file:
            words.append(word)
            continue
        text = _read(word[1:])
        if text.lstrip().startswith("{"):
            values |= _values(word[1:], text)
        else:
            words += _words(word[1:], text)
    return words, values


def _takes_value(word: str) -> bool:
    """Return whether a word is a flag whose value follows."""
    name = word.removeprefix("--")
    return name != word and name in FLAGS and not isinstance(FLAGS[name].kind, Switch)


def flags_of_run(folder: str) -> dict[str, Any]:
    """Return the flags of the run in a folder, with those that make an export of that run.

    Flags that there are no more are left out. Raises UserError where the folder holds no run.
    """
    path = Path(folder) / "settings.json"
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))["flags"]
        flags = {
            flag: _value(flag, value)
            for flag, value in noted.items()
            if flag in FLAGS and flag not in NOT_EXPORTED
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(
            f"The folder {folder} of --export has no {path.name} of a run: name a run's folder."
        ) from None
    return flags | {"export": folder, "output_dir": folder}


def _read(name: str) -> str:
    path = Path(name)
    if path.is_dir():
        raise UserError(
            f"@{name} is a folder: name a file of flags, such as @{path / 'settings.json'}."
        )
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UserError(f"The file {name} of @{name} is too large for a file of flags.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"The file {name} of @{name} cannot be read ({error.strerror}): name a file of flags."
        ) from None
    except UnicodeDecodeError:
        raise UserError(
            f"The file {name} of @{name} is not UTF-8: save it as UTF-8 text."
        ) from None


def _words(name: str, text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        raise UserError(
            f"The file {name} of @{name} opens a quote that it does not close: write flags as on "
            "the command line."
        ) from None


def _values(name: str, text: str) -> dict[str, Any]:
    """Return the flags of a run's settings.json, or of an object that holds them alone."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"The file {name} of @{name} is not JSON: {error}.") from None
    given = given.get("flags", given)
    if not isinstance(given, dict):
        raise UserError(f"The file {name} of @{name} holds no object of flags.")
    unknown = next((flag for flag in given if flag not in FLAGS), None)
    if unknown is not None:
        raise UserError(
            f"The file {name} of @{name} has the flag {unknown!r}, which there is not "
            "(python generate.py --help lists all flags)."
        )
    return {flag: _value(flag, value) for flag, value in given.items() if flag not in NOT_REPEATED}


def _value(flag: str, value: Any) -> Any:
    """Return a value as JSON holds it as one of its flag, also one of an earlier version."""
    if isinstance(DEFAULTS[flag], tuple) and not isinstance(value, list):
        return () if value is None else (value,)
    return _as_tuple(value)


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
