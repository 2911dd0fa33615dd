"""What is counted, compared whole, and what is printed of it."""

from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.journal import Totals
from evolvemcts4rl.chat.roles import roles_of
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.output.spending import spending
from evolvemcts4rl.output.summary import LabelCounts, print_summary, summarise
from evolvemcts4rl.reasons import Reason, ReasonCode, Status, with_detail
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Node, Tree

PROBLEMS = [
    Problem("000000", "p", "1", status=Status.SEARCHED, voted_answer="1", vote_agrees=True),
    Problem(
        "000001",
        "q",
        "2",
        status=Status.SEARCHED,
        voted_answer="3",
        vote_agrees=False,
        agreement=0.75,
    ),
    Problem(
        "000002",
        "r",
        "2",
        status=Status.NOT_SEARCHED,
        reason=with_detail(ReasonCode.SOLVED_NEVER, "0 of 16"),
    ),
    Problem(
        "000003",
        "s",
        "2",
        status=Status.NOT_SEARCHED,
        reason=with_detail(ReasonCode.SOLVED_NEVER, "0 of 15"),
    ),
    Problem(
        "000000-r1",
        "t",
        None,
        "000000",
        "deepen",
        1,
        status=Status.FAILED,
        reason=Reason(ReasonCode.ENDPOINT, "no reply"),
    ),
]


def chain(*beliefs: float | None, end: bool) -> Node:
    """A solution whose steps have these beliefs."""
    node = Node("z", p_correct=beliefs[-1], correct=end, times=1)
    for belief in reversed(beliefs[:-1]):
        node = Node("y", p_correct=belief, children=[node], num_started=4)
    return node


def tree(*children: Node) -> Tree:
    return Tree("000000", "p", "1", Node("", 16, 8, None, list(children), num_started=16))


def counted(trees: list[Tree]) -> LabelCounts:
    counts = LabelCounts()
    for each in trees:
        counts.add(LabelledTree(each))
    return counts


TREES = [
    tree(chain(0.9, 0.9, end=True), chain(0.9, 0.8, 0.1, 0.1, 0.0, end=False)),
    tree(chain(0.1, 0.0, end=False), chain(0.9, 0.2, end=True), chain(None, 0.1, end=False)),
]

ROLES = roles_of(Settings.of(seed_file="seeds.jsonl", model_name="m", judge_model=("j", "k")))
NOTHING = spending(Totals(), {}, ROLES, None)
POLICY = {
    "model": "m",
    "completions": 100,
    "prompt_tokens": 2_000_000,
    "completion_tokens": 500_000,
}


