"""The names of a run's files, and the checks that no other file is taken for one of them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from evolvemcts4rl.chat.journal import Journal, SpoiltJournal
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.settings import Settings

JOURNAL, SETTINGS, SUMMARY, REPORT = (
    "completions.sqlite",
    "settings.json",
    "summary.json",
    "report.html",
)
PROBLEMS, TREES = "problems.jsonl", "tree.jsonl"
CARD = "README.md"
# A card without this line is somebody's own.
CARD_MARK = "<!-- Made by EvolveMCTS4RL, and anew with the files; without this line it stays. -->"
TEST, PARQUET = ".test", ".parquet"  # in names of training files
TRAINING_FILES = (
    *(f"{name}{ending}.jsonl" for name in FORMATS for ending in ("", TEST)),
    *(f"rlvr{ending}{PARQUET}" for ending in ("", TEST)),
)
# Evolved problems that a growing run does again: there until it is complete.
REOPENED = "reopened.jsonl"
_JOURNALS = (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm")
# In the order of deletion, so that a deletion that is cut short leaves a folder that is understood:
# the files that say what else is there go first, settings.json, which says whose they are, last.
RUN_FILES = (
    SUMMARY,
    PROBLEMS,
    REOPENED,
    TREES,
    *TRAINING_FILES,
    *_JOURNALS,
    REPORT,
    SETTINGS,
)


def delete_run(folder: Path) -> None:
    """Delete the run in the folder; raise UserError where another process is at work in it."""
    if (folder / JOURNAL).exists():
        with contextlib.suppress(SpoiltJournal):
            Journal(folder / JOURNAL).close()
    if is_our_card(folder / CARD):
        (folder / CARD).unlink()
    for name in RUN_FILES:
        (folder / name).unlink(missing_ok=True)


def is_our_card(path: Path) -> bool:
    """Return whether a file is a card that a run may write over: one with the line of CARD_MARK."""
    try:
        return CARD_MARK in path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False


def refuse_inputs(folder: Path, settings: Settings) -> None:
    """Raise UserError where the run would write over a file that it reads, by whatever path."""
    inputs = [
        ("--seed_file", settings.files.seed_file),
        *(("--decontaminate", name) for name in settings.evolution.decontaminate),
    ]
    for flag, name in inputs:
        for written in (folder / (file + ending) for file in RUN_FILES for ending in ("", ".new")):
            if written.exists() and Path(name).exists() and written.samefile(name):
                raise UserError(
                    f"The file {written} is a file of {flag}, and the run would write there: "
                    "give another --output_dir."
                )


def refuse_strangers(folder: Path) -> None:
    """Raise UserError where a folder without settings.json holds a file of a run's name."""
    # A journal alone is from a run that died in its first moments: nothing in it can be mixed up.
    strangers = [name for name in RUN_FILES if name not in _JOURNALS and (folder / name).exists()]
    if strangers:
        raise UserError(
            f"The folder {folder} holds {strangers[0]} but no {SETTINGS}, so it is no run: "
            "give another --output_dir."
        )
