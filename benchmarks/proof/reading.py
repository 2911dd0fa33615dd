"""How the small PRM reads a world's text: each computation beside what it speaks of, by digits.

A computation is laid beside the stage of the problem that it names and the total that was said
before it, as columns of digits from the last to the first (negative numbers in ten's complement).
Nothing says whether the columns fit, nor that they should: a PRM learns that from its labels alone.
What else is written is a bag of words.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evolvemcts4rl.records import Prefix

DIGITS = 6
WORDS = 64  # different words at most; others share a number with one of them
MOST_WORDS, MOST_COMPUTATIONS = 16, 6  # of a step, that are read
_START = re.compile(r"Start with (-?\d+)")
_ASKED = re.compile(r"stage ([a-z]): ([-+*]) (\d+)")
_PART = re.compile(
    r"stage (?P<letter>[a-z]): (?P<a>-?\d+) (?P<sign>[-+*]) (?P<b>\d+) = (?P<c>-?\d+)"
    r"|\(note: (?P<x>\d+) \+ (?P<y>\d+) = (?P<z>\d+)\)"
    r"|boxed\{(?P<boxed>-?\d+)\}|gives (?P<gives>-?\d+)\."
)
SIGNS = "+-*"
# Tokens of a column: what its digits give beside the result's digit, the first number's digit
# beside that of the total before, the second's beside that of the stage's. 0 is nothing.
COLUMN_SIZES = (191, 101, 101)
# Of a computation: its sign beside the stage's, how far its letter is from the next, its kind.
SIDE_SIZES = (10, 8, 5)
KINDS = ("stage", "note", "boxed", "gives")
Ints = npt.NDArray[np.int64]
Computation = tuple[int, ...]  # DIGITS columns, then the sides


@dataclass(frozen=True)
class Asked:
    """What a problem's text states."""

    start: int
    stages: dict[str, tuple[str, int]]

    @staticmethod
    def of(question: str) -> Asked:
        """Read a problem."""
        found = _START.search(question)
        stages = {letter: (sign, int(number)) for letter, sign, number in _ASKED.findall(question)}
        return Asked(int(found[1]) if found else 0, stages)


NOTHING: Computation = (0,) * (len(COLUMN_SIZES) * DIGITS + len(SIDE_SIZES))


class Library:
    """All different steps and computations that were read, each once, as tables of tokens."""

    def __init__(self) -> None:
        self._computations: dict[Computation, int] = {NOTHING: 0}
        self._steps: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {((), ()): 0}

    def read(self, question: str, steps: Prefix) -> list[int]:
        """Return the number of each step of a solution; 0 is no step."""
        asked = Asked.of(question)
        total, position, numbers = asked.start, 0, []
        for step in steps:
            parts = []
            for found in _PART.finditer(step):
                computation, total, position = _read_part(found, asked, total, position)
                known = self._computations.setdefault(computation, len(self._computations))
                parts.append(known)
            key = (tuple(parts[:MOST_COMPUTATIONS]), _words(_PART.sub(" ", step)))
            numbers.append(self._steps.setdefault(key, len(self._steps)))
        return numbers

    def computations(self) -> Ints:
        """Return the tokens of each computation: columns, then sides."""
        return np.array(list(self._computations), dtype=np.int64)

    def steps(self) -> tuple[Ints, Ints]:
        """Return the computations and the words of each step, filled up with 0."""
        return (
            padded([parts for parts, _ in self._steps], MOST_COMPUTATIONS),
            padded([words for _, words in self._steps], MOST_WORDS),
        )


def padded(rows: Sequence[Sequence[int]], width: int) -> Ints:
    """Return rows of different lengths as one array, filled up with 0."""
    array = np.zeros((len(rows), width), dtype=np.int64)
    for index, row in enumerate(rows):
        array[index, : len(row)] = row[:width]
    return array


def _read_part(
    found: re.Match[str], asked: Asked, total: int, position: int
) -> tuple[Computation, int, int]:
    """Return a computation's tokens, and the total and the stage after it."""
    kind = 1 + KINDS.index("stage")
    if found["letter"]:
        here = ord(found["letter"]) - 97
        a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
        sign, number = asked.stages.get(found["letter"], ("+", 0))
        signs = 1 + SIGNS.index(found["sign"]) * 3 + SIGNS.index(sign)
        jump = 4 + min(max(here - position, -3), 3)
        columns = [*_computed(found["sign"], a, b, c), *_pairs(a, total), *_pairs(b, number)]
        return (*columns, signs, jump, kind), c, here + 1
    if found["x"]:
        x, y, z = int(found["x"]), int(found["y"]), int(found["z"])
        columns = [*_computed("+", x, y, z), *[0] * (2 * DIGITS)]
        return (*columns, 0, 0, 1 + KINDS.index("note")), total, position
    name = "boxed" if found["boxed"] else "gives"
    value = int(found[name])
    columns = [*[0] * DIGITS, *_pairs(value, total), *[0] * DIGITS]
    jump = 4 + min(max(len(asked.stages) - position, -3), 3)
    return (*columns, 0, jump, 1 + KINDS.index(name)), value, position


def _decimal(value: int) -> list[int]:
    rest = value % 10**DIGITS
    return [rest // 10**place % 10 for place in range(DIGITS)]


def _pairs(one: int, other: int) -> list[int]:
    return [1 + 10 * a + b for a, b in zip(_decimal(one), _decimal(other), strict=True)]


def _computed(sign: str, a: int, b: int, c: int) -> list[int]:
    """Return for each column what its digits and the tens before give, beside the result's digit.

    The tables of single digits are known to any model that reads solutions; what is carried over
    ten by the tens themselves is to be learned.
    """
    ones, others = _decimal(a), _decimal(b)
    if sign == "*":  # the numbers multiplied with are below ten
        given = [x * others[0] for x in ones]
    else:
        pairs = zip(ones, others, strict=True)
        given = [x + y if sign == "+" else x - y for x, y in pairs]
    tens = [0, *(each // 10 for each in given)]
    sums = [each % 10 + ten for each, ten in zip(given, tens, strict=False)]  # from -1 to 17
    return [1 + 10 * (1 + each) + digit for each, digit in zip(sums, _decimal(c), strict=True)]


def _words(text: str) -> tuple[int, ...]:
    words = {1 + zlib.crc32(word.encode()) % WORDS for word in text.lower().split()}
    return tuple(sorted(words)[:MOST_WORDS])
