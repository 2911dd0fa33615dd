"""Final answers: found in a completion or in a seed's answer column.

Texts of models are read by string methods, by expressions of RE2, which cannot backtrack, and in
windows of bounded length alone.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import re2

from evolvemcts4rl.answers.forms import MAX_LENGTH, looks_like_words, read_form
from evolvemcts4rl.answers.latex import (
    COMMAND,
    ENVIRONMENT,
    MAX_BOX,
    boxes_in,
    equation_value,
    formula_at,
    plain_text,
    tidy_formula,
)
from evolvemcts4rl.answers.marked import HASHES
from evolvemcts4rl.answers.remarks import is_conditional, without_markup
from evolvemcts4rl.answers.sentence_values import values_in
from evolvemcts4rl.answers.statements import (
    LEADS,
    ROUGHLY,
    announced_values,
    has_verb,
    stated_values,
)

MAX_ANNOUNCEMENTS = 10

BETWEEN_BOXES = re2.compile(r"\\(?:[()\[\]]|q?quad\b|[,;: ]|text\s*\{)|[$}*{]")
JOINS_BOXES = re2.compile(
    r"(?i)\s*(?:[a-z]+ )?\s*(?:,|;|&|(?:,\s*)?(?:and|or|while)\b)\s*"
    r"(?:[a-z](?:_\w+)?\s*(?:=|is)\s*)?"
    r"|\s*(?:[a-z]+ )?,? ?(?:and|while) (?:the|its) [a-z]+ is\s*"
    r"|\s*for part \(?\w\)?\s*(?:,|(?:,\s*)?and\b)\s*"
)
RESULT = re2.compile(r"\b(?:answer|total|sum|result|difference|product|average)\b")
ANNOUNCED = re2.compile(
    r"(?im)\bans(?:wers?)?\b[*_]{0,3}(?P<part> (?:to|for|of|in) [^\n:.$]{1,100}?)?"
    r"(?:[ \t*]{1,5}(?:is|are|equals|(?:must|should|will|would) be)\b|[ \t*]{0,5}="
    r"|[*_]{0,3} ?[:：])"
    r"|\bsolutions? (?:is|are)\b|\b(?:correct|right) (?:option|choice) is\b"
    r"|\banswer[ \t]{1,5}(?P<formula>\$|\\[(\[])"
    r"|^[#*_> \t]{0,10}(?:step \d{1,2}[:.] ?)?(?:the )?(?:final |correct )?answers?"
    r"[*_#:. \t]{0,10}$"
    r"|<answer>|【答案】|答案(?:应?[是为為]|[:：])|故选择?[:：]?"
    r"|(?:^[*_#> \t]{0,10}|[。；] ?)答[:：]"
    r"|(?:所以|因此|应该?|本题|答案)[,， ]?应?选择?[:： ]{0,3}(?P<choice>\(?[A-J])"
)
HEDGES = {"what", "if", "whether", "unless", "not", "check", "verify", "suppose", "assume"}
LINE_MARKS = re2.compile(r"^(?:[-*+>#•◦▪●‣·]+\s+|\(?\d{1,2}[.)]\s+)+")
CLOSER = re2.compile(r"(?i)\b(?:hope|let me know|feel free|happy to|any (?:other )?questions)\b")
NEXT_SENTENCE = re2.compile(
    r"([.!?][*\"')$]*\s+)[A-Z*(\\$\d]|([。！？]|\\\]|\\end\{[a-z]+\*?\}|\$\$)[^ .,$]"
)
ASIDE = re2.compile(r"(?i)\(.*\)\.?$|(?:note|notice|alternatively|indeed|similarly|recall)\b")
COUNTED = re2.compile(
    r"[-−+]?\\?[$€£¥]?\d+(?:,\d{3})*(?:\.\d+)?(?:[/:]\d+)?(?: ?\\?%)?(?: [A-Za-z]+){0,3}"
)
LABEL = re2.compile(r"(?i)(?:[\pL ]{2,}[:：]|(?:final )?answer )\s*")
ENVIRONMENT_NAME = re2.compile(r"\\(?:begin|end)\{[^{}]*\}")
LETTER_LINE = re2.compile(r"\(?[A-E]\)?")
CHOICE_LETTER = re2.compile(r"\(?([A-J])\)?")


def extract_answer(text: str) -> str | None:
    """Return the final answer that a completion gives, as it is written there, or None.

    Tried in this order: the last box, or the boxes joined to it; the last `#### x`; the last "the
    answer is x"; a last line that is a value or states one. A plain "the answer is 7" after the box
    or the hashes replaces them. Where several values might be meant, there is no answer. The work
    is linear in the length of the text.
    """
    text = _encodable(text)
    end, marked = _last_box(text) or _last_hashes(text) or (0, None)
    announced, is_plain = _last_announced(text, end)
    if len(announced) == 1 and (is_plain or not end):
        if marked and CHOICE_LETTER.fullmatch(announced[0]) and not CHOICE_LETTER.fullmatch(marked):
            return _with_letter(announced[0], marked) or marked
        return announced[0]
    if end:
        return marked
    return None if announced else _last_line(text)


def seed_answer(text: str) -> str | None:
    """Return the reference answer in a seed's answer column.

    It is what follows GSM8K's ####, stands in a solution's last box, or is announced in a line of
    prose ("The answer is: 7"); other short texts are taken as they are.
    """
    text = _encodable(text).strip().rstrip("。")
    if found := _last_hashes(text) or _last_box(text):
        return found[1] or boxes_in(text)[-1].content
    if "\n" in text or len(text) > MAX_LENGTH:
        return extract_answer(text)
    label = LABEL.match(text)
    if label and COUNTED.fullmatch(text[label.end() :]):
        return text[label.end() :]  # Result: 24
    announced, _ = _last_announced(text, 0)
    if not announced and has_verb(text):
        announced = stated_values(text)
    return announced[0] if len(announced) == 1 else text or None


def _encodable(text: str) -> str:
    """Return a text as RE2 can read it, without markup, with a question mark for half an emoji."""
    return without_markup(text.replace("\r\n", "\n").encode("utf-8", "replace").decode())


def _last_box(text: str) -> tuple[int, str | None] | None:
    """Return where the last box ends, and the answer in it and in the boxes joined to it."""
    boxes = boxes_in(text)
    if not boxes:
        return None
    joined = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        gap = text[box.end : joined[0].start]
        is_joint = len(gap) <= 80 and JOINS_BOXES.fullmatch(BETWEEN_BOXES.sub(" ", gap))
        if not is_joint or RESULT.search(gap):
            break
        joined.insert(0, box)
    answers: list[str] = []
    for box in joined:
        answer = _boxed_answer(box.content)
        if answer is None:
            return boxes[-1].end, None
        answers = [other for other in answers if not _is_same_number(other, answer)] + [answer]
    return boxes[-1].end, ", ".join(answers)


def _boxed_answer(content: str) -> str | None:
    """Return the answer in a box's content; None for a sentence with several values."""
    content = tidy_formula(content)
    words = LEADS.sub("", plain_text(content), count=1)
    if announcement := ANNOUNCED.search(words):
        values = announced_values(words[announcement.end() :])
    elif has_verb(words) and values_in(words):
        values = stated_values(words)
    elif ROUGHLY.search(plain_text(content)[:20]):
        values = [words]
    else:
        values = [content]
    return values[0] or None if len(values) == 1 else None


