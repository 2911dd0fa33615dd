"""What each grader of the package does: how it reads an answer and what it takes for the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evolvemcts4rl.answers.choice import Unreadable, choice_of, seed_choice
from evolvemcts4rl.answers.compare import compare_quick, same_answer
from evolvemcts4rl.answers.extract import extract_answer, seed_answer
from evolvemcts4rl.answers.forms import MAX_LENGTH, read_form
from evolvemcts4rl.answers.marked import marked_answer

logger = logging.getLogger(__name__)

TOLERANCE = Fraction(1, 1_000_000)  # by which numbers may differ, as a share of the larger one
# What sympy and its readers raise on formulas that they were not made for.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class AnswerRules:
    """How answers are read and compared."""

    # The final answer of a completion, given the question; None where there is none.
    answer_of: Callable[[str, str], str | None]
    # The answer of a seed, given the question and what its column holds; raises Unreadable.
    seed_answer: Callable[[str, str | int], str | None]
    # Whether two answers are the same; None where only a worker can tell.
    same: Callable[[str, str], bool | None]
    same_in_worker: Callable[[str, str], bool]


def verdict_in_worker(gold: str, answer: str) -> bool:
    """Return whether the answers are the same; False where computer algebra fails by itself."""
    try:
        return same_answer(gold, answer)
    except UNREADABLE as error:
        logger.debug("no verdict on %.80r against %.80r: %r", gold, answer, error)
    return False


def same_text(one: str, other: str) -> bool:
    """Return whether two texts are the same but for their whitespace."""
    return one.split() == other.split()


def same_number(one: str, other: str) -> bool:
    """Return whether two answers are one number, within a millionth, whatever their units."""
    numbers = [_number(one), _number(other)]
    if numbers[0] is None or numbers[1] is None:
        return False
    largest = max(abs(numbers[0]), abs(numbers[1]))
    return abs(numbers[0] - numbers[1]) <= TOLERANCE * largest


def _number(answer: str) -> Fraction | None:
    return read_form(answer).number if len(answer) <= MAX_LENGTH else None


def _number_of_seed(_question: str, cell: str | int) -> str | None:
    answer = seed_answer(str(cell))
    if answer is None or _number(answer) is None:
        raise Unreadable(f"its answer, {str(cell)[:80]!r}, is no number")
    return answer


MATH = AnswerRules(
    lambda _question, text: extract_answer(text),
    lambda _question, cell: seed_answer(str(cell)) or None,
    compare_quick,
    verdict_in_worker,
)
EXACT = AnswerRules(
    lambda _question, text: marked_answer(text),
    lambda _question, cell: str(cell),
    same_text,
    same_text,
)
NUMBER = AnswerRules(
    lambda _question, text: extract_answer(text), _number_of_seed, same_number, same_number
)
CHOICE = AnswerRules(choice_of, seed_choice, same_text, same_text)
BUILT_IN: Mapping[str, AnswerRules] = {
    "math": MATH,
    "exact": EXACT,
    "number": NUMBER,
    "choice": CHOICE,
}
# With a function of the user's, which sees the row itself, an answer is shown as it stands there.
SHOWN_AS_IT_IS = EXACT.seed_answer


def seed_answer_reader(grader: str) -> Callable[[str, str | int], str | None]:
    """Return what reads the answers of seeds for this --grader."""
    return BUILT_IN[grader].seed_answer if grader in BUILT_IN else SHOWN_AS_IT_IS
