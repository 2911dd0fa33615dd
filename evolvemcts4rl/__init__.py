"""Evolve seed problems, search each with a chat model, label every reasoning step.

The parts of generate.py. Read downwards, the folders are the pipeline: problems, chat, solutions,
answers, labels, output, report. This file hands out the Python API:
`from evolvemcts4rl import Settings, generate`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evolvemcts4rl.errors import UserError
    from evolvemcts4rl.output.run_reader import RunFiles
    from evolvemcts4rl.settings import Settings
    from generate import generate

__all__ = ["RunFiles", "Settings", "UserError", "generate"]

_HOMES = {
    "RunFiles": "evolvemcts4rl.output.run_reader",
    "Settings": "evolvemcts4rl.settings",
    "UserError": "evolvemcts4rl.errors",
    "generate": "generate",
}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first asked for: importing the package stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    """List the names of the API beside the module's own."""
    return sorted({*globals(), *__all__})
