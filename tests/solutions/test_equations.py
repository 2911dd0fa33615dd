"""Equations that a step states: which are checked, and which are true."""

import pytest

from evolvemcts4rl.solutions.equations import stated_equations


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("12 + 4 = 16", [True]),
        ("12 + 4 = 15", [False]),
        ("12 / 4 = 2", [False]),
        ("So 3 × 4 = 12 apples. Then 12 - 5 = 8.", [True, False]),
        ("\\frac{3}{4} = 0.75", [True]),
        ("2 + 3 > 4", [True]),
        ("$1,200 * 2 = $2,400", [True]),
    ],
)
def test_an_equation_in_numbers_is_true_or_false(text: str, verdicts: list[bool]) -> None:
    assert stated_equations(text) == verdicts


@pytest.mark.parametrize(
    "text",
    [
        "x + 3 = 7",  # algebra
        "140 / 3 = 47",  # rounded
        "10 / 3 ≈ 3.33",
        "3 + 4 = 7 * 2",  # a running equality
        "half of 3 + 4 = 5",
        "a 3:4 ratio",
        "2024-05-06",
        "the total is 12",
        "5 = 5",
    ],
)
def test_what_may_mean_something_else_is_left_alone(text: str) -> None:
    assert False not in stated_equations(text)


def test_long_texts_are_read() -> None:
    assert stated_equations("1 + " * 10_000 + "1 = 3") == []
    assert stated_equations("(" * 50_000) == []
    assert stated_equations("\ud800 1 + 1 = 2") == [True]
