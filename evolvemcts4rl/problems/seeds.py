"""Read seed problems: JSON, JSON Lines, pretty-printed objects one after another, CSV, Parquet, or a dataset of the hub."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evolvemcts4rl.answers.extract import seed_answer
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import Settings

if TYPE_CHECKING:
    from datasets import Dataset

LOADERS = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".csv": "csv", ".parquet": "parquet"}
EXACT = ("string", "large_string", "int64", "bool", "null")  # types whose values are as they stood in a JSON file
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which JSON can hold and no UTF-8 file


@dataclass(frozen=True)
class Seeds:
    """The seeds of a run, read row by row; `digest` tells a changed seed file from the same one."""

    rows: Dataset
    settings: Settings
    digest: str

    def __len__(self) -> int:
        """How many rows are taken, those that will be refused included."""
        return min(len(self.rows), self.settings.limit or len(self.rows))

    @property
    def have_answers(self) -> bool:
        """Whether there is a column of answers."""
        return self.settings.answer_column in self.rows.column_names

    def __iter__(self) -> Iterator[Problem]:
        """Each row as a problem. An empty or repeated one has status "refused" and the reason; ids count the rows from 0."""
        seen: dict[bytes, str] = {}
        for index in range(len(self)):
            row = self.rows[index]
            parts = [_text(row[name]).strip() for name in self.settings.column_names]
            question = "\n\n".join(part for part in parts if part)
            question_id = f"{index:06d}"
            key = hashlib.blake2b(" ".join(question.split()).encode(), digest_size=12).digest()
            if not question:
                yield Problem(question_id, "", None, status=Status.REFUSED, reason=Reason(ReasonCode.NO_PROBLEM))
            elif key in seen:
                reason = Reason(ReasonCode.REPEATED_ROW, f"it repeats row {seen[key]}")
                yield Problem(question_id, question, None, status=Status.REFUSED, reason=reason)
            else:
                seen[key] = question_id
                yield Problem(question_id, question, _answer(row.get(self.settings.answer_column)))


def _text(cell: Any) -> str:
    """A cell as text, a list's items separated by commas; a missing one, NaN included, is empty."""
    if isinstance(cell, list):
        return ", ".join(map(_text, cell))
    return "" if cell is None or cell != cell else _SURROGATE.sub("\ufffd", str(cell))


def _answer(cell: Any) -> str | None:
    text = _text(cell).strip()
    return (seed_answer(text) or None) if text else None


def read_seeds(settings: Settings) -> Seeds:
    """Open the seed file (or the train split of the hub's dataset of that name) and check its columns.

    Raises UserError, naming the file, for one that is missing, unreadable or empty, and for a column that is not there or empty.
    """
    path = Path(settings.seed_file)
    if path.is_file():
        used = (*settings.column_names, settings.answer_column)
        rows, digest = _load_file(path, used), hashlib.sha256(path.read_bytes()).hexdigest()
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
    asked_for = [*settings.column_names]
    if settings.answer_column != Settings.answer_column:
        asked_for.append(settings.answer_column)  # the default one may be missing: then answers are voted
    missing = [name for name in asked_for if name not in rows.column_names]
    if missing:
        flag = "--column_names" if missing[0] in settings.column_names else "--answer_column"
        raise UserError(
            f"The seed file {settings.seed_file} has no column {missing[0]!r}: name one of "
            f"{', '.join(map(repr, rows.column_names))} with {flag}."
        )
    seeds = Seeds(rows, settings, digest)
    if not any(seed.question for seed in seeds):
        columns = " and ".join(map(repr, settings.column_names))
        raise UserError(
            f"The seed file {settings.seed_file} has no problem in any row of {columns}: name another column with --column_names."
        )
    return seeds


def read_test_texts(settings: Settings) -> list[str]:
    """The texts of the --decontaminate files: of every row, its problem's columns, or all its text where it has none."""
    texts = []
    for name in settings.decontaminate:
        if not Path(name).is_file():
            raise UserError(f"The file {name} of --decontaminate is not there.")
        rows = _load_file(Path(name), settings.column_names)
        columns = [column for column in (*settings.column_names, "problem", "question") if column in rows.column_names]
        for row in rows:
            cells = [row[column] for column in columns[: len(settings.column_names)] or rows.column_names]
            texts.append("\n\n".join(cell for cell in cells if isinstance(cell, str)))
    return texts


def _load_file(path: Path, used: Sequence[str]) -> Dataset:
    """The file's rows, by datasets where it knows the form, object by object where they stand one after another.

    Object by object also where datasets would change what stands in the used columns: dates, and numbers of many digits.
    """
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    loader = LOADERS.get(path.suffix.lower(), "json")
    if path.stat().st_size == 0:
        raise UserError(f"The file {path} is empty: it needs at least one problem.")
    try:
        options = _csv_options(path) if loader == "csv" else {}
        rows = datasets.load_dataset(loader, data_files=str(path), split="train", **options)
    except (datasets.exceptions.DatasetsError, ValueError, OSError, NotImplementedError, csv.Error) as error:
        if loader != "json":
            raise UserError(f"The file {path} cannot be read as {loader}: {_first_line(error)}") from None
        return datasets.Dataset.from_list(_objects(path))
    types = [getattr(rows.features[name], "dtype", "") for name in used if name in rows.column_names]
    if loader != "json" or all(kind in EXACT for kind in types):
        return rows
    return datasets.Dataset.from_list(_objects(path))


def _csv_options(path: Path) -> dict[str, Any]:
    """What makes every cell the text that it is: no 7 of 007, no missing value of the word None."""
    import datasets

    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        if len(set(names)) < max(len(names), 1):
            raise ValueError("its first line must name the columns, each once")
        for row in reader:
            # A comma in a text without quotes: the parser of datasets would shift the columns and say nothing.
            if len(row) > len(names):
                raise ValueError(f"more fields in line {reader.line_num} than columns: quote texts that hold commas")
    if reader.line_num < 2:
        raise ValueError("it has no rows below the names of its columns")
    text = datasets.Value("string")
    return {"features": datasets.Features(dict.fromkeys(names, text)), "keep_default_na": False}


def _objects(path: Path) -> list[dict[str, str]]:
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
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"The file {path} is not JSON: {_first_line(error)}") from None
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"The file {path} must hold objects with named columns, not bare values.")
    names = dict.fromkeys(name for row in rows for name in row)
    # All as text, since one column may mix numbers, text and lists.
    return [{_text(name): _text(row.get(name)) for name in names} for row in rows]


def _load_from_hub(name: str) -> Dataset:
    import datasets

    try:
        return datasets.load_dataset(name, split="train")
    except (datasets.exceptions.DatasetsError, ValueError, OSError, RuntimeError) as error:
        raise UserError(
            f"The seed file {name} is not there, nor a dataset that the hub gives: {_first_line(error)}"
        ) from None


def _first_line(error: BaseException) -> str:
    """What went wrong, without the loader's own frame around it."""
    error = error.__cause__ or error
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