def _is_same_number(one: str, other: str) -> bool:
    """Return whether two boxes hold one number, which may be written in two ways."""
    if one == other or max(len(one), len(other)) > 100:
        return one == other
    number = read_form(one).number
    return number is not None and number == read_form(other).number


def _last_hashes(text: str) -> tuple[int, str | None] | None:
    """Return where the last `#### x` ends, and x; headings of that level are none."""
    for hashes in reversed(deque(HASHES.finditer(text), maxlen=MAX_ANNOUNCEMENTS)):
        answer = hashes[1].strip().replace("**", "")
        is_last = not text[hashes.end() :].strip()
        is_heading = answer.endswith(":") or ANNOUNCED.search(answer)
        if answer and not is_heading and (is_last or _bare_value(answer)):
            return hashes.end(), answer
    return None


def _last_announced(text: str, after: int) -> tuple[list[str], bool]:
    """Return the values of the last announcement after a place, and whether it is a plain one.

    A choice's letter is put before the value that was announced just before it: (B) 42.
    """
    letter = ""
    for announcement in _claims(text, after):
        is_firm = not is_conditional(text, announcement.start(), announcement.end())
        start = announcement.end() - len(announcement["formula"] or announcement["choice"] or "")
        words = text[start : start + 2 * MAX_LENGTH].partition("</answer>")[0].partition("<|")[0]
        values = [] if _is_passing(text, announcement) else announced_values(words)
        is_plain = is_firm and len(values) == 1 and _is_value(values[0])
        is_plain = is_plain and not announcement["part"] and not ROUGHLY.search(words[:40])
        if is_plain and not letter and CHOICE_LETTER.fullmatch(values[0]):
            letter = values[0]
        elif letter:
            return [(is_plain and _with_letter(letter, values[0])) or letter], True
        elif values:
            return values, is_plain
    return [letter] if letter else [], bool(letter)


