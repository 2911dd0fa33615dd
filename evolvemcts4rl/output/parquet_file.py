"""rlvr.parquet: the rows of rlvr.jsonl in the form in which verl reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from evolvemcts4rl.output.jsonl import Row

ROWS_AT_ONCE = 1000
_TEXT = pa.string()
_HUB_NAMES = {"double": "float64"}
_EXTRA = {
    "question_id": _TEXT,
    "parent_id": _TEXT,
    "mutation": _TEXT,
    "round": pa.int64(),
    "solve_rate": pa.float64(),
    "agreement": pa.float64(),
    "split": _TEXT,
}
# Told, not inferred: a column may be empty in all of a small run's rows.
SCHEMA = pa.schema(
    {
        "question_id": _TEXT,
        "prompt": pa.list_(pa.struct({"role": _TEXT, "content": _TEXT})),
        "solution": _TEXT,
        "data_source": _TEXT,
        "ability": _TEXT,
        "reward_model": pa.struct({"style": _TEXT, "ground_truth": _TEXT}),
        "extra_info": pa.struct(_EXTRA),
    }
)


def write_rlvr_parquet(rows: Iterable[Row], file: IO[bytes]) -> None:
    """Write the rows as Parquet, some at once."""
    with pq.ParquetWriter(file, SCHEMA) as writer:
        for some in _batches(iter(rows)):
            writer.write_table(pa.Table.from_pylist(some, SCHEMA))


def hub_features(schema: Iterable[pa.Field], indent: str) -> Iterator[str]:
    """Yield the columns as the head of a card tells them, in lines of YAML.

    A column that is empty in one file is then read as the other files need it.
    """
    for field in schema:
        kind = field.type
        yield f"{indent}- name: {field.name}"
        if pa.types.is_list(kind):
            yield f"{indent}  list:"
            yield from hub_features(kind.value_type, f"{indent}  ")
        elif pa.types.is_struct(kind):
            yield f"{indent}  struct:"
            yield from hub_features(kind, f"{indent}  ")
        else:
            yield f"{indent}  dtype: {_HUB_NAMES.get(str(kind), kind)}"


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield some
