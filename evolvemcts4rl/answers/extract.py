"""Final answers: found in a completion or a seed, compared, and voted on. Pure functions; math-verify is loaded when needed."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from evolvemcts4rl.answers.forms import MAX_LENGTH, Form, looks_like_words, normalise_answer, read_form
from evolvemcts4rl.answers.groups import MAX_ENTRIES, Group, is_monstrous, split_group

__all__ = ["compare_quick", "extract_answer", "majority", "normalise_answer", "same_answer", "seed_answer", "vote"]

MAX_BOX = 2000  # characters: a longer box was never closed where its author meant to

BOX_TOKENS = re.compile(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
BARE_BOX = re.compile(r"\\(?:boxed|fbox)(?:[ \t]+|(?=[\d\\]))([^${}\n]{1,200})")
HASHES = re.compile(r"####[ \t]*(\S[^\n]*)")
ANNOUNCED = re.compile(
    r"\b(?:answer\**(?: (?:to|for|of) [^\n:.$]{1,100}?)?(?:[ \t*]+is\b|\**:)|solution is\b)\**:?", re.IGNORECASE
)
FILLERS = re.compile(r"(?:(?:therefore|thus|then|simply|just|exactly|indeed|equal to|option|choice)\b[,:]?\s*)+", re.I)
PROSE = re.compile(
    r"(?:not|that|obtained|found|given|correct|incorrect|wrong|clear|as|by|what|which|to|we|i|you|let|first|if|it|this|there|in|on)\b",
    re.I,
)
SENTENCE_END = re.compile(
    r"[.!?](?:\*\*)?(?:\s|$)|\s(?:because|since|so|as|which|where|when|after|and not)\s|,\s+(?=[a-z]{2})"
)
FORMULA = re.compile(r"\$\$?([^$]{1,300})\$\$?|\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]")
CONTINUED = re.compile(r"\s*(?:,|and\b|or\b|,\s*and\b|,\s*or\b)\s*[$\\(\d-]|\s*\\?%|[\d(\[]")
FORMULA_LINE = re.compile(r"(?:\$\$?([^$]+)\$\$?|\\\((.+)\\\)|\\\[(.+)\\\])[.,]?")
UNORDERED_KINDS = ({"", "list", "{}"}, {"list", "union"})  # of groups: x < 1 or x > 2 may be written as a union
LETTER_LINE = re.compile(r"\(?[A-E]\)?\.?")


def extract_answer(text: str) -> str | None:
    """The final answer that a completion gives, as it is written there; None where it gives none.

    The last box counts, else the last `#### x`, else the last "the answer is x", else a last line that is only a value.
    Linear in the length of the text.
    """
    for find in (_last_box, _last_hashes, _last_announced, _last_line_value):
        if answer := find(text):
            return answer
    return None


def seed_answer(text: str) -> str | None:
    """The reference answer in a seed's answer column: given as it is, after GSM8K's ####, or in a solution's last box."""
    text = text.strip()
    if answer := _last_hashes(text) or _last_box(text):
        return answer
    if "\n" in text or len(text) > MAX_LENGTH:
        return extract_answer(text)
    return text or None


def _last_box(text: str) -> str | None:
    first = min((place for name in ("\\boxed", "\\fbox") if (place := text.find(name)) >= 0), default=None)
    if first is None:
        return None
    first = len(text[:first].rstrip("\\"))  # a box after a line break, \\, shares a run of backslashes with it
    best = (-1, "")  # where the box starts, and its content: the innermost of the last ones
    opened: list[int | None] = []  # for each brace still open: where its content starts if it is a box's
    for token in BOX_TOKENS.finditer(text, first):
        if token[0] == "{":
            opened.append(None)
        elif token[0].endswith("{") and len(token[0]) > 2:
            opened.append(token.end())
        elif token[0] == "}" and opened and (start := opened.pop()) is not None:
            content = text[start : min(token.start(), start + MAX_BOX + 1)].strip()
            if start > best[0] and content and len(content) <= MAX_BOX:
                best = (start, content)
    for bare in BARE_BOX.finditer(text, first):
        if bare.start() > best[0]:
            closed_by = text[bare.end() : bare.end() + 1]
            content = bare[1] if closed_by == "$" else (bare[1].split() or [""])[0]
            content = re.split(r"\\[)\]]", content)[0].strip().rstrip(".,;")
            best = (bare.start(), content) if content else best
    return best[1] or None


