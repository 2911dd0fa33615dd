"""A run's folder: rows are written as problems end, and mended when the run goes on or grows."""

from __future__ import annotations

import collections
import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import IO, Any

from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.chat.roles import roles_of
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.labels.planted import KnownCase, KnownVerdicts
from evolvemcts4rl.output.decided import Decided
from evolvemcts4rl.output.growth import RunGrowth, grow, growth_of_run, note_seed_rows, run_in
from evolvemcts4rl.output.jsonl import (
    encode_row,
    read_json,
    read_rows,
    rewrite,
    unique_rows,
    write_all,
    write_json,
)
from evolvemcts4rl.output.last_files import LastFiles
from evolvemcts4rl.output.run_files import (
    JOURNAL,
    PROBLEMS,
    REOPENED,
    SETTINGS,
    SUMMARY,
    TREES,
    delete_run,
    refuse_inputs,
    refuse_strangers,
)
from evolvemcts4rl.output.run_identity import (
    SeedRows,
    folder_of,
    identity_of,
    read_settings,
    settings_json,
)
from evolvemcts4rl.output.spending import spending, with_money
from evolvemcts4rl.output.summary import LabelCounts, told_of_judges
from evolvemcts4rl.output.tree_files import TreeFiles
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.page import most_instructive
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.steps import STEP_RULES
from evolvemcts4rl.tree import Tree

log = logging.getLogger(__name__)


