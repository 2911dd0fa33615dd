"""What ./run_tests.sh --fast takes less of: examples of a search, values of a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

FAST = (
    "fast"  # the profile of hypothesis that tests/conftest.py takes where slow tests are left out
)
LESS = 8


def examples(number: int) -> int:
    """Return how many examples hypothesis tries: an eighth of the number where it must be fast."""
    fast = settings.get_current_profile_name() == FAST
    return max(1, number // LESS) if fast else number


def slow_but(quick: Iterable[Any], values: Iterable[Any]) -> list[Any]:
    """Return the values of a parameter, all marked slow but the quick ones."""
    kept = list(quick)
    return [
        value if value in kept else pytest.param(value, marks=pytest.mark.slow) for value in values
    ]