def _last_hashes(text: str) -> str | None:
    found = HASHES.findall(text)
    return found[-1].strip() if found else None


def _last_announced(text: str) -> str | None:
    for found in reversed(deque(ANNOUNCED.finditer(text), maxlen=10)):
        line = text[found.end() : found.end() + 2 * MAX_LENGTH].lstrip().partition("\n")[0]
        if answer := _trim_sentence(line):
            return answer
    return None


def _trim_sentence(words: str) -> str | None:
    """The answer at the head of the rest of a sentence; None where that is prose ("the answer is not obvious")."""
    words = FILLERS.sub("", words[: MAX_LENGTH + 1].strip().strip("*").strip(), count=1)
    formula = FORMULA.match(words)
    if formula and not CONTINUED.match(words, formula.end()) and not re.search(r"\d [a-z]{2,} ", formula[0]):
        return _formula_text(formula)
    end = SENTENCE_END.search(words)
    answer = (words[: end.start()] if end else words).strip().strip("*").rstrip(".,;: ")
    if not answer or len(answer) > 200 or PROSE.match(answer):
        return None
    if len(answer.split()) <= 6 or "\\" in answer:
        return answer
    head = answer.split()[0]  # "18 dollars every day at the market"
    return head if read_form(head).number is not None else None


def _formula_text(formula: re.Match[str]) -> str:
    return next(group for group in formula.groups() if group is not None).strip()


def _last_line_value(text: str) -> str | None:
    lines = text[-4 * MAX_LENGTH :].rstrip().rsplit("\n", 3)[1 if text.count("\n") >= 3 else 0 :]
    while lines and lines[-1].strip() in ("\\]", "$$", "", "```"):
        lines.pop()
    line = lines[-1].strip().strip("*").strip() if lines else ""
    if not line or len(line) > 200:
        return None
    formula = FORMULA_LINE.fullmatch(line)
    value = _formula_text(formula) if formula else line.rstrip(".")
    sides = [side.strip() for side in value.split("=")]
    if len(sides) > 1 and (len(sides) > 2 or not sides[0] or re.search(r"[\d+*/^]", sides[0])):
        value = sides[-1]  # 2 + 3 = 5 gives 5, x = 5 stays
    if LETTER_LINE.fullmatch(value):
        return value
    form = read_form(value)
    return (
        value
        if value and not form.is_text and (formula or form.number is not None or _is_bare_formula(value))
        else None
    )


def _is_bare_formula(line: str) -> bool:
    return len(line) <= 100 and line.startswith(
        ("\\frac", "\\sqrt", "\\pi", "\\dfrac", "(", "[", "\\{", "\\left", "\\begin")
    )


def compare_quick(gold: str, answer: str) -> bool | None:
    """Whether the answers are the same, where that can be told without a computer algebra; None where it cannot.

    A percent sign is a unit, as in the MATH data set: 50% equals 50, and it equals 0.5 by value; 50 and 0.5 still
    differ. Numbers are compared exactly: 0.33 is not 1/3.
    """
    if max(len(gold), len(answer)) > MAX_LENGTH:
        return gold.strip() == answer.strip()
    ours, theirs = read_form(gold), read_form(answer)
    if ours.text == theirs.text:
        return bool(ours.body)
    if not ours.body or not theirs.body or _units_clash(ours, theirs):
        return False
    for named, bare in ((ours, theirs), (theirs, ours)):
        if named.name.startswith("(") and not bare.name and re.fullmatch("[A-J]", bare.body):
            return named.name == f"({bare.body})"  # "(B) 12" against "B"
    if ours.number is not None and theirs.number is not None:
        return not _names_clash(ours.name, theirs.name) and _same_number(
            ours.number, theirs.number, ours.unit, theirs.unit
        )
    if len(ours.body) == len(theirs.body) == 1 and not ours.name and not theirs.name:
        return ours.body == theirs.body  # choice letters and variables: A is neither B nor a
    if (ours.is_text or theirs.is_text) and "," not in ours.body + theirs.body:
        return ours.body == theirs.body
    return None


def _units_clash(ours: Form, theirs: Form) -> bool:
    one, other = ours.known_unit, theirs.known_unit
    return bool(one and other) and one != other


def _same_number(one: Fraction, other: Fraction, unit: str, other_unit: str) -> bool:
    if unit == "%" and not other_unit:
        return other in (one, one / 100)
    if other_unit == "%" and not unit:
        return one in (other, other / 100)
    return one == other


