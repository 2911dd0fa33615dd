"""Where a run lies, and what must stay the same for it to go on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from evolvemcts4rl.answers.custom_grader import source_file
from evolvemcts4rl.chat.addresses import without_user
from evolvemcts4rl.flag_groups.role_kinds import split_model
from evolvemcts4rl.output.jsonl import read_json
from evolvemcts4rl.output.run_files import SETTINGS
from evolvemcts4rl.prompts import prompt_files, read_system_prompt
from evolvemcts4rl.settings import DEFAULTS, FLAGS, FREE_FLAGS, Settings
from evolvemcts4rl.solutions.steps import STEP_RULES

LIBRARIES = ("openai", "datasets", "math-verify", "rensa", "orjson", "numpy", "tqdm")
Identity = dict[str, Any]


class SeedRows(Protocol):
    """What a run knows its seeds by."""

    @property
    def digest(self) -> str:
        """Return a hash of the whole seed file."""

    @property
    def broken_lines(self) -> list[int]:
        """Return the numbers of the lines that were left out."""

    def __len__(self) -> int:
        """Return how many rows are taken."""

    def digest_of_first(self, count: int) -> str | None:
        """Return a hash of what the first rows hold; None where there are fewer."""


@dataclass(frozen=True)
class Known:
    """What settings.json tells of the run in its folder."""

    identity: Identity
    # How many rows were taken and what they held; not known of runs of earlier versions.
    seed_count: int | None = None
    seed_rows_digest: str | None = None


def folder_of(settings: Settings) -> Path:
    """Return the run's folder: --output_dir, by default runs/<seed file's stem>."""
    return (
        Path(settings.files.output_dir)
        if settings.files.output_dir
        else Path("runs") / Path(settings.files.seed_file).stem
    )


def identity_of(settings: Settings, seed_digest: str) -> Identity:
    """Return what must be the same for a run to go on.

    That is every flag that decides what is made, and the content of the seeds, the test files and
    the prompts. The paths of these files do not matter.
    """
    flags = {name: value for name, value in settings.by_flag().items() if name not in FREE_FLAGS}
    # A server may move, as that of --base_url may.
    flags["evolve_model"] = settings.evolution.evolve_model and settings.writer_model
    flags["judge_model"] = [split_model(judge)[0] for judge in settings.search.judge_model]
    flags["decontaminate"] = sorted(
        _digest(Path(name)) for name in settings.evolution.decontaminate
    )
    if source := _grader_source(settings.answers.grader):
        function = settings.answers.grader.rpartition(":")[2]
        flags["grader"] = {"function": f"{source.name}:{function}", "digest": _digest(source)}
    told = settings.prompts
    if told.system_prompt is not None:
        flags["system_prompt"] = read_system_prompt(told.system_prompt)
    # With the domain in its slot, so that prompts of before that slot are known as the same.
    prompts = {
        name: _digest_of(path.read_bytes().replace(b"{{domain}}", told.domain.encode()))
        for name, path in prompt_files(told).items()
    }
    # Through JSON, so that it compares equal with what is read back.
    identity: Identity = json.loads(
        json.dumps(flags | {"seed_digest": seed_digest, "prompts": prompts})
    )
    return identity


def settings_json(settings: Settings, seeds: SeedRows, continuation: str) -> dict[str, Any]:
    """Return what settings.json holds: all that made the run, but no credentials."""
    python = sys.version.split()[0]
    return asked_for(settings, seeds) | {
        "python": python,
        "libraries": dict(_versions()),
        "continuation": continuation,
        "step_rules": STEP_RULES,
    }


@cache
def _versions() -> Mapping[str, str]:
    """Return the versions of the libraries, which take a while to find out."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def asked_for(settings: Settings, seeds: SeedRows) -> dict[str, Any]:
    """Return the part of settings.json that is written anew where a run grows."""
    writer = settings.evolution.evolve_model
    flags = {name: value for name, value in settings.by_flag().items() if not FLAGS[name].secret}
    flags |= {
        "base_url": [without_user(url) for url in settings.model.base_url],
        "evolve_model": writer and _without_user(writer),
        "judge_model": [_without_user(judge) for judge in settings.search.judge_model],
    }
    rows = {"count": len(seeds), "digest": seeds.digest_of_first(len(seeds))}
    return {
        "flags": flags,
        "identity": identity_of(settings, seeds.digest),
        "seed_rows": rows,
    }


def read_settings(folder: Path) -> dict[str, Any]:
    """Return what the settings.json of a run holds."""
    return read_json(folder / SETTINGS)


def read_known(path: Path) -> Known | None:
    """Return what a settings.json tells of its run; None where the file is not that of a run.

    Flags that are newer than the run count as given with their defaults.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        identity, flags = written["identity"], written["flags"]
        if not (isinstance(flags, dict) and {"seed_digest", "prompts"} <= identity.keys()):
            return None
        rows = written.get("seed_rows", {})
        known = Known(_completed(identity), rows.get("count"), rows.get("digest"))
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return known


def _completed(identity: Identity) -> Identity:
    identity = {
        name: value
        for name, value in (json.loads(json.dumps(DEFAULTS)) | identity).items()
        if name not in FREE_FLAGS
    }
    if isinstance(identity["decontaminate"], dict):  # digests by path, in runs of earlier versions
        identity["decontaminate"] = sorted(identity["decontaminate"].values())
    if not isinstance(identity["judge_model"], list):  # one or none, in runs of earlier versions
        identity["judge_model"] = [identity["judge_model"]] if identity["judge_model"] else []
    return identity


def _grader_source(grader: str) -> Path | None:
    """Return the file of a grader of the user's; None where it has none that can be read."""
    path = source_file(grader) if ":" in grader else None
    return path if path and path.is_file() else None


def _without_user(text: str) -> str:
    """Return MODEL@URL without user and password."""
    model, urls = split_model(text)
    return model + ("@" if urls else "") + ",".join(without_user(url) for url in urls)


def _digest(path: Path) -> str:
    return _digest_of(path.read_bytes())


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
