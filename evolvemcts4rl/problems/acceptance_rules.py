"""What a reply must be to count as a new problem: one named rule per reason to refuse it.

All expressions are RE2's, which match in linear time whatever the reply holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import re2

from evolvemcts4rl.problems.novelty import nearly_equal, template, tokens
from evolvemcts4rl.reasons import Reason, ReasonCode, with_detail
from evolvemcts4rl.records import Message

LONGEST = 2500  # characters: about 400 words, more than any problem of MATH or GSM8K takes
LEAKED_WORDS = 8  # from the prompt, in a row: so many are copied, not there by chance
_SHOWN = 100  # characters that a reason quotes of what its rule found

_NO_WORD = r"[^\pL\pN_]"  # RE2's own \W takes letters that are not ASCII for signs
_TAGS = re2.compile(r"(?is)<problem>(.*?)</problem>")
_TAG = re2.compile(r"(?i)</?problem>")
_LEAD_IN = re2.compile(
    rf"(?i)\A(?:{_NO_WORD}*(?:sure|certainly|of course|okay|ok|absolutely"
    rf"|great)\b[^\n:]{{0,80}}[!.:,]\s*)?"
    r"(?:(?:here(?:['’]s| is)|this is|below is)\b[^\n:]{0,80}"
    r"\b(?:problem|question|exercise|version|one)\b[^\n:]{0,60}:\s*)?"
    r"(?:[#*_\s]*(?:the |a |my )?(?:(?:new|evolved|rewritten|modified|revised|harder|simpler"
    r"|easier) )?"
    r"(?:math(?:s|ematics|ematical)? )?(?:word )?(?:problem"
    r"|question)(?: statement)?\s*[*_]*:[*_]*\s*)?"
)
_WRAPPING = (("```", "```"), ('"', '"'), ("“", "”"), ("**", "**"))

_REFUSAL = re2.compile(
    rf"(?i)\A{_NO_WORD}*(?:i['’]?m (?:very |really )?sorry|(?:i )?apologi[sz]e|sorry[,.!]"
    rf"|sorry (?:but|i)\b"
    r"|as an ai\b|unfortunately, i\b|je suis désolée?|lo siento\b|es tut mir leid\b"
    r"|i (?:can(?:no|['’])t|am (?:not able|unable)|won['’]t|do not|don['’]t) (?:\w+ )?"
    r"(?:help|assist|create|write|rewrite|provide|generate|fulfil|do|comply|feel|think"
    r"|have enough))"
)
_MARKERS = re2.compile(
    r"(?im)</?problem>|\{\{\w+\}\}|#\s*(?:given|new|rewritten|created) (?:problem|prompt)\s*#"
    r"|\b(?:rewritten|evolved|reworded|modified|new) (?:problem|question|version|prompt)\b"
    r"|\blanguage_rule\b|^=== (?:user|assistant)"
)
_ELSEWHERE = re2.compile(
    r"(?i)\b(?:above|previous|preceding|original|given|earlier|aforementioned) (?:problem"
    r"|question|exercise)s?\b"
    r"|\b(?:problem|question|exercise)s? (?:above|before)\b"
)
_FIGURE = re2.compile(
    r"(?i)\b(?:figure|diagram|picture|image|drawing|sketch|graph|table|chart)s? "
    r"(?:below|above|shown|on the (?:left|right))\b"
    r"|\b(?:in|from|see|to|using|consider) (?:the|this) (?:\w+ )?(?:figure|diagram)\b"
    r"|\bshown (?:below|above)\b|!\["
)
_DRAWN = re2.compile(r"(?m)\[asy\]|\\begin\{(?:tikzpicture|tabular|array|asy)\}|^\s*\|.*\|")
_SOLVED = re2.compile(
    rf"(?im)\\boxed\b|####|^{_NO_WORD}*(?:(?:step[- ]by[- ]step |full |final )?(?:solution"
    rf"|answer)s?|explanation|hint)"
    rf"{_NO_WORD}*:|^{_NO_WORD}*step 1\b|\b(?:final )?answer is:? *[$\\(]*[-−]?\d"
    r"|\blet['’]s (?:solve|think|break)|\b(?:hint|answer): "
)
# "6 - 2 = 4" in plain text is a calculation already done. After a sign or a letter, or within a
# formula, it may be a condition of the problem.
_WORKED = re2.compile(
    r"(?i)(?:\A|[\n\t]|(?:\A|[^-+−*×/÷=^])[ \x{a0}])"
    r"(\d[\d.,]*(?: [a-z]+)? *[-+−*×x/÷] *\d[\d.,]*(?: [a-z]+)? *= *\$?\d+)"
)
_TASK = re2.compile(
    r"(?i)[?？؟]|\b(?:find|compute|calculate|determine|evaluate|solve|simplify|express|factor"
    r"|expand|what|how|which|who"
    r"|when|where|write|give|estimate|convert|round|differentiate|integrate|count|list|name|state"
    r"|work out|figure out"
    r"|minimi[sz]e|maximi[sz]e|identify|choose|select|arrange|order|rationali[sz]e|approximate"
    r"|fill in|reduce|multiply"
    r"|divide|add|subtract)\b"
)
_QUESTION = re2.compile(
    r"(?i)[?？؟]|\b(?:find|compute|calculate|determine|evaluate|solve|what|how (?:many|much))\b"
)
_ENGLISH = frozenset(
    ["the", "of", "and", "is", "are", "has", "have", "to", "for", "with", "each", "if"]
)
_PROOF = re2.compile(r"(?i)\b(?:prove|show that|explain|justify|discuss|describe)\b")
# The first item of a list: a line that begins with a number or a letter, or (a) within a line. The
# next items may follow in that line.
_FIRST_ITEM = re2.compile(
    rf"(?i)(?:^{_NO_WORD}*?(?:(?:problem|question|part) *)?\(?(?:\d{{1,2}}|[a-h])[.):]|\([a-h]\))\s"
)
_NEXT_ITEM = re2.compile(r"(?i)\s\([a-h]\)\s")


def read_problem(reply: str) -> str:
    """Return what stands in a reply's last <problem> tags, or all of it without its lead-in."""
    tagged = _TAGS.findall(reply)
    if tagged:
        return str(tagged[-1]).strip()
    # A tag that lacks its partner: what comes after an opening one, or before a closing one, is the
    # longer part.
    text: str = max(_TAG.split(reply), key=len).strip()
    text = text[_LEAD_IN.match(text).end() :].strip()
    for opening, closing in _WRAPPING:
        inner = text[len(opening) : -len(closing)]
        wrapped = text.startswith(opening) and text.endswith(closing)
        if wrapped and opening not in inner and closing not in inner:
            text = inner.strip()
    return text


