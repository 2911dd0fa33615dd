"""Multiple choice: options found in a problem or put there, and the one that an answer names."""

from typing import Any

import pytest

from evolvemcts4rl.answers.choice import (
    Unreadable,
    choice_of,
    options_in,
    read_choice,
    seed_choice,
    with_options,
)

CITIES = {"A": "Paris", "B": "London", "C": "New York", "D": "None of these"}
QUESTION = with_options("Which city is the capital of France?", [list(CITIES.values())])


@pytest.mark.parametrize(
    "cells",
    [
        [["Paris", "London", "New York", "None of these"]],
        [["A) Paris", "B) London", "C) New York", "D) None of these"]],
        [{"text": ["Paris", "London", "New York", "None of these"], "label": ["A", "B", "C", "D"]}],
        [CITIES],
        ['["Paris", "London", "New York", "None of these"]'],
        ["Paris", "London", "New York", "None of these"],
        ["Paris", "London", "New York", "None of these", None],
    ],
)
def test_options_of_every_form_of_column_are_put_below_the_problem(cells: list[Any]) -> None:
    question = with_options("Where?", cells)
    assert question == "Where?\n\nA) Paris\nB) London\nC) New York\nD) None of these"
    assert options_in(question) == CITIES


def test_options_that_the_problem_shows_already_are_not_put_there_again() -> None:
    question = "Where? (A) Paris (B) London"
    assert with_options(question, [["Paris", "London"]]) == question


def test_own_labels_of_the_options_are_kept() -> None:
    cell = {"text": ["red", "blue"], "label": ["1", "2"]}
    assert options_in(with_options("Which?", [cell])) == {"1": "red", "2": "blue"}


@pytest.mark.parametrize("cells", [[["Paris"]], [[]], ["Paris, London"], [None], [7], [["x"] * 27]])
def test_cell_without_options_is_unreadable(cells: list[Any]) -> None:
    with pytest.raises(Unreadable):
        with_options("Where?", cells)


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Which? A) 5 B) 7 C) 9", {"A": "5", "B": "7", "C": "9"}),
        ("Which? (A) 5 (B) 7", {"A": "5", "B": "7"}),
        ("Which?\nA. 5\nB. 7\n\nAnswer with a letter.", {"A": "5", "B": "7"}),
        ("Which?\nA. 5\nB. 7\nAnswer with a letter.", {"A": "5", "B": "7"}),
        ("Which?\nA: a dog\nB: a cat", {"A": "a dog", "B": "a cat"}),
        ("Which?\n**A)** 5\n**B)** 7", {"A": "5", "B": "7"}),
        ("Which?\n1) red\n2) blue", {"1": "red", "2": "blue"}),
        (
            r"Find it. $\textbf{(A)}\ 5 \qquad\textbf{(B)}\ 7 \qquad \textbf{(C) }\frac{1}{2}$",
            {"A": "5", "B": "7", "C": r"\frac{1}{2}"},
        ),
        ("Given 1) x > 2 and 2) x < 5, which?\nA) 1\nB) 2", {"A": "1", "B": "2"}),
        ("Dr. A. Smith and B. Jones met. Who came first?", {}),
        ("What is 2 + 2?", {}),
        ("A) alone", {}),
    ],
)
def test_options_are_found_in_the_problem(question: str, options: dict[str, str]) -> None:
    assert options_in(question) == options


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("B", "B"),
        ("(b)", "B"),
        ("B.", "B"),
        ("option B", "B"),
        (r"\text{(B)}", "B"),
        ("**B) London**", "B"),
        ("B - London", "B"),
        ("B because it rains there", "B"),
        ("London", "B"),
        ("london.", "B"),
        ("London, since it rains there", "B"),
        ("the city of London", "B"),
        ("New York", "C"),
        ("none of these", "D"),
        ("Berlin", None),
        ("E", None),
        ("not London", None),
        ("London or Paris, I think", "B"),
        ("either Paris or London", None),
        ("", None),
        ("2", None),
    ],
)
def test_option_is_named_by_its_label_or_its_text(said: str, label: str | None) -> None:
    assert read_choice(said, CITIES) == label


@pytest.mark.parametrize(
    ("said", "label"), [("0.5", "A"), (r"\frac{1}{2}", "A"), ("5", "C"), ("-5", "B"), ("-3", None)]
)
def test_option_of_the_same_value_is_named_by_it(said: str, label: str | None) -> None:
    assert read_choice(said, {"A": "1/2", "B": "-5", "C": "5"}) == label


@pytest.mark.parametrize(
    ("completion", "label"),
    [
        ("It is Paris.\n\nThe answer is \\boxed{A}.", "A"),
        ("It is Paris.\n\nThe answer is \\boxed{\\text{Paris}}.", "A"),
        ("So the correct option is (C).", "C"),
        ("Reasons.\n\n#### B", "B"),
        ("**Answer:** B) London", "B"),
        ("The answer is:\nB", "B"),
        ("Reasons.\n\nB", "B"),
        ("Reasons.\n\nSo it must be London.", "B"),
        ("The answer is \\boxed{42}.\n\nI am not sure.", None),
        ("I do not know.", None),
        ("A) Paris is a city. B) So is London.", None),
    ],
)
def test_completion_ends_with_an_option(completion: str, label: str | None) -> None:
    assert choice_of(QUESTION, completion) == label


def test_problem_without_options_has_no_choice() -> None:
    assert choice_of("What is 2 + 2?", "\\boxed{A}") is None


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("C", "C"),
        ("(C)", "C"),
        (2, "C"),
        ("2", "C"),
        ("New York", "C"),
        (0, "A"),
        ("C) New York", "C"),
    ],
)
def test_seed_states_a_letter_an_index_from_0_or_a_text(
    answer: str | int, label: str | None
) -> None:
    assert seed_choice(QUESTION, answer) == label


@pytest.mark.parametrize("answer", [4, -1, "Berlin", "E", "7"])
def test_seed_whose_answer_is_no_option_is_unreadable(answer: str | int) -> None:
    with pytest.raises(Unreadable, match="is none of its 4 options, nor an index from 0"):
        seed_choice(QUESTION, answer)


def test_number_is_an_index_even_where_it_is_the_text_of_another_option() -> None:
    question = with_options("What is 1 + 1?", [[1, 2, 3, 4]])
    assert seed_choice(question, 1) == "B"
    assert seed_choice(question, "1") == "A"
