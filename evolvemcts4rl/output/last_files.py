"""The files that follow from all rows of a run: its summary, its report, Parquet and its card."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolvemcts4rl.output.card import write_card
from evolvemcts4rl.output.jsonl import atomic_write, write_json
from evolvemcts4rl.output.no_labels import why_nothing_is_labelled
from evolvemcts4rl.output.run_files import REPORT, SUMMARY
from evolvemcts4rl.output.summary import LabelCounts, summarise
from evolvemcts4rl.output.tree_files import TreeFiles
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.page import write_report
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Tree


@dataclass(frozen=True)
class LastFiles:
    """What is written once the rows of all problems are there; `problems` gives them anew."""

    path: Path
    settings: Settings
    tree_files: TreeFiles
    problems: Callable[[], Iterator[Problem]]

    def summary(
        self, labels: LabelCounts, bought: Mapping[str, Any], complete: bool
    ) -> dict[str, Any]:
        """Return what the rows say, and why a complete run has no label."""
        summary = summarise(self.problems(), labels, bought)
        why = why_nothing_is_labelled(self.problems(), labels, self.settings) if complete else None
        files = self.tree_files.exports.counts.to_json()
        return summary | {"nothing_labelled": why, "files": files}

    def write(self, summary: dict[str, Any], shown: Sequence[Tree]) -> None:
        """Write all of them, the summary last: it says that the others are there."""
        told = {"run": self.path.name, "resume_command": self.settings.resume_command}
        with atomic_write(self.path / REPORT) as file:
            page = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            write_report(page, summary | told, self.problems, shown)
            page.detach()
        self.tree_files.exports.write_parquet()
        write_card(self.path, summary, self.settings)
        write_json(self.path / SUMMARY, summary)
