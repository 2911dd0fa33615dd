"""Tell whether two final answers are the same; math-verify is loaded when it is needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from evolvemcts4rl.answers.forms import MAX_LENGTH, Form, in_radians, looks_like_words, read_form
from evolvemcts4rl.answers.groups import (
    AND,
    MAX_ENTRIES,
    Group,
    is_list,
    is_monstrous,
    split_group,
)

# Kinds of groups whose entries may stand in any order: x < 1 or x > 2 may be written as a union.
RELATIONS = ("<", ">", r"\le", r"\ge", r"\ne")
UNORDERED_KINDS = ({"", "list", "{}"}, {"list", "union"})
ROUNDED_DIGITS = 10  # a decimal of as many digits stands for the value that it rounds


def compare_quick(gold: str, answer: str) -> bool | None:
    """Return whether the answers are the same; None where only a computer algebra can tell.

    A percent sign may be a unit, as in the MATH data set, or a factor: 50% equals 50 and 0.5, which
    still differ. Numbers are compared exactly: 0.33 is not 1/3.
    """
    if max(len(gold), len(answer)) > MAX_LENGTH:
        return gold == answer
    ours, theirs = read_form(gold), read_form(answer)
    if ours.text == theirs.text:
        return bool(ours.body)
    if not ours.body or not theirs.body or _units_clash(ours, theirs):
        return False
    for named, bare in ((ours, theirs), (theirs, ours)):
        if named.name.startswith("(") and not bare.name and bare.body in tuple("ABCDEFGHIJ"):
            return named.name == f"({bare.body})"  # "(B) 12" against "B"
    if ours.number is not None and theirs.number is not None:
        return not _names_clash(ours.name, theirs.name) and _same_number(ours, theirs)
    if len(ours.body) == len(theirs.body) == 1:
        return ours.body == theirs.body  # choice letters and variables: A is neither B nor a
    if ours.ratio and theirs.ratio and not ours.is_clock and not theirs.is_clock:
        return _are_proportional(ours.ratio, theirs.ratio)
    if ours.is_clock or theirs.is_clock:
        return ours.body == theirs.body
    if (ours.is_text or theirs.is_text) and not is_list(ours.body + theirs.body):
        return ours.body == theirs.body
    if is_monstrous(ours.body) or is_monstrous(theirs.body):
        return ours.body == theirs.body
    return None


def _units_clash(ours: Form, theirs: Form) -> bool:
    one, other = ours.known_unit, theirs.known_unit
    return bool(one and other) and one != other


def _same_number(ours: Form, theirs: Form) -> bool:
    one, other = ours.number, theirs.number
    assert one is not None
    assert other is not None
    if ours.unit == "%" and not theirs.unit:
        return other in (one, one / 100)
    if theirs.unit == "%" and not ours.unit:
        return one in (other, other / 100)
    return one == other or _rounds(ours.body, other) or _rounds(theirs.body, one)


def _are_proportional(ours: Sequence[Fraction], theirs: Sequence[Fraction]) -> bool:
    shares = [[member / (sum(ratio) or 1) for member in ratio] for ratio in (ours, theirs)]
    return shares[0] == shares[1]


def _rounds(decimal: str, value: Fraction) -> bool:
    """Return whether a long decimal is a fraction that no decimal can write, rounded or cut off."""
    whole, _, places = decimal.lstrip("+-").partition(".")
    is_long = len((whole + places).lstrip("0")) >= ROUNDED_DIGITS and (whole + places).isdecimal()
    if not places or not is_long or 10**MAX_LENGTH % value.denominator == 0:
        return False
    missing = (abs(value) - abs(Fraction(decimal))) * 10 ** len(places)
    return value * Fraction(decimal) > 0 and Fraction(-1, 2) <= missing < 1


def _names_clash(one: str, other: str) -> bool:
    """Return whether two equations name different variables; "area" and A may be the same thing."""
    are_different = bool(one and other) and one != other
    return are_different and not looks_like_words(one) and not looks_like_words(other)


def same_answer(gold: str, answer: str) -> bool:
    """Return whether an answer is the reference answer. Slow: call it from a worker.

    Tuples and matrices are compared entry by entry, sets and bare lists in any order, intervals
    with their brackets, formulas by their value, and what is left by math-verify
    (https://github.com/huggingface/Math-Verify). What it cannot parse is not the same.
    """
    quick = compare_quick(gold, answer)
    if quick is not None:
        return quick
    ours, theirs = read_form(gold), read_form(answer)
    is_equation = (ours.name and "=" in theirs.body) or (theirs.name and "=" in ours.body)
    if _names_clash(ours.name, theirs.name) or is_equation:
        return _same_formula(ours.equation, theirs.equation)  # y = 2x + 1 against y - 2x = 1
    return _same_group(split_group(ours.body), split_group(theirs.body))


def _same_group(ours: Group, theirs: Group) -> bool:
    if not ours.kind and not theirs.kind:
        return _same_formula(ours.entries[0], theirs.entries[0])
    kinds = {ours.kind, theirs.kind}
    is_conjunction = "and" in (ours.joint, theirs.joint) and _have_relations(ours, theirs)
    if is_conjunction and kinds != {"list"}:
        return _same_formula(ours.text, theirs.text)  # x > 1 and x < 2 against (1, 2)
    if {ours.joint, theirs.joint} == {"and", "or"} and not _are_values(ours, theirs):
        return False
    unordered = any(kinds <= pair for pair in UNORDERED_KINDS)
    if "" in kinds and not unordered:
        return _same_formula(ours.text, theirs.text)  # such as 1 < x < 2 against (1, 2)
    if len(ours.entries) != len(theirs.entries) or len(ours.entries) > MAX_ENTRIES:
        return False
    if unordered:
        return _same_in_any_order(ours.entries, theirs.entries)
    vectors = {"()", f"matrix {len(ours.entries)}"}  # a point, and a matrix of one column
    if "or" in (ours.joint, theirs.joint):
        return False  # 1 or 2 is no point (1, 2)
    are_alike = len(kinds) == 1 or kinds in ({"list", "()"}, vectors)
    return are_alike and all(map(same_answer, ours.entries, theirs.entries))


def _have_relations(*groups: Group) -> bool:
    return any(sign in group.text for group in groups for sign in RELATIONS)


def _are_values(*groups: Group) -> bool:
    """Return whether these lists give the values of one thing, so that "and" means "or"."""
    forms = [read_form(entry) for group in groups for entry in group.entries]
    are_letters = any(form.is_text or form.body.isalpha() for form in forms)
    if are_letters or _have_relations(*groups):
        return False
    return len({form.name for form in forms} - {""}) <= 1


def _same_in_any_order(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    left = list(theirs)
    for entry in ours:
        match = next((other for other in left if same_answer(entry, other)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _same_formula(gold: str, answer: str) -> bool:
    ours, theirs = _parse_formula(gold), _parse_formula(answer)
    if not ours or not theirs:
        return False
    from sympy import Eq

    from evolvemcts4rl.answers.values import same_value

    if isinstance(ours[0], Eq) != isinstance(theirs[0], Eq):
        return False  # math-verify would take xy = 6 for 6
    same = same_value(ours[0], theirs[0])
    if same is not None:
        return same
    from math_verify import verify

    # Without its limits of time, which need the main thread: the worker has its own.
    return bool(verify(ours, theirs, allow_set_relation_comp=True, timeout_seconds=None))


@lru_cache(maxsize=1024)
def _parse_formula(formula: str) -> list[Any]:
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse

    if AND in formula:
        from sympy import And

        parts = [_parse_formula(part) for part in formula.split(AND)]
        return [And(*(part[0] for part in parts))] if all(parts) else []
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of the missing limits
    latex = in_radians(formula).replace("°", r"^\circ ")
    # No units: math-verify would take 5m for 5 metres, and so for 5.
    evening = NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none"
    )
    config = [LatexExtractionConfig(boxed_match_priority=-1, normalization_config=evening)]
    return list(parse(f"${latex}$", config, fallback_mode="no_fallback", parsing_timeout=None))
