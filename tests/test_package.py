"""What the package needs is declared once and locked, and its wheel does what a checkout does."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.toy_world import Model
from tests.support.loopback import Loopback
from tests.support.run_process import ROOT, environment, rows_of, seed_file
from tests.support.toy_chat import toy_handler

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = [
    ROOT / "generate.py",
    ROOT / "evolve.py",
    ROOT / "mcts.py",
    *(ROOT / "evolvemcts4rl").rglob("*.py"),
]
OURS = {"evolvemcts4rl", "generate", "evolve", "mcts"}


def imported_from_elsewhere() -> set[str]:
    """Return the top-level modules of other projects that the program imports anywhere."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).partition(".")[0])
    return found - OURS - sys.stdlib_module_names


def declared(*extras: str) -> dict[str, Requirement]:
    """Return the declared dependencies, with those of these extras, by their canonical names."""
    told = [
        *PROJECT["dependencies"],
        *(line for extra in extras for line in PROJECT["optional-dependencies"][extra]),
    ]
    return {canonicalize_name(each.name): each for each in map(Requirement, told)}


def locked() -> dict[str, str]:
    """Return the versions of requirements.txt, by their canonical names."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [
        re.match(r"([\w.-]+)==([^\s;]+)", line)
        for line in lines
        if line and not line.lstrip().startswith("#")
    ]
    assert all(pins), "a line of requirements.txt pins nothing"
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.slow
def test_every_import_of_the_program_is_a_declared_dependency() -> None:
    homes = importlib.metadata.packages_distributions()
    needed = {
        canonicalize_name(name) for module in imported_from_elsewhere() for name in homes[module]
    }
    assert needed <= set(declared("embedded"))


def test_lock_pins_every_dependency_to_a_version_that_is_allowed() -> None:
    pins = locked()
    for name, requirement in declared(*PROJECT["optional-dependencies"]).items():
        assert requirement.specifier.contains(pins[name]), (
            f"requirements.txt has {name} {pins[name]}"
        )


def test_lock_names_no_registry_and_the_command_that_makes_it() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text
    (command,) = re.findall(r"^# +(uv pip compile .*)$", text, re.MULTILINE)
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_version_is_told_alike_everywhere() -> None:
    version = PROJECT["version"]
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel beside the libraries of this environment; return where its commands are."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    no_network = ["--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "wheel", "--no-build-isolation", *no_network, "-w", folder, ROOT], check=True
    )
    (wheel,) = folder.glob("evolvemcts4rl-*.whl")
    venv.create(folder / "env")
    python = folder / "env" / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", *no_network, wheel], check=True)
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (Path(purelib) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env" / "bin"


def run(command: Path, *arguments: Path | str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run an installed command to its end, away from the checkout."""
    names = {
        name: value
        for name, value in environment().items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    path = os.pathsep.join([str(command.parent), names["PATH"]])
    return subprocess.run(
        [command, *map(str, arguments)],
        cwd=cwd,
        env=names | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_installed_command_helps_runs_and_shows_away_from_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    command = installed / "evolvemcts4rl"
    helped = run(command, "--help", cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "--seed_file" in helped.stdout
    with Loopback(toy_handler(Model(slip=0.1))) as server:
        flags = ["--base_url", server.url, "--model_name", "m", "--num_solutions", "8"]
        done = run(command, "--seed_file", seed_file(tmp_path, 3), *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    problems = rows_of(tmp_path / "runs" / "seeds" / "problems.jsonl")
    assert {row["mutation"] for row in problems} > {"identity"}
    first = next(row for row in problems if row["status"] == "searched")
    shown = run(command, "show", "runs/seeds", first["question_id"], cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"{first['question_id']}: Start with")


@pytest.mark.slow
def test_installed_package_is_the_wheel_s_own_with_its_prompts(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import generate; from evolvemcts4rl.prompts import PROMPTS; "
        "print(generate.__file__, PROMPTS, len(list(PROMPTS.rglob('*.txt'))))"
    )
    module, prompts, count = run(installed / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert Path(module).is_relative_to(installed.parent)
    assert Path(prompts).is_relative_to(installed.parent)
    assert int(count) == len(list((ROOT / "prompts").rglob("*.txt")))


@pytest.mark.slow
def test_checkout_shows_a_tree_by_the_same_word(tmp_path: Path) -> None:
    run_folder = ROOT / "samples" / "arithmetic_run"
    done = run(
        Path(sys.executable), ROOT / "generate.py", "show", run_folder, "000003", cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("000003: ")
