"""What makes a run the same run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.output.run_identity import difference, identity_of, read_identity
from evolvemcts4rl.settings import Settings
from tests.support.loopback import Loopback
from tests.support.run_process import ROOT, command, run, seed_file
from tests.support.toy_chat import toy_handler


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of(seed_file=str(tmp_path / "seeds.jsonl"))


def written(tmp_path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """The identity as a later life reads it from the run's settings.json."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"flags": {}, "identity": identity}))
    read = read_identity(path)
    assert read is not None
    return read


def test_seeds_are_known_by_their_content_not_by_their_path(
    settings: Settings, tmp_path: Path
) -> None:
    before = written(tmp_path, identity_of(settings, "digest"))
    elsewhere = settings.changed(seed_file="elsewhere/other.jsonl")
    assert difference(before, identity_of(elsewhere, "digest")) is None
    assert difference(before, identity_of(settings, "another")) == "the seed file has changed"


def test_test_files_are_known_by_their_content_not_by_their_path(
    settings: Settings, tmp_path: Path
) -> None:
    for name, text in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "other")):
        (tmp_path / name).write_text(text)

    def identity(*names: str) -> dict[str, Any]:
        return identity_of(
            settings.changed(decontaminate=tuple(str(tmp_path / name) for name in names)), "digest"
        )

    before = written(tmp_path, identity("a", "b"))
    assert difference(before, identity("b", "c")) is None
    assert difference(before, identity("a", "d")) == "the files of --decontaminate have changed"
    assert difference(before, identity("a")) == "the files of --decontaminate have changed"


def test_a_run_of_an_earlier_version_goes_on(settings: Settings, tmp_path: Path) -> None:
    """It noted the paths of its files, and knew nothing of flags that have come since."""
    (tmp_path / "test").write_text("text")
    settings = settings.changed(decontaminate=(str(tmp_path / "test"),))
    now = identity_of(settings, "digest")
    before = now | {
        "seed_file": "old/path.jsonl",
        "decontaminate": {"old/test": now["decontaminate"][0]},
    }
    for flag in ("judge_model", "confidence", "extra_body", "evolve_model", "label_thoughts"):
        del before[flag]
    assert difference(written(tmp_path, before), now) is None
    changed = difference(
        written(tmp_path, before), identity_of(settings.changed(confidence=0.9), "digest")
    )
    assert changed == "--confidence was 0.95 and is now 0.9"


@pytest.mark.parametrize(("before", "judges"), [(None, ()), ("j", ("j",))])
def test_a_run_with_one_judge_or_none_of_an_earlier_version_goes_on(
    settings: Settings, tmp_path: Path, before: str | None, judges: tuple[str, ...]
) -> None:
    now = identity_of(settings.changed(judge_model=judges), "digest")
    assert difference(written(tmp_path, now | {"judge_model": before}), now) is None


def test_a_server_and_its_headers_may_change_and_models_and_fields_may_not(
    settings: Settings, tmp_path: Path
) -> None:
    first = settings.changed(
        evolve_model="w@http://a/v1", judge_model=("j@http://a/v1", "k"), extra_body=('{"a":1}',)
    )
    before = written(tmp_path, identity_of(first, "digest"))
    assert before
    moved = first.changed(
        evolve_model="w@http://b/v1", judge_model=("j", "k@http://c/v1"), header=("X-A=b",)
    )
    assert difference(before, identity_of(moved, "digest")) is None
    for flag, value in {
        "evolve_model": "v@http://a/v1",
        "judge_model": ("k", "j@http://a/v1"),
        "extra_body": ('{"a":2}',),
        "label_thoughts": True,
    }.items():
        told = difference(before, identity_of(first.changed(**{flag: value}), "digest"))
        assert str(told).startswith(f"--{flag} was ")


@pytest.mark.slow
def test_the_same_seed_file_at_another_path_goes_on_with_the_run(tmp_path: Path) -> None:
    seeds, moved = seed_file(tmp_path, 2), tmp_path / "moved" / "other.jsonl"
    moved.parent.mkdir()
    with Loopback(toy_handler(Model())) as server:
        first = run(command(server.url, seeds, tmp_path / "out", "--evolve_rounds", "0"))
        shutil.move(seeds, moved)
        asked = len(server.asks)
        again = run(command(server.url, moved, tmp_path / "out", "--evolve_rounds", "0"))
        assert (first.returncode, again.returncode) == (0, 0), again.stderr
        assert len(server.asks) == asked
    moved.write_text(moved.read_text().replace("a", "b", 1))
    changed = run(command("http://127.0.0.1:9/v1", moved, tmp_path / "out", "--evolve_rounds", "0"))
    assert changed.returncode == 2
    assert "the seed file has changed" in changed.stderr


def test_own_prompts_and_the_system_prompt_are_part_of_a_run_by_content_not_by_path(
    tmp_path: Path,
) -> None:
    def identity(folder: str, text: str, system: str) -> dict[str, Any]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "solve_problem.txt").write_text(text)
        (tmp_path / f"{folder}.txt").write_text(system)
        prompts, system_prompt = str(tmp_path / folder), str(tmp_path / f"{folder}.txt")
        flags = {"prompts": prompts, "system_prompt": system_prompt}
        return identity_of(Settings.of(seed_file="s.jsonl", **flags), "d")

    first = identity("a", "{{question}}", "Be brief.")
    assert difference(first, identity("b", "{{question}}", "Be brief.")) is None
    changed = identity("b", "Solve {{question}}", "Be brief.")
    assert difference(first, changed) == "the prompt solve_problem.txt has changed"
    changed = identity("b", "{{question}}", "Be long.")
    assert difference(first, changed) == ('--system_prompt was "Be brief." and is now "Be long."')


def test_prompts_filled_with_mathematics_are_those_of_runs_from_before_the_slot() -> None:
    written = json.loads((ROOT / "samples/arithmetic_run/settings.json").read_text())["identity"][
        "prompts"
    ]
    assert identity_of(Settings.of(seed_file="s.jsonl"), "d")["prompts"] == written
    other = identity_of(Settings.of(seed_file="s.jsonl", domain="law"), "d")
    before = identity_of(Settings.of(seed_file="s.jsonl"), "d")
    assert difference(before, other) == '--domain was "mathematics" and is now "law"'
