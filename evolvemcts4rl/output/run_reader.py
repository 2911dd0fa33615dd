"""The files of a run for reading, one row at a time, as the Python API returns them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.output.jsonl import Row, read_rows
from evolvemcts4rl.output.run_files import TEST
from evolvemcts4rl.records import Problem
from evolvemcts4rl.tree import Tree

NAMES = ("problems", "tree", *FORMATS, *(f"{name}{TEST}" for name in FORMATS))


class RunFiles:
    """The folder of a run that has ended; each file is read when it is asked for, row by row."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the folder; raise UserError where no run has ended in it."""
        self.path = Path(path)
        if not (self.path / "summary.json").is_file():
            raise UserError(
                f"The folder {self.path} has no summary.json: "
                "name the folder of a run that has ended."
            )

    def __repr__(self) -> str:
        """Return the call that opens the same folder."""
        return f"RunFiles({str(self.path)!r})"

    @property
    def summary(self) -> dict[str, Any]:
        """Return what summary.json says now."""
        summary: dict[str, Any] = json.loads(
            (self.path / "summary.json").read_text(encoding="utf-8")
        )
        return summary

    def problems(self) -> Iterator[Problem]:
        """Return every problem that has ended, with its status."""
        return map(Problem.from_json, self.rows("problems"))

    def trees(self) -> Iterator[Tree]:
        """Return the tree of every problem that has one."""
        return map(Tree.from_json, self.rows("tree"))

    def rows(self, name: str) -> Iterator[Row]:
        """Return the rows of NAME.jsonl; none where the run made no such file."""
        if name not in NAMES:
            raise UserError(
                f"there is no file {name}.jsonl in a run; there are {', '.join(NAMES)}."
            )
        return read_rows(self.path / f"{name}.jsonl")
