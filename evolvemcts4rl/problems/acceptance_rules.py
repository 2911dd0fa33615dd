"""What a model's reply must be to count as a new problem: its text found in the reply, and one named rule per reason to refuse it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from evolvemcts4rl.problems.novelty import nearly_equal, template, tokens
from evolvemcts4rl.records import Message

LONGEST = 2500  # characters: about 400 words, more than any problem of MATH or GSM8K takes
LEAKED_WORDS = 8  # so many words in a row from the prompt are the prompt's own, not chance

_TAGS = re.compile(r"<problem>(.*?)</problem>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?problem>", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\A(?:\W*(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\n:]{0,80}[!.:,]\s*)?"
    r"(?:(?:here(?:['’]s| is)|this is|below is)\b[^\n:]{0,80}\b(?:problem|question|exercise|version|one)\b[^\n:]{0,60}:\s*)?"
    r"(?:[#*_\s]*(?:the |a |my )?(?:(?:new|evolved|rewritten|modified|revised|harder|simpler|easier) )?"
    r"(?:math(?:s|ematics|ematical)? )?(?:word )?(?:problem|question)(?: statement)?\s*[*_]*:[*_]*\s*)?",
    re.IGNORECASE,
)
_WRAPPING = (("```", "```"), ('"', '"'), ("“", "”"), ("**", "**"))

_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m (?:very |really )?sorry|(?:i )?apologi[sz]e|sorry[,.!]|sorry (?:but|i)\b|as an ai\b|unfortunately, i\b|je suis désolée?\b|lo siento\b|es tut mir leid\b"
    r"|i (?:can(?:no|['’])t|am (?:not able|unable)|won['’]t|do not|don['’]t) (?:\w+ )?"
    r"(?:help|assist|create|write|rewrite|provide|generate|fulfil|do|comply|feel|think|have enough))",
    re.IGNORECASE,
)
_MARKERS = re.compile(
    r"</?problem>|\{\{\w+\}\}|#\s*(?:given|new|rewritten|created) (?:problem|prompt)\s*#"
    r"|\b(?:rewritten|evolved|reworded|modified|new) (?:problem|question|version|prompt)\b|\blanguage_rule\b|^=== (?:user|assistant)",
    re.IGNORECASE | re.MULTILINE,
)
_ELSEWHERE = re.compile(
    r"\b(?:above|previous|preceding|original|given|earlier|aforementioned) (?:problem|question|exercise)s?\b"
    r"|\b(?:problem|question|exercise)s? (?:above|before)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\b(?:figure|diagram|picture|image|drawing|sketch|graph|table|chart)s? (?:below|above|shown|on the (?:left|right))\b"
    r"|\b(?:in|from|see|to|using|consider) (?:the|this) (?:\w+ )?(?:figure|diagram)\b|\bshown (?:below|above)\b|!\[",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"\[asy\]|\\begin\{(?:tikzpicture|tabular|array|asy)\}|^\s*\|.*\|", re.MULTILINE)
_SOLVED = re.compile(
    r"\\boxed\b|####|^\W*(?:(?:step[- ]by[- ]step |full |final )?(?:solution|answer)s?|explanation|hint)\s*\W*:"
    r"|^\W*step 1\b|\b(?:final )?answer is:? *[$\\(]*[-−]?\d|\blet['’]s (?:solve|think|break)|\b(?:hint|answer): ",
    re.IGNORECASE | re.MULTILINE,
)
# "6 - 2 = 4" in plain text is a calculation already done; beside a letter, or within a formula, it may be a condition.
_WORKED = re.compile(
    r"(?<![-+−*×/÷=^] )(?<!\S)\d[\d.,]*(?: [a-z]+)? *[-+−*×x/÷] *\d[\d.,]*(?: [a-z]+)? *= *\$?\d+", re.IGNORECASE
)
_TASK = re.compile(
    r"[?？؟]|\b(?:find|compute|calculate|determine|evaluate|solve|simplify|express|factor|expand|what|how|which|who|when|where"
    r"|write|give|estimate|convert|round|differentiate|integrate|count|list|name|state|work out|figure out|minimi[sz]e|maximi[sz]e"
    r"|identify|choose|select|arrange|order|rationali[sz]e|approximate|fill in|reduce|multiply|divide|add|subtract)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"[?？؟]|\b(?:find|compute|calculate|determine|evaluate|solve|what|how (?:many|much))\b", re.IGNORECASE
)
_ENGLISH = frozenset(["the", "of", "and", "is", "are", "has", "have", "to", "for", "with", "each", "if"])
_PROOF = re.compile(r"\b(?:prove|show that|explain|justify|discuss|describe)\b", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?:^\W*?(?:(?:problem|question|part) *)?\(?(?:\d{1,2}|[a-h])[.):]|\([a-h]\))(?=\s)(.*?)(?=\s\([a-h]\)\s|$)",
    re.IGNORECASE | re.MULTILINE,
)


def read_problem(reply: str) -> str:
    """The new problem in a model's reply: what stands in the last <problem> tags, or the whole reply without its lead-in."""
    tagged = _TAGS.findall(reply)
    if tagged:
        return str(tagged[-1]).strip()
    # A tag that lacks its partner: what comes after an opening one, or before a closing one, is the longer part.
    text = max(_TAG.split(reply), key=len).strip()
    text = _LEAD_IN.sub("", text, count=1).strip()
    for opening, closing in _WRAPPING:
        inner = text[len(opening) : -len(closing)]
        if text.startswith(opening) and text.endswith(closing) and opening not in inner and closing not in inner:
            text = inner.strip()
    return text


