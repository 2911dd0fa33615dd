"""LaTeX as models write it: boxes and other formulas found in a text, and what a formula states.

String methods, expressions of RE2 and loops over bounded windows: linear in the text's length.
"""

from __future__ import annotations

from dataclasses import dataclass

import re2

MAX_BOX = 2000  # characters: a longer box was never closed where its author meant to
MAX_BOXES = 20  # only the last ones are read: the answer's box is among them

BOX_NAMES = ("\\boxed", "\\fbox")
BARE_BOX = re2.compile(r"[ \t]*([^${}\n]{1,200})")
DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
ENVIRONMENT = re2.compile(r"\\(?:begin|end)\{(?:align(?:ed)?|gather(?:ed)?|split|equation)\*?\}")
DRESS = re2.compile(
    r"\\(?:textcolor|color)\s*(?:\[\w+\])?\s*\{[^{}]*\}"
    r"|\\(?:underline|tiny|small|normalsize|[lL]arge|LARGE|[hH]uge|(?:display|text)style)\b"
)
SINGLE_CELL = re2.compile(r"\\begin\{array\}\{[^{}]*\}([^&]*)\\end\{array\}")
TEXT_COMMAND = re2.compile(r"\\(?:text(?:bf|it|rm|normal)?|math(?:rm|bf)|mbox)\s*\{([^{}]*)\}")
COMMAND = re2.compile(r"\\[A-Za-z]+")
BARE_NAME = re2.compile(
    r"\s*(?:\\[A-Za-z]+|[A-Za-z]+(?: [A-Za-z]+)*|[A-Za-z](?:_\{?\w+\}?)?'?|[A-Za-z]\(\w+\)"
    r"|\\angle ?\w+|\(\w(?:, ?\w)+\))\s*"
)
INTEGER_FRACTION = re2.compile(r"-?\s*(?:\\[dt]?frac\s*(?:\{\d+\}|\d)\s*(?:\{\d+\}|\d)|\d+/\d+)")
LIST = re2.compile(  # a comma that does not part thousands
    r"[^{\\],(?:\D|\d{1,2}(?:\D|$)|\d{4})"
)
COMPARISON = re2.compile(r"[<>:=]=|[\sA-Za-z]!=|cases")
STEPS = re2.compile(r"\\(?:equiv|implies|iff|to|(?:Long)?(?:left)?rightarrow|Rightarrow)\b|⇒|→")
BRACKETS = re2.compile(r"[(\[{][^()\[\]{}]*[)\]}]")


@dataclass(frozen=True)
class Box:
    """A box in a text: where its command starts, where it ends, and what it holds."""

    start: int
    end: int
    content: str


def boxes_in(text: str) -> list[Box]:
    """Return the last boxes of a text, in their order; of nested ones the innermost."""
    boxes: list[Box] = []
    end = len(text)
    for _ in range(MAX_BOXES):
        name, start = max(
            ((name, text.rfind(name, 0, end)) for name in BOX_NAMES), key=lambda it: it[1]
        )
        if start < 0:
            break
        box = _box_at(text, start, start + len(name))
        if box and (not boxes or box.end <= boxes[0].start):
            boxes.insert(0, box)
        end = start
    return boxes


def _box_at(text: str, start: int, after_name: int) -> Box | None:
    """Return the box whose command stands here; None where it is empty or not closed."""
    head = text[after_name : after_name + 11].lstrip(" \t\n")
    if head.startswith("{"):
        opening = text.index("{", after_name)
        end = closing_brace(text, opening + 1, MAX_BOX)
        if end is None:
            return None
        content = text[opening + 1 : end].strip()
        slashes = start - len(text[:start].rstrip("\\"))
        if slashes % 2:  # as in JSON, where the text is escaped once more
            content = content.replace("\\\\", "\\")
        return Box(start, end + 1, content) if content else None
    bare = BARE_BOX.match(text[after_name : after_name + 210])
    if not bare or text[after_name].isalpha():
        return None
    closed_by = text[after_name + bare.end() : after_name + bare.end() + 1]
    words = bare[1].split()
    content = bare[1] if closed_by == "$" else words[0] if words else ""
    content = content.partition("\\)")[0].partition("\\]")[0].rstrip(" .,;")
    return Box(start, after_name + bare.end(), content) if content else None


def formula_at(text: str, start: int) -> tuple[str, int] | None:
    """Return the content of the delimited formula that starts here, and where it ends."""
    for opener, closer in DELIMITERS:
        if text.startswith(opener, start):
            begin = start + len(opener)
            end = text.find(closer, begin)
            while text[end - 1 : end + 1] == "\\$":
                end = text.find(closer, end + 1)
            if end <= begin or (opener == "$" and _is_amount(text[begin:end])):
                return None
            return text[begin:end].strip(), end + len(closer)
    return None


