"""Whether two sympy expressions have one value: found by evaluating them, not by simplifying.

Evaluating 9999th powers and factorials is cheap, where simplifying writes them out.
"""

from __future__ import annotations

import logging
from typing import Any

from sympy import Eq, Expr, Float, I, Limit, Rational, Symbol, nan, oo, zoo
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef

logger = logging.getLogger(__name__)

DIGITS = 30
SURE_DIGITS = 20  # of values evaluated to DIGITS: where these differ the values do
MOST_DIGITS = 3000  # to which a difference is evaluated before it passes for zero
SAMPLES = [Rational(top, 7) for top in (9, -11, 17, 25, -4, 30, 2, -39)]
ENOUGH_SAMPLES = 3
ROUNDED_DIGITS = 10  # a decimal of as many digits is a value rounded, not another value
# At a point between the integers they have no value, or one that takes long to find.
UNEVALUATED = (ExprWithLimits, Limit, AppliedUndef)


def same_value(one: Any, other: Any) -> bool | None:
    """Whether two expressions are equal wherever both are defined; None where that stays open.

    Equations are the same where their differences of sides are, up to the sign.
    """
    if isinstance(one, Eq) and isinstance(other, Eq):
        if not all(isinstance(side, Expr) for side in (*one.args, *other.args)):
            return None
        ours, theirs = one.lhs - one.rhs, other.lhs - other.rhs
        return same_value(ours, theirs) or same_value(ours, -theirs) or None
    if not (isinstance(one, Expr) and isinstance(other, Expr)):
        return None
    if one == other:
        return not one.has(nan, zoo)
    try:
        if _rounds(one, other) or _rounds(other, one):
            return True
        imaginary = {name: I for name in one.free_symbols | other.free_symbols if name.name == "i"}
        return _evaluates_alike(_exact(one).subs(imaginary), _exact(other).subs(imaginary))
    except Exception:  # sympy raises whatever it likes
        logger.debug("no value", exc_info=True)
        return None


def _evaluates_alike(one: Expr, other: Expr) -> bool | None:
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if not symbols:
        return _same_number(one, other)
    if any(part.free_symbols for part in (one + other).atoms(*UNEVALUATED)):
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
        symbol: SAMPLES[(number + place) % len(SAMPLES)] + Rational(place, 11) for place, symbol in enumerate(symbols)
    }


def _exact(value: Expr) -> Expr:
    """Return an expression with its decimals as the fractions that were written."""
    return value.xreplace({number: Rational(str(number)) for number in value.atoms(Float)})


def _rounds(decimal: Expr, value: Expr) -> bool:
    """Whether a long decimal is an irrational number, rounded or cut off."""
    if not isinstance(decimal, Float) or value.free_symbols or value.has(Float):
        return False
    digits = str(decimal).rstrip("0")
    places = len(digits.partition(".")[2])
    is_long = len(digits.strip("-0.").replace(".", "")) >= ROUNDED_DIGITS and "e" not in digits
    if not is_long or not (value := value.evalf(DIGITS)).is_real:
        return False
    missing = (abs(value) - abs(Rational(digits))) * 10**places
    return bool(value * decimal > 0 and Rational(-1, 2) <= missing < 1)


def _same_number(one: Expr, other: Expr) -> bool | None:
    for evaluate in (lambda value: value, lambda value: value.doit()):
        one, other = evaluate(one), evaluate(other)
        if {one, other} & {oo, -oo}:
            return bool(one == other)
        if one.is_Rational and other.is_Rational:
            return bool(one == other)
        ours, theirs = one.evalf(DIGITS), other.evalf(DIGITS)
        if ours.is_number and theirs.is_number and _are_finite(ours, theirs):
            scale = max(abs(ours), abs(theirs))
            if abs(ours - theirs) > scale * Float(10) ** -SURE_DIGITS:
                return False
            return _is_zero(one - other)
    return None


def _are_finite(*values: Expr) -> bool:
    return all(part.is_Float or part.is_Integer for value in values for part in value.as_real_imag())


def _is_zero(difference: Expr) -> bool:
    parts = difference.evalf(15, maxn=MOST_DIGITS).as_real_imag()
    return not any(part != 0 and getattr(part, "_prec", 2) > 1 for part in parts)