def reason_if_empty(question: str) -> str | None:
    """Nothing was written, or nothing but signs."""
    return None if any(mark.isalnum() for mark in question) else "the reply has no problem in it"


def reason_if_refusal(question: str) -> str | None:
    """The model declines instead of writing a problem."""
    return "the model refused to write one" if _REFUSAL.search(question) else None


def leaks_markers(question: str) -> str | None:
    """Tags, slots or headings of a prompt, or talk about the rewriting itself."""
    found = _MARKERS.search(question)
    return f"it speaks of the rewriting ({found[0].strip()!r})" if found else None


def reason_if_too_long(question: str) -> str | None:
    """Longer than any single problem is."""
    return f"it is longer than {LONGEST} characters" if len(question) > LONGEST else None


def asks_nothing(question: str) -> str | None:
    """No question mark and no task. Judged in English texts only: the words of a task are known in no other language here."""
    if _TASK.search(question) or (
        tokens(question) and not _ENGLISH & set(tokens(question)) and len(tokens(question)) > 5
    ):
        return None
    return "it asks for nothing"


def asks_for_proof(question: str) -> str | None:
    """A proof or an explanation has no final answer that can be compared."""
    if _PROOF.search(question) and not _QUESTION.search(question):
        return "it asks for a proof or an explanation, which has no final answer to check"
    return None


def asks_several_things(question: str) -> str | None:
    """Several questions, or several numbered tasks: there would be several final answers."""
    items = [item for item in _NUMBERED.findall(question) if _QUESTION.search(item)]
    if len(items) > 1 or len(re.findall(r"[?؟](?=\s|$)|？", question)) > 1:
        return "it asks several questions"
    return None


def refers_elsewhere(question: str) -> str | None:
    """Needs another problem, or a figure that is not there."""
    found = _ELSEWHERE.search(question)
    if not found and not _DRAWN.search(question):
        found = _FIGURE.search(question)
    return f"it is not self-contained ({found[0]!r})" if found else None


def carries_solution(question: str) -> str | None:
    """Holds an answer, a hint or a finished calculation."""
    found = _SOLVED.search(question) or _WORKED.search(question)
    return f"it carries its own solution ({found[0].strip()!r})" if found else None


Rule = Callable[[str], str | None]
RULES: tuple[Rule, ...] = (
    reason_if_empty,
    reason_if_refusal,
    leaks_markers,
    reason_if_too_long,
    carries_solution,
    asks_for_proof,
    asks_several_things,
    asks_nothing,
    refers_elsewhere,
)


def leaks_prompt(question: str, parent: str, messages: Sequence[Message]) -> str | None:
    """Repeats eight words in a row of the instructions, or a worked example that the prompt shows."""
    *earlier, last = [message["content"] for message in messages]
    # An example turn may begin with the instruction: the problem is its last paragraph.
    examples = {turn.split("\n\n")[-1].strip() for turn in earlier} - {parent}
    if any(nearly_equal(template(example), template(question)) for example in examples):
        return "it repeats an example of the prompt"
    runs = _runs(last.replace(parent, "\n"))
    return "it repeats the prompt's own words" if runs & _runs(question) else None


def _runs(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[start : start + LEAKED_WORDS]) for start in range(len(words) - LEAKED_WORDS + 1)}


def reason_to_refuse(question: str, parent: str, messages: Sequence[Message]) -> str | None:
    """The first reason why this text is not an acceptable new problem, judged by itself; None where there is none."""
    for rule in RULES:
        if reason := rule(question):
            return reason
    if reason := leaks_prompt(question, parent, messages):
        return reason
    return "it is equal or nearly equal to its parent" if nearly_equal(template(question), template(parent)) else None