def reason_if_empty(question: str) -> Reason | None:
    """Return a reason where nothing was written, or nothing but signs."""
    return None if any(mark.isalnum() for mark in question) else Reason(ReasonCode.EMPTY)


def reason_if_refusal(question: str) -> Reason | None:
    """Return a reason where the model declines instead of writing a problem."""
    return Reason(ReasonCode.REFUSAL) if _REFUSAL.search(question) else None


def reason_if_leaking_markers(question: str) -> Reason | None:
    """Return a reason where tags, slots, headings of a prompt or talk of rewriting stand in it."""
    return _found(ReasonCode.MARKERS, _MARKERS.search(question))


def reason_if_too_long(question: str) -> Reason | None:
    """Return a reason where the text is longer than any single problem is."""
    if len(question) <= LONGEST:
        return None
    return Reason(ReasonCode.TOO_LONG, f"it is longer than {LONGEST} characters")


def reason_if_solved(question: str) -> Reason | None:
    """Return a reason where the text holds an answer, a hint or a finished calculation."""
    if found := _SOLVED.search(question):
        return _found(ReasonCode.CARRIES_SOLUTION, found)
    return _found(ReasonCode.CARRIES_SOLUTION, _WORKED.search(question), 1)


def reason_if_proof(question: str) -> Reason | None:
    """Return a reason where a proof or an explanation is asked for: it has no final answer."""
    asks_for_proof = _PROOF.search(question) and not _QUESTION.search(question)
    return Reason(ReasonCode.ASKS_FOR_PROOF) if asks_for_proof else None


