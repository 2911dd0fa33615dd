"""Run generate.py, as a process or here: toy problems, a command line, what it leaves on disk."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import generate
from benchmarks.toy_world import make_problem
from tests.support.toy_chat import question_of

ROOT = Path(__file__).parents[2]
SECRET = "sk-a-key-that-must-not-be-seen-anywhere"


def seed_file(folder: Path, count: int) -> Path:
    """Write a seed file of toy problems with their answers, and return its path."""
    path = folder / "seeds.jsonl"
    problems = [make_problem(random.Random(number), (3, 6)) for number in range(count)]
    rows = [
        {"problem": question_of(problem), "final_answer": str(problem.totals[-1])}
        for problem in problems
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def command(url: str, seeds: Path | str, output: Path | str, *flags: str) -> list[str]:
    """Return the command line of a small run."""
    fixed = [
        "--model_name",
        "m",
        "--num_solutions",
        "8",
        "--max_branches",
        "24",
        "--continuation",
        "prefill",
    ]
    where = ["--base_url", url, "--seed_file", str(seeds), "--output_dir", str(output)]
    return [sys.executable, str(ROOT / "generate.py"), *where, *fixed, *flags]


def environment() -> dict[str, str]:
    """Return the environment with a key to look for, and without what would lead elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI", "AZURE"))
    }
    return kept | {"OPENAI_API_KEY": SECRET}


def run(args: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end."""
    return subprocess.run(
        args, capture_output=True, text=True, timeout=120, env=environment(), check=False, **more
    )


def run_here(args: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end in this process: nothing has to start and to import first."""
    before, out, err = dict(os.environ), io.StringIO(), io.StringIO()
    os.environ.clear()
    os.environ.update(environment())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = generate.main(args[2:])
    finally:
        os.environ.clear()
        os.environ.update(before)
    return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the files that must not depend on how often a run was cut off."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}
