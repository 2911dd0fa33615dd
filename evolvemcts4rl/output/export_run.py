"""Make the training files of a run anew from what its folder holds, without a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evolvemcts4rl.chat.journal import Journal, Totals
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.output.card import write_card
from evolvemcts4rl.output.hub import push, refuse_to_push
from evolvemcts4rl.output.jsonl import read_json, read_rows, unique_rows, write_json
from evolvemcts4rl.output.run_files import JOURNAL, PROBLEMS, SUMMARY, TREES
from evolvemcts4rl.output.spending import spending
from evolvemcts4rl.output.summary import LabelCounts, print_export, summarise
from evolvemcts4rl.output.tree_files import TreeFiles
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.terminal import printable
from evolvemcts4rl.tree import Tree


def export(settings: Settings) -> int:
    """Make the files of --export anew, send them where that is asked, and return the exit code."""
    folder = Path(str(settings.exports.export))
    refuse_to_push(settings)
    print_export(export_run(settings), folder)
    if settings.exports.push_to_hub:
        print(f"{'sent to':<15} {printable(push(settings, folder))}")
    return 0


def export_run(settings: Settings) -> dict[str, Any]:
    """Make all files of the run's folder anew and return what they hold, as summary.json has it.

    Raises UserError where the run made no trees, and where another process is at work in it.
    """
    folder = Path(str(settings.exports.export))
    tree_files = TreeFiles(folder, settings)
    if not tree_files.wanted:
        raise UserError(
            f"The run in {folder} was made with --evolve_only: it has no trees to make files from."
        )
    with _alone_in(folder) as totals:
        tree_files.keep_formats()
        labels = LabelCounts()
        for labelled_tree in tree_files.rewrite_exports(_finished_trees(folder)):
            labels.add(labelled_tree)
        tree_files.exports.write_parquet()
        problems = (Problem.from_json(row) for row in read_rows(folder / PROBLEMS))
        counted = summarise(problems, labels, spending(totals, {}, (), None))
        files = {"files": tree_files.exports.counts.to_json()}
        summary = {"complete": False} | counted | _summary_before(folder) | files
        if (folder / SUMMARY).is_file():
            write_json(folder / SUMMARY, summary)
        write_card(folder, summary, settings)
    return summary


def _finished_trees(folder: Path) -> Iterator[Tree]:
    """Yield the trees of problems that came to their end; a stopped run may have others."""
    finished = {
        row["question_id"] for row in read_rows(folder / PROBLEMS) if row["status"] != Status.FAILED
    }
    for row in unique_rows(read_rows(folder / TREES)):
        if row["question_id"] in finished:
            yield Tree.from_json(row)


def _summary_before(folder: Path) -> dict[str, Any]:
    """Return what summary.json says, nothing where the run has not come to one."""
    with contextlib.suppress(OSError, ValueError):
        return read_json(folder / SUMMARY)
    return {}


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[Totals]:
    """Hold the run's journal, so that no other process changes its files; give what it bought.

    The journal may be gone, as it is from runs that are handed on.
    """
    if not (folder / JOURNAL).is_file():
        yield Totals()
        return
    journal = Journal(folder / JOURNAL)
    try:
        yield journal.totals()
    finally:
        journal.close()
