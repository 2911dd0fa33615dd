"""Read seed problems: JSON, JSON Lines, pretty-printed objects one after another, CSV, Parquet, or a dataset of the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answers import seed_answer
from records import Problem, Settings, UserError

if TYPE_CHECKING:
    from datasets import Dataset

LOADERS = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Seeds:
    """The seeds of a run, read row by row; `digest` tells a changed seed file from the same one."""

    rows: Dataset
    settings: Settings
    digest: str

    def __len__(self) -> int:
        """How many rows are taken, those that will be refused included."""
        return min(len(self.rows), self.settings.limit or len(self.rows))

    def __iter__(self) -> Iterator[Problem]:
        """Each row as a problem. An empty or repeated one has status "refused" and the reason; ids count the rows from 0."""
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            parts = [str(row[name]).strip() for name in self.settings.column_names if row[name] is not None]
            question = "\n\n".join(part for part in parts if part)
            question_id = f"{index:06d}"
            key = hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()
            if not question:
                yield Problem(question_id, "", None, status="refused", reason="the row has no problem")
            elif key in seen:
                yield Problem(question_id, question, None, status="refused", reason=f"it repeats row {seen[key]}")
            else:
                seen[key] = question_id
                yield Problem(question_id, question, _answer(row.get(self.settings.answer_column)))


def _answer(cell: Any) -> str | None:
    text = "" if cell is None else str(cell).strip()
    return (seed_answer(text) or None) if text else None


def read_seeds(settings: Settings) -> Seeds:
    """Open the seed file (or the train split of the hub's dataset of that name) and check its columns.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a column that is not there.
    """
    path = Path(settings.seed_file)
    if path.is_file():
        rows, digest = _load_file(path), hashlib.sha256(path.read_bytes()).hexdigest()
    elif path.suffix in LOADERS or path.exists() or settings.seed_file.count("/") > 1:
        what = "is a folder" if path.is_dir() else "is not there"
        raise UserError(
            f"The seed file {settings.seed_file} {what}: give --seed_file a JSON, JSON Lines, CSV or Parquet file."
        )
    else:
        rows = _load_from_hub(settings.seed_file)
        digest = str(rows._fingerprint)
    if len(rows) == 0:
        raise UserError(f"The seed file {settings.seed_file} has no rows: it needs at least one problem.")
    missing = [name for name in settings.column_names if name not in rows.column_names]
    if missing:
        raise UserError(
            f"The seed file {settings.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, rows.column_names))} with --column_names."
        )
    return Seeds(rows, settings, digest)


def read_test_texts(settings: Settings) -> list[str]:
    """The texts of the --decontaminate files: of every row, its problem's columns, or all its text where it has none."""
    texts = []
    for name in settings.decontaminate:
        if not Path(name).is_file():
            raise UserError(f"The file {name} of --decontaminate is not there.")
        rows = _load_file(Path(name))
        columns = [column for column in (*settings.column_names, "problem", "question") if column in rows.column_names]
        for row in rows:
            cells = [row[column] for column in columns[: len(settings.column_names)] or rows.column_names]
            texts.append("\n\n".join(cell for cell in cells if isinstance(cell, str)))
    return texts


def _load_file(path: Path) -> Dataset:
    """The file's rows, by datasets where it knows the form, object by object where they stand one after another."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    loader = LOADERS.get(path.suffix.lower(), "json")
    if path.stat().st_size == 0:
        raise UserError(f"The seed file {path} is empty: it needs at least one problem.")
    try:
        return datasets.load_dataset(loader, data_files=str(path), split="train")
    except Exception as error:  # noqa: BLE001, the loaders raise whatever their parsers do; the way out is the same
        if loader != "json":
            raise UserError(f"The seed file {path} cannot be read as {loader}: {_first_line(error)}") from None
    return datasets.Dataset.from_list(_objects(path))


def _objects(path: Path) -> list[dict[str, Any]]:
    """JSON objects one after another, over as many lines as they like, with or without anything between them."""
    decoder, rows, position = json.JSONDecoder(), [], 0
    try:
        text = path.read_text(encoding="utf-8-sig")
        while rest := text[position : position + 1]:
            if rest in " \t\r\n,":
                position += 1
                continue
            value, position = decoder.raw_decode(text, position)
            rows += value if isinstance(value, list) else [value]
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"The seed file {path} is not JSON: {_first_line(error)}") from None
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"The seed file {path} must hold objects with named columns, not bare values.")
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: _plain(row.get(name)) for name in names} for row in rows]


def _plain(value: Any) -> Any:
    """Numbers and text as text, since one column may mix them; lists and objects stay."""
    return value if value is None or isinstance(value, (list, dict)) else str(value)


def _load_from_hub(name: str) -> Dataset:
    import datasets

    try:
        return datasets.load_dataset(name, split="train")
    except Exception as error:  # noqa: BLE001, as above: network, hub and parser each raise their own
        raise UserError(
            f"The seed file {name} is not there, nor a dataset that the hub gives: {_first_line(error)}"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
