"""Grade by a function of the user's, in worker processes: what dies or hangs costs that verdict.

The function takes a seed's row and a completion, and returns True, False, or None for no verdict;
it may be async. `same(a, b)`, an attribute of it or a function beside it, says whether two final
answers are the same: without it no answer can be voted.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from evolvemcts4rl.answers.extract import extract_answer
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.answers.rules import SHOWN_AS_IT_IS, AnswerRules
from evolvemcts4rl.answers.workers import JobFailed, Workers, bind_worker
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.records import Problem
from evolvemcts4rl.terminal import printable

log = logging.getLogger(__name__)

LOAD_SECONDS = 120.0  # that the module may take to be imported
SHOWN = 200  # characters of an error


class Attempt(NamedTuple):
    """What the function is given beside the row: a whole completion, and the answer found in it."""

    text: str
    answer: str | None


class Judgement(NamedTuple):
    """What comes back from a worker: a verdict, and why there is none where something failed."""

    verdict: bool | None
    failure: str | None = None


class FunctionGrader(Grader):
    """Grades seeds by a function, and problems evolved from them by its `same`, if it has one."""

    reads_rows = True

    def __init__(self, name: str, limit_seconds: float, num_workers: int | None = None) -> None:
        rules = AnswerRules(
            lambda _question, text: extract_answer(text),
            SHOWN_AS_IT_IS,
            lambda one, other: True if one == other else None,
            functools.partial(same_by_function, name),
        )
        super().__init__(num_workers, limit_seconds, rules, functools.partial(prepare_worker, name))
        self.name = name
        self.failures = 0  # verdicts that are missing since the function failed
        self.last_failure: str | None = None
        self._has_same = False

    @property
    def can_vote(self) -> bool:
        """Return whether the function brings `same`; known after `check`."""
        return self._has_same

    async def check(self) -> None:
        """Import the function in a worker; raise UserError where that fails."""
        workers = Workers(1, bind_worker)
        try:
            fault, self._has_same = await workers.run(describe, (self.name,), LOAD_SECONDS)
        except JobFailed as error:
            fault = str(error)
        finally:
            workers.close()
        if fault:
            raise UserError(f"--grader {self.name} cannot be used: {printable(fault)}.")

    async def verdicts(
        self, problem: Problem, completions: Sequence[tuple[str, str | None]]
    ) -> list[bool | None]:
        """Return the function's verdict on each completion of a seed; each text is graded once."""
        if problem.parent_id is not None:
            return await super().verdicts(problem, completions)
        row = problem.seed or {}
        distinct = dict.fromkeys(completions)
        found = await asyncio.gather(*(self._grade(row, Attempt(*each)) for each in distinct))
        verdicts = dict(zip(distinct, found, strict=True))
        return [verdicts[each] for each in completions]

    async def _grade(self, row: Mapping[str, Any], attempt: Attempt) -> bool | None:
        async with self.workers.free_worker():
            try:
                judgement = await self.workers.run(
                    judge_in_worker, (self.name, row, attempt), self.limit_seconds
                )
            except JobFailed as error:
                self.timeouts += 1
                judgement = Judgement(None, str(error))
        if judgement.failure:
            self.failures += 1
            if judgement.failure != self.last_failure:
                log.warning("--grader gives no verdict: %s", printable(judgement.failure))
            self.last_failure = judgement.failure
        return judgement.verdict


def source_file(name: str) -> Path | None:
    """Return the file of a function's module, without importing it; None where none is found."""
    place = name.rpartition(":")[0]
    if place.endswith(".py"):
        return Path(place)
    inside = Path(*place.split("."))
    for folder in (Path.cwd(), *map(Path, sys.path)):
        for path in (folder / inside.with_suffix(".py"), folder / inside / "__init__.py"):
            if path.is_file():
                return path
    return None


@functools.cache
def load_function(name: str) -> Callable[..., Any]:
    """Return the function of FILE.py:NAME or MODULE:NAME, importing its module."""
    place, _, function = name.rpartition(":")
    found = getattr(_load_file(Path(place)) if place.endswith(".py") else _load(place), function)
    if not callable(found):
        raise TypeError(f"{function} is no function")
    return found  # type: ignore[no-any-return]


def _load(module: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    return importlib.import_module(module)


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    sys.path.insert(0, str(path.resolve().parent))  # for what it imports from beside itself
    name = f"grader_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def same_of(function: Callable[..., Any]) -> Callable[[str, str], Any] | None:
    """Return the function's `same`: its own attribute, or a function beside it in its module."""
    beside = getattr(sys.modules.get(function.__module__), "same", None)
    return getattr(function, "same", beside)


def prepare_worker(name: str) -> None:
    """Bind a worker, and load the function outside of the first job's time limit."""
    bind_worker()
    describe(name)  # where it fails, so does each job, which can say so


def describe(name: str) -> tuple[str | None, bool]:
    """Return what is wrong with a function, if anything, and whether it brings `same`."""
    try:
        return None, same_of(load_function(name)) is not None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any module of the user's
        return _told(error), False


def judge_in_worker(name: str, row: Mapping[str, Any], attempt: Attempt) -> Judgement:
    """Return the function's verdict on a completion; None, with the reason, where it fails."""
    try:
        verdict = _awaited(load_function(name)(dict(row), attempt))
        verdict = verdict.item() if hasattr(verdict, "item") else verdict  # a bool of numpy's
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any function of the user's
        return Judgement(None, _told(error))
    if verdict is None or isinstance(verdict, bool):
        return Judgement(verdict)
    return Judgement(None, f"it returned {verdict!r:.{SHOWN}}, which is not True, False or None")


def same_by_function(name: str, one: str, other: str) -> bool:
    """Return whether the function's `same` takes two answers for one; False where it fails."""
    try:
        same = same_of(load_function(name))
        return same is not None and bool(_awaited(same(one, other)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any function of the user's
        log.debug("no verdict on %.80r against %.80r: %s", one, other, _told(error))
        return False


def _awaited(value: Any) -> Any:
    """Return a value, or what comes of it where the function is async."""

    async def wait() -> Any:
        return await value

    return asyncio.run(wait()) if inspect.isawaitable(value) else value


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:SHOWN]}".rstrip(": ")
