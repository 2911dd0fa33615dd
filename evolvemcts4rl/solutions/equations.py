"""Check the equations in numbers that a step states.

They speak for or against a step and cost no tokens. Only what can be read without guessing is
checked: both sides consist of numbers, operators and brackets, there is at least one operator, and
nothing beside them could change their meaning ("of", a variable, another number). No verdict is
given on rounded values, running equalities (3 + 4 = 7 · 2 = 14) and different units. The arithmetic
is exact, and the work linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import NamedTuple

from evolvemcts4rl.solutions.arithmetic import (
    MAX_TERMS,
    Exact,
    Parser,
    Token,
    may_compare,
    number_value,
    tokens_of,
)

# Words beside an expression that may be part of what is calculated.
_PART_OF_IT = frozenset(
    """
    of times plus minus by per percent than to from half twice double triple third
    quarter over divided multiplied sum difference product ratio mod modulo remainder
    and or between every each least most about approximately nearly almost roughly
    around sqrt log ln sin cos tan frac text power square squared cubed root base
    """.split()  # noqa: SIM905
)
_COMPARISONS = "=<>≤≥"


class _Side(NamedTuple):
    """One side of a comparison: its value, and what tells whether it was meant exactly."""

    value: Exact | None
    operators: int = 0
    unit: str = ""
    decimals: int = 0  # of its last number
    first: Exact | None = None  # its first number
    percent: bool = False


def stated_equations(text: str) -> list[bool]:
    """Return whether each equation or inequality in numbers that can be checked is true."""
    verdicts: list[bool] = []
    lines = filter(may_compare, text.split("\n"))  # no expression goes on over a line's end
    for clause in chain.from_iterable(map(_clauses, lines)):
        sides, comparisons = _sides(clause)
        for left, comparison, right in zip(sides, comparisons, sides[1:], strict=False):
            verdict = _holds(left, comparison, right)
            if verdict is not None:
                verdicts.append(verdict)
    return verdicts


def _clauses(text: str) -> Iterator[list[Token]]:
    """Yield the stretches of tokens between sentence ends and line ends."""
    clause: list[Token] = []
    for token in tokens_of(text):
        if token.kind == "stop":
            yield clause
            clause = []
        else:
            clause.append(token)
    yield clause


def _sides(clause: Sequence[Token]) -> tuple[list[_Side], list[str]]:
    """Return what stands between the comparisons of a clause, and the comparisons."""
    places = [
        i for i, token in enumerate(clause) if token.kind == "sign" and token.text in _COMPARISONS
    ]
    if not places:
        return [], []
    bounds = [-1, *places, len(clause)]
    sides = []
    for number, (before, after) in enumerate(pairwise(bounds)):
        part = clause[before + 1 : after]
        if len(places) and number == 0:
            part = _last_expression(part)
        elif number == len(places):
            part = _first_expression(part)
        sides.append(_side(part))
    return sides, [clause[place].text for place in places]


def _last_expression(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the expression that ends here; nothing where a word before it may belong to it."""
    start = len(tokens)
    while start and (tokens[start - 1].kind != "word" or _is_unit(tokens, start - 1)):
        start -= 1
    if start and (
        tokens[start - 1].text.lower() in _PART_OF_IT or not tokens[start - 1].text.isalpha()
    ):
        return ()
    expression = tokens[start:]
    # A sign directly after a word continues a calculation with what the word stands for, and a
    # letter beside a number is a variable.
    if (
        start
        and expression
        and (
            expression[0].kind == "sign" or expression[0].glued or len(tokens[start - 1].text) == 1
        )
    ):
        return ()
    return expression


def _first_expression(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the expression that begins here; nothing where a word after it may belong to it."""
    end = 0
    while end < len(tokens) and (tokens[end].kind != "word" or _is_unit(tokens, end)):
        end += 1
    rest = tokens[end:]
    if rest and (
        rest[0].text.lower()
        in _PART_OF_IT - {"and", "or", "per", "each", "every", "to", "from", "than", "by"}
    ):
        return ()
    if rest and (not rest[0].text.isalpha() or len(rest[0].text) == 1 or rest[0].glued):
        return ()
    if rest and tokens[:end] and tokens[end - 1].kind == "sign" and tokens[end - 1].text not in ")":
        return ()
    return tokens[:end]


def _is_unit(tokens: Sequence[Token], place: int) -> bool:
    """Return whether a word is the unit of the number before it, within a calculation."""
    word = tokens[place].text
    if (
        len(word) < 2
        or not word.isalpha()
        or word.lower() in _PART_OF_IT
        or not place
        or tokens[place].glued
    ):
        return False
    before = tokens[place - 1]
    follows = before.kind in ("number", "percent") or (before.kind == "sign" and before.text == ")")
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    return follows and (after is None or (after.kind == "sign" and after.text in "+-*/)"))


def _side(tokens: Sequence[Token]) -> _Side:
    nothing = _Side(None)
    if len(tokens) > 1 and tokens[0].text in ("-", "+", "*") and not tokens[1].glued:
        tokens = tokens[1:]  # the mark of a list's item, not a sign
    numbers = [token for token in tokens if token.kind == "number"]
    if not numbers or len(tokens) > 4 * MAX_TERMS:
        return nothing
    words = [place for place, token in enumerate(tokens) if token.kind == "word"]
    if not all(_is_unit(tokens, place) for place in words):
        return nothing
    units = [tokens[place].text.lower() for place in words]
    try:
        parser = Parser([token for token in tokens if token.kind != "word"])
        value = parser.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return nothing
    last = numbers[-1].text
    decimals = len(last.partition(".")[2])
    return _Side(
        value,
        parser.operators,
        units[-1] if units else "",
        decimals,
        number_value(numbers[0].text),
        parser.percent,
    )


def _holds(left: _Side, comparison: str, right: _Side) -> bool | None:
    """Return whether a comparison is true; None where it may be no exact claim."""
    if left.value is None or right.value is None or not left.operators + right.operators:
        return None
    if left.unit and right.unit and left.unit.rstrip("s") != right.unit.rstrip("s"):
        return None
    if not left.operators and left.unit:
        return None  # "for 15 frogs = 10 · 15": a name that ends in a number
    one, other = left.value, right.value
    if comparison != "=":
        return {"<": one < other, ">": one > other, "≤": one <= other, "≥": one >= other}[
            comparison
        ]
    if one == other:
        return True
    if (left.percent != right.percent) and one in (other * 100, Fraction(other, 100)):
        return True
    if right.operators and right.first == one:
        return None  # a running equality: 3 + 4 = 7 · 2 = 14
    if _is_rounding(one, other, right.decimals) or _is_rounding(other, one, left.decimals):
        return None if max(right.decimals, left.decimals) == 0 else True
    return False


def _is_rounding(exact: Exact, rounded: Exact, decimals: int) -> bool:
    """Return whether a number rounds another one: they differ by less than its last place."""
    return exact.denominator != 1 and abs(Fraction(exact) - rounded) < Fraction(1, 10**decimals)
