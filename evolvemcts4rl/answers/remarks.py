"""What stands around an answer and is no part of it: list marks, remarks, conditions, check marks.

String methods, expressions of RE2 and loops over bounded windows: linear in the text's length.
"""

from __future__ import annotations

from string import digits

import re2

from evolvemcts4rl.answers.latex import formula_at
from evolvemcts4rl.answers.spelling import WORDS_IN_FORMULAS

WINDOW = 200  # characters of a sentence that are searched for a condition

LIST_MARK = re2.compile(r"(?:(?:[-*+>•◦▪●‣·–—]+|\(?(\d{1,2})[.)])[ \t]+)+")
CHECK_MARKS = re2.compile(
    r"(?m)([^\s✅✓✔☑\x{1F300}-\x{1FAFF}])[ \t]*[✅✓✔☑\x{1F300}-\x{1FAFF}]"
    r"[✅✓✔☑\x{1F300}-\x{1FAFF}\x{FE0F}\x{200D} \t]*$"
)
EMPHASIS = re2.compile(r"(?i)<(?:b|strong|em|i|u|mark)>([^<>\n]{1,200})</(?:b|strong|em|i|u|mark)>")
FULL_WIDTH = str.maketrans("（）．", "()。")

BRACKETED = re2.compile(r" +(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
CALCULATED = re2.compile(r"[^A-Za-z]*=[^A-Za-z]*")
NEEDED = re2.compile(r"(?:or|if|base)\b")
LAST_WORD = re2.compile(r"[A-Za-z]*$")
PROSE_WORD = re2.compile(r"\b[a-z]{2,}\b")
TAIL = re2.compile(r":\s|\s[–—-]\s")

CLAUSE_END = re2.compile(r"[.!?]\s|[\n;。！？；]")
CONDITION = re2.compile(
    r"(?i)^[^\pL\d]*(?:(?:note(?: that)?|but|and|also|however|similarly|now)\b[:,]? *)*"
    r"(?:had|were|should|suppose|supposing|assuming|when|whenever|without|for)\b"
    r"|\b(?:if|unless|otherwise|in that case)\b"
)
CONCLUSION = re2.compile(r"(?i)\b(?:so|thus|hence|therefore)\b,?[^,]{0,30}$")
CONDITION_AFTER = re2.compile(r"(?i)\b(?:if|unless|otherwise|when|assuming)\b")


def without_markup(text: str) -> str:
    """Return a text without emphasis in HTML, check marks and full-width brackets and stops."""
    for digit in digits if "．" in text else "":
        text = text.replace(f"．{digit}", f".{digit}")
    text = text.translate(FULL_WIDTH)
    text = EMPHASIS.sub(r"\1", text)
    text = CHECK_MARKS.sub(r"\1", text)
    return text


def listed_items(lines: str) -> list[str]:
    """Return the items of the list that starts here; its numbers must count from 1."""
    items: list[str] = []
    for line in filter(None, map(str.strip, lines.split("\n"))):
        mark = LIST_MARK.match(line)
        if not mark or int(mark[1] or len(items) + 1) != len(items) + 1:
            break
        items.append(line[mark.end() :])
    return items


def without_remarks(line: str) -> str:
    """Return a line without its words in brackets: "24 (4 groups of 6)"; formulas stay whole."""
    kept, place = "", 0
    while place < len(line):
        if found := formula_at(line, place):
            kept, place = kept + line[place : found[1]], found[1]
            continue
        is_opened = line[place] == " " and line[place : place + 20].lstrip(" ")[:1] in ("(", "[")
        is_opened = is_opened and LAST_WORD.search(kept[-20:])[0] not in WORDS_IN_FORMULAS
        bracket = BRACKETED.match(line, place) if is_opened and kept else None
        if bracket and _is_remark(bracket[0].lstrip(" ")[1:-1]):
            place = bracket.end()
        else:
            kept, place = kept + line[place], place + 1
    return kept


def _is_remark(words: str) -> bool:
    is_prose = any(word not in WORDS_IN_FORMULAS for word in PROSE_WORD.findall(words))
    is_prose = is_prose and "\\text" not in words and not NEEDED.match(words)
    return is_prose or bool(CALCULATED.fullmatch(words))


def remark_after(value: str) -> tuple[int, bool] | None:
    """Return where words after a colon or a dash start, and whether it may be a range's dash."""
    tail = TAIL.search(value)
    words = PROSE_WORD.findall(value[tail.end() :]) if tail else []
    if not tail or len([word for word in words if word not in WORDS_IN_FORMULAS]) < 2:
        return None
    return tail.start(), tail[0].strip() in ("-", "–") and value[tail.end() :][:1].isdigit()


def is_conditional(text: str, start: int, end: int) -> bool:
    """Return whether the claim here holds in some cases only: "if x < 0, the answer is 5"."""
    before = CLAUSE_END.split(text[max(0, start - WINDOW) : start])[-1]
    after = CLAUSE_END.split(text[end : end + WINDOW], maxsplit=1)[0]
    is_supposed = CONDITION.search(before) or "would" in text[start:end]
    return bool(CONDITION_AFTER.search(after) or (is_supposed and not CONCLUSION.search(before)))
