"""Flags from a file: words as on the command line, or a run's settings.json, which repeats it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flags import parse_settings
from evolvemcts4rl.output.run_identity import settings_json
from evolvemcts4rl.settings import Settings
from generate import main
from tests.support.loopback import Loopback
from tests.support.run_process import command, outputs, seed_file
from tests.support.seed_rows import SeedTexts
from tests.support.toy_chat import toy_handler

EVERYTHING = [
    *("--seed_file", "a.jsonl", "--column_names", "context", "question", "--limit", "5"),
    *("--model_name", "m", "--base_url", "http://a/v1,http://b/v1", "--temperature", "0"),
    *("--mutations", "deepen,simplify:2", "--language", "German"),
    *("--prices", "1,2.5", "judge:2,8", "--extra_body", 'judge:{"top_k": 20}'),
    *("--evolve_model", "w@http://c/v1", "--judge_model", "j,k@http://d/v1"),
    *("--label_thoughts", "--step_separator", r"\n\n", "--keep", "agreed"),
    *("--formats", "prm,sft", "--min_solve_rate", "0.2", "--estimator", "omega"),
]


def test_words_of_a_file_count_as_if_they_stood_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "server.flags"
    path.write_text(
        "# our server\n--model_name m --temperature 0.2\n"
        "--language 'Old English'  # quoted as in a shell\n--column_names context question\n"
    )
    settings = parse_settings(["--seed_file", "a.jsonl", f"@{path}", "--temperature", "0.5"])
    assert settings == Settings.of(
        seed_file="a.jsonl",
        model_name="m",
        temperature=0.5,
        language="Old English",
        column_names=("context", "question"),
    )


def test_what_follows_a_flag_is_its_value_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "flags"
    path.write_text("--limit 5")
    line = ["--seed_file", "a.jsonl", "--model_name", "@org/m", "--label_thoughts", f"@{path}"]
    settings = parse_settings(line)
    assert settings == Settings.of(
        seed_file="a.jsonl", model_name="@org/m", label_thoughts=True, limit=5
    )


def test_settings_of_a_run_can_be_given_back(tmp_path: Path) -> None:
    settings = parse_settings([*EVERYTHING, "--overwrite"])
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(settings_json(settings, SeedTexts(), "chat")))
    assert parse_settings([f"@{path}"]) == settings.changed(overwrite=False)
    again = parse_settings([f"@{path}", "--output_dir", "again", "--limit", "9"])
    assert again == settings.changed(overwrite=False, output_dir="again", limit=9)


def test_settings_of_an_earlier_version_can_be_given_back(tmp_path: Path) -> None:
    """It had one judge or none, and not all the flags of today."""
    for judge, judges in ((None, ()), ("j", ("j",))):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({"flags": {"seed_file": "a.jsonl", "judge_model": judge}}))
        assert parse_settings([f"@{path}"]).search.judge_model == judges


def test_object_of_flags_alone_will_do(tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    path.write_text('{"seed_file": "a.jsonl", "evolve_rounds": 0, "column_names": ["q"]}')
    settings = parse_settings([f"@{path}"])
    assert settings == Settings.of(seed_file="a.jsonl", evolve_rounds=0, column_names=("q",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "flags of @flags cannot be read (No such file or directory)"),
        (b"--language 'German", "opens a quote that it does not close"),
        (b"--language \xff", "is not UTF-8"),
        (b"{", "is not JSON"),
        (b'{"flags": 7}', "holds no object of flags"),
        (b'{"flags": {"colour": 1}}', "has the flag 'colour', which there is not"),
        (b'{"evolve_rounds": "many"}', "--evolve_rounds: it must be a whole number from 0 up"),
        (b"--colour red", "--colour"),
        (b" " * 2_000_000, "is too large"),
    ],
)
def test_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("flags").write_bytes(content)
    with pytest.raises(UserError) as raised:
        parse_settings(["--seed_file", "a.jsonl", "@flags"])
    assert words in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.slow
def test_a_run_is_repeated_from_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with Loopback(toy_handler(Model(slip=0.1))) as server:
        seeds = seed_file(tmp_path, 2)
        assert main(command(server.url, seeds, tmp_path / "out", "--evolve_rounds", "0")[2:]) == 0
        asked = len(server.asks)
        again = [f"@{tmp_path / 'out' / 'settings.json'}", "--output_dir", str(tmp_path / "again")]
        assert main(again) == 0
        assert len(server.asks) == 2 * asked
    assert outputs(tmp_path / "again") == outputs(tmp_path / "out")


def test_folder_of_a_run_is_told_its_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is a folder: .* such as @.*settings\.json"):
        parse_settings([f"@{tmp_path}"])
