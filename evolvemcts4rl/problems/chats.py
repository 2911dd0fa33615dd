"""Cells that hold a chat: a list of turns with their roles, in either of the two usual shapes."""

from __future__ import annotations

from typing import Any

USER, ASSISTANT = ("user", "human"), ("assistant", "gpt", "model")
_SHAPES = (("role", "content"), ("from", "value"))


def turns_of(cell: Any) -> list[tuple[str, str]] | None:
    """Return the role and text of each turn; None where the cell is no chat."""
    if not isinstance(cell, list) or not cell:
        return None
    for role, content in _SHAPES:
        turns = [
            (turn[role], turn[content])
            for turn in cell
            if isinstance(turn, dict)
            and isinstance(turn.get(role), str)
            and isinstance(turn.get(content), str)
        ]
        if len(turns) == len(cell):
            return turns
    return None


def asked_in(turns: list[tuple[str, str]]) -> str:
    """Return what the user asks first, without what a system's turn says."""
    asked = []
    for role, text in turns:
        if role in ASSISTANT:
            break
        if role in USER:
            asked.append(text)
    return "\n\n".join(asked)


def answered_in(turns: list[tuple[str, str]]) -> str:
    """Return the assistant's first turn; empty where there is none."""
    return next((text for role, text in turns if role in ASSISTANT), "")
