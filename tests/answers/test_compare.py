"""Two final answers compared as mathematics."""

import functools
import subprocess
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.compare import compare_quick, same_answer
from evolvemcts4rl.answers.forms import read_form
from tests.support.answer_pairs import DIFFERENT, MATCHING, rows
from tests.support.fast import examples, slow_but
from tests.support.latex_answers import latex

numbers = st.one_of(
    st.integers(-10_000, 10_000).map(str),
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(str),
    st.tuples(st.integers(-99, 99), st.integers(1, 99)).map(
        lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"
    ),
)
formulas = st.recursive(
    st.sampled_from(["x", "2", "y", r"\pi"]),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["sin", "cos", "tan", "cot", "sec", "csc", "tanh", "coth"]), inner
        ).map(lambda pair: rf"\{pair[0]}({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} + {pair[1]}"),
    ),
    max_leaves=4,
)


# The tables are gone through several times: what a pair was found to be is kept. A pair and its
# reverse are two entries.
same = functools.cache(same_answer)
LONG = {"contest answers", "expressions"}  # kinds that take a second


def pairs(table: Mapping[str, str], kind: str) -> list[tuple[str, str]]:
    """Return the pairs of one kind. One test for each kind: collecting a pair costs more."""
    return [(gold, answer) for name, gold, answer in rows(table) if name == kind]


@pytest.mark.parametrize("kind", slow_but(set(MATCHING) - LONG, MATCHING))
def test_pairs_of_equal_answers_match(kind: str) -> None:
    for gold, answer in pairs(MATCHING, kind):
        assert same(gold, answer), (gold, answer)


@pytest.mark.parametrize("kind", slow_but(set(DIFFERENT) - LONG, DIFFERENT))
def test_pairs_of_different_answers_do_not_match(kind: str) -> None:
    for gold, answer in pairs(DIFFERENT, kind):
        assert not same(gold, answer), (gold, answer)


@pytest.mark.parametrize("kind", DIFFERENT)
def test_different_answers_are_never_normalised_to_the_same_text(kind: str) -> None:
    for gold, answer in pairs(DIFFERENT, kind):
        assert read_form(gold).text != read_form(answer).text, (gold, answer)


@pytest.mark.slow
@pytest.mark.parametrize("table", [MATCHING, DIFFERENT], ids=["equal", "different"])
def test_order_of_a_pair_does_not_matter_and_each_answer_is_itself(
    table: Mapping[str, str],
) -> None:
    for _, gold, answer in rows(table):
        assert same(gold, answer) is same(answer, gold), (gold, answer)
        assert same(gold, gold), gold
        assert same(answer, read_form(answer).text), answer


@pytest.mark.slow
@pytest.mark.parametrize("kind", MATCHING)
def test_no_order_of_two_answers_of_a_kind_matters(kind: str) -> None:
    answers = [text for pair in pairs(MATCHING, kind) for text in pair]
    for one, other in zip(answers, answers[3:] + answers[:3], strict=True):
        assert same(one, other) is same(other, one), (one, other)


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None)
@given(formulas, formulas)
def test_order_of_two_formulas_does_not_matter(one: str, other: str) -> None:
    assert same_answer(one, other) is same_answer(other, one)


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(["<", ">", r"\le", r"\ge", "="]), st.integers(1, 300), st.integers(-1, 1))
def test_relations_differ_where_their_tiny_bounds_do(sign: str, exponent: int, shift: int) -> None:
    one, other = f"x {sign} 2^{{-{exponent}}}", f"x {sign} 2^{{-{exponent + shift}}}"
    assert same_answer(one, other) is (shift == 0)


def test_quick_path_spares_most_pairs_a_worker() -> None:
    pairs = [*rows(MATCHING), *rows(DIFFERENT)]
    assert sum(compare_quick(gold, answer) is not None for _, gold, answer in pairs) > 0.5 * len(
        pairs
    )


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_equal_to_itself_unless_nothing_is_in_it(text: str) -> None:
    assert compare_quick(text, text) is bool(read_form(text).text)


