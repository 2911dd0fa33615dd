"""Check the equations in numbers that a step states.

They speak for or against a step and cost no tokens. Only what can be read without guessing is
checked: both sides consist of numbers, operators and brackets, there is at least one operator, and
nothing beside them could change their meaning ("of", a variable, another number). No verdict is
given on rounded values, running equalities (3 + 4 = 7 · 2 = 14) and different units. The arithmetic
is exact, and the work linear in the text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from evolvemcts4rl.solutions.amounts import PART_OF_IT, fold_amounts
from evolvemcts4rl.solutions.arithmetic import (
    COMPARISONS,
    MAX_TERMS,
    NUMBER,
    SIGNS,
    STOP,
    UNIT,
    WORD,
    Exact,
    Token,
    calculate,
    shape_of,
    split_at_comparisons,
    stretches,
    tokens_of,
)

REMEMBERED = 200  # characters of a stretch of text; longer ones are read each time

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
    adds: bool = False  # whether it is a sum or a difference
    percent: bool = False
    named: bool = False  # whether its number may be part of a name, or counts something
    tokens: Sequence[Token] = ()
    units: Sequence[str] = ()  # of its numbers, where they have any, in the singular

    def numbers(self) -> list[Token]:
        """Return its numbers."""
        return [token for token in self.tokens if token.kind == NUMBER]

    def decimals(self) -> int:
        """Return how many decimals its last number has."""
        return len(self.numbers()[-1].text.partition(".")[2])


class _Claim(NamedTuple):
    """A comparison of two sides; `name` is the words to its left, two or more and nothing else."""

    left: _Side
    comparison: str
    right: _Side
    holds: bool | None  # taken by itself
    name: tuple[str, ...] = ()


_NOTHING = _Side(None)
_NO_CLAIM = _Claim(_NOTHING, "=", _NOTHING, None)
_ALL_COMPARISONS = frozenset(COMPARISONS)
_COMPARISON_HOLDS: Mapping[str, Callable[[Exact, Exact], bool]] = {
    "<": operator.lt, ">": operator.gt, "≤": operator.le, "≥": operator.ge,
}  # fmt: skip


def stated_equations(text: str) -> list[bool]:
    """Return whether each equation or inequality in numbers that can be checked is true."""
    verdicts: list[bool] = []
    before = _NO_CLAIM
    for stretch in stretches(text):
        read = remembered_claims if len(stretch) <= REMEMBERED else _read_claims
        for claim in read(stretch):
            left = _calculated(claim, before)
            holds = claim.holds
            if left is not claim.left:
                holds = _holds(left, claim.comparison, claim.right)
            if holds is not None:
                verdicts.append(holds)
            before = claim
    return verdicts


def _read_claims(stretch: str) -> Sequence[_Claim]:
    """Return the comparisons of a stretch of text."""
    claims: list[_Claim] = []
    tokens = tokens_of(stretch)
    end = -1
    for shape in shape_of(tokens).split(STOP):
        start = end + 1
        end = start + len(shape)
        if _ALL_COMPARISONS.isdisjoint(shape):
            continue
        if shape.count(NUMBER) < 2 and (shape[0] in SIGNS or shape[1] in COMPARISONS):
            claims.append(_NO_CLAIM)  # there are no two numbers to compare, and no name
        else:
            claims += _claims(*fold_amounts(tokens[start:end], shape))
    return tuple(claims)


# Solutions of one problem calculate the same in other words.
remembered_claims = lru_cache(maxsize=4096)(_read_claims)


def _calculated(claim: _Claim, before: _Claim) -> _Side:
    """Return the left side; that of "Total = 51" is 5 + 45 where "Total = 5 + 45" was before it."""
    if not claim.name or claim.name != before.name or claim.right.operators:
        return claim.left
    return before.right if claim.comparison == before.comparison == "=" else claim.left


def _claims(tokens: Sequence[Token], shape: str) -> Iterator[_Claim]:
    """Yield the comparisons of a clause, of which there is one at least."""
    first, *rest = split_at_comparisons(shape)
    place = len(first)
    left = _left_side(tokens[:place], first)
    name = _name(tokens[:place], first)
    for sign, kinds in zip(rest[::2], rest[1::2], strict=True):
        start = place + 1
        place = start + len(kinds)
        part = tokens[start:place]
        end = _end_of_first_expression(part, kinds)
        # Nothing asks for what x or x + 3 equals, but a comparison that follows.
        is_needed = left.value is not None or name or place < len(shape)
        right = _side(part[:end], kinds[:end]) if is_needed else _NOTHING
        yield _Claim(left, sign, right, _holds(left, sign, right), name)
        # What stands between two comparisons may end one equation and begin another.
        left = right
        if WORD in kinds:
            start = _start_after(part, kinds, end)
            left = _left_side(part[start:], kinds[start:])


def _name(tokens: Sequence[Token], shape: str) -> tuple[str, ...]:
    """Return the words to the left of a comparison, where there are several and nothing else."""
    if len(shape) < 2 or shape.strip(WORD):
        return ()
    name = tuple([token.text for token in tokens])
    return name if all(word[1:].isalpha() for word in name) else ()


def _left_side(tokens: Sequence[Token], shape: str) -> _Side:
    """Return the side that ends here."""
    if WORD not in shape:
        return _side(tokens, shape)
    start = _start_of_last_expression(tokens, shape)
    if start == len(shape):
        return _NOTHING
    named = tokens[start - 1].text.lower() not in _BEFORE_STATEMENTS
    return _side(tokens[start:], shape[start:], named)


def _start_of_last_expression(tokens: Sequence[Token], shape: str) -> int:
    """Return where the expression that ends here, after a word, begins.

    That is the end where the word may belong to it.
    """
    start, end = shape.rfind(WORD) + 1, len(shape)
    if start == end:
        return end
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
        return _Side(tokens[0].value, 0, False, False, named, tokens)
    units: Sequence[str] = ()
    if UNIT in shape:
        named = True
        units = [token.text.rstrip("s") for token in tokens if token.kind == UNIT and token.text]
        tokens = [token for token in tokens if token.kind != UNIT]
        shape = shape.replace(UNIT, "")
    calculation = calculate(tokens, shape)
    return _Side(*calculation, named, tokens, units) if calculation else _NOTHING


def _holds(left: _Side, comparison: str, right: _Side) -> bool | None:
    """Return whether a comparison is true; None where it may be no exact claim."""
    if left.value is None or right.value is None or not left.operators + right.operators:
        return None
    one, other = left.value, right.value
    if comparison == "=" and one == other:
        return True
    if (left.units or right.units) and not _have_same_units(left, right):
        return None  # 1 hour + 30 minutes = 90 minutes
    if not left.operators and left.named:
        return None  # "for 15 frogs = 10 · 15", "Train 2 = 70 · 3": a name that ends in a number
    if comparison != "=":
        return _COMPARISON_HOLDS[comparison](one, other)
    if right.operators and right.numbers()[0].value == one:
        return None  # a running equality: 3 + 4 = 7 · 2 = 14
    # "1/4 · 100 = 25%": a percent sign may say what is multiplied already.
    pairs = [(one, other)]
    if left.percent != right.percent:
        pairs += [(one * 100, other), (one, other * 100)]
        if any(first == second for first, second in pairs):
            return True
    if one.denominator == other.denominator == 1:
        return False  # neither rounds the other
    decimals = left.decimals(), right.decimals()
    if any(
        _is_rounding(*pair, decimals[1]) or _is_rounding(*pair[::-1], decimals[0]) for pair in pairs
    ):
        return True if any(decimals) else None
    return False


def _have_same_units(left: _Side, right: _Side) -> bool:
    """Return whether the sides, and the terms of each, may be compared by their units."""
    if left.units and right.units and left.units[-1] != right.units[-1]:
        return False
    return not any(side.adds and len(set(side.units)) > 1 for side in (left, right))


def _is_rounding(exact: Exact, rounded: Exact, decimals: int) -> bool:
    """Return whether a number rounds another one: they differ by less than its last place."""
    return exact.denominator != 1 and abs(Fraction(exact) - rounded) < Fraction(1, 10**decimals)
