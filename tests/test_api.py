"""The Python API: what a notebook does with it, against a real server on loopback."""

import asyncio
import gc
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl import RunFiles, Settings, UserError, generate
from evolvemcts4rl.flag_groups.files import DEFAULT_FORMATS
from tests.support.fast import slow_but
from tests.support.loopback import Loopback
from tests.support.run_process import ROOT, environment, outputs, rows_of, seed_file
from tests.support.toy_chat import toy_handler

MODEL = Model(slip=0.1, silent=0.03, announced=0.05)
EXAMPLE = re.compile(r"```python\n(from evolvemcts4rl import .*?)```", re.DOTALL)
EXAMPLES = {
    path.name: found[1]
    for path in (ROOT / "README.md", ROOT / "docs" / "python_api.md")
    if (found := EXAMPLE.search(path.read_text(encoding="utf-8")))
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server that the environment names, and a folder to work in with a seed file."""
    seed_file(tmp_path, 3)
    monkeypatch.chdir(tmp_path)
    with Loopback(toy_handler(MODEL)) as loopback:
        monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield loopback


def small(**flags: Any) -> Settings:
    """The settings of a small run on seeds.jsonl."""
    return Settings.of(
        seed_file="seeds.jsonl", model_name="m", num_solutions=8, evolve_rounds=0, **flags
    )


def test_python_api_page_has_an_example() -> None:
    assert "python_api.md" in EXAMPLES
    assert len(EXAMPLES["python_api.md"].splitlines()) <= 10


@pytest.mark.parametrize("name", slow_but(["README.md"], EXAMPLES))
def test_documented_example_runs_as_it_stands(
    server: Loopback, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    exec(compile(EXAMPLES[name], name, "exec"), {})
    out = capsys.readouterr().out
    assert out.startswith("runs/seeds {'right': ")
    assert out.count("searched") >= 3
    assert out.rstrip().splitlines()[-1].startswith("[")
    assert server.asks


def test_run_is_read_as_its_files_say(server: Loopback) -> None:
    run = generate(small(), quiet=True)
    assert run.path == Path("runs/seeds")
    assert run.summary == json.loads((run.path / "summary.json").read_text())
    assert [problem.to_json() for problem in run.problems()] == rows_of(run.path / "problems.jsonl")
    assert [tree.to_json() for tree in run.trees()] == rows_of(run.path / "tree.jsonl")
    for name in ("problems", "tree", *DEFAULT_FORMATS):
        assert list(run.rows(name)) == rows_of(run.path / f"{name}.jsonl") != []


def test_quiet_run_prints_nothing_and_another_one_says_what_the_caller_should_know(
    server: Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    generate(small(), quiet=True)
    assert capfd.readouterr() == ("", "")
    generate(small())
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith("is complete; its files are made anew from its trees.\n")


@pytest.mark.slow
def test_the_same_call_again_buys_nothing(server: Loopback) -> None:
    before = outputs(generate(small(), quiet=True).path)
    server.asks.clear()
    assert outputs(generate(small(), quiet=True).path) == before
    assert server.asks == []


def test_run_works_where_an_event_loop_is_running_already(server: Loopback) -> None:
    async def cell() -> RunFiles:
        return generate(small(), quiet=True)

    inside = asyncio.run(cell())
    assert inside.summary["complete"]
    assert outputs(inside.path) == outputs(generate(small(output_dir="other"), quiet=True).path)


def test_bad_input_raises_one_sentence_inside_and_outside_of_an_event_loop(
    server: Loopback,
) -> None:
    async def cell() -> None:
        generate(small(output_dir="seeds.jsonl"))

    for call in (lambda: generate(small(output_dir="seeds.jsonl")), lambda: asyncio.run(cell())):
        with pytest.raises(UserError, match="choose another --output_dir"):
            call()
    with pytest.raises(UserError, match=r"nowhere\.jsonl is not there"):
        generate(Settings.of(seed_file="nowhere.jsonl"))


@pytest.mark.slow
def test_garbage_collector_is_left_as_it_was(server: Loopback) -> None:
    before = gc.get_freeze_count()
    generate(small(), quiet=True)
    assert gc.get_freeze_count() <= before


def test_folder_without_a_run_and_file_that_no_run_has_are_named(
    server: Loopback, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="name the folder of a run"):
        RunFiles(tmp_path)
    run = generate(small(formats=("prm",)), quiet=True)
    with pytest.raises(UserError, match="there are problems, tree, steps"):
        run.rows("prn")
    assert list(run.rows("dpo")) == []


def test_rows_are_read_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "prm.jsonl").write_text('{"labels": [true]}\n' * 3)
    rows = RunFiles(tmp_path).rows("prm")
    assert next(rows) == {"labels": [True]}
    with (tmp_path / "prm.jsonl").open("a") as file:
        file.write('{"labels": [false]}\n')
    assert len(list(rows)) == 3


@pytest.mark.slow
def test_importing_the_package_imports_nothing_of_the_program() -> None:
    code = "import sys, evolvemcts4rl; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()
    assert "evolvemcts4rl" in loaded
    assert [
        name for name in loaded if name.startswith(("evolvemcts4rl.", "generate", "asyncio"))
    ] == []


CELL = """
import asyncio
from evolvemcts4rl import Settings, generate

def cell():
    try:
        run = generate(Settings.of(seed_file="seeds.jsonl", model_name="m", concurrency=2))
        print("complete" if run.summary["complete"] else "incomplete", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        if input() == "again":
            cell()
    loop.stop()

loop = asyncio.new_event_loop()
loop.call_soon(cell)
loop.run_forever()
"""


@pytest.fixture
def notebook(server: Loopback) -> Iterator[subprocess.Popen[str]]:
    """A process in which an event loop is at work and a cell makes a run; at hand once the run has
    asked six times."""
    names = environment() | {"OPENAI_BASE_URL": server.url, "PYTHONPATH": str(ROOT)}
    quick, slow = toy_handler(MODEL), toy_handler(MODEL, delay=0.3)
    server.handler = lambda ask: (quick if ask.number < 3 else slow)(ask)
    with subprocess.Popen(
        [sys.executable, "-c", CELL],
        env=names,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while len(server.asks) < 6:
            time.sleep(0.01)
        yield process
        process.kill()


@pytest.mark.slow
def test_interrupted_in_a_notebook_the_run_keeps_what_was_bought(
    server: Loopback, notebook: subprocess.Popen[str]
) -> None:
    notebook.send_signal(signal.SIGINT)
    out, _ = notebook.communicate("stop\n", timeout=60)
    assert (notebook.returncode, out) == (0, "interrupted\n")
    summary = RunFiles("runs/seeds").summary
    assert not summary["complete"]
    _, *asked = server.asks  # the first one is the probe
    assert summary["completions"] == sum(ask.body.get("n", 1) for ask in asked)


@pytest.mark.slow
def test_interrupted_twice_in_a_notebook_the_next_call_goes_on(
    server: Loopback, notebook: subprocess.Popen[str]
) -> None:
    assert notebook.stdout
    assert notebook.stderr
    asked = len(server.asks)
    server.handler = toy_handler(MODEL, delay=60)
    while len(server.asks) < asked + 2:
        time.sleep(0.01)
    notebook.send_signal(signal.SIGINT)
    while "Waiting for" not in notebook.stderr.readline():
        assert notebook.poll() is None
    notebook.send_signal(signal.SIGINT)
    assert notebook.stdout.readline() == "interrupted\n"
    server.handler = toy_handler(MODEL)
    out, _ = notebook.communicate("again\n", timeout=60)
    assert (notebook.returncode, out) == (0, "complete\n")