def _names_clash(one: str, other: str) -> bool:
    """Whether two equations speak of different variables; "area" and A may well be the same thing."""
    return bool(one and other) and one != other and not looks_like_words(one) and not looks_like_words(other)


def same_answer(gold: str, answer: str) -> bool:
    """Whether an answer is the reference answer. It may be slow or hungry on hostile input: call it from a worker (grading.py).

    Tuples and matrices are compared entry by entry, sets and bare lists in any order, intervals with their brackets,
    what is left by math-verify (https://github.com/huggingface/Math-Verify). What it cannot parse is not the same.
    """
    quick = compare_quick(gold, answer)
    if quick is not None:
        return quick
    ours, theirs = read_form(gold), read_form(answer)
    if _names_clash(ours.name, theirs.name) or (ours.name and "=" in theirs.body) or (theirs.name and "=" in ours.body):
        return _same_formula(ours.equation, theirs.equation)  # y = 2x + 1 against y - 2x = 1
    return _same_group(split_group(ours.body), split_group(theirs.body))


def _same_group(ours: Group, theirs: Group) -> bool:
    if not ours.kind and not theirs.kind:
        return _same_formula(ours.entries[0], theirs.entries[0])
    kinds = {ours.kind, theirs.kind}
    unordered = any(kinds <= pair for pair in UNORDERED_KINDS)
    if "" in kinds and not unordered:
        return _same_formula(ours.text, theirs.text)  # such as 1 < x < 2 against (1, 2)
    if len(ours.entries) != len(theirs.entries) or len(ours.entries) > MAX_ENTRIES:
        return False
    if unordered:
        return _same_in_any_order(ours.entries, theirs.entries)
    vectors = {"()", f"matrix {len(ours.entries)}"}  # a point, and a matrix of one column
    return (len(kinds) == 1 or kinds in ({"list", "()"}, vectors)) and all(
        map(same_answer, ours.entries, theirs.entries)
    )


def _same_in_any_order(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    left = list(theirs)
    for entry in ours:
        match = next((other for other in left if same_answer(entry, other)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _same_formula(gold: str, answer: str) -> bool:
    if looks_like_words(gold) or looks_like_words(answer) or is_monstrous(gold) or is_monstrous(answer):
        return gold == answer
    if ("=" in gold) != ("=" in answer):
        return False  # math-verify would take xy = 6 for 6
    # the limits of math-verify work by SIGALRM and in the main thread only: the worker's own limit stands for them
    from math_verify import verify

    ours, theirs = _parse_formula(gold), _parse_formula(answer)
    return bool(ours and theirs and verify(ours, theirs, allow_set_relation_comp=True, timeout_seconds=None))


@lru_cache(maxsize=1024)
def _parse_formula(formula: str) -> list[Any]:
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its own limits are off
    latex = formula.replace("°", r"^\circ ").replace("¤", "")
    # units are ours to read: math-verify takes 5m for 5 metres, and so for 5
    evening = NormalizationConfig(basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none")
    config = [LatexExtractionConfig(boxed_match_priority=-1, normalization_config=evening)]
    return list(parse(f"${latex}$", config, fallback_mode="no_fallback", parsing_timeout=None))


def vote(answers: Sequence[str], same: Callable[[str, str], bool]) -> tuple[str | None, float]:
    """The majority answer in its most common written form, and its share of all; (None, share) on a tie for the first place."""
    groups: list[list[str]] = []
    for form in distinct_forms(answers):
        group = next((group for group in groups if same(group[0], form)), None)
        if group is None:
            groups.append([form])
        else:
            group.append(form)
    return majority(answers, groups)


def distinct_forms(answers: Sequence[str]) -> list[str]:
    """The written forms, the most common first: an order which does not depend on the order of the answers."""
    counts = Counter(answers)
    return sorted(counts, key=lambda form: (-counts[form], len(form), form))


def majority(answers: Sequence[str], groups: Sequence[Sequence[str]]) -> tuple[str | None, float]:
    """As `vote`, with the distinct forms already put into groups of equal ones, the most common form of each first."""
    if not answers:
        return None, 0.0
    counts = Counter(answers)
    sizes = [sum(counts[form] for form in group) for group in groups]
    most = max(sizes)
    winner = groups[sizes.index(most)][0] if sizes.count(most) == 1 else None
    return winner, most / len(answers)
