"""Multiple choice: the options of a problem, and which of them an answer names.

Options always stand in the problem's own text ("A) … B) …"), where the model sees them too. Every
text is read by expressions of RE2 and by string methods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_uppercase
from typing import Any

import re2

from evolvemcts4rl.answers.compare import compare_quick
from evolvemcts4rl.answers.marked import marked_answers

MOST_OPTIONS = len(ascii_uppercase)
LONGEST = 500  # characters of what may name an option
# LaTeX of competition problems: \textbf{(A)}\ 5 \qquad\textbf{(B)}\ 7.
_LATEX_LABEL = re2.compile(
    r"\\(?:text|textbf|textrm|mathrm|mathbf)[ ]?\{[ ]?(\([A-Z]\))[~ \\]{0,3}\}"
)
_LATEX_SPACE = re2.compile(r"\\q?quad\b|\\[ ,;]")
_MARKER = re2.compile(  # what stands before a label, its bracket, the label, and what ends it
    r"((?m:^)[ \t>*_-]{0,8}|[\s$])(\(?)([A-Za-z]|[1-9])([).:：、])[*_]{0,3}\s"
)
_BARE = re2.compile(r"[(\[]?([A-Za-z]|[1-9])[)\]]?[.:]?")
_LED = re2.compile(r"\(?([A-Za-z]|[1-9])(?:[).:、]|\s*[-–—]\s|,\s)")
_REASONED = re2.compile(r"([A-Z])\s+(?:because|since|as|is|and|with|for)\b")
_LEAD = re2.compile(r"(?i)(?:(?:option|choice|answer|letter|the)\s+)+")
_MARKUP = re2.compile(r"\\(?:text|textbf|textrm|mathrm|mathbf)\s*\{|[*_`$]|\\[()\[\] ,;]")
_WORD = re2.compile(r"[\pL\pN]+")
_NEGATION = re2.compile(r"(?i)\b(?:not|no|never|neither|cannot)\b|n['’]t\b")


class Unreadable(ValueError):
    """A seed's answer, or its options, that cannot be read; says why, as the end of a sentence."""


def with_options(question: str, cells: Sequence[Any]) -> str:
    """Return the problem with the options of its row's cells below it, unless it has the same.

    One cell holds all options: a list, a dict of label and text (or of a list of each, as ARC has),
    or the JSON of one of these. Several cells hold one each. Raises Unreadable.
    """
    options = _options_of(cells[0]) if len(cells) == 1 else _lettered(cells)
    if len(options) < 2:
        raise Unreadable("its row has fewer than two options")
    if list(options_in(question).values()) == [_plain(text) for text in options.values()]:
        return question
    return "\n".join([f"{question}\n", *(f"{label}) {text}" for label, text in options.items())])


def _options_of(cell: Any) -> dict[str, str]:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise Unreadable("its options are neither a list nor JSON") from None
    if isinstance(cell, Mapping):
        texts, labels = cell.get("text"), cell.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return _labelled(zip(labels, texts, strict=True))
        return _labelled(item for item in cell.items() if item[1] is not None)
    if not isinstance(cell, list):
        raise Unreadable("its options are neither a list nor JSON")
    return _lettered(cell)


def _lettered(texts: Sequence[Any]) -> dict[str, str]:
    """Return options by the letters A, B, …; those that bring their letters keep them."""
    there = [str(text).strip() for text in texts if text is not None]
    if len(there) > MOST_OPTIONS:
        raise Unreadable(f"it has more than {MOST_OPTIONS} options")
    options = {}
    for letter, text in zip(ascii_uppercase, there, strict=False):
        led = _LED.match(text)
        options[letter] = text[led.end() :].strip() if led and led[1] == letter else text
    return options


def _labelled(items: Any) -> dict[str, str]:
    options = {str(label).strip(): str(text).strip() for label, text in items}
    if all(len(label) == 1 and label.isalnum() and label.isascii() for label in options):
        return options
    return _lettered(list(options.values()))


@lru_cache(maxsize=4096)
def options_in(question: str) -> Mapping[str, str]:
    """Return the options that stand in a problem's text by their labels, in order.

    They are the last labels in a row from A (or a, or 1) on that are written in one way, at least
    two; those with a full stop or a colon each begin a line.
    """
    text = _LATEX_SPACE.sub(" ", _LATEX_LABEL.sub(r" \1 ", question)).replace("~", " ")
    runs: dict[tuple[str, str, int], list[Any]] = {}
    found: list[tuple[int, int, list[Any]]] = []  # preference, place, markers
    for marker in _MARKER.finditer(text):
        start, bracket, label, end = marker.groups()
        if end != ")" and start.isspace() and start != "\n":
            continue
        rank = 2 if label.isupper() else 1 if label.isalpha() else 0
        kind = bracket, end, rank
        if label in "Aa1":
            runs[kind] = [marker]
            found.append((rank, marker.start(), runs[kind]))
        elif kind in runs and ord(label) == ord(runs[kind][-1][3]) + 1:
            runs[kind].append(marker)
    whole = [(rank, place, run) for rank, place, run in found if len(run) > 1]
    if not whole:
        return {}
    return _texts_of(text, max(whole, key=lambda each: each[:2])[2])