def bought(tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """A hundred completions of the policy alone."""
    totals = Totals(100, tokens_in, tokens_out)
    return spending(totals, {"policy": totals}, ROLES, (("", 2.0, 8.0),))


def test_summary_counts_problems_reasons_labels_and_money() -> None:
    assert summarise(PROBLEMS, counted(TREES), bought(2_000_000, 500_000)) == {
        "problems": {"searched": 2, "not_searched": 2, "failed": 1},
        "mutations": {"identity": 4, "deepen": 1},
        "reasons": {"solved_never": 2, "endpoint": 1},
        "first_failure": {"question_id": "000000-r1", "reason": "no reply"},
        "majority_against_stated_answer": [
            {"question_id": "000001", "stated": "2", "voted": "3", "agreement": 0.75}
        ],
        "completions": 100,
        "prompt_tokens": 2_000_000,
        "completion_tokens": 500_000,
        "money": 8.0,
        "roles": {"policy": POLICY | {"money": 8.0}},
        "trees": 2,
        "rollouts": 16 * 2 + 4 * 8,
        "labelled_steps": {"right": 5, "wrong": 7},
        "labelled_solutions": {"right": 1, "wrong, error found": 2, "right after an error": 1},
        "given_solutions": 0,
        "whole_solutions": 5,
        "one_step_solutions": 0,
        "first_errors_by_fifth_of_the_solution": [1, 0, 2, 0, 0],
        "judges": {},
    }


def test_money_is_told_for_each_role_by_its_own_price() -> None:
    of_roles = {"policy": Totals(9, 1_000_000, 0), "judge1": Totals(1, 0, 500_000)}
    totals = Totals(12, 1_000_100, 500_000)  # 2 completions are of a version without roles
    told = spending(totals, of_roles, ROLES, (("", 2.0, 8.0), ("judge1", 1.0, 4.0)))
    assert {name: role["money"] for name, role in told["roles"].items()} == {
        "policy": 2.0,
        "judge1": 2.0,
        "not told apart": 0.0002,
    }
    assert told["money"] == 4.0002
    assert told["roles"]["judge1"]["model"] == "j"
    unpriced = spending(totals, of_roles, ROLES, (("judge", 1.0, 4.0),))
    assert unpriced["money"] is None
    assert unpriced["roles"]["judge1"]["money"] == 2.0


def test_each_role_is_printed_with_what_it_cost(capsys: pytest.CaptureFixture[str]) -> None:
    of_roles = {"policy": Totals(9, 1_000_000, 0), "judge2": Totals(1, 0, 500_000)}
    told = spending(Totals(10, 1_000_000, 500_000), of_roles, ROLES, (("", 1.0, 4.0),))
    summary = {"complete": True, "seconds": 1.0} | summarise([], LabelCounts(), told)
    print_summary(summary, Path("runs/x"), None, "")
    printed = capsys.readouterr().out.splitlines()
    at = printed.index("tokens          1,000,000 in, 500,000 out, costing 3.00")
    assert printed[at + 1 : at + 3] == [
        "                policy m: 1,000,000 in, 0 out, costing 1.00",
        "                judge2 k: 0 in, 500,000 out, costing 2.00",
    ]


def test_run_that_made_nothing_has_a_summary() -> None:
    summary = summarise([], LabelCounts(), NOTHING)
    assert (summary["trees"], summary["money"], summary["labelled_steps"]) == (
        0,
        None,
        {"right": 0, "wrong": 0},
    )


def test_what_is_printed_names_counts_reasons_and_the_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = {"complete": True, "seconds": 12.3} | summarise(
        PROBLEMS, counted(TREES), bought(2_000_000, 5_000)
    )
    print_summary(summary, Path("runs/x"), None, "the same command")
    assert capsys.readouterr().out.splitlines() == [
        "problems        5: 2 searched, 2 not_searched, 1 failed",
        "trees           2 with 64 rollouts",
        "labelled steps  5 right, 7 wrong",
        "solutions       1 right, 2 wrong, error found, 1 right after an error",
        "tokens          2,000,000 in, 5,000 out, costing 4.04",
        "seconds         12 in this run",
        "files           runs/x",
        "reasons         2 × solved never",
        "                1 × the endpoint gave no usable reply",
        "look at         1 seeds whose stated answer the majority contradicts, "
        "first 000001: stated 2, voted 3 (75%)",
        "failed          1 problems: the same command tries them again",
        "                000000-r1: no reply",
    ]


def test_summary_warns_where_most_solutions_are_one_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trees = [tree(chain(0.9, end=True), chain(0.1, end=False), chain(0.9, 0.1, end=False))]
    summary = {"complete": True, "seconds": 1.0} | summarise(PROBLEMS[:1], counted(trees), NOTHING)
    assert (summary["one_step_solutions"], summary["whole_solutions"]) == (2, 3)
    print_summary(summary, Path("runs/x"), None, "the same command")
    assert capsys.readouterr().out.splitlines()[-1] == (
        "look at         2 of 3 solutions are a single step, in which no first error can be found: "
        "give with --step_separator the text that ends the model's steps"
    )


def test_comparisons_that_timed_out_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"complete": True, "seconds": 1.0, "comparisons_timed_out": 3}
    print_summary(summary | summarise([], LabelCounts(), NOTHING), Path("runs/x"), None, "")
    assert "3 comparisons took too long and count as no match" in capsys.readouterr().out


def test_stopped_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"complete": False, "seconds": 1.0} | summarise([], LabelCounts(), NOTHING)
    print_summary(summary, Path("runs/x"), "--token_budget 5 is spent", "the same command")
    assert capsys.readouterr().out.splitlines()[-1] == "stopped         --token_budget 5 is spent"
