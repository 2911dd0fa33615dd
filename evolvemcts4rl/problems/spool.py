"""The accepted problems of a round, waiting in order to be parents."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncGenerator

from evolvemcts4rl.records import Problem

SPOOL_BYTES = 8_000_000


class Spool:
    """A queue of problems that is read while it is written.

    Once it is large it lies in a temporary file: a whole round may be decided before the next one
    begins.
    """

    def __init__(self) -> None:
        # Closed when it has been read to its end.
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
        self._news = asyncio.Event()
        self._closed = False

    def put(self, problem: Problem) -> None:
        """Add a problem at the end, unless an error has ended the reader."""
        if self._file.closed:
            return
        self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(problem.to_json()).encode() + b"\n")
        self._news.set()

    def close(self) -> None:
        """Tell the reader that no more will come."""
        self._closed = True
        self._news.set()

    async def read(self) -> AsyncGenerator[Problem]:
        """Yield every problem in order, and wait for those still to come."""
        position = 0
        with self._file:
            while True:
                self._file.seek(position)
                if line := self._file.readline():
                    position += len(line)
                    yield Problem.from_json(json.loads(line))
                elif self._closed:
                    return
                else:
                    self._news.clear()
                    await self._news.wait()
