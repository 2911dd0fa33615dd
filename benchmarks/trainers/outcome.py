"""What a trainer made of a file, said by the process that ran the trainer.

A reader is a script of one framework. It runs with that framework's own Python, which has nothing
of this project's requirements, so that this module needs the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
END = "<|end|>"  # what the tiny tokenizer writes after each turn


@dataclass(frozen=True)
class Setting:
    """Where a reader finds things: the run, the tiny model, a folder to write to."""

    run: Path
    model: Path
    work: Path

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a file of the run as they stand there."""
        lines = (self.run / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@dataclass(frozen=True)
class Found:
    """How many rows of a file arrived, and of how many the labels arrived as they were meant."""

    rows: int
    read: int
    equal: int | None = None  # None where the trainer keeps nothing that could be compared
    note: str = ""


@dataclass(frozen=True)
class Check:
    """A file, how the framework is told to read it, and the reading."""

    file: str
    how: str
    act: Callable[[Setting], Found]


@dataclass(frozen=True)
class Outcome:
    """A line of the table; `error` is what a framework said that did not read the file."""

    framework: str
    file: str
    how: str
    found: Found | None = None
    error: str = ""

    @staticmethod
    def of_json(row: Row) -> Outcome:
        """Return the outcome that `report` wrote."""
        found = row.pop("found")
        return Outcome(**row, found=Found(**found) if found else None)


def report(framework: str, checks: Iterable[Check]) -> None:
    """Do the checks of a framework and write their outcomes where the command line says."""
    parser = argparse.ArgumentParser()
    for name in ("run", "model", "work", "results"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    setting = Setting(args.run, args.model, args.work)
    outcomes = [_outcome(framework, check, setting) for check in checks]
    args.results.write_text("".join(json.dumps(asdict(each)) + "\n" for each in outcomes))


def matches(found: Sequence[Any], meant: Sequence[Any]) -> int:
    """Return at how many places both say the same."""
    return sum(one == other for one, other in zip(found, meant, strict=False))


def said_by(messages: Iterable[Row], role: str = "assistant") -> list[str]:
    """Return the texts of the turns of one role."""
    return [turn["content"] for turn in messages if turn["role"] == role]


def _outcome(framework: str, check: Check, setting: Setting) -> Outcome:
    try:
        found = check.act(setting)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a framework may raise anything
        traceback.print_exc()
        said = (str(error).strip().splitlines() or [""])[0].split(" (/")[0]  # no path
        what = "not tried" if isinstance(error, ImportError) else type(error).__name__
        return Outcome(framework, check.file, check.how, error=f"{what}: {said}")
    return Outcome(framework, check.file, check.how, found)
