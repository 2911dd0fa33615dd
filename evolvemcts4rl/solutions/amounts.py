r"""Fold the words that say what a number counts, so that what is left of a step is arithmetic.

"13 red hats", "$15/student", "2 \text{ feet}" and "40 (before dinner)" are a number and its unit;
the x of "3 x 4" is a sign. Each look ahead is bounded, so the work is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evolvemcts4rl.solutions.arithmetic import (
    BOX_COMMANDS,
    COMPARISONS,
    NUMBER,
    OPENING,
    PERCENT,
    TEXT_COMMANDS,
    UNIT,
    WORD,
    Token,
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
_WORDS = WORD + OPENING
_AFTER_UNIT = "+-*/)" + COMPARISONS
_TIMES = Token("*", "*")
# A number or bracket ends, and what stands after it may be its unit or an x.
_MAY_END_AMOUNT = re.compile(f"[{NUMBER}{PERCENT})](?=[{_WORDS}(/])")
_COMMAND = re.compile(rf"{OPENING}\(([{_WORDS}/-]{{1,{MAX_REMARK}}}\))?")


def fold_amounts(tokens: Sequence[Token], shape: str) -> tuple[Sequence[Token], str]:
    """Return a clause's tokens with a unit for the words that belong to a number, and their shape.

    No token's kind in the shape is OPENING any more.
    """
    if OPENING in shape:
        tokens = _open_commands(tokens, shape)
        shape = shape_of(tokens)
    folded: list[Token] = []
    done = 0
    for found in _MAY_END_AMOUNT.finditer(shape):
        place = found.end()
        if place <= done:
            continue  # it is within a unit
        end, unit = _unit(tokens, place)
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
    return tokens, shape.replace(OPENING, WORD)


def _is_word_of_unit(token: Token) -> bool:
    """Return whether a word may name what is counted."""
    word = token.text
    return (
        token.kind in _WORDS
        and len(word) > 1
        and word.isalpha()
        and not token.glued
        and word.lower() not in PART_OF_IT
    )


def _open_commands(tokens: Sequence[Token], shape: str) -> list[Token]:
    r"""Return the tokens with the words of \text{…} bare and the \ of \boxed{…} gone."""
    opened: list[Token] = []
    done = 0
    for found in _COMMAND.finditer(shape):
        place = found.start()
        if tokens[place].text in BOX_COMMANDS:
            opened += tokens[done:place]
            done = place + 1
        elif tokens[place].text in TEXT_COMMANDS and (end := _end_of_words(tokens, place + 1)):
            first = tokens[place + 2]
            opened += [*tokens[done:place], Token(first.kind, first.text)]
            opened += tokens[place + 3 : end - 1]
            done = end
    return [*opened, *tokens[done:]]


def _end_of_words(tokens: Sequence[Token], place: int) -> int:
    """Return the place after a bracket that holds nothing but words; 0 where none begins here."""
    if place >= len(tokens) or tokens[place].kind != "(":
        return 0
    for end in range(place + 1, min(place + 2 + MAX_REMARK, len(tokens))):
        token = tokens[end]
        if token.kind == ")":
            return end + 1 if end > place + 1 else 0
        if token.kind not in "/-" and not (token.kind in _WORDS and token.text[0].isalpha()):
            return 0
    return 0


def _unit(tokens: Sequence[Token], place: int) -> tuple[int, str]:
    """Return where the words of a number end that ends before this place, and its unit.

    The place itself where no words belong to it.
    """
    end, unit = place, ""
    for _ in range(MAX_WORDS):
        if end < len(tokens) and _is_word_of_unit(tokens[end]):
            unit = tokens[end].text.lower()
            end += 1
    end = _end_of_rate(tokens, end)
    remark = _end_of_words(tokens, end)
    if remark and not tokens[end].glued and not _may_scale(tokens[end:remark]):
        unit = unit or tokens[remark - 2].text.lower()
        end = remark
    if end == len(tokens) or tokens[end].kind in _AFTER_UNIT:
        return end, unit
    return (end, unit) if _is_times(tokens, end) else (place, "")


def _end_of_rate(tokens: Sequence[Token], end: int) -> int:
    """Return the place after "/hour", "/person/day" or "per hour" at this place."""
    while end + 1 < len(tokens) and tokens[end + 1].kind in _WORDS:
        sign, word = tokens[end], tokens[end + 1].text
        by_sign = sign.kind == "/" and sign.glued and tokens[end + 1].glued
        if not (by_sign or sign.text == "per") or len(word) < 2 or not word.isalpha():
            break
        end += 2
    if end < len(tokens) and tokens[end].text == "each":
        end += 1
    return end


def _may_scale(remark: Sequence[Token]) -> bool:
    """Return whether a remark holds a word that may change the number before it: (thousand)."""
    return len(remark) == 3 and remark[1].text.lower() in PART_OF_IT


def _is_times(tokens: Sequence[Token], place: int) -> bool:
    """Return whether this token is the x of "3 x 4": a variable would touch one neighbour alone."""
    if tokens[place].text not in ("x", "X") or place + 1 >= len(tokens):
        return False
    after = tokens[place + 1]
    return after.kind in (NUMBER, "(") and after.glued == tokens[place].glued
