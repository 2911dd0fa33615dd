"""Tell whether two sympy expressions have one value, by evaluating instead of simplifying them.

Evaluating 9999th powers and factorials is cheap, where simplifying writes them out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sympy import And, Expr, Float, Function, I, Rational, Symbol, nan, oo, zoo
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.evalf import evalf_table
from sympy.core.relational import Relational
from sympy.sets import Intersection, Interval, Set

logger = logging.getLogger(__name__)

DIGITS = 30
SURE_DIGITS = 20  # of values evaluated to DIGITS: values that differ in these are different
MOST_DIGITS = 3000  # a difference that is 0 to as many digits counts as 0
FUNCTION_DIGITS = 200  # compared where a function's error is not tracked by sympy
SAMPLES = [Rational(top, 7) for top in (9, -11, 17, 25, -4, 30, 2, -39)]
ENOUGH_SAMPLES = 3
ROUNDED_DIGITS = 10  # a decimal of as many digits stands for the value that it rounds
# Sums and products: between the integers they have no value, or one that takes long to find.
UNEVALUATED = ExprWithLimits


def same_value(one: Any, other: Any) -> bool | None:
    """Return whether two expressions are equal wherever both are defined; None if that stays open.

    Relations are the same where their differences of sides are, up to a factor; a relation is the
    same as the interval that it describes.
    """
    ours, theirs = _relations(one), _relations(other)
    if ours and theirs:
        return _same_relations(ours, theirs)
    if isinstance(one, Set | Relational | And) and isinstance(other, Set | Relational | And):
        return _same_set(_as_set(one), _as_set(other))
    if not (isinstance(one, Expr) and isinstance(other, Expr)):
        return None
    if one == other:
        return not one.has(nan, zoo)
    try:
        if _rounds(one, other) or _rounds(other, one):
            return True
        imaginary = {name: I for name in one.free_symbols | other.free_symbols if name.name == "i"}
        return _evaluates_alike(_exact(one).subs(imaginary), _exact(other).subs(imaginary))
    except Exception:  # many of sympy's own errors have no other class in common
        logger.debug("no value", exc_info=True)
        return None


def _relations(value: Any) -> list[Relational]:
    """Return the relations between expressions of which a value consists; empty for all else."""
    parts = value.args if isinstance(value, And) else (value,)
    are_plain = all(
        isinstance(part, Relational) and all(isinstance(side, Expr) for side in part.args)
        for part in parts
    )
    return list(parts) if are_plain else []


def _same_relations(ours: list[Relational], theirs: list[Relational]) -> bool | None:
    if len(ours) != len(theirs):
        return False
    left = list(theirs)
    for relation in ours:
        verdicts = [_same_relation(relation, other) for other in left]
        if True not in verdicts:
            return None if None in verdicts else False
        left.pop(verdicts.index(True))
    return True


def _same_relation(one: Relational, other: Relational) -> bool | None:
    """Return whether two relations hold for the same values, as x < 5 and 10 > 2x do."""
    one, other = (
        relation.reversed if relation.rel_op in (">", ">=") else relation
        for relation in (one, other)
    )
    if one.rel_op != other.rel_op:
        return False
    if not one.free_symbols | other.free_symbols:
        return _all(map(same_value, one.args, other.args))  # 0 < 1 and 0 < 2 both always hold
    ours, theirs = one.rhs - one.lhs, other.rhs - other.lhs
    factor = _factor(ours, theirs)
    if factor is None or (one.rel_op in ("<", "<=") and not factor.is_positive):
        return None
    return same_value(ours, factor * theirs)


def _factor(one: Expr, other: Expr) -> Expr | None:
    """Return the quotient of two expressions at the first point where it says something."""
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if any(part.free_symbols for part in (one + other).atoms(UNEVALUATED)):
        return None
    for number in range(len(SAMPLES)):
        point = _sample_point(symbols, number)
        factor = _exact(one).subs(point) / _exact(other).subs(point)
        if factor.is_finite and factor.is_zero is False:
            return factor
    return None


def _as_set(value: Any) -> Set | None:
    """Return a set itself, or the set of what fulfils relations of one variable and a number."""
    if isinstance(value, Set):
        return value
    sets = [_half_line(part) for part in _relations(value)]
    names = value.free_symbols
    if None in sets or len(names) != 1:
        return None
    return Intersection(*sets)


def _half_line(relation: Relational) -> Set | None:
    if relation.rhs.free_symbols:
        relation = relation.reversed
    if not isinstance(relation.lhs, Symbol) or relation.rhs.free_symbols:
        return None
    bound, sign = relation.rhs, relation.rel_op
    if sign in ("<", "<="):
        return Interval(-oo, bound, True, sign == "<")
    return Interval(bound, oo, sign == ">", True) if sign in (">", ">=") else None


def _same_set(one: Set | None, other: Set | None) -> bool | None:
    """Return whether two intervals are the same; None for what math-verify compares as well."""
    if not (isinstance(one, Interval) and isinstance(other, Interval)):
        return None
    if (one.left_open, one.right_open) != (other.left_open, other.right_open):
        return False
    return _all([same_value(one.start, other.start), same_value(one.end, other.end)])


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    """Return False where one is, else None where one is, else True."""
    found = list(verdicts)
    return False if False in found else None if None in found else True


def _evaluates_alike(one: Expr, other: Expr) -> bool | None:
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if not symbols:
        return _same_number(one, other)
    if any(part.free_symbols for part in (one + other).atoms(UNEVALUATED)):
        return None
    agreed = 0
    for number in range(len(SAMPLES)):
        point = _sample_point(symbols, number)
        verdict = _same_number(one.subs(point), other.subs(point))
        if verdict is False:
            return False
        agreed += verdict is True
    return True if agreed >= ENOUGH_SAMPLES else None


def _sample_point(symbols: list[Symbol], number: int) -> dict[Symbol, Rational]:
    return {
        symbol: SAMPLES[(number + place) % len(SAMPLES)] + Rational(place, 11)
        for place, symbol in enumerate(symbols)
    }


def _exact(value: Expr) -> Expr:
    """Return an expression with its decimals as the fractions that were written."""
    return value.xreplace({number: Rational(str(number)) for number in value.atoms(Float)})


def _rounds(decimal: Expr, value: Expr) -> bool:
    """Return whether a long decimal is an irrational number, rounded or cut off."""
    if not isinstance(decimal, Float) or value.has(Float):
        return False
    digits = str(decimal).rstrip("0")
    places = len(digits.partition(".")[2])
    is_long = len(digits.strip("-0.").replace(".", "")) >= ROUNDED_DIGITS and "e" not in digits
    if not is_long or not (value := value.evalf(DIGITS)).is_real:
        return False
    missing = (abs(value) - abs(Rational(digits))) * 10**places
    return bool(value * decimal > 0 and Rational(-1, 2) <= missing < 1)


def _same_number(one: Expr, other: Expr) -> bool | None:
    ours, theirs = one.evalf(DIGITS), other.evalf(DIGITS)
    if not _are_finite(ours, theirs):
        return None
    if abs(ours - theirs) > max(abs(ours), abs(theirs)) * Float(10) ** -SURE_DIGITS:
        return False  # without evaluating the difference
    return _agree_closely(one, other)


def _are_finite(*values: Expr) -> bool:
    return all(
        part.is_Float or part.is_Integer for value in values for part in value.as_real_imag()
    )


def _agree_closely(one: Expr, other: Expr) -> bool:
    if any(type(part) not in evalf_table for part in (one + other).atoms(Function)):
        ours, theirs = one.evalf(FUNCTION_DIGITS), other.evalf(FUNCTION_DIGITS)
        allowed = max(abs(ours), abs(theirs)) * Float(10) ** (SURE_DIGITS - FUNCTION_DIGITS)
        return bool(abs(ours - theirs) <= allowed)
    return _is_zero(one - other)


def _is_zero(difference: Expr) -> bool:
    parts = difference.evalf(15, maxn=MOST_DIGITS).as_real_imag()
    return not any(part != 0 and getattr(part, "_prec", 2) > 1 for part in parts)
