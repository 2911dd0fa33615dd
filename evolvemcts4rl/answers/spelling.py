"""Write LaTeX in one spelling: there are many for a command, a fraction or a root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evolvemcts4rl.answers.patterns import compiled

CHARACTERS = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": r"\times ", "·": r"\cdot ", "≤": r"\le "}
    | {"≥": r"\ge ", "π": r"\pi ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap "}
    | {"∈": r"\in ", "∅": r"\emptyset ", "±": r"\pm ", "θ": r"\theta ", "⟨": "(", "⟩": ")"}
    | {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}  # full-width ＝ and ５
    | {"、": ",", "。": ".", "⁄": "/", "’": "'", "…": "..."}
    | {"∧": r"\land ", "且": r"\land ", "∨": r"\lor ", "或": r"\lor "}
    | {power: f"^{{{digit}}}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
    | {sub: f"_{{{digit}}}" for digit, sub in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    | {"½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}"}
    | {"¾": r"\frac{3}{4}", "⅕": r"\frac{1}{5}", "⅛": r"\frac{1}{8}", "⅜": r"\frac{3}{8}"}
    | {"⅝": r"\frac{5}{8}", "⅞": r"\frac{7}{8}"}
    | {letter: rf"\mathbb{{{plain}}}" for letter, plain in zip("ℕℤℚℝℂ", "NZQRC", strict=True)}
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f\u3000", " ")
)
ROOTS = {"√": "", "∛": "[3]", "∜": "[4]"}

# LaTeX commands that are replaced or left out. ¤ stands for the dollar sign as a currency.
COMMANDS = {
    **dict.fromkeys(["left", "right", "displaystyle", "textstyle", "limits", "!"], ""),
    **{size + side: "" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")},
    **dict.fromkeys([*"()[],;: ", "quad", "qquad"], " "),
    **{sign: sign for sign in "%#&_"},
    **dict.fromkeys(["dfrac", "tfrac", "cfrac"], r"\frac"),
    **dict.fromkeys(["leq", "leqslant"], r"\le "),
    **dict.fromkeys(["geq", "geqslant"], r"\ge "),
    **dict.fromkeys(["ldots", "dots", "cdots"], "..."),
    **{
        "$": "¤",
        "degree": "°",
        "langle": "(",
        "rangle": ")",
        "lbrace": r"\{",
        "rbrace": r"\}",
        "in": r"\in ",
        "wedge": r"\land ",
        "vee": r"\lor ",
        "varnothing": r"\emptyset ",
    },
    **{"lg": r"\log_{10} ", "tg": r"\tan ", "ctg": r"\cot ", "arctg": r"\arctan "},
}
FUNCTIONS = frozenset(
    ("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh")
) | {"coth", "sech", "csch", "ln", "log", "exp", "gcd", "lcm"}
WORDS_IN_FORMULAS = FUNCTIONS | {"lim", "max", "min", "mod", "det", "inf"}
# Words that are commands whose backslash was left out.
WORDS = {
    **{name: rf"\{name} " for name in FUNCTIONS},
    **{name: COMMANDS[name] for name in ("lg", "tg", "ctg", "arctg")},
    **{"pi": r"\pi ", "sqrt": r"\sqrt"},
    **dict.fromkeys(["oo", "inf", "infinity"], r"\infty "),
}

WRAPPER = (
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|operatorname\*?|boldsymbol|bm"
    r"|boxed|fbox)\s*\{([^{}]*)\}"
)
TOKEN = r"(?s)\\([A-Za-z]+)(\.?)|\\(.)|[A-Za-z]+"


def even_out(text: str) -> str:
    """Return a text's one spelling, in time linear in its length."""
    text = text.encode(
        errors="backslashreplace"
    ).decode()  # re2 cannot encode half of a surrogate pair
    text = text.strip(" \t\n*`").translate(CHARACTERS)
    for _ in range(4 if "\\" in text else 0):  # wrappers may be nested, but never deep
        text = compiled(WRAPPER).sub(r" \1 ", text)
    for pattern, replacement in RULES if not text.isdecimal() else ():
        text = compiled(pattern).sub(replacement, text)
    return text.strip().rstrip(" .,;:*\\")


def _join_thousands(match: Any) -> str:
    first, *rest = compiled(r"\d+").findall(match[0])
    is_number = len(first) <= 3 and all(len(part) == 3 for part in rest)
    return first + "".join(rest) if is_number else str(match[0])


def _join_zeros(match: Any) -> str:
    """Join 1,000 within a tuple: a group of three digits that begins with 0 is no entry."""
    number: str = match[0]
    first, *rest = number.split(",")
    is_number = first[0] != "0" and all(len(part) == 3 for part in rest)
    return number.replace(",", "") if is_number and any(p[0] == "0" for p in rest) else number


