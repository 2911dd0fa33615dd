"""What makes a run the same run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.output.growth import difference, growth
from evolvemcts4rl.output.run_identity import Known, identity_of, read_known
from evolvemcts4rl.settings import Settings
from tests.support.loopback import Loopback
from tests.support.run_process import ROOT, command, run_here, seed_file
from tests.support.seed_rows import SeedTexts
from tests.support.toy_chat import toy_handler

SEEDS_CHANGED = "the seed file has changed"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of(seed_file=str(tmp_path / "seeds.jsonl"))


def known(tmp_path: Path, identity: dict[str, Any], seeds: SeedTexts | None = None) -> Known:
    """The run as a later life reads it from its settings.json; without seeds, one of an earlier
    version."""
    rows = seeds and {"count": len(seeds), "digest": seeds.digest_of_first(len(seeds))}
    noted = {"flags": {}, "identity": identity} | ({"seed_rows": rows} if rows else {})
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(noted))
    read = read_known(path)
    assert read is not None
    return read


THREE, FIVE = SeedTexts(("a", "b", "c")), SeedTexts(("a", "b", "c", "d", "e"))


def test_seeds_are_known_by_their_content_not_by_their_path(
    settings: Settings, tmp_path: Path
) -> None:
    before = known(tmp_path, identity_of(settings, "digest"))
    elsewhere = settings.changed(seed_file="elsewhere/other.jsonl")
    assert difference(before, identity_of(elsewhere, "digest"), THREE) is None
    assert difference(before, identity_of(settings, "another"), THREE) == SEEDS_CHANGED


def test_test_files_are_known_by_their_content_not_by_their_path(
    settings: Settings, tmp_path: Path
) -> None:
    for name, text in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "other")):
        (tmp_path / name).write_text(text)

    def identity(*names: str) -> dict[str, Any]:
        return identity_of(
            settings.changed(decontaminate=tuple(str(tmp_path / name) for name in names)), "digest"
        )

    before = known(tmp_path, identity("a", "b"), THREE)
    changed = "the files of --decontaminate have changed"
    assert difference(before, identity("b", "c"), THREE) is None
    assert difference(before, identity("a", "d"), THREE) == changed
    assert difference(before, identity("a"), THREE) == changed


@pytest.mark.parametrize(
    ("limit", "now", "told"),
    [
        (None, FIVE, None),
        (4, SeedTexts(FIVE.texts[:4]), None),
        (3, THREE, None),
        (2, SeedTexts(THREE.texts[:2]), "--limit was not given and is now 2"),
        (None, SeedTexts(THREE.texts[:2]), SEEDS_CHANGED),
        (None, SeedTexts(("a", "b", "other", "d")), SEEDS_CHANGED),
        (None, SeedTexts(("other", "a", "b", "c")), SEEDS_CHANGED),
    ],
)
def test_rows_may_be_appended_to_those_that_a_run_took(
    settings: Settings, tmp_path: Path, limit: int | None, now: SeedTexts, told: str | None
) -> None:
    before = known(tmp_path, identity_of(settings, THREE.digest), THREE)
    identity = identity_of(settings.changed(limit=limit), now.digest)
    assert difference(before, identity, now) == told
    if not told:
        grown = {"seeds": (3, len(now))} if len(now) > 3 else {}
        assert growth(before, identity, now).changes == grown


@pytest.mark.parametrize(
    ("flag", "before", "allowed", "refused"),
    [
        ("evolve_rounds", 1, [2], [0]),
        ("num_solutions", 8, [9], [7]),
        ("max_branches", 24, [40], [0]),
        ("max_search", 4, [5], [3]),
        ("confidence", 0.95, [0.9, 0.99], []),
        ("estimator", "belief", ["omega", "shepherd"], []),
        ("own_solutions", 2, [8], [0]),
        ("judge_solutions", 8, [16], [4]),
        ("effort", "medium", ["high", 900.0], ["low", 500.0]),
        ("effort", 300.0, ["medium"], ["low"]),
        ("min_p_answer", 0.8, [0.9, 0.5, None], []),
        ("evolve_only", True, [False], []),
        ("evolve_only", False, [], [True]),
        ("temperature", 0.7, [], [0.8]),
        ("num_branches", 4, [], [8]),
        ("step_separator", None, [], ["#"]),
    ],
)
def test_a_run_grows_by_what_adds_to_it(
    settings: Settings,
    tmp_path: Path,
    flag: str,
    before: Any,
    allowed: list[Any],
    refused: list[Any],
) -> None:
    was = settings.changed(**{flag: before})
    run = known(tmp_path, identity_of(was, THREE.digest), THREE)
    for value in [*allowed, *refused]:
        identity = identity_of(settings.changed(**{flag: value}), THREE.digest)
        told = difference(run, identity, THREE)
        assert (told is None) == (value in allowed), told
        if value in allowed:
            assert growth(run, identity, THREE).changes == {flag: (before, value)}
        else:
            assert str(told).startswith(f"--{flag} was ")


def test_a_run_of_an_earlier_version_goes_on(settings: Settings, tmp_path: Path) -> None:
    """It noted the paths of its files, and knew nothing of flags that have come since."""
    (tmp_path / "test").write_text("text")
    settings = settings.changed(decontaminate=(str(tmp_path / "test"),))
    now = identity_of(settings, "digest")
    before = now | {
        "seed_file": "old/path.jsonl",
        "decontaminate": {"old/test": now["decontaminate"][0]},
    }
    for flag in ("judge_model", "num_branches", "extra_body", "evolve_model", "label_thoughts"):
        del before[flag]
    run = known(tmp_path, before)
    assert difference(run, now, THREE) is None
    assert not growth(run, now, THREE)
    other = identity_of(settings.changed(num_branches=9), "digest")
    assert difference(run, other, THREE) == "--num_branches was 4 and is now 9"
    fewer = identity_of(settings.changed(limit=2), "digest")
    assert difference(run, fewer, THREE) == "--limit was not given and is now 2"


@pytest.mark.parametrize(("before", "judges"), [(None, ()), ("j", ("j",))])
def test_a_run_with_one_judge_or_none_of_an_earlier_version_goes_on(
    settings: Settings, tmp_path: Path, before: str | None, judges: tuple[str, ...]
) -> None:
    now = identity_of(settings.changed(judge_model=judges), "digest")
    assert difference(known(tmp_path, now | {"judge_model": before}), now, THREE) is None


def test_a_server_and_its_headers_may_change_and_models_and_fields_may_not(
    settings: Settings, tmp_path: Path
) -> None:
    first = settings.changed(
        evolve_model="w@http://a/v1", judge_model=("j@http://a/v1", "k"), extra_body=('{"a":1}',)
    )
    before = known(tmp_path, identity_of(first, "digest"))
    moved = first.changed(
        evolve_model="w@http://b/v1", judge_model=("j", "k@http://c/v1"), header=("X-A=b",)
    )
    assert difference(before, identity_of(moved, "digest"), THREE) is None
    for flag, value in {
        "evolve_model": "v@http://a/v1",
        "judge_model": ("k", "j@http://a/v1"),
        "extra_body": ('{"a":2}',),
        "label_thoughts": True,
    }.items():
        other = identity_of(first.changed(**{flag: value}), "digest")
        told = difference(before, other, THREE)
        assert str(told).startswith(f"--{flag} was ")


@pytest.mark.slow
def test_the_same_seed_file_at_another_path_goes_on_with_the_run(tmp_path: Path) -> None:
    seeds, moved = seed_file(tmp_path, 2), tmp_path / "moved" / "other.jsonl"
    moved.parent.mkdir()
    with Loopback(toy_handler(Model())) as server:
        first = run_here(command(server.url, seeds, tmp_path / "out", "--evolve_rounds", "0"))
        shutil.move(seeds, moved)
        asked = len(server.asks)
        again = run_here(command(server.url, moved, tmp_path / "out", "--evolve_rounds", "0"))
        assert (first.returncode, again.returncode) == (0, 0), again.stderr
        assert len(server.asks) == asked
    moved.write_text(moved.read_text().replace("a", "b", 1))
    changed = run_here(
        command("http://127.0.0.1:9/v1", moved, tmp_path / "out", "--evolve_rounds", "0")
    )
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
    assert difference(Known(first), identity("b", "{{question}}", "Be brief."), THREE) is None
    changed = identity("b", "Solve {{question}}", "Be brief.")
    assert difference(Known(first), changed, THREE) == "the prompt solve_problem.txt has changed"
    changed = identity("b", "{{question}}", "Be long.")
    assert difference(Known(first), changed, THREE) == (
        '--system_prompt was "Be brief." and is now "Be long."'
    )


def test_prompts_filled_with_mathematics_are_those_of_runs_from_before_the_slot() -> None:
    written = json.loads((ROOT / "samples/arithmetic_run/settings.json").read_text())["identity"][
        "prompts"
    ]
    assert identity_of(Settings.of(seed_file="s.jsonl"), "d")["prompts"] == written
    other = identity_of(Settings.of(seed_file="s.jsonl", domain="law"), "d")
    before = identity_of(Settings.of(seed_file="s.jsonl"), "d")
    assert difference(Known(before), other, THREE) == '--domain was "mathematics" and is now "law"'
