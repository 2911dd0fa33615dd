"""A run's folder: rows are written as problems end, and mended when the run goes on."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import IO, Any

from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.chat.roles import roles_of
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.labels.judge_rates import Panel
from evolvemcts4rl.labels.labelling import (
    LabelledTree,
    judges_agree,
    keep_supported_reasoning,
    learn_panel,
    learn_rates,
    relabel,
    witnesses_agree,
)
from evolvemcts4rl.labels.planted import KnownCase, KnownVerdicts, known_cases
from evolvemcts4rl.labels.rates import Rates
from evolvemcts4rl.output import exports
from evolvemcts4rl.output.decided import Decided
from evolvemcts4rl.output.jsonl import (
    Row,
    atomic_write,
    encode_row,
    encode_rows,
    read_in_order,
    read_rows,
    unique_rows,
    write_all,
)
from evolvemcts4rl.output.run_files import (
    JOURNAL,
    PROBLEMS,
    REPORT,
    SETTINGS,
    SUMMARY,
    TREES,
    delete_run,
    refuse_inputs,
    refuse_strangers,
)
from evolvemcts4rl.output.run_identity import (
    folder_of,
    identity_of,
    refuse_other_run,
    settings_json,
    steps_were_cut_otherwise,
)
from evolvemcts4rl.output.spending import spending, with_money
from evolvemcts4rl.output.summary import LabelCounts, summarise
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.report.page import most_instructive, write_report
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.answer_certainty import learn_certainty
from evolvemcts4rl.tree import Tree

log = logging.getLogger(__name__)


class RunFolder:
    """The files of one run.

    Each row is one write. A last line that a killed run left torn is dropped, and its problem is
    done again.
    """

    def __init__(self, settings: Settings, seed_digest: str) -> None:
        self.path = folder_of(settings)
        self._settings = settings
        self._identity = identity_of(settings, seed_digest)
        self._formats = () if settings.evolution.evolve_only else settings.files.formats
        self._files: dict[str, IO[bytes]] = {}

    @property
    def begun(self) -> bool:
        """Whether an earlier life of this run left something."""
        return (self.path / SETTINGS).is_file()

    def check(self) -> None:
        """Raise UserError where this run cannot be in the folder; nothing is written before.

        It cannot where the folder holds a run with other settings, files that no run made, or an
        input of this run.
        """
        refuse_inputs(self.path, self._settings)
        if not self.begun:
            refuse_strangers(self.path)
        else:
            refuse_other_run(self.path / SETTINGS, self._identity, self._settings.files.overwrite)

    @property
    def complete(self) -> bool:
        """Whether an earlier life brought every problem to its end, and none failed."""
        if self._settings.files.overwrite or not (self.path / SUMMARY).is_file():
            return False
        try:
            summary = self.read_summary()
            unfinished = not summary["complete"] or summary["problems"].get("failed")
        except (ValueError, KeyError, TypeError):  # a damaged summary is made anew
            return False
        if unfinished:
            return False
        counts = collections.Counter(problem.status for problem in self.problems())
        return counts == summary["problems"] and not self._without_tree(self.problems())

    @property
    def continuation(self) -> str:
        """How the run in the folder continues prefixes, which no later life changes."""
        kept = json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))
        return str(kept.get("continuation", self._settings.model.continuation))

    def open(self, continuation: str) -> tuple[Journal, Decided]:
        """Make or mend the folder; return its journal and the problems that are decided.

        Problems that failed and problems whose trees were lost are not decided: they are done
        again. `continuation` goes into the settings of a new run. Raises UserError where the folder
        cannot be made or another process holds it.
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
        self._keep_formats()
        if not self.begun:
            self.write_json(SETTINGS, settings_json(self._settings, self._identity, continuation))
        elif steps_were_cut_otherwise(self.path / SETTINGS):
            log.warning(
                "%s was begun by a version that cut its solutions into other steps: what it has "
                "finished stays, and some rollouts of what was under way are bought again",
                self.path,
            )
        (self.path / SUMMARY).unlink(missing_ok=True)
        self._mend_rows()
        trees = [] if self._settings.evolution.evolve_only else [TREES]
        for name in [PROBLEMS, *trees, *(f"{name}.jsonl" for name in self._formats)]:
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
        self._keep_formats()
        if not self._settings.evolution.evolve_only:
            (self.path / TREES).touch()
        before, labels = self.read_summary(), LabelCounts()
        shown = most_instructive(_counted(self._write_exports(self.trees()), labels))
        prices = self._settings.model.prices
        bought = with_money(before, prices) if prices else {}
        summary = before | summarise(self.problems(), labels, bought)
        summary["judges"] = before.get("judges", summary["judges"])
        self._write_report(summary, shown)
        self.write_json(SUMMARY, summary)
        journal.close()

    def write(self, problem: Problem, tree: Tree | None = None) -> None:
        """Write all rows of a problem that has come to its end.

        Its row in problems.jsonl comes last, since it says that the others are there.
        """
        if tree:
            write_all(self._files[TREES], encode_row(tree.to_json()))
            labelled_tree = LabelledTree(tree)
            for name, rows in self._exports().items():
                write_all(self._files[f"{name}.jsonl"], encode_rows(rows(labelled_tree)))
        write_all(self._files[PROBLEMS], encode_row(problem.to_json()))

    def known_cases(self, worked: Sequence[KnownCase]) -> list[KnownCase]:
        """Return the cases with a known truth that the judges are asked about at a run's end."""
        trees = (Tree.from_json(row) for row in read_in_order(self.path / TREES))
        return known_cases(trees, worked, self._settings.search.random_seed)

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
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._decided.close()
        labels, rates, panel = LabelCounts(), None, None
        if complete:
            self._rewrite(PROBLEMS, map(Problem.to_json, self._with_certainty()))
            if self._settings.search.estimator == "belief":
                rates = learn_rates(Tree.from_json(row) for row in read_in_order(self.path / TREES))
                if known:
                    trees = (Tree.from_json(row) for row in read_in_order(self.path / TREES))
                    panel = learn_panel(trees, rates, known.verdicts)
            labelled_trees = self._relabelled_trees(rates, panel)
        else:
            labelled_trees = map(LabelledTree, self.trees())
        shown = most_instructive(_counted(labelled_trees, labels))
        bought = spending(
            journal.totals(),
            journal.totals_of_roles(),
            roles_of(self._settings),
            self._settings.model.prices,
        )
        summary = summarise(self.problems(), labels, bought)
        life = {
            "complete": complete,
            "seconds": round(seconds, 1),
            "comparisons_timed_out": timed_out,
        }
        summary = life | summary | {"rates": rates and rates.summary()}
        if known and panel:
            summary["judges"] = _told_of_judges(summary["judges"], known, panel)
        self._write_report(summary, shown)
        self.write_json(SUMMARY, summary)
        journal.close()

    def read_summary(self) -> dict[str, Any]:
        """Return what summary.json says."""
        summary: dict[str, Any] = json.loads((self.path / SUMMARY).read_text(encoding="utf-8"))
        return summary

    def trees(self) -> Iterator[Tree]:
        """Yield every tree of the run."""
        return (Tree.from_json(row) for row in read_rows(self.path / TREES))

    def problems(self) -> Iterator[Problem]:
        """Yield every decided problem of the run."""
        return (Problem.from_json(row) for row in read_rows(self.path / PROBLEMS))

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file, whole or not at all."""
        with atomic_write(self.path / name) as file:
            file.write(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")

    def _mend_rows(self) -> None:
        """Keep the rows of the decided problems alone, each once, and set `_decided`."""
        self._keep_decided(self._without_tree(self.problems()))
        if not self._settings.evolution.evolve_only:
            rows = (
                row for row in read_rows(self.path / TREES) if row["question_id"] in self._decided
            )
            self._rewrite(TREES, unique_rows(rows))
        for _ in self._write_exports(self.trees()):
            pass

    def _keep_decided(self, lost: Set[str]) -> None:
        """Drop the rows of failed problems and of those whose trees are `lost`; set `_decided`."""
        kept = (
            row
            for row in read_rows(self.path / PROBLEMS)
            if row["status"] != Status.FAILED and row["question_id"] not in lost
        )
        self._rewrite(PROBLEMS, unique_rows(kept))
        self._decided = Decided(self.path / PROBLEMS)

    def _append_to(self, name: str) -> IO[bytes]:
        return (self.path / name).open("ab", buffering=0)

    def _write_report(self, summary: dict[str, Any], shown: list[Tree]) -> None:
        told = {"run": self.path.name, "resume_command": self._settings.resume_command}
        with atomic_write(self.path / REPORT) as file:
            page = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            write_report(page, summary | told, self.problems, shown)
            page.detach()

    def _exports(self) -> dict[str, Callable[..., Iterator[Row]]]:
        rows = {name: exports.ROWS[name] for name in self._formats}
        if self._settings.files.solutions_column is not None:
            for name in {*rows} & {*exports.WITH_IDS}:
                rows[name] = partial(rows[name], ids=True)
        if "prm" in rows:
            rows["prm"] = partial(rows["prm"], keep=self._keep())
        return rows

    def _keep(self) -> exports.Keep | None:
        if self._settings.files.keep == "all":
            return None
        # The published estimators give no chances that verdicts could move.
        return witnesses_agree if self._settings.search.estimator == "belief" else judges_agree

    def _with_certainty(self) -> Iterator[Problem]:
        """Yield the problems in order; what is learned of the vote says how sure the voted are."""
        solutions = self._settings.search.num_solutions
        certainty = learn_certainty(self.problems(), solutions)
        for problem in map(Problem.from_json, read_in_order(self.path / PROBLEMS)):
            if problem.is_voted and problem.agreement is not None:
                chance = certainty.of_voted(problem, solutions)
                problem = replace(problem, p_answer=chance)
            yield problem

    def _relabelled_trees(self, rates: Rates | None, panel: Panel | None) -> Iterator[LabelledTree]:
        """Label the trees with these rates, write every file, and yield the trees in order."""
        if not (self.path / TREES).exists():  # --evolve_only
            return
        with atomic_write(self.path / TREES) as file:
            for labelled_tree in self._write_exports(self._relabelled(rates, panel)):
                file.write(encode_row(labelled_tree.tree.to_json()))
                yield labelled_tree

    def _relabelled(self, rates: Rates | None, panel: Panel | None) -> Iterator[Tree]:
        doubts = {
            problem.question_id: problem.p_answer
            for problem in self.problems()
            if problem.is_voted and problem.has_tree and problem.p_answer is not None
        }
        for row in read_in_order(self.path / TREES):
            tree = Tree.from_json(row)
            tree.p_answer = doubts.get(tree.question_id, 1.0)
            if rates is not None:
                relabel(tree, rates, self._settings.search.confidence, panel=panel)
            keep_supported_reasoning(tree)
            yield tree

    def _write_exports(self, trees: Iterable[Tree]) -> Iterator[LabelledTree]:
        """Write every file that is a function of the trees, and yield the trees."""
        with contextlib.ExitStack() as stack:
            files = {
                name: stack.enter_context(atomic_write(self.path / f"{name}.jsonl"))
                for name in self._formats
            }
            for labelled_tree in map(LabelledTree, trees):
                for name, rows in self._exports().items():
                    files[name].write(encode_rows(rows(labelled_tree)))
                yield labelled_tree

    def _without_tree(self, problems: Iterable[Problem]) -> set[str]:
        """Return the ids of the problems whose trees should be there and are not."""
        if self._settings.evolution.evolve_only:
            return set()
        there = {row["question_id"] for row in read_rows(self.path / TREES)}
        return {
            problem.question_id
            for problem in problems
            if problem.has_tree and problem.question_id not in there
        }

    def _keep_formats(self) -> None:
        """Add the formats that the folder has already, so that all its files stay up to date."""
        if not self._settings.evolution.evolve_only:
            there = [name for name in FORMATS if (self.path / f"{name}.jsonl").exists()]
            self._formats = tuple(name for name in FORMATS if name in (*self._formats, *there))

    def _rewrite(self, name: str, rows: Iterable[Row]) -> None:
        with atomic_write(self.path / name) as file:
            for row in rows:
                file.write(encode_row(row))


def _told_of_judges(
    judges: dict[str, dict[str, float]], known: KnownVerdicts, panel: Panel
) -> dict[str, dict[str, float]]:
    """Return what summary.json says of the judges: what they cost and how well they judge."""
    told = {}
    for name, tokens in known.tokens.items():
        cost = judges.get(name, {"verdicts": 0, "prompt_tokens": 0, "completion_tokens": 0})
        cost["prompt_tokens"] += tokens[0]
        cost["completion_tokens"] += tokens[1]
        told[name] = cost | panel.of(name).summary()
    return told


def _counted(labelled_trees: Iterable[LabelledTree], labels: LabelCounts) -> Iterator[LabelledTree]:
    for labelled_tree in labelled_trees:
        labels.add(labelled_tree)
        yield labelled_tree
