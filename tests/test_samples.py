import json
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parent.parent / "samples"


def latex_fraction(value: Fraction) -> str:
    return f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def different_digits_with_sum_10() -> int:
    return sum(len(set(str(n))) == 4 and sum(map(int, str(n))) == 10 for n in range(1000, 10_000))


def two_people_between() -> str:
    rows = list(permutations(range(7)))
    return latex_fraction(
        Fraction(sum(abs(row.index(0) - row.index(1)) == 3 for row in rows), len(rows))
    )


def largest_is_twice_the_smallest() -> str:
    rolls = list(product(range(1, 7), repeat=3))
    return latex_fraction(Fraction(sum(max(roll) == 2 * min(roll) for roll in rolls), len(rolls)))


def pepper_without_pp() -> int:
    return sum("PP" not in "".join(word) for word in set(permutations("PEPPER")))


def smallest_with_remainders() -> int:
    return next(n for n in range(1, 9 * 11 * 13) if (n % 9, n % 11, n % 13) == (4, 5, 6))


def square_or_cube_divisors() -> int:
    number = 2**5 * 3**4 * 7**2
    powers = {k**e for e in (2, 3) for k in range(2, 400)}
    assert max(powers) > number
    return sum(number % power == 0 for power in powers)


def crossing_of_lines() -> str:
    pairs = [
        (x, y)
        for x, y in product(range(-50, 51), repeat=2)
        if 3 * x - 2 * y == 19 and x + 5 * y == -5
    ]
    assert len(pairs) == 1  # two lines that are not parallel cross once
    return str(pairs[0])


def inequality() -> str:
    import sympy

    x = sympy.Symbol("x", real=True)
    found = sympy.solve_univariate_inequality((x + 4) / (x - 3) <= 2, x, relational=False)
    found = found.intersect(sympy.Interval.open(3, 12))
    assert (found.left_open, found.right_open) == (False, True)
    return f"[{found.start}, {found.end})"


def difference_of_roots() -> str:
    import sympy

    x = sympy.Symbol("x")
    low, high = sorted(sympy.solve(x**2 - 8 * x + 5, x), key=float)
    return str(sympy.latex(sympy.simplify(high - low))).replace(" ", "")


def integers_with_integer_quotient() -> str:
    # (n² + 7) / (n + 1) = n − 1 + 8 / (n + 1), so that |n + 1| is 8 at most.
    found = [n for n in range(-100, 101) if n != -1 and (n * n + 7) % (n + 1) == 0]
    return "\\{" + ", ".join(map(str, found)) + "\\}"


def sum_of_sequence() -> str:
    terms = [Fraction(1), Fraction(3)]
    while len(terms) < 22:
        terms.append((terms[-1] + 1) / terms[-2])
    return latex_fraction(sum(terms, Fraction(0)))


# Each row's check, under the words that its problem begins with.
CHECKS: dict[str, dict[str, Callable[[], int | str]]] = {
    "arithmetic.jsonl": {
        "Tom has 8 apples": lambda: 8 - 3,
        "Mia has 6 red hats": lambda: 6 + 7,
        "A box holds 4 cups": lambda: 4 * 3,
        "12 cookies": lambda: len(range(0, 12, 4)),
        "A book costs 5 dollars": lambda: 5 * 2,
        "Ben is 7 years old": lambda: 7 + 4,
        "A bag has 3 red balls": lambda: (3 + 4) * 2,
        "Each child has 2 hats": lambda: 2 * 6,
        "A week has 7 days": lambda: 7 * 3,
        "A tray holds 6 eggs": lambda: 6 * 4,
        "Leo buys 3 toys": lambda: 10 - 3 * 2,
        "A farmer has 5 hens": lambda: 5 * 3 - 6,
    },
    "competition.jsonl": {
        "How many four-digit positive integers": different_digits_with_sum_10,
        "Seven people": two_people_between,
        "Three fair six-sided dice": largest_is_twice_the_smallest,
        "In how many ways can the letters of the word PEPPER": pepper_without_pp,
        "Find the remainder when $3^{2025} + 5^{2025}$": lambda: (3**2025 + 5**2025) % 77,
        "What is the smallest positive integer": smallest_with_remainders,
        "How many positive divisors of $2^5": square_or_cube_divisors,
        "The real numbers $x$ and $y$ satisfy $3x - 2y = 19$": crossing_of_lines,
        "Find all real numbers $x$ with $3 < x < 12$": inequality,
        "The positive real numbers $a$ and $b$ satisfy $a + b = 8$": difference_of_roots,
        "Find the set of all integers $n$": integers_with_integer_quotient,
        "A sequence has $a_1 = 1$, $a_2 = 3$": sum_of_sequence,
    },
}


