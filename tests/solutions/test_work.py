"""What text from models costs: never more than in proportion to its length, whatever it says
over and over."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolvemcts4rl.solutions import amounts, blocks, corrections, roles, solver, steps
from tests.support.step_texts import CORRECTIONS, LINES, NOT_CORRECTIONS, SPLITS
from tests.support.work import child_works_within

SIZE = 60_000  # characters of a looping completion
AT_ONCE = 5  # texts for one child process
# For each, which takes a tenth of a second; of one quadratic expression alone, one text takes one.
CPU_SECONDS = 1.0
PIECES = [
    *(line + end for line in LINES for end in (" ", "\n", "\n\n")),
    *("".join(steps) for steps in SPLITS.values()),
    *(
        sentence + end
        for sentence in (CORRECTIONS + NOT_CORRECTIONS).splitlines()
        for end in (" ", "\n\n")
    ),
    *"a1.:-*#|$`~ \n\t\\{}(_=<首错",
    *(
        "$$ ",
        "\\text{",
        "\\text",
        "\\boxed{",
        "aa, ",
        "1 + ",
        "1 ",
        "**a**\n",
        "``` ",
        "| a |\n|--|\n",
        "\n \n",
    ),
    *(
        "i also have ",
        "made a ",
        "wait... ",
        "hmm",
        "mis",
        "incorrectly ",
        "should be ",
        "no, ",
        "n't",
        "if i forgot ",
    ),
]


def read(text: str) -> None:
    """Do with a completion all that is done with it on the event loop in this room."""
    found = steps.split_steps(text)
    corrections.steps_announcing_correction(found)
    corrections.steps_announcing_correction([text])


def are_read(texts: list[str]) -> bool:
    """Return whether a child process reads the texts within the bound."""

    def read_all() -> None:
        for text in texts:
            read(text)

    return child_works_within(CPU_SECONDS, read_all)


def loops(pieces: list[str]) -> list[str]:
    return [(piece * (SIZE // len(piece) + 1))[:SIZE] for piece in pieces]


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(PIECES), AT_ONCE))
def test_a_completion_that_loops_is_read_in_bounded_work(first: int) -> None:
    assert are_read(loops(PIECES[first : first + AT_ONCE]))


@pytest.mark.slow
@given(
    st.lists(
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
        min_size=5,
        max_size=5,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_loop_of_fragments_takes_more(pieces: list[str]) -> None:
    assert are_read(loops(pieces))


def test_half_characters_do_not_stop_it() -> None:
    read("Wait, no.\ud800 I made a mistake.\n\n\udc00 So it is \\boxed{7}.")


@pytest.mark.parametrize("module", [amounts, blocks, roles, solver, steps, corrections])
def test_an_expression_that_backtracks_matches_a_bounded_number_of_characters(
    module: ModuleType,
) -> None:
    parse = importlib.import_module("re._parser").parse
    for pattern in vars(module).values():
        if isinstance(pattern, re.Pattern):
            assert parse(pattern.pattern, pattern.flags).getwidth()[1] <= 1000, pattern
