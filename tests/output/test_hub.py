"""A run's files on their way to the hub, which is a real server on loopback."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import generate
from tests.support.hub import Hub
from tests.support.run_process import ROOT


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "samples" / "arithmetic_run", tmp_path / "run"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the environment names, with a key for it."""
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", server.key)
        yield server


def push(run: Path, *flags: str) -> int:
    return generate.main(["--export", str(run), "--push_to_hub", "me/data", *flags])


def test_files_are_sent_with_their_card_and_without_settings_and_journal(
    run: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "completions.sqlite").write_bytes(b"")
    (run / "notes.txt").write_text("not of the run")
    assert push(run, "--private", "--formats", "rlvr") == 0
    (made,) = hub.made
    assert (made["organization"], made["name"], made["type"]) == ("me", "data", "dataset")
    assert made["visibility"] == "private"
    sent = {path.name for path in run.iterdir()} - {"settings.json", "notes.txt"}
    assert set(hub.files) == {name for name in sent if not name.startswith("completions.")}
    assert {"README.md", "prm.jsonl", "rlvr.parquet"} < set(hub.files)
    for name, content in hub.files.items():
        assert content == (run / name).read_bytes()
    assert f"{hub.url}/datasets/me/data" in capsys.readouterr().out


def test_data_set_is_public_unless_told_otherwise(run: Path, hub: Hub) -> None:
    assert push(run) == 0
    assert hub.made[0].get("visibility") != "private"


def test_wrong_key_is_told_before_anything_is_made(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    before = (run / "prm.jsonl").read_bytes()
    assert push(run, "--min_p_correct", "1") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--push_to_hub me/data with status 401: look whether HF_TOKEN may write there" in line
    assert "hf_wrong" not in line
    assert (run / "prm.jsonl").read_bytes() == before


def test_bad_name_is_told_before_anything_is_made(
    run: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--export", str(run), "--push_to_hub", "me/data/more"]
    assert generate.main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the hub takes no such name" in line
    assert hub.made == []


def test_key_that_may_not_write_leaves_the_files_here(
    run: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.may_write = False
    assert push(run, "--formats", "orm") == 2
    assert "status 403" in capsys.readouterr().err
    assert (run / "orm.jsonl").exists()


def test_hub_that_is_not_there_is_told(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_key")
    assert push(run) == 2
    assert "cannot be reached for --push_to_hub me/data" in capsys.readouterr().err
