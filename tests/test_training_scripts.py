"""The shell examples that train: they read as shell, and say what they need."""

import os
import subprocess
from pathlib import Path

import pytest

from evolvemcts4rl.flag_groups.files import FORMATS

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("train_*.sh"))
SCRIPTS = [*EXAMPLES, ROOT / "benchmarks" / "trainers" / "setup.sh"]
pytestmark = pytest.mark.slow


def bash(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"]} | variables
    return subprocess.run(
        ["bash", *args], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_reads_as_shell_and_asks_for_the_folder_that_it_needs(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert bash("-n", str(script)).stderr == ""
    asked = bash(str(script))
    assert asked.returncode != 0
    assert "folder" in asked.stderr


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_example_gives_its_trainer_the_run_a_file_of_it_and_all_further_flags(
    script: Path, tmp_path: Path
) -> None:
    trl = tmp_path / "trl"
    trl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    trl.chmod(0o755)
    found = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MODEL": "a/model"}
    told = bash(str(script), "runs/a run", "--max_steps", "2", **found).stdout.splitlines()
    kind = script.stem.removeprefix("train_")
    assert told[0] == kind
    assert told[told.index("--dataset_name") + 1] == "runs/a run"
    assert told[told.index("--model_name_or_path") + 1] == "a/model"
    assert told[told.index("--dataset_config") + 1] in FORMATS
    assert told[-2:] == ["--max_steps", "2"]
    unnamed = bash(str(script), "runs/x", PATH=found["PATH"])
    assert unnamed.returncode != 0
    assert "a model's name or folder" in unnamed.stderr
