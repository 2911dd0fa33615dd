r"""Fold the words that say what a number counts, so that what is left of a step is arithmetic.

"13 red hats", "$15/student", "2 \text{ feet}" and "40 (before dinner)" are a number and its unit;
the x of "3 x 4" is a sign. Each look ahead is bounded, so the work is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from evolvemcts4rl.solutions.arithmetic import (
    BOX_COMMANDS,
    COMMAND,
    COMPARISONS,
    NUMBER,
    PERCENT,
    SYMBOL,
    UNIT,
    WORD,
    Token,
    X,
    shape_of,
)

# Words beside an expression that may be part of what is calculated.
PART_OF_IT = frozenset(
    """
    of times plus minus by per percent than to from half twice double triple third
    quarter over divided multiplied sum difference product ratio mod modulo remainder
    and or between every each least most about approximately nearly almost roughly
    around sqrt log ln sin cos tan frac text power square squared cubed root base
    dozen dozens hundred hundreds thousand thousands million millions billion billions
    """.split()  # noqa: SIM905
)
MAX_WORDS = 3  # of a unit
MAX_REMARK = 8  # tokens in brackets after a number
_AFTER_UNIT = "+-*/)" + COMPARISONS
_TIMES = Token("*", "*")
# A number or bracket ends, and what stands after it may be its unit or an x.
_MAY_END_AMOUNT = re.compile(f"[{NUMBER}{PERCENT})](?=[{WORD}{X}(/])")
_IN_BRACKETS = rf"\(([{WORD}{X}/-]{{1,{MAX_REMARK}}})\)"
_REMARK = re.compile(_IN_BRACKETS)
_COMMAND = re.compile(rf"{COMMAND}(?:{_IN_BRACKETS}|\()")
_FOLDED = frozenset(WORD + SYMBOL + X + COMMAND + "(")  # there is nothing to fold without these
_ALL_WORDS = str.maketrans(SYMBOL + X + COMMAND, 3 * WORD)


def fold_amounts(tokens: Sequence[Token], shape: str) -> tuple[Sequence[Token], str]:
    """Return a clause's tokens with a unit for the words that belong to a number, and their shape.

    In the shape, all that looks like a word and is nothing else is a word.
    """
    if _FOLDED.isdisjoint(shape):
        return tokens, shape
    if COMMAND in shape:
        tokens = _open_commands(tokens, shape)
        shape = shape_of(tokens)
    folded: list[Token] = []
    done = 0
    for found in _MAY_END_AMOUNT.finditer(shape):
        place = found.end()
        if place <= done:
            continue  # it is within a unit
        end, unit = _unit(tokens, shape, place)
        folded += tokens[done:place]
        if end > place:
            folded.append(Token(UNIT, unit))
        done = end
        if end < len(tokens) and _is_times(tokens, end):
            folded.append(_TIMES)
            done = end + 1
    if done:
        tokens = [*folded, *tokens[done:]]
        shape = shape_of(tokens)
    return tokens, shape.translate(_ALL_WORDS)


def _open_commands(tokens: Sequence[Token], shape: str) -> list[Token]:
    r"""Return the tokens with the words of \text{…} bare and the \ of \boxed{…} gone."""
    opened: list[Token] = []
    done = 0
    for found in _COMMAND.finditer(shape):
        place = found.start()
        command = tokens[place].text
        if command in BOX_COMMANDS:
            opened += tokens[done:place]
            done = place + 1
        elif found[1]:
            first, *others = tokens[place + 2 : found.end() - 1]
            opened += [*tokens[done:place], Token(first.kind, first.text), *others]
            done = found.end()
    return [*opened, *tokens[done:]]


def _unit(tokens: Sequence[Token], shape: str, place: int) -> tuple[int, str]:
    """Return where the words of a number end that ends before this place, and its unit.

    The place itself where no words belong to it.
    """
    end, unit = place, ""
    for token in tokens[place : place + MAX_WORDS]:
        if token.kind != WORD or token.glued or not _may_name_unit(token.text):
            break
        unit = token.text.lower()
        end += 1
    end = _end_of_rate(tokens, end)
    remark = _REMARK.match(shape, end)
    if remark and not tokens[end].glued:
        words = tokens[end + 1 : remark.end() - 1]
        if not _may_scale(words):
            unit = unit or words[-1].text.lower()
            end = remark.end()
    if end == len(tokens) or shape[end] in _AFTER_UNIT:
        return end, unit
    return (end, unit) if _is_times(tokens, end) else (place, "")


@lru_cache(maxsize=4096)
def _may_name_unit(word: str) -> bool:
    """Return whether a word may name what is counted."""
    return len(word) > 1 and word.isalpha() and word.lower() not in PART_OF_IT


def _end_of_rate(tokens: Sequence[Token], end: int) -> int:
    """Return the place after "/hour", "/person/day" or "per hour" at this place."""
    while end + 1 < len(tokens) and tokens[end + 1].kind == WORD:
        sign, word = tokens[end], tokens[end + 1].text
        by_sign = sign.kind == "/" and sign.glued and tokens[end + 1].glued
        if not (by_sign or sign.text == "per") or len(word) < 2 or not word.isalpha():
            break
        end += 2
    if end < len(tokens) and tokens[end].text == "each":
        end += 1
    return end


def _may_scale(remark: Sequence[Token]) -> bool:
    """Return whether a remark is a word that may change the number before it: (thousand)."""
    return len(remark) == 1 and remark[0].text.lower() in PART_OF_IT


def _is_times(tokens: Sequence[Token], place: int) -> bool:
    """Return whether this token is the x of "3 x 4": a variable would touch one neighbour alone."""
    if tokens[place].kind != X or place + 1 >= len(tokens):
        return False
    after = tokens[place + 1]
    return after.kind in (NUMBER, "(") and after.glued == tokens[place].glued
