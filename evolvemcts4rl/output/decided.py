"""The problems that a run has decided, read from its file one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from evolvemcts4rl.output.jsonl import line_offsets
from evolvemcts4rl.records import Problem


class Decided(Mapping[str, Problem]):
    """The problems that earlier lives of a run have decided, by question_id.

    Each is read from the file when it is asked for, since a run may have more than fit in memory.
    """

    def __init__(self, path: Path) -> None:
        """Open problems.jsonl, which stays open until `close`."""
        self._file = path.open("rb")
        self._places = line_offsets(self._file)

    def __getitem__(self, question_id: str) -> Problem:
        """Return the problem with this id; raise KeyError where it is not decided."""
        self._file.seek(self._places[question_id])
        return Problem.from_json(orjson.loads(self._file.readline()))

    def __iter__(self) -> Iterator[str]:
        """Yield the ids in the order of the file."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return the number of decided problems."""
        return len(self._places)

    def __contains__(self, question_id: object) -> bool:
        """Return whether the problem with this id is decided, without reading it."""
        return question_id in self._places

    def close(self) -> None:
        """Close the file: from now on only the ids are known."""
        self._file.close()
