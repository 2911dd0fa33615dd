"""Each word and sign by which a sentence's value is told from what stands around it."""

import pytest

from evolvemcts4rl.answers.extract import extract_answer

# What follows "the total is", as it is written, and "→" where another text is the value.
NUMBERS = r"""
    0.333... liters
    0.333… liters
    1 000 000 pens → 1 000 000
    1,000,000 pens → 1,000,000
    1,000.50 dollars
    .25 liters
    25% of them → 25%
    25 \% of them → 25 \%
    5€ in sum → 5€
    $5 in sum → $5
    US$5 in sum → US$5
    3 1/2 cups
    5 square meters
    5 cubic meters
    5 sq. ft in sum → 5 sq. ft
    5 sq ft in sum → 5 sq ft
    5 cm^2 in sum → 5 cm^2
    5 cm² in sum → 5 cm²
    20 m/s or more → 20 m/s
    3 x 4
    60 miles per hour
    5 °C in sum → 5 °C
    (3 + 4) * (2 + 1)
    $\frac{a}{b}$ here → \frac{a}{b}
    $\text{even}$ here → \text{even}
    $\pi$ here → \pi
    $\infty$ here → \infty
    $\sqrt{a}$ here → \sqrt{a}
    $x<y$ here → x<y
    $x \le y$ here → x \le y
    $x \leq y$ here → x \leq y
    $x \lt y$ here → x \lt y
    $x \ge y$ here → x \ge y
    $x \geq y$ here → x \geq y
    $x \gt y$ here → x \gt y
    $x \ne y$ here → x \ne y
    $x \neq y$ here → x \neq y
    \pi here → \pi
"""


def cases(lines: str) -> list[tuple[str, str]]:
    """Return what each line says, and the value: what follows its arrow, or all of it."""
    parts = [line.strip().partition(" → ") for line in lines.strip().split("\n")]
    return [(said, value or said) for said, _, value in parts]


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"We count them.\nSo the total is {said}.", value) for said, value in cases(NUMBERS)],
)
def test_number_is_read_with_its_signs_and_unit(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


GIVEN = """
    the these those both step part case equation line problem question figure option choice example
    room page chapter number day Step
"""


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"We count them.\nWith {word} 4 she gets 12 pens.", "12") for word in GIVEN.split()],
)
def test_number_after_such_a_word_was_known_before(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"We count them.\n{said}.", value or None)
        for said, value in (
            ("With the $4$ friends she gets 12 pens", "12"),
            ("With $n$ friends she gets 12 pens", "12"),
            (r"Then \quad she gets 12 pens", "12"),
            ("Her 5th friend gets 12 pens", "12"),
            ("y + 2 = 10", ""),
            ("There are 3 + 4 = 7 pens and 5 caps", ""),
            ("There are 3 + 4 = 7 pens or 5 caps", ""),
            ("There are 3 + 4 = 7 pens, 5 caps", ""),
            ("There are 3 + 4 = 7 pens so 5 caps remain", ""),
            ("The sum 3 + 4 = 7 whose half is 3.5", "3.5"),
            ("The sum 3 + 4 = 7 whose halves are 3.5", "3.5"),
            *((f"So they get 5 {size} pens", "") for size in ("hundred", "thousand", "million")),
            *((f"So they get 5 {size} pens", "") for size in ("billion", "trillion", "dozen")),
        )
    ],
)
def test_only_what_a_sentence_states_is_its_value(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer
