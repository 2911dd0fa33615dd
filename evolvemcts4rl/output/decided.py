"""The problems that earlier lives of a run have decided, on disk: a long run that goes on keeps no more in memory than a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from evolvemcts4rl.output.jsonl import places_of
from evolvemcts4rl.records import Problem


class Decided(Mapping[str, Problem]):
    """The problems that earlier lives of a run have decided, by question_id: read from their file whenever they are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._places = places_of(self._file)

    def __getitem__(self, question_id: str) -> Problem:
        """The problem of this id. Raises KeyError."""
        self._file.seek(self._places[question_id])
        return Problem.from_json(orjson.loads(self._file.readline()))

    def __iter__(self) -> Iterator[str]:
        """Their ids, in the order of the file."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many they are."""
        return len(self._places)

    def __contains__(self, question_id: object) -> bool:
        """Whether the problem of this id is decided. Reads nothing."""
        return question_id in self._places

    def close(self) -> None:
        """Close the file: from now on only the ids are known."""
        self._file.close()
