"""Values in sentences and formulas: what "The total cost is $24." or a boxed "x = 2 + 3 = 5" states.

For texts of at most a few thousand characters. Every function answers with a list: one value is
the answer, none says that nothing was stated, several that it is unclear which was meant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import re2

from evolvemcts4rl.answers.forms import UNITS

MAX_WORDS = 6  # an answer in words is short; a longer one is a sentence about something else

DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
ENVIRONMENT = re2.compile(r"\\(begin|end)\{(?:align(?:ed|at)?|gather(?:ed)?|split|equation)\*?\}")
COLOUR = re2.compile(r"\\(?:textcolor|color)\s*(?:\[\w+\])?\s*\{[^{}]*\}")
TEXT_COMMAND = re2.compile(r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf)|mbox)\s*\{([^{}]*)\}")
COMMAND = re2.compile(r"\\[A-Za-z]+")
BARE_NAME = re2.compile(r"\s*(?:\\?[A-Za-z]+|\w(?:_\{?\w+\}?)?|\w\(\w\))\s*")
INTEGER_FRACTION = re2.compile(r"-?\s*(?:\\[dt]?frac\s*(?:\{\d+\}|\d)\s*(?:\{\d+\}|\d)|\d+/\d+)")

_CURRENCY = r"(?:US)?\\?[$€£¥₹] ?"
_NUMBER = (
    rf"(?:{_CURRENCY})?(?:\d{{1,3}}(?: \d{{3}}\b)+|\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?: \d+/\d+)?(?:[/:]\d+)*(?: ?\\?%|[€£])?"
)
_TERM = rf"\(*[-−+]?{_NUMBER}\)*"
CALCULATION = re2.compile(rf"{_TERM}(?:(?: ?[-−–+*/×÷·^=≈] ?| x ){_TERM})*")
NO_EQUATION = re2.compile(
    r"[<>!:=]=|[^{\\],(?:\D|$|\d{1,2}(?:\D|$)|\d{4})"
)  # comparisons and lists
VALUE_SIGN = re2.compile(r"\d|[=<>]|\\(?:pi|infty|sqrt|l[te]q?|g[te]q?|n?eq?)\b")
GAP_BETWEEN_CLAIMS = re2.compile(r"(?i)[,;:.]|\b(?:and|or|so|is|are)\b")
RANGE = re2.compile(r"\d[-–]\d")
_UNIT_WORDS = "|".join(
    sorted((word for word in UNITS if word[0].isalpha() and word != "in"), key=len, reverse=True)
)
UNIT = re2.compile(
    r" ?(?:(?:hundred|thousand|million|billion|trillion|dozen)\b)?"
    rf"(?:[ -]?(?:°[CF]?|(?:square |cubic |sq\.? )?(?:{_UNIT_WORDS})s?\b)"
    rf"(?:\^?\{{?[23]\}}?|[²³])?(?:(?: per | ?/ ?)(?:{_UNIT_WORDS})s?\b)?)?"
)
ASCII_WORD = re2.compile(r"[A-Za-z]+")
WORD = re2.compile(r"[\pL][\pL\d_'’-]*")

LEADS = re2.compile(
    r"(?i)^(?:(?:therefore|thus|then|simply|just|only|exactly|indeed|equal to|option|choice|that"
    r"|approximately|approx\.?|about|around|roughly|nearly|for sure|a total of|therefore)\b[,:]?\s*"
    r"|\\approx\b\s*|[≈~=]\s*)+"
)
ROUGHLY = re2.compile(r"(?i)\b(?:approximately|approx|about|around|roughly|nearly)\b|\\approx\b|≈")
PROSE = re2.compile(
    r"(?i)\(?(?:not|no longer|obtained|found|given|correct|incorrect|wrong|clear|unclear|unknown|as|by"
    r"|what|which|to|we|i|you|let|first|if|this|in|on|see|shown|below|above|still|also|likely)\b"
)
SENTENCE_END = re2.compile(
    r"[.!?](?:\*\*)?(?:\s|$)|[。；！？]"
    r"|\s(?:because|since|so|as|which|where|when|and not)\s|,\s+[a-z]{2}|，\p{Han}"
)
NEXT_SENTENCE = re2.compile(r"[.!?]\**\s+(?:[A-Z*(\\$])|[。！？]")
NEXT_CLAUSE = re2.compile(
    r"(?i)[,;] (?:and )?(?:so|thus|hence|therefore|giving|meaning)\b"
    r"|\bwhich (?:is|means|gives|equals|makes|rounds)\b"
)
REASON = re2.compile(r"(?i)[ ,](?:because|since)\b")
HAN = re2.compile(r"\p{Han}")
JOINT = re2.compile(r"(?i)[\s,;]*(?:and|or)?[\s,;]*(?:\w\s*=\s*)?")

VERBS = frozenset(
    """is are was were be been equals has have had gets get got makes make made earns earn earned
    costs cost pays pay paid needs need needed spends spent saves saved sells sold takes took uses
    used weighs remains remain remained travels covers gives receives becomes totals can""".split()
)
COPULAS = frozenset("is are was were be equals equal becomes totals gives".split())
BEFORE_A_VALUE = frozenset(
    """approximately approx about around roughly nearly only just exactly now then therefore thus to
    a an total of also simply still""".split()
)
GIVEN = frozenset(  # a number after one of these is part of a name or was known before: the 4 friends, step 3
    """the these those both step part case equation line problem question figure option choice
    example room page chapter number day""".split()
)
AFTER_THE_VALUE = frozenset("in after for from by at with on before during".split())
DENIALS = frozenset(
    """not cannot never neither nor unknown unclear impossible if unless whether suppose assume
    assuming let maybe perhaps try check verify depends""".split()
)
FAILURES = frozenset("wrong incorrect incorrectly mistake contradiction impossible".split())
LIMITS = frozenset(  # shortly before a value, these make it a bound or a guess
    "than least most between over under exceeds within until could might may would should".split()
)


@dataclass(frozen=True)
class Value:
    """A value in a sentence, as it is written there, and the place where it stands."""

    text: str
    start: int
    end: int
    is_result: bool = False  # it stands after a calculation and its equals sign


def formula_at(text: str, start: int) -> tuple[str, int] | None:
    """Return the content of the delimited formula that starts here, and where it ends."""
    for opener, closer in DELIMITERS:
        if text.startswith(opener, start):
            begin = start + len(opener)
            end = text.find(closer, begin)
            while end > 0 and closer == "$" and text[end - 1] == "\\":
                end = text.find(closer, end + 1)
            if end <= begin or (opener == "$" and _is_amount(text[begin:end])):
                return None
            return text[begin:end].strip(), end + len(closer)
    return None


def _is_amount(content: str) -> bool:
    """Whether a dollar sign before this content means money: "$24 and $36" holds no formula."""
    if not content[:1].isdigit():
        return False
    return content[-1] in " \t(=-+" or bool(re2.search(r"[\d,.;] +[a-z]{2,}[ ,.;]", content))


def closing_brace(text: str, start: int, limit: int) -> int | None:
    """Return the place of the brace that closes the one opened just before `start`."""
    depth, place = 1, start
    stop = min(len(text), start + limit)
    while place < stop:
        if text[place] == "\\":
            place += 1
        elif text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return None


def tidy_formula(formula: str) -> str:
    """Return what a formula states: without colour, alignment, rounding and the way to a number."""
    formula = _stack_rows(_bleach(formula)).strip()
    for sign in (r"\approx", "≈"):
        exact, found, rounded = formula.partition(sign)
        if found and rounded.strip():
            formula = (rounded if BARE_NAME.fullmatch(plain_text(exact)) else exact).strip()
    sides = equation_sides(formula)
    if len(sides) > 1 and not re2.search(
        r"[A-Za-z<>]", COMMAND.sub("", TEXT_COMMAND.sub("", formula))
    ):
        exact = next((side for side in sides if INTEGER_FRACTION.fullmatch(side)), None)
        return exact if exact and "." in sides[-1] else sides[-1]
    return formula


def equation_sides(formula: str) -> list[str]:
    """Return the sides of an equation or of a chain of them; one for what is no equation."""
    if "\\begin" in formula or NO_EQUATION.search(formula):
        return [formula]
    sides = [side.strip() for side in formula.split("=")]
    return [side for side in sides if side] or [formula]


def _bleach(formula: str) -> str:
    for _ in range(4):
        found = COLOUR.search(formula)
        if not found:
            break
        before, after = formula[: found.start()], formula[found.end() :].lstrip()
        end = closing_brace(after, 1, len(after)) if after.startswith("{") else None
        formula = before + (after[1:end] + after[end + 1 :] if end is not None else after)
        if before == "{" and formula.endswith("}"):
            formula = formula[1:-1]
    return formula


def _stack_rows(formula: str) -> str:
    """Return the rows of an aligned formula as one: a chain, a list of named values, or its last row."""
    inner = ENVIRONMENT.sub("", formula)
    if inner == formula or "\\begin" in inner:
        return formula
    rows = [row.replace("&", "").strip(" \n\t,.") for row in inner.split(r"\\")]
    chains: list[str] = []
    for row in filter(None, rows):
        if chains and row.startswith(("=", r"\approx", "≈")):
            chains[-1] += " " + row
        else:
            chains.append(row)
    names = [chain.partition("=")[0] for chain in chains]
    is_list = len(set(names)) == len(names) and all(map(BARE_NAME.fullmatch, names))
    return ", ".join(chains) if is_list else chains[-1] if chains else ""


def plain_text(formula: str) -> str:
    r"""Return a formula with the content of its \text commands as words."""
    return " ".join(TEXT_COMMAND.sub(r" \1 ", formula).split())


def values_in(sentence: str) -> list[Value]:
    """Return the values of a sentence; names in formulas, ordinals and what was given are none."""
    values: list[Value] = []
    place, before = 0, ""
    while place < len(sentence):
        end, found = _piece_at(sentence, place, before)
        if found:
            gap = sentence[values[-1].end : place] if values else ","
            follows = gap.rstrip(" $\\(").endswith("=") and not GAP_BETWEEN_CLAIMS.search(gap)
            values += [replace(value, is_result=True) if follows else value for value in found]
        word = WORD.match(sentence, place)
        before = word[0].lower() if word else before if sentence[place] in " *_(#" else ""
        place = end
    return values


def _piece_at(sentence: str, place: int, before: str) -> tuple[int, list[Value]]:
    """Return where the piece that starts here ends, and the values that it is."""
    if found := formula_at(sentence, place):
        content, end = found
        if not VALUE_SIGN.search(content):
            return end, []  # the name of something
        return end, [Value(_result(tidy_formula(content)), place, end, _is_calculation(content))]
    if number := CALCULATION.match(sentence, place):
        return _read_number(sentence, place, number.end(), before)
    if word := WORD.match(sentence, place):
        return word.end(), []
    if sentence[place] == "\\":
        text = sentence[place:].split(None, 1)[0]
        return place + len(text), [Value(text.rstrip(".,;"), place, place + len(text))]
    return place + 1, []


def _read_number(sentence: str, start: int, end: int, before: str) -> tuple[int, list[Value]]:
    unit = UNIT.match(sentence[end:])[0].rstrip()
    text = sentence[start:end].strip()
    if text.count("(") != text.count(")"):
        text = text.strip("()")
    end += len(unit)
    word = ASCII_WORD.match(sentence, end)
    if word and word[0] in ("st", "nd", "rd", "th"):
        return word.end(), []
    if before in GIVEN and "=" not in text:
        return end, []
    if word or (RANGE.search(text) and "=" not in text):  # 5x, 3-4: no plain number
        end = word.end() if word else end
        return end, [Value(text, start, end), Value(sentence[start:end], start, end)]
    written = f"{_result(text)} {unit.strip(' -')}".strip()
    return end, [Value(written, start, end, _is_calculation(text))]


def _is_calculation(text: str) -> bool:
    return bool(re2.search(r"\d[^A-Za-z]*=", text))


def _result(calculation: str) -> str:
    """Return the last side of a calculation; an equation with letters on its left stays."""
    if calculation.count("=") == 1 and re2.search(
        "[A-Za-z]", calculation.partition("=")[0].replace(" x ", " ")
    ):
        return calculation
    return equation_sides(calculation)[-1]


def stated_values(sentence: str) -> list[str]:
    """Return the value that a sentence states.

    It is the result of the sentence's last calculation, else its only value, else the one after
    its "is" at the end.
    """
    sentence = sentence.strip()
    words = {word[0].lower() for word in WORD.finditer(sentence)}
    if sentence.endswith(("?", "？")) or not words.isdisjoint(FAILURES):
        return []
    values = _last_clause(sentence, values_in(sentence))
    if results := [value for value in values if value.is_result]:
        return [results[-1].text]
    if not values or not words.isdisjoint(DENIALS) or "不" in sentence:
        return []
    if any(word.endswith(("n't", "n’t")) for word in words):
        return []
    if _is_limit(sentence, values[-1]):
        return ["", ""]
    texts = list(dict.fromkeys(value.text for value in values))
    predicates = [value for value in values if _follows_copula(sentence, value)]
    return [values[-1].text] if predicates == values[-1:] else texts


def _last_clause(sentence: str, values: list[Value]) -> list[Value]:
    """Return the values of what the sentence concludes: after ", so" and before "because"."""
    clauses = [found.end() for found in NEXT_CLAUSE.finditer(sentence)]
    values = [v for v in values if clauses and v.start >= clauses[-1]] or values
    reason = REASON.search(sentence)
    return [v for v in values if reason and v.start < reason.start()] or values


def _words_before(sentence: str, value: Value) -> list[str]:
    return [
        found[0].lower()
        for found in WORD.finditer(sentence[max(0, value.start - 60) : value.start])
    ]


def _is_limit(sentence: str, value: Value) -> bool:
    """Whether this is a bound of the answer: "more than 5", "at least 3"."""
    return bool(LIMITS.intersection(_words_before(sentence, value)[-3:]))


def _follows_copula(sentence: str, value: Value) -> bool:
    before = sentence[: value.start].rstrip(" *($\\[")
    if before.endswith((":", "=", "≈", "：")):
        return True
    words = _words_before(sentence, value)
    while words and words[-1] in BEFORE_A_VALUE:
        words.pop()
    return bool(words) and words[-1] in COPULAS


def has_verb(sentence: str) -> bool:
    """Whether this is a sentence, not the name of something."""
    return any(word[0].lower() in VERBS for word in WORD.finditer(COMMAND.sub(" ", sentence)))


def announced_values(words: str) -> list[str]:
    """Return the values that follow "the answer is", up to the end of the sentence."""
    words = words.lstrip(" \t\n*_:：").replace("**", "")
    if words.startswith((r"\[", "$$", r"\begin{")):
        return _display_values(words)
    line = words.partition("\n")[0].strip(" \t*_")
    line = LEADS.sub("", line, count=1)
    if (formula := formula_at(line, 0)) and _ends_list(line[formula[1] :]):
        return [tidy_formula(formula[0])]
    end = SENTENCE_END.search(line)
    sentence = (line[: end.start()] if end else line).strip(" \t*.,;:：")
    if not sentence or len(sentence) > 200 or PROSE.match(sentence) or (end and end[0][0] in "?？"):
        return []
    if WORD.match(sentence) and len(WORD.match(sentence)[0]) > 1:
        return _values_in_words(sentence)
    return _values_at_head(sentence)


def _display_values(words: str) -> list[str]:
    if words.startswith(r"\begin{"):
        end = words.find(r"\end{")
        return [tidy_formula(words[: words.find("}", end) + 1])] if end > 0 else []
    found = formula_at(words, 0)
    return [tidy_formula(found[0])] if found else []


def _ends_list(rest: str) -> bool:
    """Whether no further value is joined to the one before: "and $3$", ", 4", or its percent sign."""
    joined = JOINT.match(rest)
    after = rest[joined.end() :] if joined else rest
    if re2.match(r"\s*\\?%", rest):
        return False
    return not (after[:1].isdigit() or after.startswith(("$", r"\(", "-", "("))) or not after


def _values_in_words(sentence: str) -> list[str]:
    is_short = len(sentence.split()) <= MAX_WORDS or "\\" in sentence
    values = values_in(sentence)
    if values and (has_verb(sentence) or not is_short or _follows_copula(sentence, values[-1])):
        return stated_values(sentence)
    if values and (_is_limit(sentence, values[0]) or sentence.lower().startswith("either ")):
        return ["", ""]
    return [sentence] if is_short else []


def _values_at_head(sentence: str) -> list[str]:
    values = values_in(sentence)
    if len(values) > 1 and AFTER_THE_VALUE.intersection(
        WORD.findall(sentence[values[0].end : values[1].start])
    ):
        return [values[0].text]  # 27 years old in 5 years
    gaps = [sentence[one.end : other.start] for one, other in pairwise(values)]
    is_list = len(values) > 1 and all(JOINT.fullmatch(gap) for gap in gaps)
    if HAN.search(sentence) and values and values[0].start == 0:
        return [values[0].text]  # 42元
    if is_list or len(sentence.split()) <= MAX_WORDS or "\\" in sentence:
        return [sentence]
    return [values[0].text] if values and values[0].start == 0 else []
