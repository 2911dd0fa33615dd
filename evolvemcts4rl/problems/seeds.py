"""Read the seed problems of a run, and the test problems that no problem may repeat."""

from __future__ import annotations

from pathlib import Path

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.hub import load_from_hub
from evolvemcts4rl.problems.seed_checks import check_seeds
from evolvemcts4rl.problems.seed_rows import Seeds
from evolvemcts4rl.problems.table_file import (
    LOADERS,
    Rows,
    read_sound_rows,
    read_table,
    refuse_objects,
)
from evolvemcts4rl.settings import Settings


def read_seeds(settings: Settings) -> Seeds:
    """Return the seeds of a file, or of the hub's dataset of that name.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a
    column that is not there, is empty or holds objects.
    """
    path = Path(settings.files.seed_file)
    used = (*settings.files.column_names, settings.files.answer_column)
    rows: Rows
    broken: list[int] = []
    if path.is_file() and settings.files.skip_broken_rows:
        rows, digest, broken = read_sound_rows(path, used)
    elif path.is_file():
        rows, digest = read_table(path, used)
    elif path.suffix in LOADERS or path.exists() or settings.files.seed_file.count("/") > 1:
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(
            f"The seed file {settings.files.seed_file} {what}: give --seed_file a JSON, JSON "
            f"Lines, CSV, TSV or Parquet file."
        )
    else:
        dataset = load_from_hub(settings.files.seed_file)
        rows, digest = dataset, str(dataset._fingerprint)
        refuse_objects(dataset, used, f"The dataset {settings.files.seed_file}")
    seeds = Seeds(rows, settings, digest, broken)
    check_seeds(seeds)
    return seeds


def read_test_texts(settings: Settings) -> list[str]:
    """Return the text of every row of the --decontaminate files.

    It is that of the problem's columns, or of all columns where the file has none of these.
    """
    texts = []
    for name in settings.evolution.decontaminate:
        if not Path(name).is_file():
            raise UserError(f"The file {name} of --decontaminate is not there.")
        rows, _ = read_table(Path(name), settings.files.column_names)
        columns = [
            column
            for column in (*settings.files.column_names, "problem", "question")
            if column in rows.column_names
        ]
        for row in rows:
            cells = [
                row[column]
                for column in columns[: len(settings.files.column_names)] or rows.column_names
            ]
            texts.append("\n\n".join(cell for cell in cells if isinstance(cell, str)))
    return texts
