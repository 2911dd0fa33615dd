"""One written form of an answer taken apart: name, body and unit ("x = 5 cm" → x, 5, cm)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from evolvemcts4rl.answers.groups import is_list
from evolvemcts4rl.answers.number_words import read_number_words
from evolvemcts4rl.answers.numbers import THOUSANDS, read_number, tighten
from evolvemcts4rl.answers.patterns import compiled, fullmatch
from evolvemcts4rl.answers.spelling import WORDS_IN_FORMULAS, even_out
from evolvemcts4rl.answers.units import CLOCK, UNITS, split_unit

MAX_LENGTH = 1000  # characters; longer texts are no final answers, and equal only if identical

VARIABLE = r"(?:[A-Za-z]|\\[a-z]+|\\(?:vec|hat|bar)\s*\{\w\})(?:_\{\w+\})?'*(?:\([\w, ]+\))?"
NAME = (
    rf"{VARIABLE}(?: ?: ?{VARIABLE})?"  # x, \theta, x_1, f(x), P(A), A:B
    r"|(?:\\(?:angle|triangle|overline|overrightarrow)\s*)?\{?[A-Z]{2,4}\}?"  # AB, \angle ABC
    r"|\\angle\s*[A-Z]"
    r"|\|[A-Z]{1,2}\||\\frac\{[A-Z]{2}\}\{[A-Z]{2}\}"  # |AB|, AB/CD
    r"|(?:[A-Za-z]{3,} ?)+"  # the total area
    r"|\((?: ?[a-z],?){2,4}\)"  # (x, y)
)
CHOICE = r"(?i)(?:(?:option|choice|answer)\s+|选项?|答案\s*[是为选]?)?\(?([A-Z])\)?[.:]?"
CHOICE_WITH_VALUE = r"(?:\(([A-J])\)|([A-J])[).:]\s)\s*([^-+*/^=<>,)\\({\s].*|\\frac.*|\\sqrt.*)"

SYNONYMS = {
    "DNE": "does not exist",
    **dict.fromkeys(["no solution", "no solutions", "no real solution"], r"\emptyset"),
    **dict.fromkeys(["no real solutions", "empty set", "the empty set", "无解"], r"\emptyset"),
}
RATIO = r"\d+(?:\.\d+)?(?::\d+(?:\.\d+)?)+"
SET_BUILDER = (  # {x | x > 2}
    r"\\\{ ?([a-z])(?: ?\\in ?\\mathbb ?\{ ?R ?\})? ?(?:\\mid|:|\\?\||\\vert)"
    r" ?([^{}]*(?:<|>|\\le |\\ge ).*)\\\}"
)
DEGREES = r"(\d+(?:\.\d+)?|\b[a-z]|\\[a-z]+) ?°"
ANGLE_FUNCTIONS = r"\\(?:sin|cos|tan|cot|sec|csc)\b"
DATE = r"(\d{4})([-/])0?(\d{1,2})[-/]0?(\d{1,2})|0?(\d{1,2})/0?(\d{1,2})/(\d{4})"
# Ranges, scores and letters such as IV or BA look like formulas, but are compared as texts.
UNCOMPUTED = r"\d+(?:\.\d+)?-\d+(?:\.\d+)?|[A-Z]{2,}"


@dataclass(frozen=True)
class Form:
    """A written form, `name` = `body` `unit`, and its exact value where the body is a number."""

    name: str
    body: str
    unit: str
    number: Fraction | None = None
    is_text: bool = False  # no formula: compared letter by letter

    @property
    def text(self) -> str:
        """Return the canonical text: two texts are equal only where their values are."""
        gap = "" if not self.unit or self.unit.startswith("_") else " "
        return self.equation + gap + self.unit

    @property
    def equation(self) -> str:
        """Return the form without its unit."""
        return f"{self.name}={self.body}" if self.name else self.body

    @property
    def is_clock(self) -> bool:
        """Return whether the body may be a time of day, such as 12:30; it may be a ratio, too."""
        return bool(fullmatch(CLOCK, self.body))

    @property
    def ratio(self) -> list[Fraction]:
        """Return the members of a ratio such as 1:2:3; empty for all else."""
        return list(map(Fraction, self.body.split(":"))) if fullmatch(RATIO, self.body) else []

    @property
    def known_unit(self) -> str:
        """Return the unit if it is a known one or a base; empty for counted things (12 apples)."""
        base = self.unit.split("^")[0].split("/")[0]
        return self.unit if base in UNITS.values() or self.unit.startswith("_") else ""


@lru_cache(maxsize=16_384)  # a reference answer is compared with each of its rollouts
def read_form(text: str) -> Form:
    """Take a written answer of at most MAX_LENGTH characters apart."""
    name, body = _split_name(even_out(text))
    if builder := fullmatch(SET_BUILDER, body):
        body = builder[2]
    body, unit = split_unit(read_number_words(body))
    if fullmatch(THOUSANDS, body):
        body = body.replace(",", "").replace(" ", "")
    if opaque := _read_opaque(body):
        return Form(tighten(name), opaque, unit, None, is_text=True)
    is_text = looks_like_words(body)
    body = _even_words(body) if is_text else tighten(body)
    return Form(tighten(name), body, unit, read_number(body), is_text)


def _even_words(body: str) -> str:
    words = body.casefold().strip("\"'")
    return SYNONYMS.get(words, words)


def _read_opaque(body: str) -> str:
    """Return the one spelling of a date, a range, a score or letters; empty for all else."""
    tight = tighten(body)
    if body in SYNONYMS:
        return SYNONYMS[body]
    if date := fullmatch(DATE, tight):
        return "/".join(part for part in date.groups() if part and part not in "-/")
    return tight if fullmatch(UNCOMPUTED, tight) else ""


def _split_name(text: str) -> tuple[str, str]:
    if letter := fullmatch(CHOICE, text):
        return "", letter[1].upper() if len(text) > 1 else text
    if choice := fullmatch(CHOICE_WITH_VALUE, text):
        return f"({choice[1] or choice[2]})", choice[3]
    name, sign, members = text.partition(r"\in ")
    if sign and fullmatch(NAME, name.strip()):
        return name, members
    sides = [side for side in _sides(text) if side]  # an empty one in x == 5
    if len(sides) < 2 or (len(sides) > 2 and is_list(text)):
        return "", text
    if fullmatch(NAME, sides[0]):
        return sides[0], sides[-1]  # x = 5, and x = 2 + 3 = 5
    if fullmatch(NAME, sides[-1]):
        return sides[-1], sides[0]  # 5 = x
    return ("", sides[-1]) if _is_computation(sides) else ("", text)


def _sides(text: str) -> Iterator[str]:
    """Yield what stands between the equals signs, except those in brackets."""
    depth = start = 0
    for place, character in enumerate(text):
        depth += (character in "{([") - (character in "})]")
        if character == "=" and depth <= 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _is_computation(sides: list[str]) -> bool:
    """Return whether all sides are one number (2 + 3 = 5); 10 = 12 is a false relation."""
    if compiled(r"[a-zA-Z<>!,]").search("".join(sides).replace("\\frac", "")):
        return False
    numbers = [number for side in sides if (number := read_number(tighten(side))) is not None]
    return len(set(numbers)) <= 1


def in_radians(formula: str) -> str:
    """Return a formula with the degrees of its angles as radians: the tangent of 45° is 1."""
    if not compiled(ANGLE_FUNCTIONS).search(formula):
        return formula
    return str(compiled(DEGREES).sub(r"(\\frac{\1\\pi}{180})", formula))


def looks_like_words(body: str) -> bool:
    """Return whether an answer is in words: as formulas, evil and live would be one product."""
    runs = _letter_runs(compiled(r"\\[a-zA-Z]+").sub(" ", body))
    is_word = [
        (len(run) >= 3 and run.lower() not in WORDS_IN_FORMULAS) or not run.isascii()
        for run in runs
    ]
    return (any(is_word) and "\\begin" not in body) or body.lower() == "no"


def _letter_runs(text: str) -> list[str]:
    return "".join(c if c.isalpha() else " " for c in text).split()
