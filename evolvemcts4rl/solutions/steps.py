r"""Split a solution into steps and join it again; tell the steps that announce a correction of an earlier one.

A text is cut into units at line starts: after a blank line, and before a list item, "Step 3:" or a heading, but never
inside a closed block (display formula, code, table). Each unit then opens a step, or belongs to the step before it.
Every decision looks only at the unit and at what stands before it, so that a prefix splits as the whole text does:
`split_steps("".join(steps[:i])) == steps[:i]`, on which the search relies when it continues from a prefix. A block that
is never closed is plain text, since there is no telling where it was meant to end.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from evolvemcts4rl.solutions.blocks import LINE, Span, closed_blocks

_NAMED = r"(?:Step|Case|Part|Stage)[ \t]+(?:\d{1,3}|[IVX]{1,4}|[A-F])[*_]*[ \t]*(?:[:.()—–-]|$|(?=\n))|(?:第[\d一二三四五六七八九十]{1,3}步|步骤[ \t]*[\d一二三四五六七八九十]{1,3})"
_NAMING = frozenset("sSſcCpP第步")  # letters with which these begin; ſ is an s where case is ignored
_NUMBER = r"\(?\d{1,2}[.)][*_]*(?:[ \t]|$|(?=\n))"
_NUMBERED = re.compile(rf"[ \t]*(?:#{{1,6}}[ \t]+)?[*_]{{0,3}}(?:(?P<named>{_NAMED})|(?P<number>{_NUMBER}))", re.I)
_ITEM = re.compile(rf"[ \t]*(?:\*\*)?(?:{_NUMBER}|[-*•–](?:[ \t]|$))")
_BREAK = re.compile(
    rf"[ \t]{{0,3}}#{{1,6}}[ \t]|[ \t]{{0,3}}[*_]{{0,3}}(?:{_NAMED})|[ \t]?(?:\*\*)?(?:{_NUMBER}|[-*•–][ \t])", re.I
)

_NAMED_TITLE = re.compile(rf"[*_]{{0,3}}(?:{_NAMED})", re.I)
_NAME_ALONE = re.compile(rf"[*_]*(?:{_NAMED})[*_\s]*", re.I)
_HEADING = re.compile(r"#{1,6}\s")
_CALCULATION = re.compile(r"\d\W*[-+*/×·÷]\W*\d")
_BOLD_LINE = re.compile(r"\*\*[^*]+\*\*[:：]?$")
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\d_]+")
_LONG_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\d_]{2}")
_LATEX_COMMAND = re.compile(r"\\[a-zA-Z]+(?:\{[a-zA-Z ]*\})?")
_RELATION = re.compile(r"[=<>≤≥≡≈≠]|\\(?:[lg]eq?|equiv|approx|neq?)\b")
_ASSIGNMENT = re.compile(r"\W*[A-Za-z]\w*\s*=\s*[\w.,\\{}/$]+\W*$")
_FORMULA_END = re.compile(r"(?:\\\]|\$\$|\\end\{\w+\*?\})\s*[.,;]?$")
_WHERE = re.compile(r"\s*(?:where|with|which|for (?:all|every|each|some))\b")


def split_steps(text: str, separator: str | None = None) -> list[str]:
    """The steps of a text, each with the whitespace that follows it: joined they are the text again, whatever it is.

    A step is one paragraph of reasoning, a list item that reasons, or what stands under a heading or "Step 3:"; a lone
    formula, code block or table belongs to the step before it. With a separator, a step ends after each occurrence of
    it instead, and pieces of whitespace only are joined to the step before. Raises ValueError if the separator is empty.
    """
    if not text.strip():
        return [text] if text else []
    starts = _step_starts(text) if separator is None else _starts_after(text, separator)
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def join_steps(steps: Sequence[str], separator: str | None = None) -> str:
    """The text of the steps; the separator is within the steps, and is named only so that both calls look alike."""
    return "".join(steps)


def merge_steps(steps: Sequence[str], most: int) -> list[str]:
    """At most `most` steps: where there are more, as many consecutive ones as needed stand together, equally many in each.

    Raises ValueError for `most` under 1.
    """
    if most < 1:
        raise ValueError("a text has at least one step")
    size = -(-len(steps) // most)
    return ["".join(steps[start : start + size]) for start in range(0, len(steps), max(size, 1))]


def _starts_after(text: str, separator: str) -> list[int]:
    """Where the steps start that end with the separator."""
    starts: list[int] = []
    position = 0
    for piece in text.split(separator):
        if piece.strip():
            starts.append(position)
        position += len(piece) + len(separator)
    return [0, *starts[1:]]


def _step_starts(text: str) -> list[int]:
    """Where the steps start, when they are paragraphs."""
    blocks = closed_blocks(text)
    block_ends = [end for _, end in blocks]
    starts: list[int] = []
    title: str | None = None  # the heading that still waits for its text
    previous = ""
    for start, end in _units(text, blocks):
        unit = text[start:end].strip()
        inside = blocks[bisect_right(block_ends, start) : bisect_left(block_ends, end) + 1]
        role = _role(unit, _without(text, (start, end), inside), previous)
        if not starts or (role != "tail" if title is None else _is_next_number(title, unit)):
            starts.append(start)
        if role == "title" or (len(starts) == 1 and not previous and not re.search(r"\w", unit)):
            title = unit
        elif re.search(r"\w", unit):
            title = None
        previous = unit
    return [0, *starts[1:]]


def _units(text: str, blocks: list[Span]) -> Iterator[Span]:
    """Where the paragraphs and what is marked as a step of its own start and end; no boundary is inside a block."""
    start, seen, cut = 0, False, False  # cut: the line before is blank or a heading
    block = 0
    for line in LINE.finditer(text):
        position = line.start()
        while block < len(blocks) and blocks[block][1] <= position:
            block += 1
        if block < len(blocks) and blocks[block][0] < position:
            cut = False
            continue
        if line[0].isspace():
            cut = True
            continue
        if not seen:
            seen, cut = True, True
        elif cut or _BREAK.match(line[0]):
            yield start, position
            start, cut = position, True
        cut = cut and _is_title(line[0].strip())
    yield start, len(text)


def _role(unit: str, bare: str, previous: str) -> str:
    """What a unit is: "title" (waits for its text), "tail" (belongs to what stands before it) or "step".

    `bare` is the unit without its blocks, `previous` the unit before it.
    """
    if _is_title(unit):
        return "title"
    item = _ITEM.match(unit)
    if item:
        return "step" if _reasons(unit[item.end() :]) else "tail"
    if not re.search(r"\w", unit) or (len(bare) < len(unit) and not _LONG_WORD.search(bare)):
        return "tail"
    if (
        previous.rstrip("*").endswith((":", "："))
        and len(unit) < 300
        and not _LONG_WORD.search(_LATEX_COMMAND.sub("", unit))
    ):
        return "tail"  # "We add them:" and below it "4 + 3 = 7" or $\boxed{7}$
    if _WHERE.match(unit) and _FORMULA_END.search(previous[-40:]):
        return "tail"
    return "step"


def _is_title(line: str) -> bool:
    """Whether a unit is a line that only names what follows: a heading, a line in bold, "Step 3: Add the prices"."""
    if (line[:1].isalpha() and line[0] not in _NAMING) or "\n" in line or len(line) > 200:
        return False
    if _HEADING.match(line):
        return True
    item = _ITEM.match(line)
    bold = _BOLD_LINE.match(line) or (item and _BOLD_LINE.match(line, item.end()))
    if "=" in line or line.rstrip("*").endswith(_SENTENCE_ENDS if bold else (*_SENTENCE_ENDS, "}", "$")):
        return bool(_NAME_ALONE.fullmatch(line))
    if bold or not _NAMED_TITLE.match(line):
        return bool(bold)
    return len(_WORD.findall(line)) <= 12 and not _CALCULATION.search(line)


def _is_next_number(title: str, unit: str) -> bool:
    """Whether a title without text is followed by the next one of its kind: such lines are the steps themselves."""
    first, second = _NUMBERED.match(title), _NUMBERED.match(unit)
    return bool(first and second and first.lastgroup == second.lastgroup)


def _reasons(item: str) -> bool:
    """Whether a list item says something, rather than naming a value ("3 apples", "a = 5") of the step before it."""
    start = item[:2000]
    if len(_WORD.findall(start)) >= 4 or len(re.findall(r"\w+", start)) >= 5:
        return True
    return bool(_RELATION.search(item)) and not (len(item) < 40 and _ASSIGNMENT.match(item))


def _without(text: str, unit: Span, blocks: list[Span]) -> str:
    """A unit's text without its blocks and outer whitespace."""
    position, kept = unit[0], []
    for start, end in blocks:
        if start < unit[1]:
            kept.append(text[position:start])
            position = end
    return "".join([*kept, text[position : unit[1]]]).strip()