@settings(max_examples=examples(60), deadline=None)
@given(latex)
def test_formula_is_the_same_as_itself_otherwise_spaced(formula: str) -> None:
    assert same_answer(
        formula,
        "$ " + formula.replace("+", " +  ").replace(r"\left", "").replace(r"\right", "") + " $",
    )


@settings(max_examples=examples(300), deadline=None)
@given(numbers, numbers)
def test_numbers_compare_by_exact_value_both_ways(one: str, other: str) -> None:
    def value(text: str) -> Fraction:
        above, _, below = text.removeprefix(r"\frac{").rstrip("}").partition("}{")
        return Fraction(above) / Fraction(below or 1)

    assert compare_quick(one, other) is compare_quick(other, one) is (value(one) == value(other))


@settings(max_examples=examples(300), deadline=None)
@given(
    st.text(alphabet=r"\{}()[],.$%^_=+-0123456789abcx fracsqrtpm", max_size=60),
    st.text(max_size=20),
)
def test_quick_path_takes_any_text(one: str, other: str) -> None:
    compare_quick(one, other)


LOOPS = [
    "different ", "A ", "(x, ", "a, ", "x = ", "= ", "1 = ", "1,", "1 ", "1/", "1 1/", "1.",
    "5 million ", "9:", "1-", r"\text{", r"\text{a}", r"\sqrt", r"\sqrt(", r"\frac", r"\frac{",
    r"\frac1", r"\,1", r"1\,", r"{,}1", "$", "$$", "√(", "^", "_", "^{", "°", "sec ", " and ",
    " or ", "1,000,", "五", "5亿", "a million ", "2^{", "{x|x>", ":1", "x>1 and ", "亿",
    "...", ".1", "\\", "{", "}", "[", "(", "¤ ", "cm per ", "sq ", "\ud800", "é", "\n", "|AB|",
    ":",
]  # fmt: skip
ENDINGS = ["", " (3) = 5", "!", "}", "x = 1"]

SEARCH = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from evolvemcts4rl.answers.compare import compare_quick
from evolvemcts4rl.answers.forms import Form, read_form
from evolvemcts4rl.answers.groups import split_group
loops, endings = eval(sys.stdin.read())
for loop in loops:
    for ending in endings:
        for size in (1_000, 100_000):
            text = (loop * size)[: size - len(ending)] + ending
            compare_quick(text, "7")
            compare_quick(text, text[:-1])
print("done")
"""


def work_ends(loops: Sequence[str], endings: Sequence[str]) -> bool:
    """Whether every text made of these is compared within twenty seconds of processor time."""
    run = subprocess.run(
        [sys.executable, "-c", SEARCH],
        input=ascii((loops, endings)),
        capture_output=True,
        text=True,
    )
    return run.stdout == "done\n"


@pytest.mark.slow
def test_loops_are_compared_without_backtracking() -> None:
    assert work_ends(LOOPS, ENDINGS)


@pytest.mark.slow
@settings(max_examples=examples(4), deadline=None)
@given(
    st.lists(
        st.text(alphabet=r"\{}()[],.$%^_=+-:/ 019abcxAIV", min_size=1, max_size=12),
        min_size=60,
        max_size=60,
    ),
    st.text(max_size=6),
)
def test_no_loop_is_found_that_backtracks(loops: list[str], ending: str) -> None:
    assert work_ends(loops, [ending])


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(1, 3000), st.integers(-2, 2))
def test_tiny_numbers_differ_where_their_exponents_do(
    factor: int, exponent: int, shift: int
) -> None:
    same = same_answer(
        rf"{factor} \cdot 2^{{-{exponent}}}", rf"{factor} \cdot 2^{{-{exponent + shift}}}"
    )
    assert same is (shift == 0 or factor == 0)