def _texts_of(text: str, run: Sequence[Any]) -> dict[str, str]:
    ends = [marker.start() for marker in run[1:]]
    parts = [text[m.end() : end] for m, end in zip(run, [*ends, len(text)], strict=True)]
    parts[-1] = parts[-1].partition("\n\n")[0]
    if not any("\n" in part.strip() for part in parts[:-1]):
        parts[-1] = parts[-1].lstrip("\n").partition("\n")[0]
    return {m[3]: _plain(part) for m, part in zip(run, parts, strict=True)}


def choice_of(question: str, completion: str) -> str | None:
    """Return the label of the option that a completion ends with; None where none is named.

    It is looked for in the last box, after the last ####, after the last "the answer is", and in
    the last line.
    """
    options = options_in(question)
    if not options:
        return None
    for said in (*marked_answers(completion), _last_line(completion)):
        if label := read_choice(said, options):
            return label
    return None


def _last_line(completion: str) -> str:
    """Return the last line, unless it goes through several options."""
    line = completion.rstrip()[-LONGEST:].rpartition("\n")[2]
    return "" if options_in(line) else line


def seed_choice(question: str, answer: str | int) -> str:
    """Return the label of the option that a seed's answer names.

    A number is an index from 0; a text is a label, the text of an option, or else an index. Raises
    Unreadable.
    """
    options = options_in(question)
    if not options:
        raise Unreadable(
            "it has no options: name their column with --choices_column, or write them into the "
            "problem"
        )
    if isinstance(answer, str) and (label := read_choice(answer, options)):
        return label
    index = int(answer) if str(answer).isdecimal() and len(str(answer)) < 4 else len(options)
    if index >= len(options):
        raise Unreadable(
            f"its answer, {answer!r}, is none of its {len(options)} options, nor an index from 0"
        )
    return list(options)[index]


def read_choice(said: str, options: Mapping[str, str]) -> str | None:
    """Return the label of the option that these words name; None where they name none or several.

    They may be a label ("B", "(b)", "option B"), an option's text, both, or a sentence with the
    text of one option.
    """
    said = _plain(said[:LONGEST])
    said = said[found.end() :] if (found := _LEAD.match(said)) else said
    if bare := _BARE.fullmatch(said):
        label = _label(bare[1], options)
        # A bare number may be an option's text as well as its label: the label goes first.
        return label or _only(options, lambda text: _is_same(text, said))
    if label := _only(options, lambda text: _folded(text) == _folded(said)):
        return label
    for pattern in (_LED, _REASONED):
        if (led := pattern.match(said)) and (label := _label(led[1], options)):
            return label
    return (
        _only(options, lambda text: _begins(said, text))
        or _only(options, lambda text: _contains(said, text))
        or _only(options, lambda text: _is_same(text, said))
    )


def _label(sign: str, options: Mapping[str, str]) -> str | None:
    return next((each for each in (sign, sign.upper(), sign.lower()) if each in options), None)


def _only(options: Mapping[str, str], fits: Any) -> str | None:
    """Return the only label whose option fits."""
    labels = [label for label, text in options.items() if text and fits(text)]
    return labels[0] if len(labels) == 1 else None


def _is_same(text: str, said: str) -> bool:
    return bool(compare_quick(text, said))


def _begins(said: str, text: str) -> bool:
    rest = said[len(text) :]
    return (
        len(text) > 1
        and said[: len(text)].casefold() == text.casefold()
        and not (rest[:1].isalnum() or rest[:1] in ("/", "^", "-"))
        and any(map(str.isalpha, text))
    )


def _contains(said: str, text: str) -> bool:
    """Return whether a sentence names an option of words, and denies nothing."""
    if _NEGATION.search(said):
        return False
    here, words, length = f" {' '.join(_words(said))} ", [], 1
    for word in _WORD.finditer(text.casefold()):
        words.append(str(word[0]))
        length += len(words[-1]) + 1
        if length > len(here):  # a long option is not read to its end
            return False
    if not any(len(word) > 1 and word.isalpha() for word in words):
        return False
    return f" {' '.join(words)} " in here


def _words(text: str) -> list[str]:
    return [str(word) for word in _WORD.findall(text.casefold())]


def _folded(text: str) -> str:
    return text.casefold().strip(" .,;:!\"'“”")


def _plain(text: str) -> str:
    """Return a text without markup, its whitespace evened."""
    plain = str(_MARKUP.sub(" ", text))
    plain = plain.replace("}", "", max(0, plain.count("}") - plain.count("{")))
    return " ".join(plain.split()).rstrip(" ;,")
