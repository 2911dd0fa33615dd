"""One written form of an answer taken apart: LaTeX evened out, then name, body and unit ("x = 5 cm" → x, 5, cm)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

MAX_LENGTH = 1000  # longer texts are no final answers: they are compared as they stand

CHARACTERS = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": r"\times ", "·": r"\cdot ", "÷": "/", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne "}
    | {"π": r"\pi ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "±": r"\pm "}
    | {"θ": r"\theta ", "⟨": "(", "⟩": ")", "，": ",", "（": "(", "）": ")", "％": "%", "⁄": "/", "’": "'"}
    | {power: f"^{{{digit}}}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
    | {sub: f"_{{{digit}}}" for digit, sub in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    | {"½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}"}
    | {"⅕": r"\frac{1}{5}", "⅛": r"\frac{1}{8}", "⅜": r"\frac{3}{8}", "⅝": r"\frac{5}{8}", "⅞": r"\frac{7}{8}"}
    | {letter: rf"\mathbb{{{plain}}}" for letter, plain in zip("ℕℤℚℝℂ", "NZQRC", strict=True)}
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " ")
)

# Evening-out rules, applied in this order; ¤ stands for the dollar as currency, once $ as a delimiter is gone.
RULES = [
    (r"\\\$", "¤"),
    (r"\$\$?([^$]*)\$\$?", r"\1"),
    (r"\$", "¤"),
    (r"(?<!\\)\\[()\[\]]", " "),
    (r"\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])\.?", ""),
    (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
    (r"(?<!\\)\\!", ""),
    (r"(?<=\d)(?:\{,\}|\\,\s*)(?=\d{3}(?!\d))", ""),
    (r"\{,\}", ","),
    (r"(?<!\\)\\[,;: ]|~|\\q?quad(?![a-zA-Z])|\\displaystyle(?![a-zA-Z])", " "),
    (r"\\([%#&_])", r"\1"),
    (r"\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-zA-Z])", "°"),
    (r"\\[lr]?langle(?![a-zA-Z])", "("),
    (r"\\[lr]?rangle(?![a-zA-Z])", ")"),
    (r"\\l?brace(?![a-zA-Z])", r"\\{"),
    (r"\\rbrace(?![a-zA-Z])", r"\\}"),
    (r"\\(?:leq|leqslant)(?![a-zA-Z])", r"\\le "),
    (r"\\(?:geq|geqslant)(?![a-zA-Z])", r"\\ge "),
    (r"<=", r"\\le "),
    (r">=", r"\\ge "),
    (r"(?:√|(?<![\\a-zA-Z])sqrt)\s*\(([^()]*)\)", r"\\sqrt{\1}"),
    (r"√\s*(\d+|[a-zA-Z])", r"\\sqrt{\1}"),
    (r"\\sqrt\s*(\w)(?!\w)", r"\\sqrt{\1}"),
    (r"(?<![\\a-zA-Z])pi(?![a-zA-Z])", r"\\pi "),
    (r"\\frac\s*(\w)\s*(?=\{)", r"\\frac{\1}"),
    (r"\\frac\s*(\{[^{}]*\})\s*(\w)(?!\w)", r"\\frac\1{\2}"),
    (r"\\frac\s*(\w)\s*(\w)(?!\w)", r"\\frac{\1}{\2}"),
    (r"(?<![\d./^_}])(\d+)\s+(\d+)\s*/\s*(\d+)(?![\d./])", r"\1\\frac{\2}{\3}"),  # 1 1/2 is a mixed number
    (r"([\^_])\s*(\w)(?!\w)", r"\1{\2}"),
    (r"(?:\s*[,;])?\s+(?:and|or)\s+", ", "),
    (r"\s+", " "),
]
WRAPPER = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|operatorname\*?|boldsymbol|bm|boxed|fbox)"
    r"\s*\{([^{}]*)\}"
)

FUNCTIONS = frozenset(  # words that may stand in a formula
    ("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "exp")
) | {"lim", "max", "min", "gcd", "lcm", "mod", "det", "inf"}
NAME = re.compile(
    r"(?:[A-Za-z]|\\[a-z]+|\\(?:vec|hat|bar)\s*\{\w\})(?:_(?:\{\w+\}|\w))?'*(?:\([\w, ]+\))?"  # x, \theta, x_1, f(x), P(A)
    r"|(?:\\(?:angle|triangle|overline|overrightarrow)\s*)?\{?[A-Z]{2,4}\}?"  # AB, \angle ABC
    r"|(?:[A-Za-z]{3,} ?)+"  # the total area
    r"|\((?: ?[a-z],?){2,4}\)"  # (x, y)
)
EQUATION = re.compile(r"([^=<>]*[^=<>!:\s\\])\s*(?:=|\\in(?![a-zA-Z]))\s*([^=]+)")
CHOICE = re.compile(r"(?:(?:option|choice|answer)\s+)?\(?([A-Z])\)?[.:]?", re.IGNORECASE)
CHOICE_WITH_VALUE = re.compile(r"(?:\(([A-J])\)|([A-J])[).:](?=\s))\s*(?![-+*/^=<>,)\\({]|\\cup)(.+)")

THOUSANDS = re.compile(r"-?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
INTEGER_OR_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
SIMPLE_FRACTION = re.compile(
    r"([+-]?)(?:(\d*)\\frac\{([+-]?\d+)\}\{([+-]?\d+)\}|()([+-]?\d+)/(\d+)|()\(([+-]?\d+)\)/\(?(\d+)\)?)"
)
SCIENTIFIC = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\\(?:times|cdot)\s*10\^\{?|[eE])([+-]?\d{1,3})\}?")
RECURRING = re.compile(r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar|dot)\{(\d+)\}")

# Spellings of the units that we know: where both answers have one of these, it must be the same one.
UNITS = {
    spelling: line.split()[0]
    for line in """mm millimeter millimetre;cm centimeter centimetre;dm decimeter;m meter metre;km kilometer kilometre
        in inch inches;ft foot feet;yd yard;mi mile;mg milligram;g gram;kg kilogram;lb lbs pound;oz ounce;t ton tonne
        s sec second;min minute;h hr hour;day;week;month;year yr;ml milliliter millilitre;L l liter litre;gal gallon;cup
        $ ¤ usd dollar;¢ cent;€ eur euro;£ gbp;¥ yen;₹ rupee rs;% percent pct;° degree deg;rad radian;°C;°F;K kelvin
        mph;J joule;N newton;W watt;V volt;Hz hertz;Pa pascal;mol mole;am a.m;pm p.m;m/s;km/h kmh kph;ft/s;unit
        """.replace("\n", ";").split(";")
    if line.strip()
    for spelling in line.split()
}
UNIT_TAIL = re.compile(
    r"(.*(?:[\d})!]|\\pi|\\infty))(\s*)((?:°\s*[CF]|[%°$€£¥₹¢¤]|[A-Za-z][A-Za-z .\-/]*(?:\^\{?[23]\}?)?(?: ?/ ?[a-z]+)?))\.?"
)
CURRENCY_HEAD = re.compile(r"([+-]?)\s*(?:US|U\.S\.)?\s*(¤|€|£|¥|₹|USD|Rs\.?)\s*(?=[\d.(\\-])([^¤€£¥₹]*)")
BASE_TAIL = re.compile(r"(\d[\dA-Fa-f]*)_(\d+|\{\d+\})")


@dataclass(frozen=True)
class Form:
    """A written form of an answer: `name` = `body` `unit`, and the exact value where the body is a plain number."""

    name: str
    body: str
    unit: str
    number: Fraction | None = None
    is_text: bool = False  # words, not a formula: compared letter by letter

    @property
    def text(self) -> str:
        """The canonical text: two texts are equal only where their values are."""
        gap = "" if not self.unit or self.unit.startswith("_") else " "
        return self.equation + gap + self.unit

    @property
    def equation(self) -> str:
        """The form without its unit."""
        return f"{self.name}={self.body}" if self.name else self.body

    @property
    def known_unit(self) -> str:
        """The unit, where it is one of those that we know or a base; empty for counted things (12 apples)."""
        base = self.unit.split("^")[0].split("/")[0]
        return self.unit if base in UNITS.values() or self.unit.startswith("_") else ""


def normalise_answer(text: str) -> str:
    """The canonical text of an answer, for cheap equality; different values never have the same. Linear in its length."""
    return read_form(text).text if len(text) <= MAX_LENGTH else text.strip()


@lru_cache(maxsize=16_384)  # a reference answer is met again at each of its rollouts
def read_form(text: str) -> Form:
    """Take a written answer of at most MAX_LENGTH characters apart."""
    name, body = _split_name(_even_out(text))
    body, unit = _split_unit(body)
    if THOUSANDS.fullmatch(body):
        body = body.replace(",", "").replace(" ", "")
    is_text = looks_like_words(body)
    body = body.casefold().strip("\"'") if is_text else _tighten(body)
    return Form(_tighten(name), body, unit, None if is_text else read_number(body), is_text)


def _even_out(text: str) -> str:
    text = text.strip().strip("*`").translate(CHARACTERS)
    for _ in range(4):  # wrappers stand in one another, but never deep
        text = WRAPPER.sub(r" \1 ", text)
    for pattern, replacement in _compiled_rules():
        text = pattern.sub(replacement, text)
    text = re.sub(r"^(?:=|:|\\approx(?![a-z]))\s*", "", text.strip())
    return text.rstrip(" .,;:*")


@cache
def _compiled_rules() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), replacement) for pattern, replacement in RULES]  # 30 ms: not at import


def _tighten(body: str) -> str:
    """Drop the spaces that say nothing: those which do not part two words or two numbers."""
    body = re.sub(r"\s+(?![A-Za-z0-9])|(?<![A-Za-z0-9])\s+|(?<=\d)\s+(?=[A-Za-z])", "", body)
    return re.sub(r"(?<![\d.])\.(?=\d)", "0.", body)


def _split_name(text: str) -> tuple[str, str]:
    if letter := CHOICE.fullmatch(text):
        return "", letter[1].upper() if len(text) > 1 else text
    if choice := CHOICE_WITH_VALUE.fullmatch(text):
        return f"({choice[1] or choice[2]})", choice[3]
    equation = EQUATION.fullmatch(text)
    if equation and NAME.fullmatch(equation[1]):
        return equation[1], equation[2]
    sides = [side.strip() for side in text.split("=")]
    if len(sides) > 2 and "," not in text and NAME.fullmatch(sides[0]):
        return sides[0], sides[-1]  # x = 2 + 3 = 5
    if len(sides) > 1 and not re.search(r"[a-zA-Z<>!,]", "".join(sides[:-1])):
        return "", sides[-1]  # 2 + 3 = 5
    return "", text


def _split_unit(body: str) -> tuple[str, str]:
    unit = ""
    if money := CURRENCY_HEAD.fullmatch(body):
        body, unit = money[1] + money[3], UNITS[money[2].lower().rstrip(".")]
    if base := BASE_TAIL.fullmatch(body):
        return base[1], "_" + base[2].strip("{}")
    if tail := UNIT_TAIL.fullmatch(body):
        found = _read_unit(tail[3].strip(), spaced=bool(tail[2]), counted=_is_plain(tail[1]))
        if found:
            return tail[1].strip(), unit or found
    return body, unit


def _is_plain(body: str) -> bool:
    return bool(THOUSANDS.fullmatch(body)) or read_number(_tighten(body)) is not None


def _read_unit(tail: str, spaced: bool, counted: bool) -> str:
    """The unit that a tail of letters spells; empty where it is none. 5m is five times m, 5 m is a length."""
    power = "^2" if re.match(r"sq(?:uare|\.)? ", tail) else "^3" if re.match(r"cu(?:bic|\.)? ", tail) else ""
    stem = re.sub(r"^(?:sq(?:uare|\.)?|cu(?:bic|\.)?) ", "", tail)
    if raised := re.fullmatch(r"(.*?) ?\^\{?([23])\}?", stem):
        stem, power = raised[1], f"^{raised[2]}"
    stem = re.sub(r" per | ?/ ?", "/", stem.replace("° ", "°")).rstrip(".")
    known = [_known_spelling(part) for part in stem.split("/")]
    if all(known) and (spaced or len(stem) > 1 or not stem.isalpha()):
        return "/".join(known) + power
    is_words = counted and re.fullmatch(r"[A-Za-z]{3,}(?:[ -][A-Za-z]+)*", tail)
    if is_words and FUNCTIONS.isdisjoint(tail.split()):
        return tail.lower().removesuffix("s")
    return ""


def _known_spelling(word: str) -> str:
    for spelling in (word, word.lower(), word.lower().removesuffix("s")):
        if spelling in UNITS and (len(word) > 1 or spelling == word):
            return UNITS[spelling]
    return ""


def read_number(body: str) -> Fraction | None:
    """The exact value of an integer, a decimal, a fraction or mixed number of integers, or a × 10^n; None of others.

    A decimal may recur: 0.1\\overline{6} is a sixth.
    """
    if INTEGER_OR_DECIMAL.fullmatch(body):
        return Fraction(body)
    if power := SCIENTIFIC.fullmatch(body):
        return Fraction(power[1]) * Fraction(10) ** int(power[2])
    if recurring := RECURRING.fullmatch(body):
        sign, whole, start, cycle = recurring.groups()
        value = Fraction(int(start + cycle) - int(start or 0), 10 ** len(start) * (10 ** len(cycle) - 1))
        return (-1 if sign == "-" else 1) * (int(whole or 0) + value)
    if found := SIMPLE_FRACTION.fullmatch(body):
        sign, *groups = (group for group in found.groups() if group is not None)
        whole, above, below = groups
        if int(below) != 0 and (not whole or not above.startswith(("+", "-"))):
            return (-1 if sign == "-" else 1) * (int(whole or 0) + Fraction(int(above), int(below)))
    return None


def looks_like_words(body: str) -> bool:
    """Whether this is an answer in words. Formulas must not pass: a computer algebra reads evil and live as one product."""
    runs = re.findall(r"[^\W\d_]+", re.sub(r"\\[a-zA-Z]+", " ", body))
    is_word = [(len(run) >= 3 and run.lower() not in FUNCTIONS) or not run.isascii() for run in runs]
    return (any(is_word) and "\\begin" not in body) or body.lower() == "no"
