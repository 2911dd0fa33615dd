"""Final answers: found in a completion or in a seed's answer column."""

from __future__ import annotations

import re
from collections import deque

from evolvemcts4rl.answers.forms import MAX_LENGTH, read_form

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
