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
    """The accepted problems of a round, in order, waiting to be parents: a queue that is read while it is written.

    It lies in a temporary file once it is large, since a round's decisions may all be made before the next one's first,
    and a hundred thousand parents need not wait in memory.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115, closed when read to its end
        self._news = asyncio.Event()
        self._closed = False

    def put(self, problem: Problem) -> None:
        """Add a problem at the end. Nothing is added once the reader has left: an error has ended its round, and will the run."""
        if self._file.closed:
            return
        self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(problem.to_json()).encode() + b"\n")
        self._news.set()

    def close(self) -> None:
        """Say that no more will come."""
        self._closed = True
        self._news.set()

    async def read(self) -> AsyncGenerator[Problem]:
        """Every problem in order, those still to come included."""
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
