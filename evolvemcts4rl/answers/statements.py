"""What a sentence states: "The total cost is $24.", or the words after "the answer is".

For texts of at most a few thousand characters. A list of one value is the answer, an empty one
says that nothing was stated, several values that it is unclear which was meant.
"""

from __future__ import annotations

from itertools import pairwise

import re2

from evolvemcts4rl.answers.latex import COMMAND, formula_at, plain_text, tidy_formula
from evolvemcts4rl.answers.remarks import listed_items, remark_after, without_remarks
from evolvemcts4rl.answers.sentence_values import BETWEEN_CLAIMS, WORD, Value, values_in, word_set

MAX_WORDS = 6  # an answer in words is short; a longer one is a sentence about something else
UNCLEAR = ["", ""]  # as several values: it is unclear which was meant

SECOND_CLAIM = re2.compile(r"(?i)[,;]|\b(?:and|or|so|but|while)\b")
HAN = re2.compile(r"\p{Han}")

LEADS = re2.compile(
    r"(?i)^(?:(?:therefore|thus|then|simply|just|only|exactly|indeed|option|choice"
    r"|(?:the )?letter|that"
    r"|approximately|approx\.?|about|around|roughly|nearly|for sure|a total of)\b[,:]?\s*"
    r"|\\approx\b\s*|[≈~=]\s*)+"
)
ROUGHLY = re2.compile(r"(?i)\b(?:approximately|approx|about|around|roughly|nearly)\b|≈")
PROSE = re2.compile(
    r"(?i)\(?(?:not|no longer|obtained|found|given|correct|incorrect|wrong|clear|unclear|unknown"
    r"|as|by|what|which|to|we|i (?:think|am|will|would|have|need|can|do|get)|you|let|first"
    r"|if|this|in|on|see|shown|below|above|still|also|likely)\b"
)
SENTENCE_END = re2.compile(
    r"[.!?](?:\*\*)?(?:\s|$)|[。；！？]"
    r"|\s(?:because|since|so|as|which|where|when|and not)\s|,\s+[a-z]{2}|，\p{Han}|;\s+[a-z]{2}"
)
LIST_GOES_ON = re2.compile(r",\s+(?:and|or)\s+[\d$\\(-]")
NEXT_CLAUSE = re2.compile(
    r"(?i)[,;] (?:and )?(?:so|thus|hence|therefore|giving|meaning)\b"
    r"|\bwhich (?:is|means|gives|equals|makes|rounds)\b"
)
REASON = re2.compile(r"(?i)(?:^|[ ,])(?:because|since)\b(?:[^,]|,\S)*")
HEAD_WORD = re2.compile(r"\pL[\pL\d_'’-]")
CHINESE_END = re2.compile(r"[。；！？]")
SECOND_READING = re2.compile(r" \pL{2}[\pL ]*, ")
PARTS = re2.compile(r"\(1\)[^(].*\(2\)")
JOINT = re2.compile(r"(?i)[\s,;]*(?:and|or)?[\s,;]*(?:\w\s*=\s*)?")


VERBS = word_set(
    """is are was were be been equals has have had gets get got makes make made earns earn earned
    costs cost pays pay paid needs need needed spends spent saves saved sells sold takes took uses
    used weighs remains remain remained travels covers gives receives becomes totals"""
)
COPULAS = word_set("is are was were be equals equal becomes totals gives")
BEFORE_A_VALUE = word_set(
    """approximately approx about around roughly nearly only just exactly now then therefore thus
    to a an total of also simply still"""
)
AFTER_THE_VALUE = word_set("in after for from by at with on before during")
DENIALS = word_set(
    """not cannot never neither nor no unknown unclear if unless whether suppose assume assuming
    given let let's when where maybe perhaps try check verify solve calculate determine compute
    consider depends true false"""
)
FAILURES = word_set("wrong incorrect incorrectly mistake contradiction impossible")
LIMITS = word_set(  # shortly before a value, these make it a bound or a guess
    "than least most between over under exceeds within until could might may would should"
)


def stated_values(sentence: str) -> list[str]:
    """Return the value that a sentence states.

    It is the result of the sentence's last calculation, else its only value, else the one after
    its "is" at the end.
    """
    words = _words_of(sentence)
    if sentence.endswith(("?", "？")) or not FAILURES.isdisjoint(words) or words[:1] == ["yes"]:
        return []
    values = _last_clause(sentence, values_in(sentence))
    if any(not value.text for value in values):
        return UNCLEAR
    if result := _last_result(sentence, values):
        return [result.text]
    is_denied = "不" in sentence or any(word.endswith(("n't", "n’t")) for word in words)
    if not values or is_denied or not DENIALS.isdisjoint(words):
        return []
    *others, last = values
    if _is_limit(sentence, last, others):
        return UNCLEAR
    texts = list(dict.fromkeys(value.text for value in values))
    claims = [other for other in others if _follows_copula(sentence, other)]
    is_subject = not claims or not SECOND_CLAIM.search(sentence[claims[-1].end : last.start])
    return [last.text] if is_subject and _follows_copula(sentence, last) else texts


def _last_result(sentence: str, values: list[Value]) -> Value | None:
    """Return the result of the last calculation, unless a further claim follows it."""
    places = [place for place, value in enumerate(values) if value.is_result]
    if not places:
        return None
    result, *later = values[places[-1] :]
    gap = sentence[result.end : later[0].start] if later else ""
    return None if BETWEEN_CLAIMS.search(gap) else result