def _is_amount(content: str) -> bool:
    """Return whether a dollar sign before this means money: "$24 and $36" holds no formula."""
    if not content[:1].isdigit():
        return False
    return content[-1] in " \t(=-+*/×÷,;" or bool(re2.search(r"[\d,.;] +[a-z]{2,}[ ,.;]", content))


def closing_brace(text: str, start: int, limit: int) -> int | None:
    """Return the place of the brace that closes the one opened just before `start`."""
    depth, place = 1, start
    stop = min(len(text), start + limit)
    while place < stop:
        if text[place] == "\\":
            place += 1
        elif text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return None


def tidy_formula(formula: str) -> str:
    """Return what a formula states, without colour, alignment, rounding and earlier steps."""
    formula = _stack_rows(_bleach(formula)).strip(" \n\t").rstrip(".,;")
    for sign in (r"\approx", "≈"):
        exact, found, rounded = formula.partition(sign)
        if found and rounded:
            is_exact = exact and not BARE_NAME.fullmatch(plain_text(exact))
            formula = (exact if is_exact else rounded).strip()
    sides = equation_sides(formula)
    if not has_letters(formula) and not STEPS.search(formula):
        if all(side.lstrip("-").isdigit() for side in sides) and len(set(sides)) > 1:
            return formula  # 10 = 12 has no result
        fractions = [side for side in sides if INTEGER_FRACTION.fullmatch(side)]
        return fractions[0] if fractions and "." in sides[-1] else sides[-1]
    return formula


def equation_sides(formula: str) -> list[str]:
    """Return the sides of an equation or of a chain of them; one for what is no equation."""
    flat = formula.replace("\\! ", "").replace("\\!", "")
    for _ in range(3):
        flat = BRACKETS.sub("", flat)
    if COMPARISON.search(formula) or LIST.search(flat):
        return [formula]
    sides = [side.strip() for side in formula.split("=")]
    return [side for side in sides if side] or [formula]


def equation_value(formula: str) -> str | None:
    """Return the value that an equation gives a name, or a chain's end; None if that is unclear."""
    sides = equation_sides(formula)
    if STEPS.search(formula):
        return formula if len(sides) == 1 and not formula.startswith("\\") else None
    if len(sides) > 1 and BARE_NAME.fullmatch(sides[-1]):
        sides.pop()  # 10 + 7 = 17 = x
        return sides[-1]
    if len(sides) == 2 and not BARE_NAME.fullmatch(plain_text(sides[0])):
        return None if has_letters(sides[0]) else sides[-1]  # x + y = 5 may be an answer or a step
    return sides[-1] if len(sides) > 2 else formula


def has_letters(formula: str) -> bool:
    """Return whether a formula has variables or a comparison: it is more than a calculation."""
    return bool(re2.search(r"[A-Za-z<>]", COMMAND.sub("", TEXT_COMMAND.sub("", formula))))


def _bleach(formula: str) -> str:
    for _ in range(8):
        found = DRESS.search(formula)
        if not found:
            break
        before, after = formula[: found.start()], formula[found.end() :].lstrip()
        end = closing_brace(after, 1, len(after)) if after.startswith("{") else None
        formula = before + (after[1:end] + after[end + 1 :] if end is not None else after)
        if before == "{" and formula.endswith("}"):
            formula = formula[1:-1]
    cell = SINGLE_CELL.fullmatch(formula)
    return cell[1] if cell and "\\\\" not in cell[1] else formula


def _stack_rows(formula: str) -> str:
    """Return an aligned formula's rows as a chain, as a list of named values, or the last one."""
    inner: str = ENVIRONMENT.sub("", formula)
    if inner == formula:
        return formula
    if "\\begin" in inner:  # rows with matrices
        return inner.rpartition("=")[2].strip(" \n\t&")
    rows = [row.replace("&", "").strip(" \n\t,.") for row in inner.split(r"\\")]
    chains: list[str] = []
    for row in filter(None, rows):
        if chains and row.startswith(("=", r"\approx", "≈")):
            chains[-1] += " " + row
        else:
            chains.append(row)
    names = [chain.partition("=")[0] for chain in chains]
    is_list = len(set(names)) == len(names) and all(map(BARE_NAME.fullmatch, names))
    return ", ".join(chains) if is_list else chains[-1]


def plain_text(formula: str) -> str:
    r"""Return a formula with the content of its \text commands as words."""
    return " ".join(TEXT_COMMAND.sub(r" \1 ", formula).split())
