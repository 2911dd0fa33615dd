"""Whether two sympy expressions have one value: found by evaluating them, not by simplifying.

Evaluating 9999th powers and factorials is cheap, where simplifying writes them out.
"""

from __future__ import annotations

from typing import Any

from sympy import Eq, Expr, Float, I, Rational, Symbol, nan, oo, zoo
from sympy.core.function import AppliedUndef

DIGITS = 30
SURE_DIGITS = 20  # of values evaluated to DIGITS: where these differ the values do
MOST_DIGITS = 3000  # to which a difference is evaluated before it passes for zero
SAMPLES = [Rational(top, 7) for top in (9, -11, 17, 25, -4, 30, 2, -39)]
ENOUGH_SAMPLES = 3
ROUNDED_DIGITS = 10  # a decimal of as many digits is a value rounded, not another value


def same_value(one: Any, other: Any) -> bool | None:
    """Whether two expressions are equal wherever both are defined; None where that stays open.

    Equations are the same where their differences of sides are, up to the sign.
    """
    if isinstance(one, Eq) and isinstance(other, Eq):
        ours, theirs = one.lhs - one.rhs, other.lhs - other.rhs
        return same_value(ours, theirs) or same_value(ours, -theirs) or None
    if not (isinstance(one, Expr) and isinstance(other, Expr)):
        return None
    if one == other:
        return not one.has(nan, zoo)
    if one.atoms(AppliedUndef) or other.atoms(AppliedUndef):
        return None
    if _rounds(one, other) or _rounds(other, one):
        return True
    imaginary = {symbol: I for symbol in one.free_symbols | other.free_symbols if symbol.name == "i"}
    one, other = _exact(one).subs(imaginary), _exact(other).subs(imaginary)
    symbols = sorted(one.free_symbols | other.free_symbols, key=lambda symbol: str(symbol))
    if not symbols:
        return _same_number(one, other)
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
    error = (value - Rational(digits)).evalf(DIGITS) if is_long else None
    return bool(error is not None and error.is_real and abs(error) < Rational(1, 10**places))


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