def _last_clause(sentence: str, values: list[Value]) -> list[Value]:
    """Return the values of what the sentence concludes: after ", so" and without its reasons."""
    if reason := REASON.search(sentence):
        values = [v for v in values if not reason.start() <= v.start < reason.end()]
    clauses = [found.end() for found in NEXT_CLAUSE.finditer(sentence)]
    return [value for value in values if clauses and value.start >= clauses[-1]] or values


def _words_of(text: str) -> list[str]:
    return [word[0].lower() for word in WORD.finditer(text)]


def _is_limit(sentence: str, value: Value, others: list[Value]) -> bool:
    """Return whether this is a bound of the answer: "more than 5", "at least 3"."""
    start = others[-1].end if others else 0
    return not LIMITS.isdisjoint(_words_of(sentence[start : value.start])[-3:])


def _follows_copula(sentence: str, value: Value) -> bool:
    before = sentence[: value.start].rstrip(" *($\\[")
    if before.endswith((":", "=", "≈", "：")):
        return True
    words = _words_of(sentence[max(0, value.start - 60) : value.start])
    while words and words[-1] in BEFORE_A_VALUE:
        words.pop()
    return bool(words) and words[-1] in COPULAS


def has_verb(sentence: str) -> bool:
    """Return whether this is a sentence, not the name of something."""
    return any(word[0].lower() in VERBS for word in WORD.finditer(COMMAND.sub(" ", sentence)))


def announced_values(words: str) -> list[str]:
    """Return the values that follow "the answer is", up to the end of the sentence."""
    words = words.replace('\\"', '"').replace("\\! ", "").replace("\\!", "")
    words = words.lstrip(' \t*_:："“').replace("**", "")
    items = listed_items(words) if words.startswith("\n") else []
    listed = _listed_values(items)
    return listed if listed or len(items) > 1 else _line_values(words.lstrip(' \t\n*_:："“'))


def _listed_values(items: list[str]) -> list[str]:
    """Return the values of a list's items as one value; several items in sentences are unclear."""
    found = [(item, values) for item in items if (values := _line_values(item))]
    if len(found) < 2 or found[0][0] != items[0]:
        return found[0][1] if found and found[0][0] == items[0] else []
    if any(len(values) != 1 or HEAD_WORD.match(item) for item, values in found):
        return UNCLEAR
    return [", ".join(values[0] for _, values in found)]


def _line_values(words: str) -> list[str]:
    if words.startswith((r"\[", "$$", r"\begin{")):
        return _display_values(words)
    line = without_remarks(words.partition("\n")[0].strip(" \t*_"))
    if PARTS.match(line):
        return UNCLEAR
    line = LEADS.sub("", line, count=1)
    if (formula := formula_at(line, 0)) and _ends_list(line[formula[1] :]):
        return _unless_empty(formula[0])
    ends = SENTENCE_END.finditer(line)
    end = next((end for end in ends if not LIST_GOES_ON.match(line[end.start() :])), None)
    sentence = (line[: end.start()] if end else line).strip(' \t*,;:："”').rstrip(" .*")
    if not sentence or len(sentence) > 200 or PROSE.match(sentence) or (end and end[0][0] in "?？"):
        return []
    if HAN.match(sentence) and values_in(sentence):
        return stated_values(CHINESE_END.split(line, maxsplit=1)[0])
    if line.startswith(sentence + "...") and sentence[-1].isdigit():
        sentence += "..."
    word = WORD.match(sentence)
    return _values_in_words(sentence) if word and len(word[0]) > 1 else _values_at_head(sentence)


def _display_values(words: str) -> list[str]:
    if words.startswith(r"\begin{"):
        end = words.find(r"\end{")
        return _unless_empty(words[: words.find("}", end) + 1]) if end > 0 else []
    found = formula_at(words, 0)
    return _unless_empty(found[0]) if found else []


def _unless_empty(formula: str) -> list[str]:
    return [value] if (value := tidy_formula(formula)) else []


def _ends_list(rest: str) -> bool:
    """Return whether what follows a value joins no other value and no percent sign: "and $3$"."""
    after = rest[JOINT.match(rest).end() :]
    return not re2.match(r"\s*\\?%", rest) and not re2.match(r"[\d$(-]|\\\(", after)


def _values_in_words(sentence: str) -> list[str]:
    values = values_in(sentence)
    is_short = len(sentence.split()) <= MAX_WORDS
    if values and (has_verb(sentence) or not is_short or _follows_copula(sentence, values[-1])):
        return stated_values(sentence)
    if values and (_is_limit(sentence, values[0], []) or sentence.lower().startswith("either ")):
        return UNCLEAR
    return [sentence] if is_short else []


def _values_at_head(sentence: str) -> list[str]:
    """Return what stands directly after "is": all of it, or its first value where prose follows."""
    if remark := remark_after(sentence):
        start, is_range = remark
        return UNCLEAR if is_range else _values_at_head(sentence[:start])
    values = values_in(sentence)
    gaps = [sentence[one.end : other.start] for one, other in pairwise(values)]
    is_list = bool(gaps) and all(JOINT.fullmatch(gap) for gap in gaps)
    has_prose = re2.search(r"\pL{2,}", COMMAND.sub(" ", plain_text(sentence)))
    is_short = len(sentence.split()) <= MAX_WORDS or not has_prose
    goes_on = bool(gaps) and not AFTER_THE_VALUE.isdisjoint(WORD.findall(gaps[0]))
    if gaps and SECOND_READING.fullmatch(gaps[-1]) and values[-1].end == len(sentence):
        return UNCLEAR  # 5 factorial, 120
    if is_list or (is_short and not goes_on and not HAN.search(sentence)):
        return [sentence]
    first = _last_result(sentence, values) or (values[0] if values else None)
    first = first if first and (first.start == 0 or first.is_result) else None
    return [first.text] if first and first.text else []