def _write_token(match: Any) -> str:
    token: str = match[0]
    if not token.startswith("\\"):
        return token if _is_second(match) else WORDS.get(token, token)
    name = match[1] or match[3]
    if name not in COMMANDS:
        return token
    dot = "" if name in ("left", "right") else match[2] or ""
    return COMMANDS[name] + dot


def _is_second(match: Any) -> bool:
    """Return whether this is the unit, not the secant: 30 sec, but not 2 sec x."""
    return match[0] == "sec" and not match.string[match.end() : match.end() + 3].strip(" .")


def _write_root(match: Any) -> str:
    return rf"\sqrt{ROOTS[match[1]]}{{{match[2]}}}"


def _brace_argument(match: Any) -> str:
    r"""Put braces around the one character that TeX takes; \sqrt12 is ambiguous and stays."""
    head, word = match[1], match[2]
    if len(word) == 1 or (word[0].isdigit() and word[1].isalpha()):
        return f"{head}{{{word[0]}}}{word[1:]}"
    return str(match[0])


HYPERBOLIC = {"coth": "tanh", "sech": "cosh", "csch": "sinh"}


def _write_hyperbolic(match: Any) -> str:
    """Write a function that latex2sympy does not know as the reciprocal of one that it knows."""
    return rf"\frac{{1}}{{\{HYPERBOLIC[match[1]]}{match[2] or ''} {match[3]}}}"


def _brace_power(match: Any) -> str:
    return f"^{{{match[1]}}}"


def _close_decimal(match: Any) -> str:
    r"""Write 0.1666... as 0.1\overline{6}; drop the dots after digits that do not recur."""
    whole, digits = match[1] or "0", match[2]
    for length in range(1, len(digits) // 2 + 1):
        cycle = digits[-length:]
        if digits.endswith(cycle * (3 if length == 1 else 2)):
            start = digits
            while start.endswith(cycle):
                start = start[:-length]
            return rf"{whole}.{start}\overline{{{cycle}}}"
    return f"{whole}.{digits}"


# Applied in this order.
RULES: list[tuple[str, str | Callable[[Any], str]]] = [
    (r"\d+(?:(?:\{,\}|\{,\\!\}|,\s*\\!)\s*\d+)+", _join_thousands),
    (r"[\d.]+(?:,\d+)+", _join_zeros),
    (r"([√∛∜])\s*(\d+|[a-zA-Z]|\([^()]*\))", _write_root),
    (TOKEN, _write_token),
    (r"\$\$?([^$]*)\$\$?", r"\1"),
    (r"\$", r"\xa4"),  # ¤; a replacement of re2 must be ASCII
    (r"~", " "),
    (r"\^\s*\{?\s*\\circ\s*\}?", r"\xb0"),  # °
    (r"([\w)}])\s*\*\*\s*([\w({\\-])", r"\1^\2"),
    (r"\\sqrt\s*(\[[^\[\]]*\])?\s*\(([^()]*)\)", r"\\sqrt\1{\2}"),
    (r"(\\sqrt\s*(?:\[[^\[\]]*\])?)\s*(\w+)", _brace_argument),
    (r"\\frac\s*(\w)\s*\{", r"\\frac{\1}{"),
    (r"(\\frac\s*\{[^{}]*\})\s*(\w+)", _brace_argument),
    (r"(\\frac)\s*(\d)\s*(\w)\b", r"\1{\2}{\3}"),
    (r"(\\frac)\s+(\w)\s*(\w)\b", r"\1{\2}{\3}"),
    # 1 1/2 is a mixed number
    (r"(^|[^\d./^_}])(\d+)\s+(\d+)\s*/\s*(\d+)($|[^\d./])", r"\1\2\\frac{\3}{\4}\5"),
    (r"\^\s*(\d+)", _brace_power),
    (r"(_)\s*(\w+)", _brace_argument),
    (r"(\d)\s*[xX*]\s*10\s*\^", r"\1\\times 10^"),
    (r"(\d*)\.(\d+)\s*\.\.\.", _close_decimal),
    (r"\\\{\s*\\\}", r"\\emptyset "),
    (r"(?:\s*[,;])?(?:\s+and\s+|\s*\\land\b\s*)", r" \\land "),
    (r"(?:\s*[,;])?(?:\s+or\s+|\s*\\lor\b\s*)", r" \\lor "),
    (
        r"\\(coth|sech|csch)\s*(\^\{\d\})?\s*(\{[^{}]*\}|\([^()]*\)|\w+|\\[a-z]+)",
        _write_hyperbolic,
    ),
    (r"\s+", " "),
    (r"^\s*(?:=|:|\\approx\b)\s*", ""),
]
