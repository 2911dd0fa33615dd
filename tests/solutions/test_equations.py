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
        ("14 / 60 * 100 = 20%", [False]),
        ("We recognize that 729 = 27^3. So 13 = 6 + 8", [False, False]),
    ],
)
def test_an_equation_in_numbers_is_true_or_false(text: str, verdicts: list[bool]) -> None:
    assert stated_equations(text) == verdicts


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("13 red hats + 13 blue hats = 20 hats", [False]),
        ("495 students * $15/student = $7455", [False]),
        ("3 people * 3 eggs/person/day = 9 eggs/day", [True]),
        ("5 dollars per hour * 3 hours = 16 dollars", []),  # hours are not dollars
        ("5 dollars per hour * 3 = 16 dollars", [False]),
        ("5 apples each * 3 = 16", [False]),
        ("7995 (total cookies) - 2595 (rainbow cookies) = 4500", [False]),
        ("180 minutes (before dinner) + 80 minutes = 260 minutes", [True]),
        ("2 \\text{ books} \\times 2 \\text{ pounds/book} = 5 \\text{ pounds}", [False]),
        ("\\frac{40}{5} = 3 \\text{ dollars}", [False]),
        ("5000 + 10000 + 30000 = \\boxed{43000}", [False]),
        ("2 x $0.10 = $0.20 and 3x4 = 13", [True, False]),
        ("-(3 + 4) = -7", [True]),
    ],
)
def test_what_a_number_counts_is_no_part_of_the_arithmetic(text: str, verdicts: list[bool]) -> None:
    assert stated_equations(text) == verdicts


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("Mia has 6 + 7 = 12 red hats and 7 + 6 = 13 blue hats", [False, True]),
        ("so 3 + 4 = 7 apples * 2 = 14", [True]),  # the first is a running equality
        ("Total fruits = 52 + 24. Total fruits = 78.", [False]),
        ("Total fruits = 52 + 24. Then red fruits = 78.", []),
        ("Total fruits = 52 + 24. Total fruits = 52 + 20.", []),
        ("Thus x = 3 / 2 or x = 8. So x = 4 + 1, x = 2", []),  # two roots
    ],
)
def test_one_statement_after_another_is_read(text: str, verdicts: list[bool]) -> None:
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
        "1 hour + 30 minutes = 90 minutes",
        "6 feet 2 inches + 3 inches = 77 inches",
        "3 dozen + 2 dozen = 60",
        "5 (thousand) + 3 (thousand) = 8000",
        "2 (length) + 2 (width) = 2 (5) + 2 (3)",
        "2(length) + 2(length) = 20",  # a product
        "2x (3 + 1) = 9",
        "120/speed = 2 + 1",
        "Distance of train 1 + distance of train 2 = 210 + 270",
        "14 / 60 * 100 = 23.33%",
        "the sum of 5 and 3 + 4 = 12",
    ],
)
def test_what_may_mean_something_else_is_left_alone(text: str) -> None:
    assert False not in stated_equations(text)


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("5, 6 + 5 = 12", [False]),  # a list's comma
        ("5,, 6 + 5 = 12", [False]),
        ("1,23 + 1 = 124", []),  # no thousands
        ("5,.3 + 1 = 6.3", []),
        (".5 + .5 = 2.", [False]),
        ("3\\, + 4\\,=\\, 8 and 2 \\$", [False]),  # spaces of a formula end nothing
        ("\\[3 + 4 = 7\\] 5 \\(2 \\cdot 2 = 5\\)", [True, False]),
        ("cost$5 + 4 = 8, $5 + 4 = 8", [False]),  # the first may be a part of "cost"
        ("half of\n3 + 4 = 8", [False]),  # another line
    ],
)
def test_an_expression_ends_where_the_text_says_so(text: str, verdicts: list[bool]) -> None:
    assert stated_equations(text) == verdicts


@pytest.mark.parametrize("words", [1, 30, 3000])
def test_a_sentence_is_read_alike_whatever_its_length(words: int) -> None:
    text = f"Total fruits = 5 + 45.\n{'so ' * words}12 + 4 = 15; Total fruits = 51"
    assert stated_equations(text) == [False]
    assert stated_equations(f"{text}. Total fruits = 5 + 45. Total fruits = 51") == [False, False]


def test_long_texts_are_read() -> None:
    assert stated_equations("1 + " * 10_000 + "1 = 3") == []
    assert stated_equations("(" * 50_000) == []
    assert stated_equations("5 (a / " * 10_000 + "= 1 and " * 10_000) == []
    assert stated_equations("\ud800 1 + 1 = 2") == [True]
