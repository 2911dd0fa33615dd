"""The files that follow from the trees: tree.jsonl itself, and one for each format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from evolvemcts4rl.exports.choice import ExportOptions
from evolvemcts4rl.labels.judge_rates import Panel
from evolvemcts4rl.labels.labelling import (
    LabelledTree,
    keep_supported_reasoning,
    learn_panel,
    learn_rates,
    relabel,
)
from evolvemcts4rl.labels.planted import KnownCase, KnownVerdicts, known_cases
from evolvemcts4rl.labels.rates import Rates
from evolvemcts4rl.output.export_files import ExportFiles
from evolvemcts4rl.output.jsonl import (
    Row,
    atomic_write,
    encode_row,
    read_in_order,
    read_rows,
)
from evolvemcts4rl.output.run_files import PROBLEMS, TREES
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.answer_certainty import learn_certainty
from evolvemcts4rl.tree import Tree


class TreeFiles:
    """The trees of a run and the files that are made from them; none with --evolve_only."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self.wanted = not settings.evolution.evolve_only
        formats = settings.files.formats if self.wanted else ()
        self.exports = ExportFiles(folder, formats, ExportOptions.of(settings))

    @property
    def names(self) -> list[str]:
        """Return the names of all these files."""
        return [TREES, *self.exports.names] if self.wanted else []

    def keep_formats(self) -> None:
        """Add the formats that the folder has already, so that all its files stay up to date."""
        if self.wanted:
            self.exports.keep_those_there()

    def trees(self) -> Iterator[Tree]:
        """Yield every tree of the run."""
        return (Tree.from_json(row) for row in read_rows(self._folder / TREES))

    def missing(self, problems: Iterable[Problem]) -> set[str]:
        """Return the ids of the problems whose trees should be there and are not."""
        if not self.wanted:
            return set()
        there = {row["question_id"] for row in read_rows(self._folder / TREES)}
        return {
            problem.question_id
            for problem in problems
            if problem.has_tree and problem.question_id not in there
        }

    def encoded(self, problem: Problem, tree: Tree | None) -> Iterator[tuple[str, bytes]]:
        """Yield the name of each file and what this problem adds to it."""
        if tree:
            yield TREES, encode_row(tree.to_json())
        yield from self.exports.encoded(problem, LabelledTree(tree) if tree else None)

    def rewrite_exports(self, trees: Iterable[Tree]) -> Iterator[LabelledTree]:
        """Write the file of each format anew, and yield the trees."""
        with self.exports.made_anew() as files:
            for labelled_tree in map(LabelledTree, trees):
                files.add_tree(labelled_tree)
                yield labelled_tree
            for row in read_rows(self._folder / PROBLEMS):
                files.add_problem(Problem.from_json(row))

    def problems_with_certainty(self) -> Iterator[Row]:
        """Yield the problems in order; what is learned of the vote says how sure the voted are."""
        solutions = self._settings.search.num_solutions
        certainty = learn_certainty(self._problems(), solutions)
        for problem in map(Problem.from_json, read_in_order(self._folder / PROBLEMS)):
            if problem.is_voted and problem.agreement is not None:
                chance = certainty.of_voted(problem, solutions)
                problem = replace(problem, p_answer=chance)
            yield problem.to_json()

    def known_cases(self, worked: Sequence[KnownCase]) -> list[KnownCase]:
        """Return the cases with a known truth that the judges are asked about at a run's end."""
        return known_cases(self._in_order(), worked, self._settings.search.random_seed)

    def learned(self, known: KnownVerdicts | None) -> tuple[Rates | None, Panel | None]:
        """Return what the trees teach of the model and of the judges; only the belief learns.

        `known` is what the judges said of cases whose truth is known.
        """
        if self._settings.search.estimator != "belief":
            return None, None
        rates = learn_rates(self._in_order())
        return rates, learn_panel(self._in_order(), rates, known.verdicts) if known else None

    def relabel(self, rates: Rates | None, panel: Panel | None) -> Iterator[LabelledTree]:
        """Label the trees with these rates, write every file, and yield the trees in order."""
        if not (self._folder / TREES).exists():  # --evolve_only
            return
        with atomic_write(self._folder / TREES) as file:
            for labelled_tree in self.rewrite_exports(self._relabelled(rates, panel)):
                file.write(encode_row(labelled_tree.tree.to_json()))
                yield labelled_tree

    def _problems(self) -> Iterator[Problem]:
        return (Problem.from_json(row) for row in read_rows(self._folder / PROBLEMS))

    def _in_order(self) -> Iterator[Tree]:
        return (Tree.from_json(row) for row in read_in_order(self._folder / TREES))

    def _relabelled(self, rates: Rates | None, panel: Panel | None) -> Iterator[Tree]:
        doubts = {
            problem.question_id: problem.p_answer
            for problem in self._problems()
            if problem.is_voted and problem.has_tree and problem.p_answer is not None
        }
        for tree in self._in_order():
            tree.p_answer = doubts.get(tree.question_id, 1.0)
            if rates is not None:
                relabel(tree, rates, self._settings.search.confidence, panel=panel)
            keep_supported_reasoning(tree)
            yield tree
