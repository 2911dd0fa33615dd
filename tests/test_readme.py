"""The README says what is true of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evolvemcts4rl.flags import DEFAULTS, GROUPS
from evolvemcts4rl.settings import FORMATS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLAGS = [flag for flags in GROUPS.values() for flag in flags]


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_stands_in_the_table_with_its_default(flag: str) -> None:
    row = re.search(rf"^\| `--{flag}` \| ([^|]+) \|", README, re.MULTILINE)
    assert row, f"--{flag} is not in the README"
    default = DEFAULTS.get(flag)
    if isinstance(default, (int, float, str)) and not isinstance(default, bool):
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        assert row[1].strip() == f"`{shown}`"


def test_every_flag_that_the_readme_names_is_there() -> None:
    elsewhere = {"parallel", "model", "model-path", "stream", "rounds"}  # of the servers' and benchmarks' command lines
    named = set(re.findall(r"--([a-z][a-z_-]+)", README))
    assert named - elsewhere <= {*FLAGS, "help"}


def test_every_module_and_file_stands_in_a_map() -> None:
    for path in [*ROOT.glob("*.py"), *ROOT.glob("benchmarks/*.py")]:
        assert f"`{path.name}`" in README or f"benchmarks/{path.name}" in README or path.name == "toy_world.py", (
            path.name
        )
    for name in [*FORMATS, "problems", "tree"]:
        assert f"`{name}.jsonl`" in README


def test_nothing_is_left_to_be_filled_in() -> None:
    assert "@@" not in README


def test_links_within_the_repository_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
