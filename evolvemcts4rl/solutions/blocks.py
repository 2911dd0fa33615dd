"""The parts of a text that must not be split: closed display formulas, code and tables.

A block that is never closed is plain text, since there is no telling where it was meant to end.
What counts as a block is decided from its own text and what stands before it, so that the same
blocks are found in a text that was cut between them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

Span = tuple[int, int]  # where something starts and ends in the text, as offsets

_MATH = (
    r"equation|align|alignat|flalign|aligned|alignedat|gather|gathered|multline|eqnarray|split|d?cases|array"
    r"|[pbBvV]?matrix|smallmatrix|displaymath|tabular|verbatim|lstlisting|tikzpicture|asy"
)
# \\ and \$ are matched to be passed over: \\[4pt] ends a row, it opens no formula.
_MARK = re.compile(rf"\\[\\$]|\\\[|\\\]|\$\$|\\(?:begin|end)\{{(?:{_MATH})\*?\}}|\[/?asy\]")
_LATEX_TEXT = re.compile(r"\\(?:text\w{0,12}|math\w{1,12}|mbox|operatorname)\s?\{[^{}]{0,400}\}")
_THREE_WORDS = re.compile(
    r"(?<!\\)\b[^\W\d_]{2,30}(?:[ ,]{1,4}[^\W\d_]{1,30}){2}|[\u4e00-\u9fff]{4}"
)


def lines_of(text: str) -> Iterator[Span]:
    """Return where each line starts and ends, its line feed included."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, end
        start = end


def closed_blocks(text: str) -> list[Span]:
    """Return the code blocks, tables and display formulas of a text, in order, without overlap."""
    fences = _fences(text) if "```" in text or "~~~" in text else []
    fence_ends = [end for _, end in fences]
    found = fences + (_tables(text) if "|" in text else [])
    if not found and "\\" not in text and "$$" not in text and "asy]" not in text:
        return []  # most texts have none, and looking closer would be most of the work of splitting
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
        name = (
            token.replace("\\begin", "").replace("\\end", "").replace("/", "").replace("\\]", "\\[")
        )
        if token.startswith(("\\[", "\\begin", "[asy")):
            opened[name].append(mark.start())
        elif opened[name]:
            found.append((opened[name].pop(), mark.end()))
    return _merged(found)


def _holds_prose(formula: str) -> bool:
    """Return whether prose stands between two $$: the first of them was never closed."""
    lines = formula.split("\n")
    for number, line in enumerate(lines[1:-1], 1):
        if not line.strip(" \t\r"):
            return bool(_THREE_WORDS.search(_LATEX_TEXT.sub("", "\n".join(lines[number + 1 :]))))
    return False


def _fence_mark(line: str) -> tuple[str, bool] | None:
    """Return the marks that open or close a code block in a line, and whether it holds no more.

    None for a line without such marks.
    """
    line = line.strip()
    if not line.startswith(("```", "~~~")):
        return None
    rest = line.lstrip(line[0])
    return None if "`" in rest else (line[: len(line) - len(rest)], not rest)


def _fences(text: str) -> list[Span]:
    """Return the ``` and ~~~ blocks that are closed, in order."""
    fences = []
    closing: dict[str, list[int]] = defaultdict(list)
    for start, end in lines_of(text):
        mark = _fence_mark(text[start:end])
        if mark:
            fences.append((start, end, mark[0]))
            if mark[1]:
                closing[mark[0]].append(end)
    found: list[Span] = []
    for start, end, marks in fences:
        if found and start < found[-1][1]:
            continue
        following = bisect_right(closing[marks], end)
        if following < len(closing[marks]):
            found.append((start, closing[marks][following]))
    return found


def _tables(text: str) -> list[Span]:
    """Return the markdown tables: a row, the line of |---|---| under it and the following rows."""
    found: list[Span] = []
    row_start: int | None = None  # of the row before
    for start, end in lines_of(text):
        line = text[start:end]
        if "|" not in line:
            row_start = None
        elif found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif row_start is not None and "-" in line and set(line.strip()) <= set("|:- \t"):
            found.append((row_start, end))
        else:
            row_start = start
    return found


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, overlapping ones as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
