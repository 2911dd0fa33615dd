"""The progress bars of a run: problems evolved and problems searched, with what flows."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tqdm import tqdm

from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

if TYPE_CHECKING:
    from evolvemcts4rl.chat.endpoint import Usage


class Progress:
    """Two bars on standard error: one for problems as they are evolved and answered, one for their searches."""

    def __init__(self, seeds: int, settings: Settings, usage: Usage, done: Mapping[str, Problem]) -> None:
        self._usage = usage
        self._search_wanted = not settings.evolve_only
        evolved = len(done)
        self.done = len(done)  # problems that have come to their end, those that failed not among them
        searched = sum(problem.status in ("searched", "not_searched") for problem in done.values())
        # Every seed may have one descendant a round; the total falls as some are refused and have no more.
        self._rounds = settings.evolve_rounds
        shape = "{desc:<7}{percentage:3.0f}%|{bar:24}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
        total = seeds * (1 + self._rounds)
        often = 0.1 if sys.stderr.isatty() else 30.0  # seconds; in a log file every refresh is a line
        bar = functools.partial(tqdm, bar_format=shape, mininterval=often, file=sys.stderr)
        self._evolve = bar(total=total, initial=evolved, desc="evolve")
        self._search = bar(total=searched, initial=searched, desc="search", position=1)

    @property
    def total(self) -> int:
        """How many problems the run will have at most, as far as is known yet."""
        return int(self._evolve.total or 0)

    def evolved(self, problem: Problem) -> None:
        """A problem was decided: accepted, or not."""
        self._evolve.update()
        if problem.status == "accepted" and self._search_wanted:
            self._search.total = (self._search.total or 0) + 1
        elif problem.status != "accepted":
            self._evolve.total = (self._evolve.total or 0) - (self._rounds - problem.round)

    def finished(self, problem: Problem) -> None:
        """A problem has come to its end."""
        self.done += problem.status != "failed"
        if problem.status in ("searched", "not_searched"):
            self._search.update()
        tokens, seconds = self._usage.completion_tokens, self._search.format_dict["elapsed"]
        rate = tokens / seconds if seconds else 0.0
        self._search.set_postfix_str(f"{self._usage.completions} completions, {tokens:,} tokens, {rate:,.0f} tokens/s")

    def close(self) -> None:
        """Leave the bars as they stand."""
        self._search.close()
        self._evolve.close()
