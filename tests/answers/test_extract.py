"""Final answers: found where they stand, compared as mathematics, voted on."""

import random
import subprocess
import sys
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.compare import compare_quick, same_answer
from evolvemcts4rl.answers.extract import extract_answer, seed_answer
from evolvemcts4rl.answers.forms import normalise_answer
from evolvemcts4rl.answers.grader import vote
from tests.support.answer_pairs import DIFFERENT, MATCHING, rows

numbers = st.one_of(
    st.integers(-10_000, 10_000).map(str),
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(str),
    st.tuples(st.integers(-99, 99), st.integers(1, 99)).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
)
latex = st.recursive(
    st.sampled_from(["x", "2", r"\pi", "10", "y"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
        inner.map(lambda part: rf"\sqrt{{{part}}}"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} + {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: rf"\left({pair[0]}, {pair[1]}\right)"),
        inner.map(lambda part: rf"\{{{part}\}}"),
    ),
    max_leaves=6,
)
prose = st.text(alphabet="ab 1.,\n$=()[]", max_size=60)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(MATCHING)])
def test_pair_matches(kind, gold, answer):
    assert same_answer(gold, answer)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(DIFFERENT)])
def test_pair_does_not_match(kind, gold, answer):
    assert not same_answer(gold, answer)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(DIFFERENT)])
def test_different_answers_are_never_normalised_to_the_same_text(kind, gold, answer):
    assert normalise_answer(gold) != normalise_answer(answer)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(MATCHING), *rows(DIFFERENT)])
def test_order_of_a_pair_does_not_matter_and_each_answer_is_itself(kind, gold, answer):
    assert same_answer(gold, answer) is same_answer(answer, gold)
    assert same_answer(gold, gold)
    assert same_answer(answer, normalise_answer(answer))


def test_quick_path_spares_most_pairs_a_worker():
    pairs = [*rows(MATCHING), *rows(DIFFERENT)]
    assert sum(compare_quick(gold, answer) is not None for _, gold, answer in pairs) > 0.5 * len(pairs)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"So it is $\boxed{42}$.", "42"),
        (r"First \boxed{1}, but then \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed {x^{2^{3}}}", "x^{2^{3}}"),
        (r"\fbox{7}", "7"),
        (r"Hence $\boxed 7$.", "7"),
        (r"Hence \boxed 7 apples.", "7"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"\boxed{5} and the cut off \boxed{6", "5"),
        (r"\boxed{5} and the empty \boxed{}", "5"),
        (r"\boxed{\text{(B)}}", r"\text{(B)}"),
        ("She has 3 + 4 = 7.\n#### 7", "7"),
        ("#### 1,234\n", "1,234"),
        ("#### 3\nNo, wait.\n#### 4", "4"),
        ("The answer is 42.", "42"),
        ("The final answer is: $x = 5$, since 5 > 0.", "x = 5"),
        ("**Answer:** 12 cm", "12 cm"),
        ("Answer: (B)", "(B)"),
        ("The answer is therefore Monday.", "Monday"),
        ("The answer is $1,234.50.", "$1,234.50"),
        ("The answer is 3.14 because of rounding.", "3.14"),
        ("The answer is (1, 2).", "(1, 2)"),
        ("The answer is 1. No: the answer is 2.\nThat is all.", "2"),
        ("The answer to the question is $\\frac{1}{2}$", r"\frac{1}{2}"),
        ("The final answer is \\(\\frac{3}{4}\\). I hope it is correct.", r"\frac{3}{4}"),
        ("Final Answer: The final answer is $8$. I hope it is correct.", "8"),
        ("Answer:\n\n$42$", "42"),
        ("The correct answer is **B**.", "B"),
        ("The answer is 5 + 3 = 8.", "5 + 3 = 8"),
        ("### Answer\n42", "42"),
        ("**Answer**: \\(x^2\\)", "x^2"),
        ("Solution: Add the numbers.\n\nThe answer is $18 every day at the farmers' market in the town.", "$18"),
        ("The answer is (A) 5.", "(A) 5"),
        ("Answer: $\\frac{1}{2}$ or $\\frac{1}{3}$", r"$\frac{1}{2}$ or $\frac{1}{3}$"),
        ("The answer is 10 \\text{ cm}.", r"10 \text{ cm}"),
        ("The answer is $5 and not $6.", "$5"),
        ("The answer is $2$ or $3$.", "$2$ or $3$"),
        ("The answer is $50$%.", "$50$%"),
        ("The correct answer is option C.", "C"),
        ("So the solution is (2, 3)", "(2, 3)"),
        ("The answer is 3/4 cup.", "3/4 cup"),
        ("The answer is not 3. Answer: 4", "4"),
        ("Let us add.\n2 + 3 = 5", "5"),
        ("Thus\n$$x = 5$$", "x = 5"),
        ("Thus\n\\[\n\\frac{1}{2}\n\\]", r"\frac{1}{2}"),
        ("We choose\nB", "B"),
        ("It costs\n$18", "$18"),
        ("We get\n**42**", "42"),
        ("so\n12 apples.", "12 apples"),
    ],
)
def test_answer_is_found(text, answer):
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "I do not know.",
        "The answer is not obvious, so let us think about it for a while",
        r"The box \boxed{ was cut off",
        "We have 3 apples and then",
        "Step 1: add the numbers",
        "Solution: Add the numbers.",
        "Answer: We need to find x.",
        "####",
    ],
)
def test_text_without_an_answer_has_none(text):
    assert extract_answer(text) is None


