"""The parts of a text within which it must not be split: closed display formulas, code blocks and markdown tables.

A block that is never closed is plain text, since there is no telling where it was meant to end. What counts as a block
is decided from its own text and what stands before it, so that cutting a text between blocks leaves them as they are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict

Span = tuple[int, int]  # where something starts and ends in the text, as offsets

LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MATH = (
    r"equation|align|alignat|flalign|aligned|alignedat|gather|gathered|multline|eqnarray|split|d?cases|array"
    r"|[pbBvV]?matrix|smallmatrix|displaymath|tabular|verbatim|lstlisting|tikzpicture|asy"
)
# \\ and \$ are matched to be passed over: \\[4pt] ends a row, it opens no formula.
_MARK = re.compile(rf"\\[\\$]|\\\[|\\\]|\$\$|\\(?:begin|end)\{{(?:{_MATH})\*?\}}|\[/?asy\]")
_FENCE = re.compile(r"(`{3,}|~{3,})([^`]*)$")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_LATEX_TEXT = re.compile(r"\\(?:text\w*|math\w+|mbox|operatorname)\s?\{[^{}]*\}")
_THREE_WORDS = re.compile(r"(?<!\\)\b[^\W\d_]{2,}(?:[ ,]+[^\W\d_]+){2}|[\u4e00-\u9fff]{4}")


def closed_blocks(text: str) -> list[Span]:
    """The code blocks, tables and display formulas of a text, in order and without overlap."""
    fences = _fences(text) if "```" in text or "~~~" in text else []
    fence_ends = [end for _, end in fences]
    found = fences + (_tables(text) if "|" in text else [])
    if not found and "\\" not in text and "$$" not in text and "asy]" not in text:
        return []  # most texts are plain, and looking closer would cost more than the rest of splitting them
    opened: dict[str, list[int]] = defaultdict(list)
    dollars: int | None = None
    for mark in _MARK.finditer(text):
        token, block = mark[0], bisect_right(fence_ends, mark.start())
        if (block < len(fences) and fences[block][0] <= mark.start()) or token in ("\\\\", "\\$"):
            continue
        if token == "$$":
            closes = dollars is not None and not _holds_prose(text[dollars : mark.start()])
            if dollars is not None and closes:
                found.append((dollars, mark.end()))
            dollars = None if closes else mark.start()
            continue
        name = token.replace("\\begin", "").replace("\\end", "").replace("/", "").replace("\\]", "\\[")
        if token.startswith(("\\[", "\\begin", "[asy")):
            opened[name].append(mark.start())
        elif opened[name]:
            found.append((opened[name].pop(), mark.end()))
    return _merged(found)


def _holds_prose(formula: str) -> bool:
    """Whether what stands between two $$ is rather the text between two formulas, the first of them never closed."""
    blank = _BLANK_LINE.search(formula)
    return bool(blank and _THREE_WORDS.search(_LATEX_TEXT.sub("", formula[blank.end() :])))


def _fences(text: str) -> list[Span]:
    """The ``` and ~~~ blocks that are closed, in order."""
    fences = []
    for line in LINE.finditer(text):
        mark = _FENCE.match(line[0].strip()) if line[0].lstrip().startswith(("```", "~~~")) else None
        if mark:
            fences.append((line, mark[1], not mark[2]))
    closing: dict[str, list[int]] = defaultdict(list)
    for line, mark_text, bare in fences:
        if bare:
            closing[mark_text].append(line.end())
    found: list[Span] = []
    for line, mark_text, _ in fences:
        if found and line.start() < found[-1][1]:
            continue
        following = bisect_right(closing[mark_text], line.end())
        if following < len(closing[mark_text]):
            found.append((line.start(), closing[mark_text][following]))
    return found


def _tables(text: str) -> list[Span]:
    """The markdown tables: a row, the line of |---|---| under it, and the rows that follow."""
    found: list[Span] = []
    row_start: int | None = None  # of the row before
    for line in LINE.finditer(text):
        if "|" not in line[0]:
            row_start = None
        elif found and found[-1][1] == line.start():
            found[-1] = (found[-1][0], line.end())
        elif row_start is not None and "-" in line[0] and set(line[0].strip()) <= set("|:- \t"):
            found.append((row_start, line.end()))
        else:
            row_start = line.start()
    return found


def _merged(spans: list[Span]) -> list[Span]:
    """The spans in order, overlapping ones as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
