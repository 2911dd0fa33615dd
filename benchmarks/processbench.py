"""Measure our labels on solutions whose first errors are annotated: ProcessBench's F1.

    python benchmarks/processbench.py FILE --output_dir runs/NAME --model_name … --base_url …
    python benchmarks/processbench.py FILE --run runs/NAME

The first form labels the solutions with generate.py, whose flags it takes; the second reads what
such a run has made. FILE has ProcessBench's columns (arXiv 2412.06559): id, problem, steps, label.
It states no answers: they are read off the solutions with a right one (`final_answer_correct`), or
are voted. In that our labels know more than a critic that sees the solution alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evolvemcts4rl import RunFiles, UserError, generate
from evolvemcts4rl.answers.extract import extract_answer
from evolvemcts4rl.flags import parse_settings
from evolvemcts4rl.problems.json_objects import read_objects

Row = dict[str, Any]
NEEDED = ("id", "problem", "steps", "label")
NONE = -1  # the label of a solution without an error


@dataclass(frozen=True)
class Score:
    """How well the labels name the first errors."""

    wrong: int  # solutions with an error
    found: int  # of these, with the error found exactly
    right: int  # solutions without one
    clean: int  # of these, in which none is seen
    unlabelled: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of the shares of both kinds; 0 where a kind is missing."""
        on_wrong, on_right = self.found / max(self.wrong, 1), self.clean / max(self.right, 1)
        return 2 * on_wrong * on_right / max(on_wrong + on_right, 1e-9)

    def __str__(self) -> str:
        """Return the figures in a line."""
        return (
            f"F1 {self.f1:.3f}: first error found in {self.found} of {self.wrong} wrong solutions, "
            f"none seen in {self.clean} of {self.right} right ones; {self.unlabelled} of "
            f"{self.wrong + self.right} without labels count as missed"
        )


def score(rows: Sequence[Row], found: Mapping[str, int]) -> Score:
    """Return the score of the first errors found, by the rows' ids."""
    hits = [(row["label"], found.get(str(row["id"])) == row["label"]) for row in rows]
    wrong = [hit for label, hit in hits if label != NONE]
    right = [hit for label, hit in hits if label == NONE]
    missing = sum(str(row["id"]) not in found for row in rows)
    return Score(len(wrong), sum(wrong), len(right), sum(right), missing)


def first_errors(files: RunFiles) -> dict[str, int]:
    """Return the first error of each given solution of a run, -1 for none, by its id."""
    return {
        row["solution_id"]: NONE if row["labels"][-1] else len(row["labels"]) - 1
        for row in files.rows("prm")
        if row.get("solution_id") is not None
    }


def with_answers(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as seeds: with the answer of their problem, where any row tells it."""
    answers: dict[str, str] = {}
    for row in rows:
        told = row.get("final_answer")
        if told is None and row.get("final_answer_correct"):
            told = extract_answer("\n\n".join(row["steps"]))
        if told is not None:
            answers.setdefault(row["problem"], str(told))
    return [
        {
            "id": str(row["id"]),
            "problem": row["problem"],
            "final_answer": answers.get(row["problem"]),
            "steps": row["steps"],
        }
        for row in rows
    ]


def read(path: Path, limit: int | None) -> list[Row]:
    """Return the rows of a file; raise UserError where a column is missing."""
    if not path.is_file():
        raise UserError(f"The file {path} is not there: name a file with ProcessBench's columns.")
    rows = read_objects(path)[:limit]
    for name in NEEDED:
        if not rows or any(name not in row for row in rows):
            raise UserError(
                f"The file {path} has no {name!r} in every row: it needs {', '.join(NEEDED)}."
            )
    return rows


def label(rows: Sequence[Row], name: str, flags: Sequence[str]) -> RunFiles:
    """Label the solutions of the rows with the flags of generate.py."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / f"{name}.jsonl"
        lines = [json.dumps(row) + "\n" for row in with_answers(rows)]
        seeds.write_text("".join(lines), encoding="utf-8")
        fixed = ("--seed_file", str(seeds), "--solutions_column", "steps", "--evolve_rounds", "0")
        return generate(parse_settings([*fixed, *flags]))


def main(argv: Sequence[str] | None = None) -> int:
    """Label or read a run, and print the score; return the exit code."""
    parser = argparse.ArgumentParser(
        description="ProcessBench's F1 of our labels. Other flags are those of generate.py.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, help="rows with id, problem, steps and label")
    parser.add_argument("--run", type=Path, help="the folder of a run that has labelled them")
    parser.add_argument("--rows", type=int, help="take only the first rows (all)")
    told, flags = parser.parse_known_args(argv)
    try:
        rows = read(told.file, told.rows)
        files = RunFiles(told.run) if told.run else label(rows, told.file.stem, flags)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(score(rows, first_errors(files)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
