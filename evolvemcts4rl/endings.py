"""What a run says on the screen as it ends, and the exit code that goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError, not_written
from evolvemcts4rl.terminal import printable, sentence

BUDGET_SPENT = 3  # exit code


def last_words(error: UserError | OSError | KeyboardInterrupt, again: str) -> str:
    """Return what to tell the user of the error that ends a run; `again` is the resume command."""
    if isinstance(error, UserError):
        way_on = f" {again.capitalize()} goes on from here." if error.resumable else ""
        return f"{sentence(str(error))}{way_on}"
    if isinstance(error, OSError):
        return printable(f"{not_written(error)}: make room, then run {again} again.")
    return f"Stopped: {again} goes on from here, and nothing that was bought is lost."


def print_result(summary: dict[str, Any], folder: Path, stopped: str | None, again: str) -> int:
    """Print what came out and return the exit code; `stopped` says why the run ended early."""
    from evolvemcts4rl.output.summary import print_summary

    print_summary(summary, folder, stopped, again)
    if stopped:
        return BUDGET_SPENT
    return 1 if summary["problems"].get("failed") or summary["nothing_labelled"] else 0
