"""A tree printed for reading, whatever stands in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.show_tree import instructiveness, lines_of
from evolvemcts4rl.terminal import printable
from evolvemcts4rl.tree import Node, Tree

ROOT = Path(__file__).parent.parent


def tree(question_id: str = "000000", *children: Node) -> Tree:
    return Tree(question_id, "What is 2 + 2?", "4", Node("", 4, 2, None, list(children)))


RIGHT = Node("It is 4.", p_correct=0.9, correct=True, times=2)
WRONG = Node("Add.\n\n", 4, 1, 0.9, [Node("It is\n5.", p_correct=0.1, correct=False, times=1)])
FAIR = tree("000001", RIGHT, WRONG)


def test_every_prefix_is_a_line_below_its_parent() -> None:
    assert list(lines_of(FAIR)) == [
        "000001: What is 2 + 2?",
        "answer: 4; first solutions 2/4 right",
        "   p_correct  rollouts  step (✓ right so far, ✗ wrong here or earlier, · unknown)",
        " ✓      0.90            It is 4.  → right answer (written 2 times)",
        " ✓      0.90       1/4  Add.",
        " ✗      0.10              It is 5.  → wrong answer",
    ]


def test_given_solutions_are_named_and_may_be_without_an_answer() -> None:
    both = Node("It is 4.", p_correct=0.9, correct=True, times=2, solution_ids=["a", "b\x1b"])
    silent = Node("Hm.", p_correct=0.1, solution_ids=["c"])
    assert [line.partition("  → ")[2] for line in lines_of(tree("000001", both, silent))][3:] == [
        "right answer (written 2 times, given as a, given as b)",
        "no answer (given as c)",
    ]


@given(st.text())
def test_nothing_that_a_terminal_would_obey_is_printed(text: str) -> None:
    hostile = Tree("000000", text, text, Node("", children=[Node(text, correct=False, times=1)]))
    lines = list(lines_of(hostile))
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert "\x1b" not in printable(f"\x1b[2J{text}\x9b31m")


def test_tree_with_an_error_inside_a_solution_is_the_most_instructive() -> None:
    only_right, at_once = (
        tree("a", RIGHT),
        tree("b", RIGHT, Node("It is 5.", p_correct=0.1, correct=False)),
    )
    assert sorted([FAIR, only_right, at_once], key=instructiveness) == [only_right, at_once, FAIR]


def show(*args: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evolvemcts4rl.show_tree", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_folder_gives_its_most_instructive_tree_or_the_one_asked_for(tmp_path: Path) -> None:
    rows = [tree("000000", RIGHT), FAIR]
    (tmp_path / "tree.jsonl").write_text("".join(json.dumps(row.to_json()) + "\n" for row in rows))
    assert show(tmp_path).stdout.splitlines() == list(lines_of(FAIR))
    assert show(tmp_path, "000000").stdout.splitlines() == list(lines_of(rows[0]))
    missing = show(tmp_path, "000009")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith(f"{tmp_path}/tree.jsonl has no tree of 000009: ")


@pytest.mark.slow
def test_folder_without_a_run_is_named(tmp_path: Path) -> None:
    done = show(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{tmp_path}/tree.jsonl is not there: name the folder of a run.\n"


@pytest.mark.slow
def test_reader_that_has_seen_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    long = tree(
        "000000",
        *(Node(f"It is {number}. " * 50, correct=False, times=1) for number in range(5000)),
    )
    (tmp_path / "tree.jsonl").write_text(json.dumps(long.to_json()) + "\n")
    command = [sys.executable, "-m", "evolvemcts4rl.show_tree", str(tmp_path), "000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "000000: What is 2 + 2?\n"
    process.stdout.close()
    assert (process.wait(), process.stderr.read()) == (0, "")


@pytest.mark.slow
def test_full_disk_ends_it_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tree.jsonl").write_text(json.dumps(FAIR.to_json()) + "\n")
    command = [sys.executable, "-m", "evolvemcts4rl.show_tree", str(tmp_path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("The tree cannot be shown: ")
    assert done.stderr.count("\n") == 1
