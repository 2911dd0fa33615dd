"""Write problems.jsonl: python benchmarks/real/problems.py.

Word problems of two to five steps. Each is told with the formulas of its intermediate values, of
which the last is the answer; the program computes them exactly.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOLD = HERE / "problems.txt"
WRITTEN = HERE / "problems.jsonl"
OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(formula: str, known: Mapping[str, Fraction]) -> Fraction:
    """Return the value of a formula of whole numbers, known names, + - * / and brackets.

    Raises ValueError for anything else.
    """

    def value(node: ast.AST) -> Fraction:
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return Fraction(node.value)
        if isinstance(node, ast.Name) and node.id in known:
            return known[node.id]
        raise ValueError(f"{formula!r} is no formula of whole numbers and known names")

    return value(ast.parse(formula, mode="eval").body)


def read_problems(told: str) -> Iterator[dict[str, Any]]:
    """Yield each problem's row: its id, question, answer, formulas and intermediate values.

    A problem is a paragraph: the question in its first line, then a line `name = formula` for each
    intermediate value.
    """
    for number, paragraph in enumerate(told.strip().split("\n\n"), 1):
        question, *lines = paragraph.splitlines()
        formulas = dict(line.split(" = ") for line in lines)
        values: dict[str, Fraction] = {}
        for name, formula in formulas.items():
            values[name] = evaluate(formula, values)
        numbers = {name: written(value) for name, value in values.items()}
        yield {
            "question_id": f"r{number:02}",
            "question": question,
            "final_answer": list(numbers.values())[-1],
            "formulas": formulas,
            "values": numbers,
        }


def written(value: Fraction) -> str:
    """Return a value as a whole number or a decimal; raise ValueError where it is neither."""
    text = f"{float(value):.10g}"
    if Fraction(text) != value:
        raise ValueError(f"{value} has no short decimal form")
    return text


def main() -> None:
    """Write problems.jsonl."""
    rows = read_problems(TOLD.read_text(encoding="utf-8"))
    WRITTEN.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
