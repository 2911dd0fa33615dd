"""Split answers of several parts (tuples, intervals, sets, unions, matrices) into entries."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import re2

MAX_ENTRIES = 64

OPENING, CLOSING = "([{", ")]}"
TOKENS = re2.compile(r"(?s)\\begin\b|\\end\b|\\cup\b|\\land\b|\\lor\b|\\.|[()\[\]{},;]")
MATRIX = re2.compile(
    r"(?s)[(\[]?\\begin\{([pbB]?matrix|array)\}(?:\{[clr|]*\})?(.*)"
    r"\\end\{(?:[pbB]?matrix|array)\}[)\]]?"
)
ROW_END = re2.compile(r"\\\\(?:\[[^\]]*\])?")
MONSTERS = re2.compile(
    r"\^\{?\(?-?\d{7,}"
    r"|(?:\d{5,}|[({](?:[^a-zA-Z\\]|\\[a-z]+)*\d[)}]+|!\)?)!"  # (10^{10})!, but not (n+1)!
    r"|\\binom\{\d{5,}"
)
TOWERS = re2.compile(r"\d[)}]*((?:\^\{?[({]*\d+[)}]*){2,})")  # 9^{9^9}
MAX_EXPONENT = 10**6
MAX_POWERS = 3  # nested in one another
MAX_DEPTH = 40
AND, OR = r"\land", r"\lor"
JOINTS = {AND: "and", OR: "or"}


@dataclass(frozen=True)
class Group:
    """An answer's entries.

    `kind` is its brackets, as "[)", or "list", "union", "matrix 2"; empty for a single formula.
    """

    kind: str
    entries: tuple[str, ...]
    text: str
    joint: str = ""  # "and" or "or", where a list is written with it


def split_group(body: str) -> Group:
    """Return the entries of an answer's body (Form.body), cut at its own commas, unions or cells.

    Those within brackets inside it are left alone.
    """
    if (matrix := MATRIX.fullmatch(body)) and "\\begin" not in matrix[2]:
        rows = [row.split("&") for row in ROW_END.split(matrix[2]) if row]
        return Group(f"matrix {len(rows)}", tuple(cell for row in rows for cell in row), body)
    joints = [word for sign, word in JOINTS.items() if len(_split_top_level(body, (sign,))) > 1]
    for separators, kind in (((",", ";", *JOINTS), "list"), (("\\cup",), "union")):
        parts = _split_top_level(body, separators)
        if len(parts) > 1 and len(joints) < 2:
            return Group(kind, _expand_signs(parts), body, *joints)
    brackets = _outer_brackets(body)
    if brackets:
        width = len(brackets) // 2
        parts = _split_top_level(body[width:-width], (",", ";"))
        kind = brackets.replace("\\", "")
        if len(parts) > 1 or brackets == r"\{\}":
            return Group(kind, _expand_signs(parts) if kind == "{}" else parts, body)
    entries = _expand_signs((body,))
    return Group("list" if len(entries) > 1 else "", entries, body)


def _expand_signs(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Write 3 ± √2 as two entries. Several signs that belong together are left to math-verify."""
    entries: list[str] = []
    for part in parts:
        if part.count("\\pm") == 1 and "\\mp" not in part:
            before, after = part.split("\\pm")
            entries += [f"{before}+{after}", f"{before}-{after}"]
        else:
            entries.append(part)
    return tuple(entries)


def is_list(body: str) -> bool:
    """Return whether a body may be a list: it has a comma, "and" or "or"."""
    return "," in body or any(sign in body for sign in JOINTS)


def _split_top_level(body: str, separators: tuple[str, ...]) -> tuple[str, ...]:
    parts, start, depth = [], 0, 0
    for token in TOKENS.finditer(body):
        mark = token[0].removeprefix("\\") if token[0][-1] in "{}" else token[0]
        if mark in ("\\begin", *OPENING):
            depth += 1
        elif mark in ("\\end", *CLOSING):
            depth -= 1
        elif depth == 0 and mark in separators:
            parts.append(body[start : token.start()])
            start = token.end()
    parts.append(body[start:])
    return tuple(part for part in parts if part)


def _outer_brackets(body: str) -> str:
    """Return the brackets that enclose the whole body, such as "[)"; empty where there are none."""
    depth = 0
    tokens = [
        token for token in TOKENS.finditer(body) if token[0] in (*OPENING, *CLOSING, r"\{", r"\}")
    ]
    if len(tokens) < 2 or tokens[0].start() != 0 or tokens[-1].end() != len(body):
        return ""
    for token in tokens:
        depth += 1 if token[0][-1] in OPENING else -1
        if depth == 0 and token is not tokens[-1]:
            return ""
    return str(tokens[0][0] + tokens[-1][0])


def _is_high(tower: str) -> bool:
    """Return whether a tower of powers, such as 9^9, is an exponent above MAX_EXPONENT."""
    value = 1
    for level in reversed([part.strip("{(})") for part in tower.split("^") if part]):
        if value * log10(max(int(level), 1)) > log10(MAX_EXPONENT):
            return True
        value = int(level) ** value
    return False


def is_monstrous(formula: str) -> bool:
    """Return whether a formula is plainly made to exhaust whoever evaluates it.

    The rest is caught by the worker's limits.
    """
    if MONSTERS.search(formula) or any(map(_is_high, TOWERS.findall(formula))):
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
