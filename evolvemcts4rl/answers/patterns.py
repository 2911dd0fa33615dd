"""Expressions of RE2, compiled at their first use: at import, they would take milliseconds."""

from __future__ import annotations

from functools import cache
from typing import Any

import re2


@cache
def compiled(pattern: str) -> Any:
    """Return the expression of a pattern."""
    return re2.compile(pattern)


def fullmatch(pattern: str, text: str) -> Any:
    """Return the match of a whole text, or None."""
    return compiled(pattern).fullmatch(text)
