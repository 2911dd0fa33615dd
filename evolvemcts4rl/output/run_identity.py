"""Where a run lies, and what must stay the same for it to go on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

from evolvemcts4rl.answers.custom_grader import source_file
from evolvemcts4rl.chat.addresses import without_user
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.role_kinds import split_model
from evolvemcts4rl.prompts import prompt_files, read_system_prompt
from evolvemcts4rl.settings import DEFAULTS, FLAGS, FREE_FLAGS, Settings
from evolvemcts4rl.solutions.steps import STEP_RULES

LIBRARIES = ("openai", "datasets", "math-verify", "rensa", "orjson", "numpy", "tqdm")
Identity = dict[str, Any]
_SHOWN = 200  # characters of a value, such as that of --system_prompt, in a message
_SAID = {"seed_digest": "the seed file has changed"}


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


def settings_json(settings: Settings, identity: Identity, continuation: str) -> dict[str, Any]:
    """Return what settings.json holds: all that made the run, but no credentials."""
    writer = settings.evolution.evolve_model
    flags = {name: value for name, value in settings.by_flag().items() if not FLAGS[name].secret}
    flags |= {
        "base_url": [without_user(url) for url in settings.model.base_url],
        "evolve_model": writer and _without_user(writer),
        "judge_model": [_without_user(judge) for judge in settings.search.judge_model],
    }
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    python = sys.version.split()[0]
    written = {"flags": flags, "identity": identity, "python": python, "libraries": versions}
    return written | {"continuation": continuation, "step_rules": STEP_RULES}


def steps_were_cut_otherwise(path: Path) -> bool:
    """Return whether the run was begun by a version that cut solutions into other steps."""
    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return written.get("step_rules") != STEP_RULES


def refuse_other_run(path: Path, identity: Identity, overwrite: bool) -> None:
    """Raise UserError where a settings.json is not that of a run with this identity.

    With `overwrite`, any run will do.
    """
    before = read_identity(path)
    if before is None:
        raise UserError(
            f"The file {path} is not the settings file of a run: give another --output_dir."
        )
    changed = difference(before, identity)
    if changed and not overwrite:
        raise UserError(
            f"The folder {path.parent} holds a run with other settings ({changed}): "
            "run it with the same ones, or give another --output_dir, or --overwrite."
        )


def read_identity(path: Path) -> Identity | None:
    """Return the identity that a settings.json holds; None where the file is not that of a run.

    Flags that are newer than the run count as given with their defaults.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        identity, flags = written["identity"], written["flags"]
        if not (isinstance(flags, dict) and {"seed_digest", "prompts"} <= identity.keys()):
            return None
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
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


def difference(before: Identity, now: Identity) -> str | None:
    """Return in words the first thing in which two identities differ; None where they do not."""
    for name in now | before:
        if before.get(name) != now.get(name):
            if name == "decontaminate":
                return "the files of --decontaminate have changed"
            if name == "grader" and _function(before[name]) == _function(now[name]):
                return f"the file of --grader {_function(now[name])} has changed"
            if name == "prompts":
                return f"the prompt {_first_changed(before[name], now[name])} has changed"
            return _SAID.get(
                name,
                f"--{name} was {_shown(before.get(name))} and is now {_shown(now.get(name))}",
            )
    return None


def _grader_source(grader: str) -> Path | None:
    """Return the file of a grader of the user's; None where it has none that can be read."""
    path = source_file(grader) if ":" in grader else None
    return path if path and path.is_file() else None


def _function(grader: Any) -> Any:
    return grader["function"] if isinstance(grader, dict) else grader


def _first_changed(before: dict[str, str], now: dict[str, str]) -> str:
    return min(name for name in before | now if before.get(name) != now.get(name))


def _without_user(text: str) -> str:
    """Return MODEL@URL without user and password."""
    model, urls = split_model(text)
    return model + ("@" if urls else "") + ",".join(without_user(url) for url in urls)


def _shown(value: Any) -> str:
    value = _function(value) if isinstance(value, dict) and "function" in value else value
    if value is None or value == []:
        return "not given"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _digest(path: Path) -> str:
    return _digest_of(path.read_bytes())


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
