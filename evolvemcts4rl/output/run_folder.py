"""A run's folder: its settings, the rows that are written as problems finish, and what makes the run go on after any end."""

from __future__ import annotations

import collections
import contextlib
import importlib.metadata
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from evolvemcts4rl.chat.addresses import without_user
from evolvemcts4rl.chat.journal import Journal, SpoiltJournal, Totals
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.labels.belief import Array, learn_rates, mean_rates
from evolvemcts4rl.labels.labelling import evidence, relabel
from evolvemcts4rl.output import exports
from evolvemcts4rl.output.jsonl import (
    Row,
    atomic_write,
    encode_row,
    encode_rows,
    line_offsets,
    read_in_order,
    read_rows,
    write_all,
)
from evolvemcts4rl.output.run_identity import folder_of, identity_of
from evolvemcts4rl.output.summary import LabelCounts, money, summarise
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.page import most_instructive, write_report
from evolvemcts4rl.settings import FORMATS, Settings
from evolvemcts4rl.tree import Tree

LIBRARIES = ("openai", "datasets", "math-verify", "rensa", "orjson", "numpy", "tqdm")
JOURNAL, SETTINGS, SUMMARY, REPORT = "completions.sqlite", "settings.json", "summary.json", "report.html"
PROBLEMS, TREES = "problems.jsonl", "tree.jsonl"


