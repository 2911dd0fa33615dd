"""Make step-labelled training data from seed problems: new problems, search trees, step labels.

The course of a run and its exit code. The flags are in evolvemcts4rl/flag_groups/.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.chat.replicas import FIRST_BACKOFF
from evolvemcts4rl.endings import last_words, print_result
from evolvemcts4rl.errors import BudgetSpent, EndpointError, UserError, severity
from evolvemcts4rl.event_loop import run_to_end
from evolvemcts4rl.flag_groups.kinds import GRADERS
from evolvemcts4rl.flags import parse_settings
from evolvemcts4rl.interrupts import Interrupts
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.terminal import log_to_stderr
from evolvemcts4rl.tree import Tree

if TYPE_CHECKING:
    from evolvemcts4rl.chat.client import ChatClient
    from evolvemcts4rl.labels.planted import KnownVerdicts
    from evolvemcts4rl.output.run_folder import RunFolder
    from evolvemcts4rl.output.run_reader import RunFiles
    from evolvemcts4rl.problems.seed_rows import Seeds
    from evolvemcts4rl.progress import Progress
    from evolvemcts4rl.solutions.judges import Judge
    from evolvemcts4rl.solutions.solver import Solver

log = logging.getLogger("generate")
SHUTDOWN_NOTICE_SECONDS = 1.0  # seconds that a run takes to end before it says what it waits for
# Problems in work for each request in flight: while one is graded, another one's request runs.
PROBLEMS_PER_REQUEST = 2


def main(argv: Sequence[str] | None = None, backoff: float = FIRST_BACKOFF) -> int:
    """Run a command line and return its exit code.

    0, 1 where problems failed, nothing was labelled or the run was stopped, 2 for bad input, 3
    where the budget is spent, 130 after Ctrl-C, 143 after SIGTERM. `backoff` is the wait in seconds
    before the first retry, and the measure of all others.
    """
    argv = sys.argv[1:] if argv is None else argv
    if list(argv[:1]) == ["show"]:
        from evolvemcts4rl.show_tree import main as show

        return show(argv[1:])
    log_to_stderr()
    run = None
    with Interrupts().handled() as interrupts:
        try:
            settings = parse_settings(argv)
            if settings.exports.export:
                from evolvemcts4rl.output.export_run import export

                return export(settings)
            run = Run(settings, backoff=backoff, to_the_end=interrupts.run)
            files = run.run()
            return print_result(files.summary, files.path, run.stopped, settings.resume_command)
        except (UserError, OSError, KeyboardInterrupt) as error:
            again = run.settings.resume_command if run else "the same command"
            print(last_words(error, again), file=sys.stderr)
            if isinstance(error, KeyboardInterrupt):
                return interrupts.exit_code
            return 1 if run and run.bought_something else 2


def generate(settings: Settings, *, quiet: bool = False) -> RunFiles:
    """Do the whole run, or what is left of it, and return its files.

    Progress goes to standard error unless `quiet`. Works in a notebook too. Raises UserError for
    what its caller can mend, and KeyboardInterrupt after Ctrl-C.
    """
    return Run(settings, quiet).run()


@dataclass
class Run:
    """One life of a run, from the seed file to the summary."""

    settings: Settings
    quiet: bool = False
    backoff: float = FIRST_BACKOFF  # seconds before the first retry
    to_the_end: Callable[[Coroutine[Any, Any, None]], None] = run_to_end
    stopped: str | None = None  # why the run ended before all was done, in a sentence
    bought_something: bool = False
    failed: int = 0  # problems
    folder: RunFolder = field(init=False)
    chat: ChatClient = field(init=False)
    solver: Solver = field(init=False)
    progress: Progress = field(init=False)

    def run(self) -> RunFiles:
        """Do the whole run, or what is left of it, and return its files.

        Raises UserError, and KeyboardInterrupt after Ctrl-C or SIGTERM.
        """
        from evolvemcts4rl.chat.embedded_model import endpoint_of
        from evolvemcts4rl.output.hub import push, refuse_to_push
        from evolvemcts4rl.output.recording import record_run, refuse_to_record
        from evolvemcts4rl.output.run_folder import RunFolder
        from evolvemcts4rl.output.run_reader import RunFiles
        from evolvemcts4rl.problems.seeds import read_seeds, read_test_texts
        from evolvemcts4rl.prompts import check_prompts

        check_prompts(self.settings.prompts, self.settings.evolution.language)
        refuse_to_push(self.settings)
        seeds = read_seeds(self.settings)
        test_texts = read_test_texts(self.settings)
        if not seeds.have_answers and self.settings.answers.grader in GRADERS:
            self._say(
                f"No column {self.settings.files.answer_column!r}: every seed's answer is voted."
            )
        if seeds.broken_lines:
            self._say(f"Left out: {seeds.broken_in_words}.")
        self.folder = RunFolder(self.settings, seeds)
        self.folder.check()
        if self.folder.growth:
            self._say(f"The run in {self.folder.path} grows: {self.folder.growth}.")
        record = self.settings.files.record
        if record:
            refuse_to_record(Path(record), self.folder.path)
        if self.folder.complete:
            self._say(f"{self.folder.path} is complete; its files are made anew from its trees.")
            self.folder.rebuild_exports()
        else:
            with endpoint_of(self.settings) as settings:
                self.to_the_end(self._run_stages(settings, seeds, test_texts))
        if record:
            self.to_the_end(record_run(Path(record), self.folder, self.settings))
        if self.settings.exports.push_to_hub and self.folder.complete:
            self._say(f"Sent to {push(self.settings, self.folder.path)}.")
        return RunFiles(self.folder.path)

    async def _run_stages(self, settings: Settings, seeds: Seeds, test_texts: list[str]) -> None:
        """Do everything that needs the endpoint.

        The files are whole afterwards; after a second Ctrl-C the next life makes them so.
        """
        from evolvemcts4rl.answers.graders import open_grader
        from evolvemcts4rl.chat.client import ChatClient
        from evolvemcts4rl.solutions.solver import Solver

        begun = self.folder.begun and not settings.files.overwrite
        if begun:
            settings = settings.changed(continuation=self.folder.continuation)
        grader = await open_grader(settings.answers)
        self.chat = ChatClient(settings, None, self.backoff)
        self.solver = Solver(self.chat, grader, settings, given=seeds.given, judges=self._judges())
        try:
            if not begun and (first := next(iter(seeds), None)):
                self.chat.check_budget(self.solver.first_messages(first))
            # Before anything is written: a wrong key or model name shall leave no trace.
            await self.chat.open(probe=not begun)
            settings = settings.changed(continuation=self.chat.continuation)
            gc.freeze()  # what the imports made stays: collections need not look through it
            await self._make(settings, seeds, test_texts)
        finally:
            grader.close()
            await self.chat.close()
            gc.unfreeze()

    async def _make(self, settings: Settings, seeds: Seeds, test_texts: list[str]) -> None:
        """Evolve and search all problems, and once more those that failed."""
        from evolve import Evolution
        from evolvemcts4rl.problems.novelty import Novelty
        from evolvemcts4rl.progress import Progress

        started = time.monotonic()
        journal, done = self.folder.open(settings.model.continuation)
        show = partial(Progress, len(seeds), settings, self.chat.usage, quiet=self.quiet)
        self.progress = show(done)
        complete, known = False, None
        try:
            self.chat.keep_in(journal)
            for last in (False, True):
                novelty, why_not = Novelty(test_texts), self.solver.reason_not_to_vote
                writer, reopened = self.chat.writer, self.folder.reopened
                evolution = Evolution(
                    settings, writer, self.solver, novelty, done, reopened, why_not
                )
                await self._search_all(evolution.problems(seeds))
                if last or not self.failed:
                    break
                self.progress.close()
                log.warning("%d of the problems failed: trying once more.", self.failed)
                self.failed, done = 0, self.folder.without_failed()
                self.progress = show(done)
            known = await self._ask_known(seeds)
            complete = True
        except BudgetSpent as spent:
            self.stopped = self._spent(spent)
        finally:
            self.bought_something = journal.totals().completions > 0
            self.progress.close()
            note = asyncio.get_running_loop().call_later(SHUTDOWN_NOTICE_SECONDS, self._say_waiting)
            try:
                await self.chat.close()
                note.cancel()
                seconds, timeouts = time.monotonic() - started, self.solver.grader.timeouts
                self.folder.finish(complete, journal, seconds, timeouts, known)
            finally:  # whoever called may go on for long, also after a second Ctrl-C
                journal.close()

    def _say(self, text: str) -> None:
        if not self.quiet:
            print(text, file=sys.stderr)

    def _spent(self, error: BudgetSpent) -> str:
        problems = f"{self.progress.done} of {self.progress.total} problems are done"
        return f"{error}: {problems}; {self.settings.resume_command} goes on with a larger one"

    def _say_waiting(self) -> None:
        count = self.chat.in_flight
        replies = "1 reply" if count == 1 else f"{count} replies"
        self._say(f"Waiting for {replies} in progress; press Ctrl-C again to stop now.")

    async def _search_all(self, problems: AsyncGenerator[Problem]) -> None:
        """Bring every problem to its end, with no more in work than keep the requests flowing."""
        slots = asyncio.Semaphore(PROBLEMS_PER_REQUEST * self.settings.model.concurrency)
        try:
            async with aclosing(problems), asyncio.TaskGroup() as group:
                async for problem in problems:
                    self.progress.evolved(problem)
                    await slots.acquire()
                    task = group.create_task(self._finish(problem))
                    task.add_done_callback(lambda _: slots.release())
        except BaseExceptionGroup as group:
            # Several may end at once: the gravest says why.
            raise max(group.exceptions, key=severity) from None

    async def _finish(self, problem: Problem) -> None:
        tree = None
        if problem.status == Status.ACCEPTED and not self.settings.evolution.evolve_only:
            try:
                problem, tree = await self._search(problem)
            except EndpointError as error:
                reason = Reason(ReasonCode.ENDPOINT, str(error))
                problem = replace(problem, status=Status.FAILED, reason=reason)
            except (UserError, BudgetSpent):
                raise
            except Exception as error:  # one problem's trouble shall not end the run of all others
                log.exception("problem %s failed", problem.question_id)
                reason = Reason(ReasonCode.PROGRAM, f"{type(error).__name__}: {error}")
                problem = replace(problem, status=Status.FAILED, reason=reason)
        self.failed += problem.status == Status.FAILED
        self.folder.write(problem, tree)
        self.progress.finished(problem)

    async def _search(self, problem: Problem) -> tuple[Problem, Tree | None]:
        """Return the problem with its solve rate, and its tree if it has one.

        A problem that is always solved has a tree of right solutions, without a search.
        """
        from evolvemcts4rl.labels.judge import judge
        from mcts import search

        problem, solutions = await self.solver.first_solutions(problem)
        if not problem.has_tree:
            return problem, None
        is_searched = problem.status == Status.SEARCHED
        roll_out = self.solver.rollout_sampler(problem) if is_searched else None
        tree = await search(problem, solutions, roll_out, self.settings.search)
        tree.p_answer = 1.0 if problem.p_answer is None else problem.p_answer
        await judge(tree, self._judges(), self.settings.search.judge_solutions)
        return problem, tree

    def _judges(self) -> list[Judge]:
        from evolvemcts4rl.solutions.judges import Judge

        told = self.settings.prompts
        return [Judge(each.role.title, each, each.model, told) for each in self.chat.judges]

    async def _ask_known(self, seeds: Seeds) -> KnownVerdicts | None:
        """Ask the judges about solutions whose truth is known, which shows how well they judge."""
        from evolvemcts4rl.labels.planted import ask_known, worked_cases

        search = self.settings.search
        has_belief = search.estimator == "belief" and not self.settings.evolution.evolve_only
        if not has_belief or not self._judges():
            return None
        worked = worked_cases(seeds.worked_solutions(), search.step_separator)
        return await ask_known(self.folder.known_cases(worked), self._judges())


if __name__ == "__main__":
    sys.exit(main())
