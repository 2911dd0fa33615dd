"""What makes a run the same run: where it lies, and what must not change between its lives."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evolvemcts4rl.prompts import PROMPTS
from evolvemcts4rl.settings import FREE_SETTINGS, Settings
from evolvemcts4rl.solutions.steps import STEP_RULES


def folder_of(settings: Settings) -> Path:
    """The run's folder: --output_dir, by default runs/<seed file's stem>."""
    return Path(settings.output_dir) if settings.output_dir else Path("runs") / Path(settings.seed_file).stem


def identity_of(settings: Settings, seed_digest: str) -> dict[str, Any]:
    """What must be the same for a run to go on: every flag that decides what is made, the seeds and the prompts."""
    flags = {name: value for name, value in asdict(settings).items() if name not in FREE_SETTINGS}
    flags["decontaminate"] = {name: _digest(Path(name)) for name in settings.decontaminate}
    prompts = {str(path.relative_to(PROMPTS)): _digest(path) for path in sorted(PROMPTS.rglob("*.txt"))}
    # Through JSON, so that it compares equal with what is read back.
    identity: dict[str, Any] = json.loads(
        json.dumps(flags | {"seed_digest": seed_digest, "prompts": prompts, "step_rules": STEP_RULES})
    )
    return identity


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
