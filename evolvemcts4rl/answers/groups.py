"""Answers of several parts: tuples, intervals, sets, lists, unions and matrices split into their entries."""

from __future__ import annotations

from dataclasses import dataclass

import re2

MAX_ENTRIES = 64

OPENING, CLOSING = "([{", ")]}"
TOKENS = re2.compile(r"(?s)\\begin\b|\\end\b|\\cup\b|\\[{}]|\\.|[()\[\]{},;]")
MATRIX = re2.compile(
    r"(?s)[(\[]?\\begin\{([pbB]?matrix|array)\}(?:\{[clr|]*\})?(.*)\\end\{([pbB]?matrix|array)\}[)\]]?"
)
ROW_END = re2.compile(r"\\\\(?:\[[^\]]*\])?")
MONSTERS = re2.compile(
    r"\d[)}]*\^\{?[({]*\d+[)}]*\^"  # 9^{9^9}
    r"|\^\{?\(?-?\d{7,}"
    r"|(?:\d{5,}|\d[)}]+|!\)?)!"
    r"|\\binom\{\d{5,}"
)
MAX_POWERS = 3  # that stand in one another
MAX_DEPTH = 40


@dataclass(frozen=True)
class Group:
    """An answer's entries. `kind` is its brackets, as "[)", or "list", "union", "matrix 2"; empty for a single formula."""

    kind: str
    entries: tuple[str, ...]
    text: str


def split_group(body: str) -> Group:
    """Take an answer's body (of an answer_forms.Form) apart at its own commas, unions or cells, not at those inside."""
    if (matrix := MATRIX.fullmatch(body)) and matrix[1] == matrix[3] and "\\begin" not in matrix[2]:
        rows = [row.split("&") for row in ROW_END.split(matrix[2]) if row.strip()]
        cells = tuple(cell.strip() for row in rows for cell in row)
        return Group(f"matrix {len(rows)}", cells, body)
    for separator, kind in ((",;", "list"), ("\\cup", "union")):
        parts = _split_top_level(body, separator)
        if len(parts) > 1:
            return Group(kind, _expand_signs(parts), body)
    brackets = _outer_brackets(body)
    if brackets:
        width = len(brackets) // 2
        parts = _split_top_level(body[width:-width], ",;")
        kind = brackets.replace("\\", "")
        if len(parts) > 1 or brackets == r"\{\}":
            return Group(kind, _expand_signs(parts) if kind == "{}" else parts, body)
    entries = _expand_signs((body,))
    return Group("list" if len(entries) > 1 else "", entries, body)


def _expand_signs(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Write out 3 ± √2 as two entries; where several signs belong together it is left to math-verify."""
    entries: list[str] = []
    for part in parts:
        if part.count("\\pm") == 1 and "\\mp" not in part:
            before, after = part.split("\\pm")
            after = after.lstrip()
            entries += [f"{before}+{after}" if before else after, f"{before}-{after}"]
        else:
            entries.append(part)
    return tuple(entries)


def _split_top_level(body: str, separator: str) -> tuple[str, ...]:
    parts, start, depth = [], 0, 0
    for token in TOKENS.finditer(body):
        mark = token[0].removeprefix("\\") if token[0][-1] in "{}" else token[0]
        if mark in ("\\begin", *OPENING):
            depth += 1
        elif mark in ("\\end", *CLOSING):
            depth -= 1
        elif depth == 0 and mark in (tuple(separator) if len(separator) == 2 else (separator,)):
            parts.append(body[start : token.start()].strip())
            start = token.end()
    parts.append(body[start:].strip())
    return tuple(part for part in parts if part)


def _outer_brackets(body: str) -> str:
    """The pair of brackets that encloses the whole body, such as "[)"; empty where there is none."""
    depth = 0
    tokens = [token for token in TOKENS.finditer(body) if token[0] in (*OPENING, *CLOSING, r"\{", r"\}")]
    if len(tokens) < 2 or tokens[0].start() != 0 or tokens[-1].end() != len(body):
        return ""
    for token in tokens:
        depth += 1 if token[0][-1] in OPENING else -1
        if depth == 0 and token is not tokens[-1]:
            return ""
    return tokens[0][0] + tokens[-1][0] if depth == 0 and len(tokens[0][0]) == len(tokens[-1][0]) else ""


def is_monstrous(formula: str) -> bool:
    """Whether a formula is plainly made to exhaust whoever evaluates it.

    The rest is caught by the worker's limits.
    """
    if MONSTERS.search(formula):
        return True
    powers: list[bool] = []  # for each bracket that is open, whether it holds a power
    for place, character in enumerate(formula):
        if character in OPENING:
            powers.append(formula[place - 1 : place] == "^")
        elif character in CLOSING and powers:
            powers.pop()
        if len(powers) > MAX_DEPTH or sum(powers) > MAX_POWERS:
            return True
    return False
