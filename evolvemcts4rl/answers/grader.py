"""Compare answers in worker processes, which are killed when a comparison costs too much."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

from evolvemcts4rl.answers.compare import same_answer
from evolvemcts4rl.answers.rules import MATH, AnswerRules
from evolvemcts4rl.answers.workers import JobFailed, Workers, bind_worker
from evolvemcts4rl.records import Problem

logger = logging.getLogger(__name__)

MAX_CACHED = 100_000  # pairs; a few dozen megabytes at most
LEAST_LIMIT = 1 / 8  # of limit_seconds, for answers whose comparisons keep timing out
PLAIN_FORMULA = "y+1"  # an answer that times out against this would time out against all


def prepare_worker() -> None:
    """Bind a worker, and load what its jobs need, outside of the first job's time limit."""
    bind_worker()
    same_answer("[1, x)", r"[1, \frac{x}{1})")  # compiles the regexes and the grammar


class Grader:
    """Compares answers by its rules, where they need it in workers with limits of time and memory.

    Workers start with the first comparison that needs one. A comparison which outlasts its limit,
    or whose worker dies or runs out of memory, is no match, and is never tried again. Such
    comparisons are counted in `timeouts`; each halves the time that its answers have from then on.
    For use from one event loop at a time.
    """

    reads_rows = False  # whether it grades seeds by their rows, not by their answers

    def __init__(
        self,
        num_workers: int | None = None,
        limit_seconds: float = 5.0,
        rules: AnswerRules = MATH,
        prepare: Callable[[], None] = prepare_worker,
    ) -> None:
        self.limit_seconds = limit_seconds
        self.rules = rules
        self.timeouts = 0
        self.workers = Workers(
            num_workers, prepare, ["math_verify"] if prepare is prepare_worker else []
        )
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._running: dict[tuple[str, str], asyncio.Task[bool]] = {}
        self._timed_out: Counter[str] = Counter()  # comparisons that timed out, by answer
        self._bombs: dict[str, bool] = {}  # of answers in such: whether it was the one to blame

    @property
    def can_vote(self) -> bool:
        """Return whether it can tell that two answers are the same."""
        return True

    def answer_of(self, question: str, text: str) -> str | None:
        """Return the final answer that a completion gives; None where there is none."""
        return self.rules.answer_of(question, text)

    async def verdicts(
        self, problem: Problem, completions: Sequence[tuple[str, str | None]]
    ) -> list[bool | None]:
        """Return the verdict on each completion, given with its answer; None without an answer."""
        answers = [answer for _, answer in completions if answer is not None]
        if problem.final_answer is None or not answers:
            return [None] * len(completions)
        same = await self.same_each(problem.final_answer, answers)
        found = dict(zip(answers, same, strict=True))
        return [None if answer is None else found[answer] for _, answer in completions]

    async def same(self, gold: str, answer: str) -> bool:
        """Return whether `answer` is the reference answer `gold`.

        It raises nothing, whatever the answers hold.
        """
        quick = self.rules.same(gold, answer)
        if quick is not None:
            return quick
        pair = min((gold, answer), (answer, gold))
        if pair in self._known:
            self._known.move_to_end(pair)
            return self._known[pair]
        task = self._running.get(pair)
        if task is None:
            task = self._running[pair] = asyncio.create_task(self._compare(pair))
            task.add_done_callback(lambda _: self._running.pop(pair, None))
        # Others may wait for the same pair when this caller is cancelled.
        return await asyncio.shield(task)

    async def same_each(self, gold: str, answers: Sequence[str]) -> list[bool]:
        """Return the result of `same` for each of the answers.

        Only what a worker must compare is waited for, all of it at once.
        """
        verdicts = {
            answer: self._known.get(
                min((gold, answer), (answer, gold)), self.rules.same(gold, answer)
            )
            for answer in dict.fromkeys(answers)
        }
        unknown = [answer for answer, verdict in verdicts.items() if verdict is None]
        if unknown:
            found = await asyncio.gather(*(self.same(gold, answer) for answer in unknown))
            verdicts |= zip(unknown, found, strict=True)
        return [bool(verdicts[answer]) for answer in answers]

    async def vote(
        self, answers: Sequence[str], gold: str | None = None
    ) -> tuple[str | None, float]:
        """Return the majority answer in its most common form, and its share of all answers.

        The answer is None on a tie. With a reference answer, the forms that are equal to it count
        together. Forms are compared no further once all that are left would together come to less
        than the largest group.
        """
        counts, left = Counter(answers), distinct_forms(answers)
        groups: list[list[str]] = []
        most = 0
        while left and sum(counts[form] for form in left) >= most:
            first = left[0] if gold is None or groups else gold
            same = await self.same_each(first, left)
            groups.append(
                [form for form, verdict in zip(left, same, strict=True) if verdict or form == first]
            )
            left = [form for form in left if form not in groups[-1]]
            most = max(most, sum(counts[form] for form in groups[-1]))
        return majority(answers, [group for group in (*groups, left) if group])

    def close(self) -> None:
        """Stop the workers and cancel the comparisons still under way.

        The grader can be used again afterwards.
        """
        for task in list(self._running.values()):
            task.cancel()
        self.workers.close()

    async def _compare(self, pair: tuple[str, str]) -> bool:
        async with self.workers.free_worker():
            verdict = not self._has_bomb(pair) and await self._ask_worker(pair)
        self._known[pair] = verdict
        if len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)
        return verdict

    def _limit(self, pair: tuple[str, str]) -> float:
        timed_out = sum(self._timed_out[answer] for answer in pair)
        return self.limit_seconds * max(LEAST_LIMIT, 0.5**timed_out)

    async def _ask_worker(self, pair: tuple[str, str]) -> bool:
        try:
            return await self.workers.run(self.rules.same_in_worker, pair, self._limit(pair))
        except JobFailed as error:
            logger.debug("no verdict on %.80r against %.80r: %s", *pair, error)
        self.timeouts += 1
        if PLAIN_FORMULA not in pair:
            self._timed_out.update(pair)
            await self._find_bomb(pair)
        return False

    def _has_bomb(self, pair: tuple[str, str]) -> bool:
        return any(self._bombs.get(answer) for answer in pair)

    async def _find_bomb(self, pair: tuple[str, str]) -> None:
        """Find out which of the two answers timed out, so that the other one keeps its verdicts."""
        for answer in pair:
            if answer not in self._bombs:
                before = self.timeouts
                await self._ask_worker((answer, PLAIN_FORMULA))
                self._bombs[answer] = self.timeouts > before
                self.timeouts = before


def distinct_forms(answers: Sequence[str]) -> list[str]:
    """Return the written forms, the most common first, whatever the order of the answers."""
    counts = Counter(answers)
    return sorted(counts, key=lambda form: (-counts[form], len(form), form))


def majority(answers: Sequence[str], groups: Sequence[Sequence[str]]) -> tuple[str | None, float]:
    """Return the majority of forms in groups of equal ones, the most common form of each first."""
    if not answers:
        return None, 0.0
    counts = Counter(answers)
    sizes = [sum(counts[form] for form in group) for group in groups]
    most = max(sizes)
    winner = groups[sizes.index(most)][0] if sizes.count(most) == 1 else None
    return winner, most / len(answers)