class RunFolder:
    """The files of one run.

    Each row is one write. A last line that a killed run left torn is dropped, and its problem is
    done again.
    """

    def __init__(self, settings: Settings, seeds: SeedRows) -> None:
        self.path = folder_of(settings)
        self._settings = settings
        self._seeds = seeds
        self._tree_files = TreeFiles(self.path, settings)
        self._last_files = LastFiles(self.path, settings, self._tree_files, self.problems)
        self._files: dict[str, IO[bytes]] = {}
        # Evolved problems whose text was accepted before the run grew, and whose rest is open.
        self.reopened: Mapping[str, Problem] = {}

    @property
    def begun(self) -> bool:
        """Return whether an earlier life of this run left something."""
        return (self.path / SETTINGS).is_file()

    @cached_property
    def growth(self) -> RunGrowth:
        """Return what is asked for beyond what the run in the folder was.

        Raises UserError where that cannot be mixed with what the folder holds.
        """
        if self._settings.files.overwrite or not self.begun:
            return RunGrowth()
        identity = identity_of(self._settings, self._seeds.digest)
        return growth_of_run(self.path, identity, self._seeds)

    def check(self) -> None:
        """Raise UserError where this run cannot be in the folder; nothing is written before.

        It cannot where the folder holds a run that it neither is nor can grow from, files that no
        run made, or an input of this run.
        """
        refuse_inputs(self.path, self._settings)
        if self.begun:
            run_in(self.path)
        else:
            refuse_strangers(self.path)
        _ = self.growth

    @property
    def complete(self) -> bool:
        """Return whether an earlier life brought every problem to its end, and none failed."""
        if self._settings.files.overwrite or not (self.path / SUMMARY).is_file() or self.growth:
            return False
        try:
            summary = self.read_summary()
            unfinished = not summary["complete"] or summary["problems"].get("failed")
        except (ValueError, KeyError, TypeError):  # a damaged summary is made anew
            return False
        if unfinished:
            return False
        counts = collections.Counter(problem.status for problem in self.problems())
        return counts == summary["problems"] and not self._tree_files.missing(self.problems())

    @property
    def continuation(self) -> str:
        """Return how the run in the folder continues prefixes, which no later life changes."""
        return str(read_settings(self.path).get("continuation", self._settings.model.continuation))

    def open(self, continuation: str) -> tuple[Journal, Decided]:
        """Make or mend the folder; return its journal and the problems that are decided.

        Problems that failed, problems whose trees were lost and those that a growth reopens are not
        decided: they are done again. `continuation` goes into the settings of a new run. Raises
        UserError where the folder cannot be made or another process holds it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"The folder {self.path} cannot be made ({error.strerror}): "
                "choose another --output_dir."
            ) from None
        if self._settings.files.overwrite and self.begun:
            delete_run(self.path)
        journal = Journal(self.path / JOURNAL)
        self._tree_files.keep_formats()
        if not self.begun:
            asked_for = settings_json(self._settings, self._seeds, continuation)
            write_json(self.path / SETTINGS, asked_for)
        elif read_settings(self.path).get("step_rules") != STEP_RULES:
            log.warning(
                "%s was begun by a version that cut its solutions into other steps: what it has "
                "finished stays, and some rollouts of what was under way are bought again",
                self.path,
            )
        (self.path / SUMMARY).unlink(missing_ok=True)
        if self.growth:
            grow(self.path, self.growth, self._settings, self._seeds)
        note_seed_rows(self.path, self._settings, self._seeds)
        if (self.path / REOPENED).is_file():
            self.reopened = Decided(self.path / REOPENED)
        self._mend_rows()
        for name in [PROBLEMS, *self._tree_files.names]:
            self._files[name] = self._append_to(name)
        return journal, self._decided

    def without_failed(self) -> Decided:
        """Forget the problems that failed, so that they are done again; return the decided ones."""
        self._files.pop(PROBLEMS).close()
        self._decided.close()
        self._keep_decided(frozenset())
        self._files[PROBLEMS] = self._append_to(PROBLEMS)
        return self._decided

    def rebuild_exports(self) -> None:
        """Make all files anew that follow from the trees of a complete run.

        --formats, --keep or --prices may have changed since they were made.
        """
        journal = Journal(self.path / JOURNAL)
        self._tree_files.keep_formats()
        note_seed_rows(self.path, self._settings, self._seeds)
        if self._tree_files.wanted:
            (self.path / TREES).touch()
        before, labels = self.read_summary(), LabelCounts()
        trees = self._tree_files.rewrite_exports(self.trees())
        shown = most_instructive(labels.counting(trees))
        prices = self._settings.model.prices
        bought = with_money(before, prices) if prices else {}
        summary = before | self._last_files.summary(labels, bought, complete=True)
        summary["judges"] = before.get("judges", summary["judges"])
        self._last_files.write(summary, shown)
        journal.close()

    def write(self, problem: Problem, tree: Tree | None = None) -> None:
        """Write all rows of a problem that has come to its end.

        Its row in problems.jsonl comes last, since it says that the others are there.
        """
        for name, rows in self._tree_files.encoded(problem, tree):
            write_all(self._files[name], rows)
        write_all(self._files[PROBLEMS], encode_row(problem.to_json()))

    def known_cases(self, worked: Sequence[KnownCase]) -> list[KnownCase]:
        """Return the cases with a known truth that the judges are asked about at a run's end."""
        return self._tree_files.known_cases(worked)

    def finish(
        self,
        complete: bool,
        journal: Journal,
        seconds: float,
        timed_out: int = 0,
        known: KnownVerdicts | None = None,
    ) -> None:
        """Close the files and write the summary and the report.

        The rows of a complete run are sorted by question_id, and the labels of the belief are made
        anew with the rates that were learned from all its trees. `timed_out` counts comparisons of
        answers; `known` is what the judges said of cases whose truth is known.
        """
        self._close_files()
        labels, rates, panel = LabelCounts(), None, None
        if complete:
            (self.path / REOPENED).unlink(missing_ok=True)
            rewrite(self.path / PROBLEMS, self._tree_files.problems_with_certainty())
            rates, panel = self._tree_files.learned(known)
            labelled_trees = self._tree_files.relabel(rates, panel)
        else:
            labelled_trees = self._tree_files.rewrite_exports(self.trees())
        shown = most_instructive(labels.counting(labelled_trees))
        bought = spending(
            journal.totals(),
            journal.totals_of_roles(),
            roles_of(self._settings),
            self._settings.model.prices,
        )
        summary = self._last_files.summary(labels, bought, complete)
        life = {
            "complete": complete,
            "seconds": round(seconds, 1),
            "comparisons_timed_out": timed_out,
            "broken_seed_rows": len(self._seeds.broken_lines),
        }
        grown = read_settings(self.path).get("grown", [])
        summary = life | summary | {"rates": rates and rates.summary(), "grown": grown}
        if known and panel:
            summary["judges"] = told_of_judges(summary["judges"], known, panel)
        self._last_files.write(summary, shown)
        journal.close()

    def read_summary(self) -> dict[str, Any]:
        """Return what summary.json says."""
        return read_json(self.path / SUMMARY)

    def trees(self) -> Iterator[Tree]:
        """Yield every tree of the run."""
        return self._tree_files.trees()

    def problems(self) -> Iterator[Problem]:
        """Yield every decided problem of the run."""
        return (Problem.from_json(row) for row in read_rows(self.path / PROBLEMS))

    def _mend_rows(self) -> None:
        """Keep the rows of the decided problems alone, each once, and set `_decided`."""
        self._keep_decided(self._tree_files.missing(self.problems()))
        if self._tree_files.wanted:
            rows = (
                row for row in read_rows(self.path / TREES) if row["question_id"] in self._decided
            )
            rewrite(self.path / TREES, unique_rows(rows))
        for _ in self._tree_files.rewrite_exports(self.trees()):
            pass

    def _keep_decided(self, lost: Set[str]) -> None:
        """Drop the rows of failed problems and of those whose trees are `lost`; set `_decided`."""
        kept = (
            row
            for row in read_rows(self.path / PROBLEMS)
            if row["status"] != Status.FAILED and row["question_id"] not in lost
        )
        rewrite(self.path / PROBLEMS, unique_rows(kept))
        self._decided = Decided(self.path / PROBLEMS)

    def _append_to(self, name: str) -> IO[bytes]:
        return (self.path / name).open("ab", buffering=0)

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
        for rows in (self._decided, self.reopened):
            if isinstance(rows, Decided):
                rows.close()
