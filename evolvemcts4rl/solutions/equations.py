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

from evolvemcts4rl.solutions.amounts import PART_OF_IT, fold_amounts
from evolvemcts4rl.solutions.arithmetic import (
    COMPARISONS,
    MAX_TERMS,
    Exact,
    Parser,
    Token,
    may_compare,
    number_value,
    tokens_of,
)

# After these a number is none of a name, as it is in "train 2".
_BEFORE_STATEMENTS = frozenset(
    """
    that so is are was were have has had get gets gives give thus then since because hence
    therefore as know find obtain check we see note where
    """.split()  # noqa: SIM905
)


class _Side(NamedTuple):
    """One side of a comparison: its value, and what tells whether it was meant exactly."""

    value: Exact | None
    operators: int = 0
    unit: str = ""  # of its last number
    mixed: bool = False  # whether it adds numbers of different units
    decimals: int = 0  # of its last number
    first: Exact | None = None  # its first number
    percent: bool = False
    named: bool = False  # whether its number may be part of a name, or counts something


class _Claim(NamedTuple):
    """A comparison of two sides; `name` is the words to its left, two or more and nothing else."""

    left: _Side
    comparison: str
    right: _Side
    name: tuple[str, ...] = ()


def stated_equations(text: str) -> list[bool]:
    """Return whether each equation or inequality in numbers that can be checked is true."""
    verdicts: list[bool] = []
    lines = filter(may_compare, text.split("\n"))  # no expression goes on over a line's end
    before = None
    for clause in chain.from_iterable(map(_clauses, lines)):
        for claim in _claims(clause):
            verdict = _holds(_calculated(claim, before), claim.comparison, claim.right)
            if verdict is not None:
                verdicts.append(verdict)
            before = claim
    return verdicts


def _calculated(claim: _Claim, before: _Claim | None) -> _Side:
    """Return the left side; that of "Total = 51" is 5 + 45 where "Total = 5 + 45" was before it."""
    if before is None or not claim.name or claim.name != before.name or claim.right.operators:
        return claim.left
    return before.right if claim.comparison == before.comparison == "=" else claim.left


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


def _claims(clause: Sequence[Token]) -> Iterator[_Claim]:
    """Yield the comparisons of a clause."""
    if not any(map(_compares, clause)):
        return
    tokens = fold_amounts(clause)
    places = [place for place, token in enumerate(tokens) if _compares(token)]
    part = tokens[: places[0]]
    left = _left_side(part)
    is_name = len(part) > 1 and all(_is_word(token) and token.text[1:].isalpha() for token in part)
    name = tuple(token.text for token in part) if is_name else ()
    for place, following in pairwise([*places, len(tokens)]):
        part = tokens[place + 1 : following]
        first = _first_expression(part)
        right = _side(first)
        yield _Claim(left, tokens[place].text, right, name)
        # What stands between two comparisons may end one equation and begin another.
        left = _left_side(_after(part, len(first))) if any(map(_is_word, part)) else right


def _compares(token: Token) -> bool:
    return token.kind == "sign" and token.text in COMPARISONS


def _is_word(token: Token) -> bool:
    return token.kind == "word"


def _last_expression(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the expression that ends here; nothing where a word before it may belong to it."""
    start = len(tokens)
    while start and tokens[start - 1].kind != "word":
        start -= 1
    if start and (
        tokens[start - 1].text.lower() in PART_OF_IT or not tokens[start - 1].text.isalpha()
    ):
        return ()
    if start > 1 and tokens[start - 2].kind == "number":
        return ()  # 6 feet 2 inches + 3 inches
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


def _left_side(tokens: Sequence[Token]) -> _Side:
    """Return the side that ends here."""
    expression = _last_expression(tokens)
    side, start = _side(expression), len(tokens) - len(expression)
    if start and tokens[start - 1].text.lower() not in _BEFORE_STATEMENTS:
        return side._replace(named=True)
    return side


def _after(tokens: Sequence[Token], end: int) -> Sequence[Token]:
    """Return the tokens among which an expression ends, where another one has ended before.

    "12 red hats and 7 + 6": what "and" joins is two statements, if only words part the two.
    """
    start = end
    while start < len(tokens) and _is_word(tokens[start]) and tokens[start].text != "and":
        start += 1
    joined = end and start < len(tokens) and tokens[start].text == "and"
    return tokens[start + 1 :] if joined else tokens


def _first_expression(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the expression that begins here; nothing where a word after it may belong to it."""
    end = 0
    while end < len(tokens) and tokens[end].kind != "word":
        end += 1
    rest = tokens[end:]
    if rest and (
        rest[0].text.lower()
        in PART_OF_IT - {"and", "or", "per", "each", "every", "to", "from", "than", "by"}
    ):
        return ()
    if rest and (not rest[0].text.isalpha() or len(rest[0].text) == 1 or rest[0].glued):
        return ()
    if rest and tokens[:end] and tokens[end - 1].kind == "sign" and tokens[end - 1].text not in ")":
        return ()
    return tokens[:end]


def _side(tokens: Sequence[Token]) -> _Side:
    nothing = _Side(None)
    if len(tokens) > 1 and tokens[0].text in ("-", "+", "*") and not tokens[1].glued:
        tokens = tokens[1:]  # the mark of a list's item, not a sign
    numbers = [token for token in tokens if token.kind == "number"]
    if not numbers or len(tokens) > 4 * MAX_TERMS:
        return nothing
    if any(token.kind == "word" for token in tokens):
        return nothing
    units = [token.text for token in tokens if token.kind == "unit" and token.text]
    try:
        parser = Parser([token for token in tokens if token.kind != "unit"])
        value = parser.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return nothing
    last = numbers[-1].text
    decimals = len(last.partition(".")[2])
    return _Side(
        value,
        parser.operators,
        units[-1] if units else "",
        parser.adds and len({unit.rstrip("s") for unit in units}) > 1,
        decimals,
        number_value(numbers[0].text),
        parser.percent,
        any(token.kind == "unit" for token in tokens),
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
