"""Turns of a chat, and texts of solutions, as the training files have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evolvemcts4rl.tree import Node


def turn(role: str, content: str) -> dict[str, Any]:
    """Return one turn of a chat."""
    return {"role": role, "content": content}


def asked(question: str) -> list[dict[str, Any]]:
    """Return a problem as a chat in which nothing is answered yet."""
    return [turn("user", question)]


def replied(text: str) -> list[dict[str, Any]]:
    """Return a solution as the turn that answers."""
    return [turn("assistant", text)]


def text_of(path: Sequence[Node]) -> str:
    """Return the text of a solution as it was written."""
    return "".join([node.text for node in path]).strip()
