"""Two final answers compared as mathematics, and voted on."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.compare import compare_quick, same_answer
from evolvemcts4rl.answers.forms import read_form
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


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(MATCHING)])
def test_pair_matches(kind, gold, answer):
    assert same_answer(gold, answer)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(DIFFERENT)])
def test_pair_does_not_match(kind, gold, answer):
    assert not same_answer(gold, answer)


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(DIFFERENT)])
def test_different_answers_are_never_normalised_to_the_same_text(kind, gold, answer):
    assert read_form(gold).text != read_form(answer).text


@pytest.mark.parametrize(("kind", "gold", "answer"), [*rows(MATCHING), *rows(DIFFERENT)])
def test_order_of_a_pair_does_not_matter_and_each_answer_is_itself(kind, gold, answer):
    assert same_answer(gold, answer) is same_answer(answer, gold)
    assert same_answer(gold, gold)
    assert same_answer(answer, read_form(answer).text)


def test_quick_path_spares_most_pairs_a_worker():
    pairs = [*rows(MATCHING), *rows(DIFFERENT)]
    assert sum(compare_quick(gold, answer) is not None for _, gold, answer in pairs) > 0.5 * len(pairs)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_equal_to_itself_unless_nothing_is_in_it(text):
    assert compare_quick(text, text) is bool(read_form(text).text)


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
def test_quick_path_takes_any_text(one, other):
    compare_quick(one, other)


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