class RunFolder:
    """The files of one run. Rows go in whole, one write each; a last line that a dead run tore is dropped and done again."""

    def __init__(self, settings: Settings, seed_digest: str) -> None:
        self.path = folder_of(settings)
        self._settings = settings
        self._identity = identity_of(settings, seed_digest)
        self._formats = () if settings.evolve_only else settings.formats
        self._files: dict[str, IO[bytes]] = {}

    @property
    def begun(self) -> bool:
        """Whether an earlier life of this run left something."""
        return (self.path / SETTINGS).is_file()

    def check(self) -> None:
        """Raise UserError if the folder is of another run: one with other settings, which are named, or of none at all."""
        if self._settings.overwrite:
            return
        if not self.begun:
            # A journal alone is of a run that died in its first moment: nothing in it is taken for another question.
            strangers = [name for name in _names() if not name.startswith(JOURNAL) and (self.path / name).exists()]
            if strangers:
                raise UserError(
                    f"{self.path} holds {strangers[0]} but no {SETTINGS}, so it is not a run that can go on: "
                    "give another --output_dir, or --overwrite."
                )
            return
        try:
            before = json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))["identity"]
        except (ValueError, KeyError):
            raise UserError(f"{self.path / SETTINGS} is damaged: give another --output_dir, or --overwrite.") from None
        changed = [name for name in self._identity | before if before.get(name) != self._identity.get(name)]
        if changed:
            name = changed[0]
            flag = name if name in ("seed_digest", "prompts") else f"--{name}"
            what = {"seed_digest": "the seed file has changed", "prompts": "a file in prompts/ has changed"}.get(
                name, f"{flag} was {_shown(before.get(name))} and is now {_shown(self._identity.get(name))}"
            )
            raise UserError(
                f"{self.path} holds a run with other settings ({what}): run it with the same ones, "
                "or give another --output_dir, or --overwrite."
            )

    @property
    def complete(self) -> bool:
        """Whether an earlier life brought every problem to its end, and none failed."""
        if self._settings.overwrite or not (self.path / SUMMARY).is_file():
            return False
        try:
            summary = self.read_summary()
            unfinished = not summary["complete"] or summary["problems"].get("failed")
        except (ValueError, KeyError, TypeError):  # damaged: it is made anew, as is whatever else is missing
            return False
        if unfinished:
            return False
        counts = collections.Counter(problem.status for problem in self.problems())
        return counts == summary["problems"] and not self._without_tree(self.problems())

    @property
    def continuation(self) -> str:
        """How the run that the folder holds continues prefixes: no later life shall find its endpoint of another kind."""
        kept = json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))
        return str(kept.get("continuation", self._settings.continuation))

    def open(self, continuation: str) -> tuple[Journal, Decided]:
        """Make or mend the folder; gives its journal and the problems that are decided already.

        A new run's settings note the way in which it continues prefixes. Left out, to be done again, are those that failed and those whose trees were lost. Raises UserError if another run
        holds the folder.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.path} cannot be made ({error.strerror}): choose another --output_dir.") from None
        if self._settings.overwrite:
            self._clear()
        journal = Journal(self.path / JOURNAL)
        self._keep_formats()
        if not self.begun:
            self.write_json(SETTINGS, self._settings_json() | {"continuation": continuation})
        (self.path / SUMMARY).unlink(missing_ok=True)
        again = self._without_tree(self.problems())
        kept = (row for row in read_rows(self.path / PROBLEMS) if row["status"] != "failed")
        self._rewrite(PROBLEMS, unique_rows(row for row in kept if row["question_id"] not in again))
        self._decided = Decided(self.path / PROBLEMS)
        if not self._settings.evolve_only:
            rows = (row for row in read_rows(self.path / TREES) if row["question_id"] in self._decided)
            self._rewrite(TREES, unique_rows(rows))
        consume(self._write_exports(self.trees()))
        trees = [] if self._settings.evolve_only else [TREES]
        for name in [PROBLEMS, *trees, *(f"{name}.jsonl" for name in self._formats)]:
            self._files[name] = (self.path / name).open("ab", buffering=0)
        return journal, self._decided

    def without_failed(self) -> Decided:
        """Forget the problems that failed, so that they are done again; gives those that are decided."""
        self._files.pop(PROBLEMS).close()
        self._decided.close()
        self._rewrite(PROBLEMS, (row for row in read_rows(self.path / PROBLEMS) if row["status"] != "failed"))
        self._decided = Decided(self.path / PROBLEMS)
        self._files[PROBLEMS] = (self.path / PROBLEMS).open("ab", buffering=0)
        return self._decided

    def rebuild_exports(self) -> None:
        """Make the training files of a complete run anew, and what it cost: --formats, --keep or --prices may have changed."""
        journal = Journal(self.path / JOURNAL)
        self._keep_formats()
        consume(self._write_exports(self.trees()))
        self._remove_empty()
        if self._settings.prices:
            summary = self.read_summary()
            totals = Totals(summary["completions"], summary["prompt_tokens"], summary["completion_tokens"])
            self.write_json(SUMMARY, summary | {"money": money(totals, self._settings.prices)})
        journal.close()

    def write(self, problem: Problem, tree: Tree | None = None) -> None:
        """Write all rows of a problem that has come to its end; its row in problems.jsonl, last, says that the others are there."""
        if tree:
            write_all(self._files[TREES], encode_row(tree.to_json()))
            labelled_tree = exports.LabelledTree(tree)
            for name, rows in self._exports().items():
                write_all(self._files[f"{name}.jsonl"], encode_rows(rows(labelled_tree)))
        write_all(self._files[PROBLEMS], encode_row(problem.to_json()))

    def finish(self, complete: bool, journal: Journal, seconds: float) -> None:
        """Close the files and write the summary and the report.

        Where the run is complete, all rows are put in order of question_id, and the belief's labels written with the rates
        that the whole run has taught.
        """
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._decided.close()
        labels, rates = LabelCounts(), None
        if complete:
            self._rewrite(PROBLEMS, read_in_order(self.path / PROBLEMS))
            if self._settings.estimator == "belief":
                rates = learn_rates(evidence(Tree.from_json(row)) for row in read_in_order(self.path / TREES))
            labelled_trees = self._relabelled_trees(rates)
        else:
            labelled_trees = map(exports.LabelledTree, self.trees())
        shown = most_instructive(_counted(labelled_trees, labels))
        summary = summarise(self.problems(), labels, journal.totals(), self._settings.prices)
        summary = {"complete": complete, "seconds": round(seconds, 1)} | summary | {"rates": mean_rates(rates)}
        with atomic_write(self.path / REPORT) as file:
            page = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            write_report(page, summary | {"run": self.path.name}, self.problems, shown)
            page.detach()
        self._remove_empty()
        self.write_json(SUMMARY, summary)
        journal.close()

    def read_summary(self) -> dict[str, Any]:
        """What summary.json says."""
        summary: dict[str, Any] = json.loads((self.path / SUMMARY).read_text(encoding="utf-8"))
        return summary

    def trees(self) -> Iterator[Tree]:
        """Every tree of the run, one at a time."""
        return (Tree.from_json(row) for row in read_rows(self.path / TREES))

    def problems(self) -> Iterator[Problem]:
        """Every decided problem of the run, one at a time."""
        return (Problem.from_json(row) for row in read_rows(self.path / PROBLEMS))

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file beside and rename it, so that it is there whole or not at all."""
        with atomic_write(self.path / name) as file:
            file.write(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")

    def _exports(self) -> dict[str, Callable[[exports.LabelledTree], Iterator[Row]]]:
        rows = {name: exports.ROWS[name] for name in self._formats}
        if "prm" in rows:
            rows["prm"] = partial(exports.prm_rows, keep=self._settings.keep)
        return rows

    def _relabelled_trees(self, rates: Array | None) -> Iterator[exports.LabelledTree]:
        """The trees in order of question_id, labelled anew with these rates, and in passing every file of them made."""
        if not (self.path / TREES).exists():  # --evolve_only
            return
        with atomic_write(self.path / TREES) as file:
            for labelled_tree in self._write_exports(self._relabelled(rates)):
                file.write(encode_row(labelled_tree.tree.to_json()))
                yield labelled_tree

    def _relabelled(self, rates: Array | None) -> Iterator[Tree]:
        for row in read_in_order(self.path / TREES):
            tree = Tree.from_json(row)
            if rates is not None:
                relabel(tree, rates, self._settings.confidence)
            yield tree

    def _write_exports(self, trees: Iterable[Tree]) -> Iterator[exports.LabelledTree]:
        """Make every file anew that is a function of the trees, which are given on."""
        with contextlib.ExitStack() as stack:
            files = {name: stack.enter_context(atomic_write(self.path / f"{name}.jsonl")) for name in self._formats}
            for labelled_tree in map(exports.LabelledTree, trees):
                for name, rows in self._exports().items():
                    files[name].write(encode_rows(rows(labelled_tree)))
                yield labelled_tree

    def _without_tree(self, problems: Iterable[Problem]) -> set[str]:
        """Those of the problems that should have a tree but have none: its file was cut or lost since."""
        if self._settings.evolve_only:
            return set()
        there = {row["question_id"] for row in read_rows(self.path / TREES)}
        return {problem.question_id for problem in problems if problem.has_tree and problem.question_id not in there}

    def _keep_formats(self) -> None:
        """Take up the formats that the folder has already, so that none of its files is left behind by the trees."""
        if not self._settings.evolve_only:
            there = [name for name in FORMATS if (self.path / f"{name}.jsonl").exists()]
            self._formats = tuple(name for name in FORMATS if name in (*self._formats, *there))

    def _remove_empty(self) -> None:
        """Leave out files without a row, which `datasets` does not load."""
        for name in [PROBLEMS, TREES, *(f"{name}.jsonl" for name in FORMATS)]:
            path = self.path / name
            if path.is_file() and not path.stat().st_size:
                path.unlink()

    def _clear(self) -> None:
        """Delete the run that the folder holds, unless another process is at work in it."""
        if (self.path / JOURNAL).exists():
            with contextlib.suppress(SpoiltJournal):
                Journal(self.path / JOURNAL).close()
        for name in _names():
            (self.path / name).unlink(missing_ok=True)

    def _rewrite(self, name: str, rows: Iterable[Row]) -> None:
        with atomic_write(self.path / name) as file:
            for row in rows:
                file.write(encode_row(row))

    def _settings_json(self) -> dict[str, Any]:
        flags = asdict(self._settings) | {"base_url": [without_user(url) for url in self._settings.base_url]}
        versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
        return {"flags": flags, "identity": self._identity, "python": sys.version.split()[0], "libraries": versions}


def _names() -> list[str]:
    """Every file of a run, in the order in which they may be deleted: what says that the others are there goes first."""
    journal = [JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm"]
    return [SUMMARY, PROBLEMS, TREES, *(f"{name}.jsonl" for name in FORMATS), *journal, REPORT, SETTINGS]


def _shown(value: Any) -> str:
    return "not there" if value is None else json.dumps(value, ensure_ascii=False)


def unique_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The first row of each problem."""
    seen: set[str] = set()
    for row in rows:
        if row["question_id"] not in seen:
            seen.add(row["question_id"])
            yield row


def _counted(labelled_trees: Iterable[exports.LabelledTree], labels: LabelCounts) -> Iterator[exports.LabelledTree]:
    for labelled_tree in labelled_trees:
        labels.add(labelled_tree)
        yield labelled_tree


def consume(iterator: Iterator[Any]) -> None:
    collections.deque(iterator, maxlen=0)


class Decided(Mapping[str, Problem]):
    """The problems that earlier lives of a run have decided, by question_id: read from their file whenever they are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._places = line_offsets(self._file)

    def __getitem__(self, question_id: str) -> Problem:
        """The problem of this id. Raises KeyError."""
        self._file.seek(self._places[question_id])
        return Problem.from_json(orjson.loads(self._file.readline()))

    def __iter__(self) -> Iterator[str]:
        """Their ids, in the order of the file."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many they are."""
        return len(self._places)

    def __contains__(self, question_id: object) -> bool:
        """Whether the problem of this id is decided. Reads nothing."""
        return question_id in self._places

    def close(self) -> None:
        """Close the file: from now on only the ids are known."""
        self._file.close()