# The answer of each evolved problem that a run in samples/ has accepted, under the question itself.
EVOLVED: dict[str, Callable[[], int | str]] = {
    "Each child has 2 hats. Now there are 6 children. How many hats do they have?": lambda: 6 * 2,
}


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]


def faults(
    problems: Iterable[dict[str, Any]], answers: Mapping[str, Callable[[], int | str]]
) -> list[str]:
    """What is wrong with the evolved problems that a run has accepted."""
    found = []
    for row in problems:
        if not row["round"] or row["status"] in ("refused", "dropped", "failed"):
            continue
        name = f"{row['question_id']} ({row['question']})"
        if row["question"] not in answers:
            found.append(
                f"{name} has no computation in EVOLVED: is {row['final_answer']} its answer?"
            )
        elif row["final_answer"] != (right := str(answers[row["question"]]())):
            found.append(f"{name} has the answer {row['final_answer']}, which should be {right}")
    return found


ROWS = [pytest.param(name, row, id=row["problem"][:40]) for name in CHECKS for row in read(name)]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_answer_is_what_a_computation_gives(name: str, row: dict[str, str]) -> None:
    checks = [check for words, check in CHECKS[name].items() if row["problem"].startswith(words)]
    assert len(checks) == 1, "a row of samples/ needs a check of its own in CHECKS"
    assert row["final_answer"] == str(checks[0]())


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_has_its_row(name: str) -> None:
    problems = [row["problem"] for row in read(name)]
    assert [
        words
        for words in CHECKS[name]
        if not any(problem.startswith(words) for problem in problems)
    ] == []
    assert len(set(problems)) == len(problems) == 12


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_row_has_problem_and_final_answer_only(name: str, row: dict[str, str]) -> None:
    assert list(row) == ["problem", "final_answer"]
    assert all(isinstance(value, str) and value == value.strip() != "" for value in row.values())


RUNS = sorted(path.name for path in SAMPLES.glob("*_run"))


@pytest.mark.parametrize("run", RUNS)
def test_every_evolved_problem_of_a_run_has_the_answer_that_a_computation_gives(run: str) -> None:
    assert faults(read(f"{run}/problems.jsonl"), EVOLVED) == []


@pytest.mark.parametrize("run", RUNS)
def test_a_run_has_accepted_evolved_problems(run: str) -> None:
    problems = read(f"{run}/problems.jsonl")
    assert [
        row
        for row in problems
        if row["round"] and row["status"] in ("searched", "not_searched", "accepted")
    ]


def test_the_check_of_evolved_problems_sees_wrong_and_unknown_ones() -> None:
    def row(question: str, answer: str | None, **fields: Any) -> dict[str, Any]:
        return {
            "question_id": "r",
            "question": question,
            "final_answer": answer,
            "round": 1,
            "status": "searched",
        } | fields

    answers = {"1 + 1?": lambda: 1 + 1}
    assert (
        faults(
            [row("1 + 1?", "2"), row("x", None, status="refused"), row("seed", "7", round=0)],
            answers,
        )
        == []
    )
    assert faults([row("1 + 1?", "3")], answers) == [
        "r (1 + 1?) has the answer 3, which should be 2"
    ]
    assert faults([row("2 + 2?", "4")], answers) == [
        "r (2 + 2?) has no computation in EVOLVED: is 4 its answer?"
    ]
