r"""Split a solution into steps and join it again.

A text is cut into units at line starts: after a blank line, before a list item, "Step 3:" or a
heading, after a block of code, and between two lines that are whole statements, but never inside a
closed block (display formula, code, table). Each unit then opens a step, or belongs to the step
before it (roles.py).

Every decision looks only at the unit and at what stands before it in its own step. So a prefix
splits as the whole text does, and so does a continuation without its prefix, on which the search
relies: for every i, `split_steps("".join(steps[:i])) == steps[:i]` and
`split_steps("".join(steps[i:])) == steps[i:]`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evolvemcts4rl.solutions.blocks import Span, closed_blocks, lines_of
from evolvemcts4rl.solutions.roles import (
    begins_anew,
    breaks,
    goes_on,
    has_word,
    is_bullet,
    is_item,
    is_next_number,
    is_numbered,
    is_title,
    is_whole_line,
    role_of,
)

STEP_RULES = 3  # grows with each change of the rules: an older run was cut into other steps


def split_steps(text: str, separator: str | None = None) -> list[str]:
    """Return the steps of a text, each with the whitespace that follows it.

    Joined they are the text again.

    A step is one paragraph of reasoning, or one line where each line is a statement; a numbered
    item with the bullets below it, any other list item that reasons, or what stands under a
    heading. What says nothing by itself belongs to a neighbour: a lone formula, box, code block,
    table, "so" or value, and the items of a plan stay together. With a separator, a step ends after
    each occurrence of it instead, and pieces of whitespace only are joined to the step before.
    Raises ValueError if the separator is empty.
    """
    if not text.strip():
        return [text] if text else []
    starts = _step_starts(text) if separator is None else _starts_after(text, separator)
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def join_steps(steps: Sequence[str]) -> str:
    """Return the text of the steps."""
    return "".join(steps)


def merge_steps(steps: Sequence[str], most: int) -> list[str]:
    """Return at most `most` steps, joining equally many consecutive ones where there are more.

    Raises ValueError for `most` under 1.
    """
    if most < 1:
        raise ValueError("a text has at least one step")
    size = -(-len(steps) // most)
    return ["".join(steps[start : start + size]) for start in range(0, len(steps), max(size, 1))]


def _starts_after(text: str, separator: str) -> list[int]:
    """Return where the steps start that end with the separator."""
    starts: list[int] = []
    position = 0
    for piece in text.split(separator):
        if piece.strip():
            starts.append(position)
        position += len(piece) + len(separator)
    return [0, *starts[1:]]


@dataclass
class _Step:
    """The state of the step being read that decides whether the next unit belongs to it."""

    first: str  # its first unit
    previous: str  # its last unit
    title: str | None = None  # the heading, or item of a plan, that still waits for its text
    numbered: bool = False  # whether its writer has numbered the step
    in_list: bool = False  # whether it holds a list item that is a step: then all of its list are
    planned: int = 0  # how many items of a plan stand at its end

    @staticmethod
    def of(unit: str, role: str) -> _Step:
        """Return the step that a unit opens."""
        waits = role in ("title", "plan") or not has_word(unit)
        return _Step(
            unit,
            unit,
            unit if waits else None,
            is_numbered(unit),
            is_item(unit),
            int(role == "plan"),
        )

    def takes(self, unit: str, role: str) -> bool:
        """Return whether a unit belongs to this step, and take it in if it does."""
        if not self._includes(unit, role):
            return False
        if role == "plan":
            self.planned += 1
        elif has_word(unit):
            self.planned = 0
        if role in ("title", "plan"):
            self.title = unit
        elif has_word(unit):
            self.title = None
        self.in_list = self.in_list or (role == "step" and is_item(unit))
        self.previous = unit
        return True

    def _includes(self, unit: str, role: str) -> bool:
        if role == "plan":
            return bool(self.planned) or self._leads_to_list(unit)
        if self.numbered and role == "step" and is_bullet(unit):
            return True
        if self.title is None or self.planned > 1:
            return role == "tail"
        return not is_next_number(self.title, unit) and not is_next_number(self.first, unit)

    def _leads_to_list(self, unit: str) -> bool:
        if self.title is not None:
            return not is_next_number(self.title, unit)
        return self.previous.rstrip("*").endswith((":", "：")) or (
            self.numbered and is_bullet(unit)
        )


def _step_starts(text: str) -> list[int]:
    """Return where the steps start, when they are paragraphs."""
    blocks = closed_blocks(text)
    block_ends = [end for _, end in blocks]
    starts = []
    step: _Step | None = None
    for start, end in _units(text, blocks):
        unit = text[start:end].strip()
        inside = blocks[bisect_right(block_ends, start) : bisect_left(block_ends, end) + 1]
        bare = _without(text, (start, end), inside)
        role = (
            role_of(unit, bare, step.previous, step.in_list)
            if step
            else role_of(unit, bare, "", False)
        )
        if step is None or not step.takes(unit, role):
            step = _Step.of(unit, role)
            starts.append(start)
    return [0, *starts[1:]]


def _units(text: str, blocks: list[Span]) -> Iterator[Span]:
    """Return where the units start and end; no boundary is inside a block."""
    start, seen, cut = 0, False, False  # cut: the next line opens a unit, whatever it is
    lines_apart = True  # whether the lines of this paragraph can be units
    before = ""  # the line before, where it is of the same paragraph and ends no block
    block = 0
    for position, line_end in lines_of(text):
        while block < len(blocks) and blocks[block][1] <= position:
            block += 1
        if block < len(blocks) and blocks[block][0] < position:
            opening = text[blocks[block][0] : blocks[block][0] + 12].lstrip()
            cut = blocks[block][1] == line_end and opening.startswith(("```", "~~~"))
            lines_apart = lines_apart or cut
            before = ""
            continue
        line = text[position:line_end]
        if line.isspace():
            cut, lines_apart, before = True, True, ""
            continue
        marked = breaks(line)
        if not seen:
            seen, cut = True, True
        elif cut or marked or (before and lines_apart and _parts(before, line)):
            yield start, position
            start, cut = position, True
        lines_apart = lines_apart and not marked
        before = "" if block < len(blocks) and blocks[block][0] < line_end else line
        cut = cut and is_title(line.strip())
    yield start, len(text)


def _parts(before: str, line: str) -> bool:
    """Return whether two lines of a paragraph are statements of their own."""
    return (is_whole_line(before) and begins_anew(line)) or goes_on(before, line)


def _without(text: str, unit: Span, blocks: list[Span]) -> str:
    """Return a unit's text without its blocks and outer whitespace."""
    position, kept = unit[0], []
    for start, end in blocks:
        if start < unit[1]:
            kept.append(text[position:start])
            position = end
    return "".join([*kept, text[position : unit[1]]]).strip()