@pytest.mark.parametrize(
    ("column", "answer"),
    [
        ("42", "42"),
        (" \\frac12 ", r"\frac12"),
        ("red and blue", "red and blue"),
        ("3 + 4 = <<3+4=7>>7\n#### 7", "7"),
        ("#### 1,000", "1,000"),
        ("Since $1+1=2$,\nthe result is $\\boxed{2}$.", "2"),
        ("We add.\nThe answer is 5.", "5"),
        ("", None),
        ("\n", None),
        ("A long solution\nthat never says its result", None),
    ],
)
def test_reference_answer_is_read_in_each_of_its_forms(column, answer):
    assert seed_answer(column) == answer


@settings(max_examples=200, deadline=None)
@given(before=prose, answer=latex, after=prose)
def test_what_was_boxed_is_found_whatever_stands_around_it(before, answer, after):
    assert extract_answer(before + r" \boxed{" + answer + "} " + after) == answer


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_equal_to_itself_unless_nothing_is_in_it(text):
    assert compare_quick(text, text) is bool(normalise_answer(text))


@settings(max_examples=60, deadline=None)
@given(latex)
def test_formula_is_the_same_as_itself_otherwise_spaced(formula):
    assert same_answer(formula, "$ " + formula.replace("+", " +  ").replace(r"\left", "").replace(r"\right", "") + " $")


@settings(max_examples=300, deadline=None)
@given(numbers, numbers)
def test_numbers_compare_by_exact_value_both_ways(one, other):
    def value(text):
        above, _, below = text.removeprefix(r"\frac{").rstrip("}").partition("}{")
        return Fraction(above) / Fraction(below or 1)

    assert compare_quick(one, other) is compare_quick(other, one) is (value(one) == value(other))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=r"\{}()[],.$%^_=+-0123456789abcx fracsqrtpm", max_size=60), st.text(max_size=20))
def test_quick_path_and_extraction_take_any_text(one, other):
    compare_quick(one, other)
    extract_answer(one)
    seed_answer(other)


def test_vote_counts_equal_forms_as_one_candidate():
    assert vote(["½", "0.5", r"\frac{1}{2}", "3", "3", "0.5"], same_answer) == ("0.5", 4 / 6)


def test_tie_for_the_first_place_is_no_answer():
    assert vote(["1", "2", "1.0", "2", "3"], same_answer) == (None, 2 / 5)


def test_vote_on_nothing_is_no_answer():
    assert vote([], same_answer) == (None, 0.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["½", "0.5", "1/2", "3", "3.0", "x", "50%", "50"]), max_size=12), st.randoms())
def test_vote_does_not_depend_on_the_order(answers, rng: random.Random):
    shuffled = rng.sample(answers, len(answers))
    assert vote(answers, same_answer) == vote(shuffled, same_answer)


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{" * 20_000,
        r"\boxed{" + "{" * 50_000 + "}" * 50_000 + "}",
        "}" * 50_000 + "{" * 50_000,
        "the answer is " * 7_000,
        "answer for " * 9_000,
        "#### " * 20_000,
        "$" * 100_000,
        "9" * 100_000,
        "a " * 50_000,
        "\\" * 100_000,
        " " * 100_000 + "x",
        "**" * 50_000,
        "\n" * 100_000,
        "1," * 50_000,
        "\\boxed " * 14_000,
    ],
)
def test_hostile_text_is_searched_in_linear_time(text):
    start = time.process_time()
    extract_answer(text)
    seed_answer(text)
    compare_quick(text, "1")
    compare_quick(text[:1000], text[:999])
    assert time.process_time() - start < 1.0


@pytest.mark.slow
def test_import_loads_no_computer_algebra():
    check = (
        "import sys, evolvemcts4rl.answers.extract; sys.exit('sympy' in sys.modules or 'math_verify' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
