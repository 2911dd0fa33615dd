"""How far a run is: bars on a terminal, a plain line now and then in a file or a pipe."""

from __future__ import annotations

import functools
import math
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tqdm import tqdm

from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

if TYPE_CHECKING:
    from evolvemcts4rl.chat.buyer import Usage

SECONDS_BETWEEN_LINES = 30.0
BAR = "{desc:<7}{percentage:3.0f}%|{bar:24}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
ENDED = (Status.SEARCHED, Status.NOT_SEARCHED)


class Progress:
    """Counts problems as they are evolved and searched, and shows it on standard error."""

    def __init__(
        self,
        seeds: int,
        settings: Settings,
        usage: Usage,
        done: Mapping[str, Problem],
        seconds_between_lines: float = SECONDS_BETWEEN_LINES,
        quiet: bool = False,
    ) -> None:
        self._usage = usage
        self._seconds_between_lines = math.inf if quiet else seconds_between_lines
        self._search_wanted = not settings.evolution.evolve_only
        self.done = len(done)  # problems that have ended, without those that failed
        self._rounds = settings.evolution.evolve_rounds
        self._started = self._told = time.monotonic()
        self._evolved = len(done)
        self._searched = self._to_search = sum(problem.status in ENDED for problem in done.values())
        # Every seed may have one descendant a round; the total falls where one is refused, since
        # it has no descendants.
        self._to_evolve = seeds * (1 + self._rounds)
        self._bars: list[tqdm[None]] = []
        if sys.stderr.isatty() and not quiet:
            bar = functools.partial(tqdm, bar_format=BAR, file=sys.stderr)
            self._bars = [
                bar(total=self._to_evolve, initial=self._evolved, desc="evolve"),
                bar(total=self._to_search, initial=self._searched, desc="search", position=1),
            ]

    @property
    def total(self) -> int:
        """Return how many problems the run will have at most, as far as is known now."""
        return self._to_evolve

    def evolved(self, problem: Problem) -> None:
        """Count a problem that was decided: accepted, or not."""
        self._evolved += 1
        if problem.status == Status.ACCEPTED:
            self._to_search += self._search_wanted
        else:
            self._to_evolve -= self._rounds - problem.round
        self._show()

    def finished(self, problem: Problem) -> None:
        """Count a problem that has come to its end."""
        self.done += problem.status != Status.FAILED
        self._searched += problem.status in ENDED
        self._show()

    def close(self) -> None:
        """End the bars and leave them on the screen."""
        for bar in reversed(self._bars):
            bar.close()

    def _show(self) -> None:
        if self._bars:
            evolve, search = self._bars
            evolve.total, search.total = self._to_evolve, self._to_search
            search.set_postfix_str(self._flow(), refresh=False)
            evolve.update(self._evolved - evolve.n)
            search.update(self._searched - search.n)
        elif time.monotonic() - self._told >= self._seconds_between_lines:
            self._told = time.monotonic()
            print(self._line(), file=sys.stderr)

    def _line(self) -> str:
        searched = (
            f", {self._searched} of {self._to_search} searched" if self._search_wanted else ""
        )
        seconds = time.monotonic() - self._started
        evolved = f"{self._evolved} of {self._to_evolve} problems evolved"
        return f"progress: {evolved}{searched}, {self._flow()}, {seconds:.0f} s"

    def _flow(self) -> str:
        tokens, seconds = self._usage.completion_tokens, time.monotonic() - self._started
        rate = tokens / seconds if seconds else 0.0
        return f"{self._usage.completions} completions, {tokens:,} tokens, {rate:,.0f} tokens/s"
