"""The training files of a run: one or two for each format, and how many rows they have."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from evolvemcts4rl.exports.choice import Chosen, ExportOptions
from evolvemcts4rl.exports.families import is_held_out
from evolvemcts4rl.exports.formats import rows_of_problem, rows_of_tree
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.output.jsonl import atomic_write, encode_rows, read_rows
from evolvemcts4rl.output.run_files import PARQUET, TEST
from evolvemcts4rl.records import Problem


@dataclass
class ExportCounts:
    """Rows of each format, and how many were left out, by the reason."""

    rows: Counter[str] = field(default_factory=Counter)
    test_rows: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, name: str, chosen: Chosen, held_out: bool) -> None:
        """Count what one problem adds to a format."""
        (self.test_rows if held_out else self.rows)[name] += len(chosen.rows)
        self.left_out.setdefault(name, Counter()).update(chosen.left_out)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as they stand in summary.json."""
        return {
            name: {
                "rows": self.rows[name],
                "test_rows": self.test_rows[name],
                "left_out": {str(why): count for why, count in sorted(left_out.items())},
            }
            for name, left_out in self.left_out.items()
        }


class ExportFiles:
    """The files of these formats in a run's folder."""

    def __init__(self, folder: Path, formats: Sequence[str], options: ExportOptions) -> None:
        self._folder = folder
        self.formats = tuple(formats)
        self._options = options
        self.counts = ExportCounts()  # of the last time that the files were made

    @property
    def names(self) -> list[str]:
        """Return the names of all these files."""
        endings = ("", TEST) if self._options.test_share else ("",)
        return [f"{name}{ending}.jsonl" for name in self.formats for ending in endings]

    def keep_those_there(self) -> None:
        """Add the formats that the folder has already, so that all its files stay up to date."""
        there = {name for name in FORMATS if (self._folder / f"{name}.jsonl").exists()}
        self.formats = tuple(name for name in FORMATS if name in there | {*self.formats})

    def encoded(
        self, problem: Problem, labelled_tree: LabelledTree | None
    ) -> Iterator[tuple[str, bytes]]:
        """Yield the name of each file and what a problem adds to it."""
        for name in self.formats:
            rows = rows_of_problem(name, problem, self._options).rows
            if labelled_tree is not None:
                rows = rows + rows_of_tree(name, labelled_tree, self._options).rows
            yield file_of(name, problem.question_id, self._options), encode_rows(rows)

    @contextlib.contextmanager
    def made_anew(self) -> Iterator[Rewriting]:
        """Give what takes trees and problems, and put the files made of them in place at the end.

        Files of held-out rows that are no longer wanted are deleted.
        """
        with contextlib.ExitStack() as stack:
            files = {
                name: stack.enter_context(atomic_write(self._folder / name)) for name in self.names
            }
            rewriting = Rewriting(files, self.formats, self._options)
            yield rewriting
        self.counts = rewriting.counts
        for name in FORMATS:
            if f"{name}{TEST}.jsonl" not in files:
                (self._folder / f"{name}{TEST}.jsonl").unlink(missing_ok=True)

    def write_parquet(self) -> None:
        """Write the rows of a file that trainers read as Parquet in that form, too."""
        wanted = "rlvr" in self.formats
        for ending, count in (("", self.counts.rows), (TEST, self.counts.test_rows)):
            path = self._folder / f"rlvr{ending}{PARQUET}"
            if wanted and count["rlvr"]:
                from evolvemcts4rl.output.parquet_file import write_rlvr_parquet

                with atomic_write(path) as file:
                    write_rlvr_parquet(read_rows(self._folder / f"rlvr{ending}.jsonl"), file)
            else:
                path.unlink(missing_ok=True)


@dataclass
class Rewriting:
    """Training files that are being made anew."""

    files: dict[str, IO[bytes]]
    formats: Sequence[str]
    options: ExportOptions
    counts: ExportCounts = field(default_factory=ExportCounts)

    def add_tree(self, labelled_tree: LabelledTree) -> None:
        """Write what follows from a tree."""
        for name in self.formats:
            chosen = rows_of_tree(name, labelled_tree, self.options)
            self._add(name, labelled_tree.tree.question_id, chosen)

    def add_problem(self, problem: Problem) -> None:
        """Write what follows from a problem alone."""
        for name in self.formats:
            self._add(name, problem.question_id, rows_of_problem(name, problem, self.options))

    def _add(self, name: str, question_id: str, chosen: Chosen) -> None:
        held_out = is_held_out(question_id, self.options.test_share)
        self.files[file_of(name, question_id, self.options)].write(encode_rows(chosen.rows))
        self.counts.add(name, chosen, held_out)


def file_of(name: str, question_id: str, options: ExportOptions) -> str:
    """Return the name of the file of a format in which a problem's rows stand."""
    held_out = is_held_out(question_id, options.test_share)
    return f"{name}{TEST if held_out else ''}.jsonl"