def reason_if_several_questions(question: str) -> Reason | None:
    """Return a reason where several things are asked: there would be several final answers."""
    items = sum(bool(_QUESTION.search(item)) for item in _numbered_items(question))
    return (
        Reason(ReasonCode.SEVERAL_QUESTIONS) if items > 1 or _question_marks(question) > 1 else None
    )


def reason_if_asking_nothing(question: str) -> Reason | None:
    """Return a reason where an English text asks nothing: the words for a task are English."""
    if _TASK.search(question):
        return None
    words = tokens(question)
    is_english = len(words) <= 5 or not _ENGLISH.isdisjoint(words)
    return Reason(ReasonCode.ASKS_NOTHING) if is_english else None


def reason_if_pointing_elsewhere(question: str) -> Reason | None:
    """Return a reason where another problem is needed, or a figure that is not there."""
    found = _ELSEWHERE.search(question)
    if not found and not _DRAWN.search(question):
        found = _FIGURE.search(question)
    return _found(ReasonCode.NOT_SELF_CONTAINED, found)


def reason_if_leaking_prompt(
    question: str, parent: str, messages: Sequence[Message]
) -> Reason | None:
    """Return a reason where it repeats eight words in a row of the prompt, or an example there."""
    *earlier, last = [message["content"] for message in messages]
    # An example turn may begin with the instruction: the problem is its last paragraph.
    examples = {turn.split("\n\n")[-1].strip() for turn in earlier} - {parent}
    if any(nearly_equal(template(example), template(question)) for example in examples):
        return Reason(ReasonCode.PROMPT_EXAMPLE)
    runs = _runs(last.replace(parent, "\n"))
    return Reason(ReasonCode.PROMPT_WORDS) if runs & _runs(question) else None


RULES: tuple[Callable[[str], Reason | None], ...] = (
    reason_if_empty,
    reason_if_refusal,
    reason_if_leaking_markers,
    reason_if_too_long,
    reason_if_solved,
    reason_if_proof,
    reason_if_several_questions,
    reason_if_asking_nothing,
    reason_if_pointing_elsewhere,
)


def reason_to_refuse(question: str, parent: str, messages: Sequence[Message]) -> Reason | None:
    """Return the first reason to refuse this text as a new problem; None where there is none."""
    for rule in RULES:
        if reason := rule(question):
            return reason
    if reason := reason_if_leaking_prompt(question, parent, messages):
        return reason
    is_like_parent = nearly_equal(template(question), template(parent))
    return Reason(ReasonCode.LIKE_ITS_PARENT) if is_like_parent else None


def _found(code: ReasonCode, match: Any, group: int = 0) -> Reason | None:
    """Return the reason with what its rule found in the text."""
    return with_detail(code, repr(match[group].strip()[:_SHOWN])) if match else None


def _numbered_items(question: str) -> Iterator[str]:
    """Yield the text of each item of the lists in a question."""
    for line in question.split("\n"):
        if first := _FIRST_ITEM.search(line):
            yield from _NEXT_ITEM.split(line[first.end() :])


def _question_marks(question: str) -> int:
    """Return how many question marks end a sentence: one within a word or a formula does not."""
    pairs = pairwise(f"{question} ")
    return sum(sign == "？" or (sign in "?؟" and after.isspace()) for sign, after in pairs)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {
        tuple(words[start : start + LEAKED_WORDS]) for start in range(len(words) - LEAKED_WORDS + 1)
    }
