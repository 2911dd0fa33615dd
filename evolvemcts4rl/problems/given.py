"""Read the solutions that a row of the seed file brings along, in whatever shape they stand there.

A solution is a text, or a list of its steps. Steps are texts, or PRM800K's: completions of which
one was chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEP_COLUMNS = ("completions",)  # of TRL's stepwise supervision
ID_COLUMNS = ("solution_id", "id")
JOIN = "\n\n"  # stands between steps that came as a list


@dataclass(frozen=True)
class GivenSolution:
    """A solution that came with a seed: a text that is still to be cut, or its steps."""

    solution_id: str
    text: str
    steps: tuple[str, ...] | None = None  # joined they are the text


def cell_of(row: Mapping[str, Any], name: str) -> Any:
    """Return a cell of a row, or a field of the object in one: `column.field`; None without."""
    if name in row:
        return row[name]
    column, *fields = name.split(".")
    value = row.get(column)
    if isinstance(value, str) and fields:  # of a file that was read object by object
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    for field in fields:
        value = value.get(field) if isinstance(value, dict) else None
    return value


def lists_are_steps(column: str, told: str) -> bool:
    """Return whether a list of texts in this column is one solution's steps.

    `told` is --solutions_are: "auto" goes by the column's name.
    """
    name = column.rpartition(".")[2].lower()
    return told == "steps" or (told == "auto" and ("step" in name or name in STEP_COLUMNS))


def given_solutions(
    cell: Any, row: dict[str, Any], question_id: str, are_steps: bool
) -> list[GivenSolution]:
    """Return the solutions of a cell; none where it is empty.

    Raises ValueError, saying what stands there instead, for a cell that holds no solutions.
    """
    solutions = _solutions(cell, are_steps)
    solutions = [each for each in solutions if each]
    ids = _ids(row, question_id, len(solutions))
    return [_solution(name, each) for name, each in zip(ids, solutions, strict=True)]


def _solution(solution_id: str, solution: str | list[str]) -> GivenSolution:
    if isinstance(solution, str):
        return GivenSolution(solution_id, solution)
    *others, last = solution
    steps = (*(step + JOIN for step in others), last)
    return GivenSolution(solution_id, "".join(steps), steps)


def _solutions(cell: Any, are_steps: bool) -> list[str | list[str]]:
    """Return each solution as its text or as its steps."""
    if isinstance(cell, str):
        listed = _list_in(cell)
        if listed is None:
            return [_clean(cell)] if cell.strip() else []
        cell = listed
    if isinstance(cell, dict):
        return [_steps(cell)]
    if cell is None or cell != cell:
        return []
    if not isinstance(cell, list):
        raise ValueError(f"{type(cell).__name__} {str(cell)[:40]!r}")
    if not cell:
        return []
    if all(isinstance(each, str) for each in cell) and not are_steps:
        return [_clean(text) for text in cell if text.strip()]
    if any(isinstance(each, list) or _has_steps(each) for each in cell):
        return [_steps(each) for each in cell]
    return [_steps(cell)]


def _list_in(text: str) -> list[Any] | None:
    """Return the list of texts or lists that a cell of text holds in JSON, as one of a CSV does."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if _has_steps(value):
        return [value]
    is_list = isinstance(value, list) and value
    return value if is_list and all(isinstance(each, str | list | dict) for each in value) else None


def _has_steps(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("steps"), list)


def _steps(value: Any) -> list[str]:
    """Return the steps of one solution, each as it stands."""
    if _has_steps(value):
        value = value["steps"]
    if not isinstance(value, list):
        raise ValueError(f"{type(value).__name__} {str(value)[:40]!r} where steps should be")
    return [_step(each) for each in value]


def _step(value: Any) -> str:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            return _clean(value["text"])
        if isinstance(completions := value.get("completions"), list) and completions:
            chosen = value.get("chosen_completion")
            # Where none was good enough, a person's was taken; the last step may have neither.
            if chosen is None and value.get("human_completion"):
                return _step(value["human_completion"])
            if chosen is None or chosen in range(len(completions)):
                return _step(completions[chosen or 0])
    raise ValueError(f"{type(value).__name__} {str(value)[:40]!r} where a step should be")


def _ids(row: dict[str, Any], question_id: str, count: int) -> Sequence[str]:
    """Return the ids that the row's solutions came with, or made from the row's own."""
    own = next((row[name] for name in ID_COLUMNS if row.get(name) not in (None, "")), question_id)
    if isinstance(own, list) and len(own) == count:
        return [str(each) for each in own]
    if count == 1:
        return [str(own)]
    return [f"{own}-{number}" for number in range(1, count + 1)]


def _clean(text: str) -> str:
    """Return the text without half characters, which JSON can hold and no UTF-8 file."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
