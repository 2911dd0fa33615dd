"""The values in a sentence: numbers, calculations and formulas, each with its place.

For texts of at most a few thousand characters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import re2

from evolvemcts4rl.answers.latex import (
    equation_sides,
    equation_value,
    formula_at,
    has_letters,
    tidy_formula,
)
from evolvemcts4rl.answers.units import UNITS


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_NUMBER = (
    r"(?:(?:US)?\\?[$€£¥₹] ?)?"
    r"(?:\d{1,3}(?: \d{3}\b)+|\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+(?:\.\.\.|…)?)?|\.\d+)"
    r"(?: \d+/\d+)?(?:[/:]\d+)*(?: ?\\?%|[€£])?"
)
_TERM = rf"\(*[-−+]?{_NUMBER}\)*"
CALCULATION = re2.compile(rf"{_TERM}(?:(?: ?[-−–+*/×÷·^=≈] ?| x ){_TERM})*")
BEGIN_A_CALCULATION = frozenset("(-−+US\\$€£¥₹.0123456789")
AFTER_A_VARIABLE = re2.compile(r"(?:^|[^\pL])\pL[\d_']*\)?\s*[-−+*/^·×]\s*$")
VALUE_SIGN = re2.compile(r"\d|[=<>]|\\(?:frac|text|pi|infty|sqrt|l[te]q?|g[te]q?|n?eq?)\b")
BETWEEN_CLAIMS = re2.compile(r"(?i)[,;:.]|\b(?:and|or|so|is|are)\b")
RANGE = re2.compile(r"\d[-–]\d")
_UNIT_WORDS = "|".join(
    re2.escape(unit)
    for unit in sorted(UNITS, key=len, reverse=True)
    if unit[0].isalpha() and unit != "in"
)
UNIT = re2.compile(
    r" ?(?:(?:hundred|thousand|million|billion|trillion|dozen)\b)?"
    rf"(?:[ -]?(?:°[CF]?|(?:square |cubic |sq\.? )?(?:{_UNIT_WORDS})s?\b)"
    rf"(?:\^?\{{?[23]\}}?|[²³])?(?:(?: per | ?/ ?)(?:{_UNIT_WORDS})s?\b)?)?"
)
MULTIPLE = re2.compile(
    "hundred|thousand|million|billion|trillion|dozen"
)  # 2 dozen: the question may ask for dozens
ASCII_WORD = re2.compile(r"[A-Za-z]+")
WORD = re2.compile(r"\p{Han}+|\pL[\pL\d_'’-]*")
# A number after one of these was known or is a name: the 4 friends, step 3.
GIVEN = word_set(
    """the these those both step part case equation line problem question figure option choice
    example room page chapter number day"""
)


@dataclass(frozen=True)
class Value:
    """A value in a sentence and the place where it stands; its text is empty if it is unclear."""

    text: str
    start: int
    end: int
    is_result: bool = False  # it stands after a calculation and its equals sign


def values_in(sentence: str) -> list[Value]:
    """Return the values of a sentence, but no names in formulas, ordinals and given numbers."""
    values: list[Value] = []
    place, before = 0, ""
    while place < len(sentence):
        word = _word_at(sentence, place)
        end, value = _piece_at(sentence, place, before, word)
        if value:
            gap = sentence[values[-1].end : place] if values else ","
            follows = gap.rstrip(" $\\(").endswith("=") and not BETWEEN_CLAIMS.search(gap)
            values.append(replace(value, is_result=True) if follows else value)
        before = word.lower() if word else before if sentence[place] in " *_(#" else ""
        place = end
    return values


def _word_at(sentence: str, place: int) -> str:
    """Return the word that starts here; empty where there is none."""
    if sentence[place].isascii() and not sentence[place].isalpha():
        return ""
    # RE2 counts the characters before a place on each call: a slice has none.
    word = WORD.match(sentence[place:])
    return str(word[0]) if word else ""


def _piece_at(sentence: str, place: int, before: str, word: str) -> tuple[int, Value | None]:
    """Return where the piece that starts here ends, and the value that it is."""
    if found := formula_at(sentence, place):
        content, end = found
        is_name = not VALUE_SIGN.search(content) or (before in GIVEN and content.isdigit())
        return end, None if is_name else _read_formula(content, place, end)
    if sentence[place] in BEGIN_A_CALCULATION and (number := CALCULATION.match(sentence[place:])):
        return _read_number(sentence, place, place + number.end(), before)
    if word:
        return place + len(word), None
    if sentence[place] == "\\":
        text = sentence[place:].split(None, 1)[0]
        if VALUE_SIGN.search(text):
            return place + len(text), Value(text.rstrip(".,;"), place, place + len(text))
    return place + 1, None


def _read_formula(content: str, start: int, end: int) -> Value:
    value = None if "\\approx" in content else equation_value(tidy_formula(content))
    return Value(value or "", start, end, "=" in content and not has_letters(content))


def _read_number(sentence: str, start: int, end: int, before: str) -> tuple[int, Value | None]:
    text = sentence[start:end]
    if text.count("(") != text.count(")"):
        text = text.strip("()")
    unit = UNIT.match(sentence[end:])[0].rstrip()
    end += len(unit)
    word = ASCII_WORD.match(sentence, end)
    if word and word[0] in ("st", "nd", "rd", "th"):
        return word.end(), None
    if before in GIVEN and "=" not in text:
        return end, None
    is_expression = (
        word
        or MULTIPLE.search(unit)
        or AFTER_A_VARIABLE.search(sentence[max(0, start - 20) : start])
    )
    if is_expression or (RANGE.search(text) and "=" not in text):  # 5x, y + 2 = 7, 3-4
        return end, Value("", start, end)
    sides = equation_sides(text)
    return end, Value(f"{sides[-1]} {unit.strip(' -')}".strip(), start, end, len(sides) > 1)
