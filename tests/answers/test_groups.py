"""Answers of several parts, and those that are made to exhaust whoever evaluates them."""

import pytest

from evolvemcts4rl.answers.compare import compare_quick
from evolvemcts4rl.answers.groups import MAX_DEPTH, split_group


@pytest.mark.parametrize(
    ("body", "kind", "entries"),
    [
        ("(1,2)", "()", ("1", "2")),
        (r"\{1,2\}", "{}", ("1", "2")),
        (r"\{5\}", "{}", ("5",)),
        ("(1,2)(3,4)", "", ("(1,2)(3,4)",)),
        (r"(0,1)\cap[0.5,2)", "", (r"(0,1)\cap[0.5,2)",)),
        (r"(0,1)\cup[2,3)", "union", ("(0,1)", "[2,3)")),
        (r"\begin{pmatrix}1\\2\end{pmatrix},\{1,2\}", "list", (
            r"\begin{pmatrix}1\\2\end{pmatrix}", r"\{1,2\}",
        )),
        (r"\begin{cases}1,&x>0\\2,&x<0\end{cases}", "", (
            r"\begin{cases}1,&x>0\\2,&x<0\end{cases}",
        )),
        (r"\begin{pmatrix}1&2\\3&4\\\end{pmatrix}", "matrix 2", ("1", "2", "3", "4")),
        (r"\begin{bmatrix}1\\[2pt]2\end{bmatrix}", "matrix 2", ("1", "2")),
    ],
)  # fmt: skip
def test_entries_are_those_of_brackets_around_the_whole(
    body: str, kind: str, entries: tuple[str, ...]
) -> None:
    group = split_group(body)
    assert (group.kind, group.entries) == (kind, entries)


@pytest.mark.parametrize(
    "formula",
    [
        "2^{12345678}", "2^{-12345678}", "x^(12345678)", "x^12345678",  # exponents
        "12345!", "(10^{10})!", "x!!", "(x!)!", r"\binom{12345}{2}",
        "2^{9^9}", "2^{2^{2^{2^{2^2}}}}", "2^{10^{0^{9}}}+9^{9^{9}}",  # towers
        "x^{x^{x^{x^{x}}}}", "(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1),
    ],
)  # fmt: skip
def test_answer_made_to_exhaust_is_not_evaluated(formula: str) -> None:
    assert compare_quick("x+1", formula) is False


@pytest.mark.parametrize(
    "formula",
    [
        "x^{123456}", "1234!+x", "(x+1)!", r"\binom{1234}{x}", "2^{2^{10}}", "2^{9^{0^9}}",
        "x^{x^{x^x}}", "(x+1)" * (MAX_DEPTH + 1), "x^{2}" * 10,
    ],
)  # fmt: skip
def test_large_answer_is_evaluated(formula: str) -> None:
    assert compare_quick("x+1", formula) is None