def _claims(text: str, after: int) -> list[Any]:
    """Return the last announcements, the latest first, but behind them those of some case only."""
    found = reversed(deque(ANNOUNCED.finditer(text, after), maxlen=MAX_ANNOUNCEMENTS))
    claims = [it for it in found if not _is_hedged(text[max(0, it.start() - 80) : it.start()])]
    return sorted(claims, key=lambda it: is_conditional(text, it.start(), it.end()))


def _is_passing(text: str, announcement: Any) -> bool:
    """Return whether this "the solutions are" is a mere step: later sentences have numbers."""
    following = NEXT_SENTENCE.search(text, announcement.end())
    is_step = announcement[0].lower().startswith("solution") and following is not None
    return is_step and bool(re2.search(r"\d", text[following.end() - 1 :]))


def _with_letter(letter: str, value: str) -> str:
    """Return a choice with its value, as "(B) 42"; empty where the value is no number."""
    return f"({letter.strip('()')}) {value}" if value[0].isdigit() else ""


def _is_hedged(before: str) -> bool:
    """Return whether the words before "the answer is" make it no claim: "check whether"."""
    sentence = re2.split(r"[.!?:;\n]", before)[-1]
    words = sentence.lower().split()[-5:]
    return any(word in HEDGES or word.endswith(("n't", "n’t")) for word in words)


def _last_line(text: str) -> str | None:
    """Return the value that the last line is, or that its last sentence states."""
    lines = text[-4 * MAX_LENGTH :].split("\n")
    while lines and (lines[-1].strip() in ("", "```") or _is_farewell(lines[-1])):
        lines.pop()
    text = "\n".join(lines)
    if (block := _closing_display(text)) is not None:
        return _formula_value(block)
    line = LINE_MARKS.sub("", text.rpartition("\n")[2].strip())
    line = line.replace("**", "").strip("*_ ")
    if not line or "\\boxed" in line:  # a box that was not closed
        return None
    formula = formula_at(line, 0)
    if formula and line[formula[1] :] in ("", ".", ","):
        return _formula_value(formula[0])
    return _bare_value(line) or _closing_statement(line)


def _is_farewell(line: str) -> bool:
    return bool(CLOSER.search(line)) and not re2.search(r"\d", line)


def _closing_display(text: str) -> str | None:
    """Return the formula between display delimiters that ends a text."""
    tail = text[-MAX_BOX:].rstrip(". ")
    for opener, closer in (("\\[", "\\]"), ("$$", "$$")):
        if tail.endswith(closer):
            _, found, content = tail.removesuffix(closer).rpartition(opener)
            return content.strip() if found else None
    end = tail.rfind("\\end{")
    if end >= 0 and ENVIRONMENT.fullmatch(tail[end:]):
        start = tail.rfind("\\begin{" + tail[end + len("\\end{") :])
        return tail[start:] if start >= 0 else None
    return None


def _formula_value(formula: str) -> str | None:
    value = equation_value(tidy_formula(formula))
    if not value or len(value) > 200:
        return None
    return None if looks_like_words(value.partition("=")[2] or value) else value


def _bare_value(line: str) -> str | None:
    """Return a line that is only a value: a number of things, a formula or a choice's letter."""
    value = line.rstrip(".")
    if LETTER_LINE.fullmatch(value) or COUNTED.fullmatch(value):
        return value
    if re2.search(r"[\pL]{2,}", COMMAND.sub("", ENVIRONMENT_NAME.sub("", plain_text(value)))):
        return None
    return _formula_value(value) if re2.search(r"\d|\\", value) else None


def _is_value(words: str) -> bool:
    """Return whether these words begin with a number or a formula, or are a choice's letter."""
    values = values_in(words)
    return bool(values and values[0].start == 0) or bool(CHOICE_LETTER.fullmatch(words))


def _closing_statement(line: str) -> str | None:
    """Return the only value that a line's last sentence states; None if the sentence breaks off."""
    sentences, start, line = [], 0, line[-MAX_LENGTH:]
    for found in NEXT_SENTENCE.finditer(line):
        sentences.append(line[start : max(found.end(1), found.end(2))].strip())
        start = max(found.end(1), found.end(2))
    sentences.append(line[start:])
    kept = [sentence for sentence in sentences if sentence and not CLOSER.search(sentence)]
    if not kept or ANNOUNCED.search(kept[-1]) or ASIDE.match(kept[-1]):
        return None
    stated = stated_values(kept[-1])
    return stated[0] if len(stated) == 1 and _is_whole(kept[-1]) else None


def _is_whole(sentence: str) -> bool:
    values = values_in(sentence)
    is_ended = sentence.endswith((".", "!", "。", "！"))
    return is_ended or values[-1].is_result or len(sentence[values[-1].end :].split()) <= 1
