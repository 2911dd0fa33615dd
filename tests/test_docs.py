"""The documents say what is true of the program."""

import re
from pathlib import Path
from typing import Any

import pytest

import generate
from evolvemcts4rl.exports.choice import ExportOptions
from evolvemcts4rl.exports.formats import OF_A_PROBLEM, rows_of_problem, rows_of_tree
from evolvemcts4rl.flag_groups.evolution import MUTATION_GROUPS, MUTATIONS
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import FLAGS
from evolvemcts4rl.tree import Node, Tree
from scripts.write_flag_table import PATH, page

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
}
FILES = DOCUMENTS["files.md"]
RIGHT = Node(
    "It is 4.",
    1,
    1,
    0.9,
    correct=True,
    times=1,
    judgements={"j": -1},
    judge_reasoning={"j": "Yes."},
)
WRONG = Node(
    "It is 5.",
    1,
    0,
    0.1,
    correct=False,
    times=1,
    searched=True,
    judgements={"j": 0},
    p_mended=0.1,
)
TREE = Tree(
    "000000", "What is 2 + 2?", "4", Node("", 2, 1, None, [RIGHT, WRONG]), 0.9, {"j": [9, 9]}
)


def row_of(name: str) -> dict[str, Any]:
    """Return a row of this file with every field that one can have."""
    if name == "problems":
        return Problem("000000", "What is 2 + 2?", "4").to_json()
    if name == "tree":
        return TREE.to_json()
    if name in OF_A_PROBLEM:
        solved = Problem("000000", "What is 2 + 2?", "4", status=Status.SEARCHED)
        return rows_of_problem(name, solved, ExportOptions()).rows[0]
    return rows_of_tree(name, LabelledTree(TREE), ExportOptions()).rows[0]


def fields(value: dict[str, Any]) -> set[str]:
    """Return the names of all fields of a row and of the steps in it."""
    names = set(value)
    for step in value.get("children", []):
        names |= fields(step)
    steps = value.get("reasoning_steps", [])
    for step in steps if isinstance(steps, list) else [steps]:
        names |= fields(step)
    return names


@pytest.mark.parametrize("name", ["problems", "tree", *FORMATS])
def test_each_field_of_a_file_is_told_and_no_other(name: str) -> None:
    section = re.search(rf"^## {name}\.jsonl\n(.*?)(?=^## )", FILES, re.MULTILINE | re.DOTALL)
    assert section, f"docs/files.md has no section on {name}.jsonl"
    opening, _, table = section[1].partition("\n| ")
    told = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", "| " + table, re.MULTILINE)))
    )
    real = fields(row_of(name))
    assert told <= real
    assert {field for field in real - told if f"`{field}`" not in opening} == set()


def test_the_files_beside_the_rows_are_told() -> None:
    for path in (ROOT / "samples" / "arithmetic_run").iterdir():
        assert f"`{path.name}`" in FILES or f"## {path.name}\n" in FILES, path.name


def test_flags_page_is_what_the_flags_say() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "run `python scripts/write_flag_table.py`"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_flag_that_a_document_names_is_there(name: str) -> None:
    ours = set(re.findall(r"^\| `--(\w+)`", PATH.read_text(encoding="utf-8"), re.MULTILINE)) | {
        "help"
    }
    commands = {
        # Of run_tests.sh and the benchmarks
        "fast", "stream", "rounds", "problems", "without", "budget", "reliability", "run", "judges",
        "true_rates", "worlds", "rivals",
        "parallel", "model", "model-path", "max-model-len",  # of servers
        # Of trainers
        "data", "reward", "dataset", "dataset_name", "dataset_config", "reward_funcs", "rlhf_type",
        "columns", "assistant_only_loss", "input_key", "label_key", "placeholder_token",
        "reward_tokens",
        # Of examples/train_prm.py
        "save", "labels", "head", "max_length",
        # Of uv and pip
        "universal", "python-version", "all-extras", "upgrade", "upgrade-package", "no-deps",
    }  # fmt: skip
    assert set(re.findall(r"--([a-z][a-z_-]+)", DOCUMENTS[name])) - commands - ours == set()


def test_each_exit_code_is_told_with_what_to_do() -> None:
    rows = re.findall(
        r"^\| (\d+) \| [^|]+ \| [^|]+ \|$", DOCUMENTS["troubleshooting.md"], re.MULTILINE
    )
    assert rows == re.findall(r"\b\d+\b", str(generate.main.__doc__))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_paths_lead_somewhere(name: str) -> None:
    folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", DOCUMENTS[name]):
        assert (folder / target).exists(), target
    paths = re.findall(
        r"(?<![\w/.<-])(?:\w+/)+(?:\w+\.(?:py|sh|txt|jsonl))?(?![\w/.>-])", DOCUMENTS[name]
    )
    made = ("runs/", "evolvemcts4rl/prompts/")  # by a run, and in the wheel
    for path in paths:
        assert (ROOT / path).exists() or path.startswith(made) or "NAME" in path, path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_left_to_be_filled_in(name: str) -> None:
    assert "@@" not in DOCUMENTS[name]


def test_design_tells_every_file_and_folder_of_the_source() -> None:
    design = DOCUMENTS["design.md"]
    for path in [*ROOT.glob("*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("scripts/*.*")]:
        assert f"`{path.name}`" in design, path.name
    for path in (ROOT / "evolvemcts4rl").iterdir():
        if any(path.glob("*.py")):
            assert f"`evolvemcts4rl/{path.name}/`" in design, path.name


def test_every_flag_by_which_a_run_grows_is_told() -> None:
    table = re.findall(r"^\|.*\|", DOCUMENTS["growing.md"], re.MULTILINE)
    told = set(re.findall(r"`--(\w+)`", "".join(table)))
    assert told == {name for name, flag in FLAGS.items() if flag.grows}


def test_every_document_can_be_found_from_another_one() -> None:
    everything = "\n".join(DOCUMENTS.values())
    for path in (ROOT / "docs").glob("*.md"):
        assert f"]({path.name})" in everything or f"](docs/{path.name})" in everything, path.name


def test_every_mutation_is_in_one_group() -> None:
    assert sorted(mutation for group in MUTATION_GROUPS.values() for mutation in group) == sorted(
        MUTATIONS
    )


def test_tests_that_contributing_runs_are_there() -> None:
    commands = re.findall(r"`\./run_tests\.sh ([^`]+)`", DOCUMENTS["CONTRIBUTING.md"])
    named = [word for command in commands for word in command.split() if word.startswith("tests/")]
    assert len(named) > 5
    for path in named:
        assert (ROOT / path).exists(), path
