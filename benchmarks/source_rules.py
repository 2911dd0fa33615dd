"""The rules of a module, read from its source, each with the module in which it is switched off."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import re2

STRING_CALLS = frozenset(
    ("strip", "lstrip", "rstrip", "replace", "removesuffix", "removeprefix", "lower", "casefold")
)
NOTHING = {"bool": "False", "str": "''", "int": "0", "tuple[str, ...]": "()"}

Edit = Callable[[ast.AST], object]


@dataclass(frozen=True)
class Rule:
    """A function, or a piece of a function or table, and how it is taken out of its module."""

    module: str
    function: str  # "" in a table of the module
    owner: ast.stmt  # the function or table
    what: str  # "" for the whole function
    tree: ast.Module
    place: int  # of its node among ast.walk
    edit: Edit

    @property
    def lines(self) -> int:
        """Return the number of lines of the function or table."""
        return (self.owner.end_lineno or self.owner.lineno) - self.owner.lineno + 1

    def switched_off(self) -> ast.Module:
        """Return the module without this rule."""
        tree = copy.deepcopy(self.tree)
        self.edit(list(ast.walk(tree))[self.place])
        return ast.fix_missing_locations(tree)


def module_rules(path: Path) -> Iterator[Rule]:
    """Yield the rules of a module: each function before its pieces."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    places = {id(node): place for place, node in enumerate(ast.walk(tree))}
    for owner, function in _owners(tree):
        if function:
            yield Rule(path.stem, function, owner, "", tree, places[id(owner)], _empty)
        for node in ast.walk(owner):
            for what, edit in _pieces(node) if function else _entries(node):
                yield Rule(path.stem, function, owner, what, tree, places[id(node)], edit)


def _owners(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each function of a module with its name, and each table with none."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, node.name
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    yield member, f"{node.name}.{member.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield node, ""


def _pieces(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    """Yield what can be taken out of a node of a function, in words, and how."""
    if isinstance(node, ast.If | ast.IfExp):
        for value in (False, True):
            yield f"if {ast.unparse(node.test)}: {value}", _setting("test", ast.Constant(value))
    elif isinstance(node, ast.BoolOp):
        for index, operand in enumerate(node.values):
            yield f"operand {ast.unparse(operand)}", _dropping("values", index)
    elif isinstance(node, ast.comprehension):
        for index, condition in enumerate(node.ifs):
            yield f"filter {ast.unparse(condition)}", _dropping("ifs", index)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.value)):
            yield f"refinement {ast.unparse(node)}", _setting("value", ast.Name(name, ast.Load()))
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in STRING_CALLS
    ):
        yield f"call {ast.unparse(node)}", _uncall


def _entries(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    """Yield the entries of a table, the alternatives of a regular expression and listed words."""
    if isinstance(node, ast.Dict):
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            said = f"{ast.unparse(key)}: " if key else ""
            yield f"entry {said}{ast.unparse(value)}", _dropping("keys", index, "values")
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for index, value in enumerate(node.elts):
            yield f"entry {ast.unparse(value)}", _dropping("elts", index)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for what, pieces in (("alternative", alternatives), ("word", words)):
            for start, end in pieces(node.value):
                rest = node.value[:start] + node.value[end:]
                yield f"{what} {node.value[start:end]}", _setting("value", rest)


def alternatives(pattern: str) -> Iterator[tuple[int, int]]:
    """Yield where each alternative of a pattern stands, with one of the bars beside it."""
    groups: list[list[int]] = [[0]]  # where each open group begins, and its bars
    place, is_class = 0, False
    while place <= len(pattern):
        character = pattern[place : place + 1]
        if character == "\\":
            place += 1
        elif is_class:
            is_class = character != "]"
        elif character == "[":
            is_class = True
        elif character == "(":
            is_bare = pattern[place + 1 : place + 3] == "?:"
            groups.append([place + 3 if is_bare else place + 1])
        elif character == "|" and groups:
            groups[-1].append(place)
        elif character in (")", "") and groups:
            first, *bars = groups.pop()
            if bars:
                yield first, bars[0] + 1
                yield from zip(bars, [*bars[1:], place], strict=True)
        place += 1


def words(table: str) -> Iterator[tuple[int, int]]:
    """Yield where each word of a string that lists words stands; such a string has four or more."""
    found = list(re2.finditer(r"[^\s;]+", table))
    if len(found) > 3 and not any(sign in table for sign in "\\|(["):
        yield from (word.span() for word in found)


def _setting(field: str, value: object) -> Edit:
    return lambda node: setattr(node, field, value)


def _dropping(field: str, index: int, *others: str) -> Edit:
    return lambda node: [getattr(node, name).pop(index) for name in (field, *others)]


def _uncall(node: ast.AST) -> None:
    """Make a call of a method return its text as it was: text.strip() becomes str(text)."""
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    receiver = node.func.value
    node.func, node.args, node.keywords = ast.Name("str", ast.Load()), [receiver], []


def _empty(node: ast.AST) -> None:
    """Make a function that returns a text return the first one that it takes, others nothing."""
    assert isinstance(node, ast.FunctionDef)
    returns = ast.unparse(node.returns) if node.returns else "None"
    taken = {ast.unparse(a.annotation): a.arg for a in reversed(node.args.args) if a.annotation}
    nothing = "[]" if returns.startswith("list") else NOTHING.get(returns, "None")
    value = taken.get("str", nothing) if returns == "str" else nothing
    node.body = [ast.Return(ast.parse(value, mode="eval").body)]
