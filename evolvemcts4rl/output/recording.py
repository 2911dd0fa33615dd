"""Write every completion that was asked for with its prefix, from the journal: --record."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.answers.graders import open_grader
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.chat.roles import roles_of
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.output.jsonl import atomic_write, encode_rows
from evolvemcts4rl.output.run_files import JOURNAL, RUN_FILES
from evolvemcts4rl.output.run_folder import RunFolder
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Completion, Prefix, Problem, Rollout, is_open_thought
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.rollouts import as_rollout, graded, solution_messages
from evolvemcts4rl.tree import Tree


@dataclass(frozen=True)
class Recorded:
    """A completion of a solution from a prefix: a row of a recording."""

    question_id: str
    prefix: Prefix  # () for a first solution
    index: int  # its place among the completions of this prefix
    text: str  # what the model wrote after the prefix
    answer: str | None
    verdict: bool | None
    tokens: int  # completion tokens
    finish_reason: str
    thought: str = ""  # with --label_thoughts: what the model thought before the text

    @staticmethod
    def from_json(row: dict[str, Any]) -> Recorded:
        """Return the completion of a row."""
        return Recorded(**row | {"prefix": tuple(row["prefix"])})

    def as_rollout(self, separator: str | None = None) -> Rollout:
        """Return the rollout that the run made of it."""
        completion = Completion(self.text, self.finish_reason, 0, self.tokens, self.thought)
        with_thought = bool(self.thought) or is_open_thought("".join(self.prefix))
        steps = as_rollout(self.prefix, completion, separator, with_thought=with_thought).steps
        return Rollout(steps, self.verdict, self.answer, self.tokens)


@dataclass(frozen=True)
class Recorder:
    """Reads a run's completions from its journal; `prefill` says how it continues prefixes."""

    journal: Journal
    grader: Grader
    settings: Settings
    prefill: bool

    async def completions(self, problem: Problem, prefix: Prefix) -> list[Recorded]:
        """Return all completions of a prefix that the journal has, in order of their indices."""
        kept = self.journal.get_all(self._key(problem, prefix))
        search = self.settings.search
        answer_of = partial(self.grader.answer_of, problem.question)
        rollouts = [
            as_rollout(prefix, each, search.step_separator, answer_of, search.label_thoughts)
            for each in kept.values()
        ]
        rollouts = await graded(problem, rollouts, self.grader)
        return [
            Recorded(
                problem.question_id,
                prefix,
                index,
                completion.text,
                rollout.answer,
                rollout.verdict,
                completion.completion_tokens,
                completion.finish_reason,
                completion.thought if search.label_thoughts else "",
            )
            for (index, completion), rollout in zip(kept.items(), rollouts, strict=True)
        ]

    def take_up(self, problems: Iterable[Problem], rows: Iterable[Recorded]) -> None:
        """Put the completions of a recording into the journal, so that none is bought again."""
        by_id = {problem.question_id: problem for problem in problems}
        for row in rows:
            if problem := by_id.get(row.question_id):
                completion = Completion(row.text, row.finish_reason, 0, row.tokens, row.thought)
                self.journal.put(self._key(problem, row.prefix), row.index, [completion])

    def _key(self, problem: Problem, prefix: Prefix) -> bytes:
        messages = solution_messages(problem, prefix, self.settings, self.prefill)
        return roles_of(self.settings)[0].request(self.settings.model, messages).key

    async def write(self, path: Path, problems: Iterable[Problem], trees: Iterable[Tree]) -> None:
        """Write the recording of a run; the trees stand in the order of their problems."""
        trees = iter(trees)
        tree = next(trees, None)
        with written_whole(path) as file:
            for problem in problems:
                prefixes: list[Prefix] = [] if problem.status == Status.REFUSED else [()]
                if tree and tree.question_id == problem.question_id:
                    prefixes += prefixes_of(tree)
                    tree = next(trees, None)
                for prefix in prefixes:
                    rows = await self.completions(problem, prefix)
                    file.write(encode_rows(map(vars, rows)))


async def record_run(path: Path, folder: RunFolder, settings: Settings) -> None:
    """Write the recording of all problems that are finished in a run's folder."""
    grader = await open_grader(settings.answers)
    journal = Journal(folder.path / JOURNAL)
    try:
        recorder = Recorder(journal, grader, settings, folder.continuation == "prefill")
        await recorder.write(path, folder.problems(), folder.trees())
    finally:
        grader.close()
        journal.close()


def prefixes_of(tree: Tree) -> Iterator[Prefix]:
    """Yield every prefix of a tree from which there may be rollouts, the problem itself not."""
    stack: list[tuple[Prefix, Any]] = [((), tree.root)]
    while stack:
        prefix, node = stack.pop()
        if prefix:
            yield prefix
        stack += [
            ((*prefix, child.text), child) for child in reversed(node.children) if child.children
        ]


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is there once it is whole, compressed where its name ends in .gz."""
    with atomic_write(path) as file:
        if path.suffix != ".gz":
            yield file
        else:
            # Without a name and a time, so that the same rows make the same file.
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                yield cast(IO[bytes], packed)


def read_recording(path: Path) -> Iterator[Recorded]:
    """Yield the completions of a recording."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield Recorded.from_json(json.loads(line))


def refuse_to_record(path: Path, folder: Path) -> None:
    """Raise UserError where a recording cannot be written, or would replace another file."""
    if path.absolute().parent == folder.absolute() and path.name in RUN_FILES:
        raise UserError(f"The file {path} of --record is one that the run makes: name another one.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UserError(f"The file {path} of --record cannot be written: name a file in a folder.")
    if path.exists() and not _is_recording(path):
        raise UserError(
            f"The file {path} of --record is there and is no recording: name another file."
        )


def _is_recording(path: Path) -> bool:
    try:
        next(read_recording(path), None)
    except (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError):
        return False
    return True
