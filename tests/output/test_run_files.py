"""Whose the files in a run's folder are: nothing that no run made is deleted or written over."""

import json
import os
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.output.run_files import RUN_FILES
from evolvemcts4rl.output.run_folder import RunFolder
from evolvemcts4rl.settings import Settings
from tests.support.loopback import Loopback
from tests.support.run_process import command, run_here, seed_file
from tests.support.seed_rows import SeedTexts
from tests.support.toy_chat import toy_handler

SEEDS = SeedTexts()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "seeds.jsonl").write_text('{"problem": "p"}\n')
    (tmp_path / "out").mkdir()
    return Settings.of(
        seed_file=str(tmp_path / "seeds.jsonl"), output_dir=str(tmp_path / "out"), overwrite=True
    )


def begin(settings: Settings) -> RunFolder:
    """A folder with a run that has just begun."""
    folder = RunFolder(settings, SEEDS)
    folder.check()
    folder.open("chat")[0].close()
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_overwrite_deletes_the_files_of_a_run_and_nothing_else(settings: Settings) -> None:
    folder = begin(settings)
    (folder.path / "summary.json").write_text("{}")
    for name in ("notes.txt", "my.jsonl", "steps.jsonl.bak"):
        (folder.path / name).write_text("mine")
    again = begin(settings)
    assert not (again.path / "summary.json").exists()
    assert {name for name, content in everything(again.path).items() if content == b"mine"} == {
        "notes.txt", "my.jsonl", "steps.jsonl.bak",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", [name for name in RUN_FILES if not name.startswith(("completions", "settings"))]
)
def test_overwrite_without_settings_of_a_run_deletes_nothing(settings: Settings, name: str) -> None:
    folder = RunFolder(settings, SEEDS)
    (folder.path / name).write_text("mine")
    before = everything(folder.path)
    with pytest.raises(
        UserError, match=f"{name} but no settings.json, so it is no run: give another --output_dir"
    ):
        folder.check()
    assert everything(folder.path) == before


OF_OTHERS = {
    "empty": "",
    "torn": '{"identity": {',
    "of an editor": json.dumps({"editor.fontSize": 12}),
    "a list": "[]",
    "an identity alone": json.dumps({"identity": {"seed_digest": "x", "prompts": {}}}),
    "of another program": json.dumps({"identity": "me", "flags": {}}),
    "not UTF-8": b"\xff\xfe{}",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", OF_OTHERS.values(), ids=OF_OTHERS)
@pytest.mark.parametrize("overwrite", [True, False])
def test_settings_that_show_no_run_are_refused_and_kept(
    settings: Settings, content: bytes | str, overwrite: bool
) -> None:
    folder = RunFolder(settings.changed(overwrite=overwrite), SEEDS)
    (folder.path / "settings.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    (folder.path / "problems.jsonl").write_text("mine")
    before = everything(folder.path)
    with pytest.raises(
        UserError,
        match=r"settings.json is not the settings file of a run: give another --output_dir",
    ):
        folder.check()
    assert everything(folder.path) == before


@pytest.mark.parametrize("flag", ["--seed_file", "--decontaminate"])
@pytest.mark.parametrize("how", ["by its path", "by a symbolic link", "by a hard link"])
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", ["problems.jsonl", "tree.jsonl.new"])
def test_an_input_is_never_written_over(
    settings: Settings, tmp_path: Path, flag: str, how: str, overwrite: bool, name: str
) -> None:
    folder = begin(settings)
    mine = folder.path / name
    mine.write_text('{"problem": "p"}\n')
    given = mine if how == "by its path" else tmp_path / "link.jsonl"
    if how == "by a symbolic link":
        given.symlink_to(mine)
    if how == "by a hard link":
        os.link(mine, given)
    inputs = (
        {"seed_file": str(given)} if flag == "--seed_file" else {"decontaminate": (str(given),)}
    )
    before = everything(folder.path)
    with pytest.raises(
        UserError, match=f"{name} is a file of {flag}, .*: give another --output_dir"
    ):
        RunFolder(settings.changed(overwrite=overwrite, **inputs), SEEDS).check()
    assert everything(folder.path) == before


@pytest.mark.slow
def test_overwriting_with_the_seed_file_in_the_folder_ends_with_one_sentence(
    tmp_path: Path,
) -> None:
    """A run whose own rows are given back to it as seeds."""
    with Loopback(toy_handler(Model())) as server:
        first = command(
            server.url, seed_file(tmp_path, 2), tmp_path / "out", "--evolve_rounds", "0"
        )
        for args in (
            first,
            command(server.url, tmp_path / "out/problems.jsonl", tmp_path / "out", "--overwrite"),
        ):
            before = everything(tmp_path / "out") if args is not first else {}
            done = run_here([*args, "--column_names", "question"] if before else args)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert "problems.jsonl is a file of --seed_file" in sentence
    assert everything(tmp_path / "out") == before
