"""Final answers, found where they stand."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.extract import extract_answer, seed_answer

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


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=r"\{}()[],.$%^_=+-0123456789abcx fracsqrtpm", max_size=60), st.text(max_size=20))
def test_extraction_takes_any_text(one, other):
    extract_answer(one)
    seed_answer(other)


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
    assert time.process_time() - start < 1.0


def test_import_loads_no_computer_algebra():
    check = (
        "import sys, evolvemcts4rl.answers.extract; sys.exit('sympy' in sys.modules or 'math_verify' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
