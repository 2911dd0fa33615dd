"""Check the equations in numbers that a step states.

They speak for or against a step and cost no tokens. Only what can be read without guessing is
checked: both sides consist of numbers, operators and brackets, there is at least one operator, and
nothing beside them could change their meaning ("of", a variable, another number). No verdict is
given on rounded values, running equalities (3 + 4 = 7 · 2 = 14) and different units. The arithmetic
is exact, and the work linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from evolvemcts4rl.solutions.amounts import PART_OF_IT, fold_amounts
from evolvemcts4rl.solutions.arithmetic import (
    COMPARISONS,
    MAX_TERMS,
    NUMBER,
    OPENING,
    SIGNS,
    STOP,
    UNIT,
    WORD,
    Exact,
    Parser,
    Token,
    shape_of,
    stretches,
    tokens_of,
)

# After these a number is none of a name, as it is in "train 2".
_BEFORE_STATEMENTS = frozenset(
    """
    that so is are was were have has had get gets gives give thus then since because hence
    therefore as know find obtain check we see note where
    """.split()  # noqa: SIM905
)
# Of the words that may be part of what is calculated, those that are not after an expression.
_PART_OF_IT_AFTER = PART_OF_IT - {
    *("and", "or", "per", "each", "every", "to", "from", "than", "by"),
}


class _Side(NamedTuple):
    """One side of a comparison: its value, and what tells whether it was meant exactly."""

    value: Exact | None
    operators: int = 0
    unit: str = ""  # of its last number
    mixed: bool = False  # whether it adds numbers of different units
    percent: bool = False
    named: bool = False  # whether its number may be part of a name, or counts something
    first: Exact | None = None  # its first number
    last: str = ""  # its last number, as it is written

    @property
    def decimals(self) -> int:
        """Return how many decimals its last number has."""
        return len(self.last.partition(".")[2])


class _Claim(NamedTuple):
    """A comparison of two sides; `name` is the words to its left, two or more and nothing else."""

    left: _Side
    comparison: str
    right: _Side
    name: tuple[str, ...] = ()


_NOTHING = _Side(None)
_MAY_BE_NAMED = re.compile(f"[{WORD}{OPENING}][{WORD}{OPENING}(]")
_COMPARED = frozenset(COMPARISONS)


def stated_equations(text: str) -> list[bool]:
    """Return whether each equation or inequality in numbers that can be checked is true."""
    verdicts: list[bool] = []
    before = None
    for clause, shape in _clauses(text):
        if shape.count(NUMBER) < 2 and not _MAY_BE_NAMED.match(shape):
            before = None  # there is no number to compare with
            continue
        for claim in _claims(*fold_amounts(clause, shape)):
            verdict = _holds(_calculated(claim, before), claim.comparison, claim.right)
            if verdict is not None:
                verdicts.append(verdict)
            before = claim
    return verdicts


def _calculated(claim: _Claim, before: _Claim | None) -> _Side:
    """Return the left side; that of "Total = 51" is 5 + 45 where "Total = 5 + 45" was before it."""
    if not claim.name or before is None or claim.name != before.name or claim.right.operators:
        return claim.left
    return before.right if claim.comparison == before.comparison == "=" else claim.left


def _clauses(text: str) -> Iterator[tuple[list[Token], str]]:
    """Yield the tokens between stops where some compare, and their shape."""
    for stretch in stretches(text):
        tokens = tokens_of(stretch)
        start = 0
        for shape in shape_of(tokens).split(STOP):
            end = start + len(shape)
            if not _COMPARED.isdisjoint(shape):
                yield tokens[start:end], shape
            start = end + 1


def _claims(tokens: Sequence[Token], shape: str) -> Iterator[_Claim]:
    """Yield the comparisons of a clause."""
    places = [place for place, kind in enumerate(shape) if kind in COMPARISONS]
    end = places[0]
    left = _left_side(tokens[:end], shape[:end])
    name = _name(tokens[:end], shape[:end])
    for place, following in pairwise([*places, len(shape)]):
        part, kinds = tokens[place + 1 : following], shape[place + 1 : following]
        end = _end_of_first_expression(part, kinds)
        # Nothing asks for what x or x + 3 equals, but a comparison that follows.
        is_needed = left.value is not None or name or following < len(shape)
        right = _side(part[:end], kinds[:end]) if is_needed else _NOTHING
        yield _Claim(left, shape[place], right, name)
        # What stands between two comparisons may end one equation and begin another.
        if following < len(shape):
            start = _start_after(part, kinds, end)
            left = _left_side(part[start:], kinds[start:]) if WORD in kinds else right


def _name(tokens: Sequence[Token], shape: str) -> tuple[str, ...]:
    """Return the words to the left of a comparison, where there are several and nothing else."""
    if len(shape) < 2 or shape.strip(WORD):
        return ()
    name = tuple([token.text for token in tokens])
    return name if all(word[1:].isalpha() for word in name) else ()


def _left_side(tokens: Sequence[Token], shape: str) -> _Side:
    """Return the side that ends here."""
    start = _start_of_last_expression(tokens, shape)
    named = start > 0 and tokens[start - 1].text.lower() not in _BEFORE_STATEMENTS
    return _side(tokens[start:], shape[start:], named)


def _start_of_last_expression(tokens: Sequence[Token], shape: str) -> int:
    """Return where the expression that ends here begins.

    That is the end where a word before it may belong to it.
    """
    start, end = shape.rfind(WORD) + 1, len(shape)
    if start in (0, end):
        return start
    word = tokens[start - 1].text
    if word.lower() in PART_OF_IT or not word.isalpha():
        return end
    if start > 1 and shape[start - 2] == NUMBER:
        return end  # 6 feet 2 inches + 3 inches
    # A sign directly after a word continues a calculation with what the word stands for, and a
    # letter beside a number is a variable.
    if shape[start] in SIGNS or tokens[start].glued or len(word) == 1:
        return end
    return start


def _start_after(tokens: Sequence[Token], shape: str, end: int) -> int:
    """Return where an expression may begin after another one that ends here; 0 where none may.

    "12 red hats and 7 + 6": what "and" joins is two statements, if only words part the two.
    """
    start = end
    while start < len(shape) and shape[start] == WORD and tokens[start].text != "and":
        start += 1
    joined = end and start < len(shape) and tokens[start].text == "and"
    return start + 1 if joined else 0


def _end_of_first_expression(tokens: Sequence[Token], shape: str) -> int:
    """Return where the expression that begins here ends; 0 where a word may belong to it."""
    end = shape.find(WORD)
    if end < 0:
        return len(shape)
    word = tokens[end].text
    if word.lower() in _PART_OF_IT_AFTER or not word.isalpha():
        return 0
    if len(word) == 1 or tokens[end].glued:
        return 0
    if end and shape[end - 1] in SIGNS and shape[end - 1] != ")":
        return 0
    return end


def _side(tokens: Sequence[Token], shape: str, named: bool = False) -> _Side:
    """Return the side that these tokens are, without a value where they are no expression."""
    if len(shape) > 1 and shape[0] in "-+*" and not tokens[1].glued:
        tokens, shape = tokens[1:], shape[1:]  # the mark of a list's item, not a sign
    if NUMBER not in shape or len(shape) > 4 * MAX_TERMS:
        return _NOTHING
    if shape == NUMBER:
        (number,) = tokens
        return _Side(number.value, first=number.value, last=number.text, named=named)
    units: list[str] = []
    if UNIT in shape:
        units = [token.text for token in tokens if token.kind == UNIT and token.text]
        tokens = [token for token in tokens if token.kind != UNIT]
        shape = shape.replace(UNIT, "")
        named = True
    try:
        parser = Parser(tokens, shape)
        value = parser.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return _NOTHING
    return _Side(
        value,
        parser.operators,
        units[-1] if units else "",
        len(units) > 1 and parser.adds and len({unit.rstrip("s") for unit in units}) > 1,
        parser.percent,
        named,
        tokens[shape.index(NUMBER)].value,
        tokens[shape.rindex(NUMBER)].text,
    )


def _holds(left: _Side, comparison: str, right: _Side) -> bool | None:
    """Return whether a comparison is true; None where it may be no exact claim."""
    if left.value is None or right.value is None or not left.operators + right.operators:
        return None
    one, other = left.value, right.value
    if comparison == "=" and one == other:
        return True
    if left.mixed or right.mixed:
        return None  # 1 hour + 30 minutes = 90 minutes
    if left.unit and right.unit and left.unit.rstrip("s") != right.unit.rstrip("s"):
        return None
    if not left.operators and left.named:
        return None  # "for 15 frogs = 10 · 15", "Train 2 = 70 · 3": a name that ends in a number
    if comparison != "=":
        return {"<": one < other, ">": one > other, "≤": one <= other, "≥": one >= other}[
            comparison
        ]
    if right.operators and right.first == one:
        return None  # a running equality: 3 + 4 = 7 · 2 = 14
    # "1/4 · 100 = 25%": a percent sign may say what is multiplied already.
    pairs = [(one, other)]
    if left.percent != right.percent:
        pairs += [(one * 100, other), (one, other * 100)]
    if any(first == second for first, second in pairs):
        return True
    decimals = left.decimals, right.decimals
    if any(
        _is_rounding(*pair, decimals[1]) or _is_rounding(*pair[::-1], decimals[0]) for pair in pairs
    ):
        return True if any(decimals) else None
    return False


def _is_rounding(exact: Exact, rounded: Exact, decimals: int) -> bool:
    """Return whether a number rounds another one: they differ by less than its last place."""
    return exact.denominator != 1 and abs(Fraction(exact) - rounded) < Fraction(1, 10**decimals)
