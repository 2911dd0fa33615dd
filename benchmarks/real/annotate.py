"""First errors of recorded solutions, read by people: what they get, and what comes of it.

python benchmarks/real/annotate.py split RECORDING FOLDER    writes the solutions to be read, blind
python benchmarks/real/annotate.py merge FOLDER NAME NAME    joins what two readers wrote

A reader NAME writes FOLDER/NAME_01.jsonl, … with a row {"id", "first_error", "note"} for each row
of batch_01.jsonl, …. `merge` prints how often they agree and lists where they do not. Those are
settled in FOLDER/settled.jsonl, rows of the same kind whose note gives the reason; what is agreed
or settled is written to annotations.jsonl.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from benchmarks.replay import Recording, read_recordings, stripped
from evolvemcts4rl.records import Prefix

BATCH = 35  # solutions
Row = dict[str, Any]


def to_be_read(recording: Recording, told: Row, with_all: bool = False) -> list[Row]:
    """Return a problem's solutions as readers get them: no answer, label or verdict of ours.

    They are those with rollouts at all prefixes, or with all of them every first solution, in an
    order that tells nothing.
    """
    written: dict[Prefix, None] = {}
    for solution in recording.solutions:
        whole = with_all or (len(solution.steps) > 1 and recording.is_recorded(solution.steps))
        if recording.rollouts and solution.verdict is not None and whole:
            written[stripped(solution.steps)] = None
    shown = {field: told[field] for field in ("question_id", "question", "values")}
    rows = [
        {"id": f"{told['question_id']}-{_name(steps)}", **shown, "steps": dict(enumerate(steps))}
        for steps in written
    ]
    return sorted(rows, key=lambda row: str(row["id"]))


def _name(steps: Prefix) -> str:
    """Return a name that stays the same when the recording grows."""
    return hashlib.blake2b("\n".join(steps).encode(), digest_size=4).hexdigest()


def merge(
    rows: Iterable[Row], readers: Sequence[dict[str, Row]], settled: dict[str, Row]
) -> tuple[list[Row], list[str]]:
    """Return the annotations that are agreed or settled, and the ids of those that are neither.

    Raises ValueError where a reader names a step that is not there.
    """
    annotations, open_ids = [], []
    for row in rows:
        verdicts = [reader.get(row["id"]) for reader in readers]
        for verdict in filter(None, [*verdicts, settled.get(row["id"])]):
            if verdict["first_error"] not in range(-1, len(row["steps"])):
                raise ValueError(f"{row['id']} has no step {verdict['first_error']}")
        errors = {verdict["first_error"] for verdict in verdicts if verdict}
        agreed = len(errors) == 1 and all(verdicts)
        final = verdicts[0] if agreed else settled.get(row["id"])
        if final is None:
            open_ids.append(row["id"])
            continue
        steps = list(row["steps"].values())
        told = {"note": final["note"]} if not agreed else {}
        annotations.append(
            {
                "id": row["id"],
                "question_id": row["question_id"],
                "first_error": final["first_error"],
                "agreed": agreed,
                "steps": steps,
            }
            | told
        )
    return annotations, open_ids


def read_rows(folder: Path, pattern: str) -> Iterator[Row]:
    """Yield the rows of all files of a pattern."""
    for path in sorted(folder.glob(pattern)):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a JSON Lines file."""
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )


def _split(recording: Path, folder: Path, with_all: bool) -> None:
    """Write the solutions that no batch has yet; what readers have got stays."""
    told = {row["question_id"]: row for row in read_rows(HERE, "problems.jsonl")}
    folder.mkdir(parents=True, exist_ok=True)
    known = {row["id"] for row in read_rows(folder, "batch_*.jsonl")}
    rows = [
        row
        for one in read_recordings(recording)
        for row in to_be_read(one, told[one.problem.question_id], with_all)
        if row["id"] not in known
    ]
    first = len(list(folder.glob("batch_*.jsonl"))) + 1
    for number, start in enumerate(range(0, len(rows), BATCH), first):
        write_rows(folder / f"batch_{number:02}.jsonl", rows[start : start + BATCH])
    problems = len({row["question_id"] for row in rows})
    print(f"{len(known)} solutions are there; {len(rows)} of {problems} problems were added")


def _merge(folder: Path, names: Sequence[str]) -> None:
    rows = list(read_rows(folder, "batch_*.jsonl"))
    readers = [{row["id"]: row for row in read_rows(folder, f"{name}_*.jsonl")} for name in names]
    settled = {row["id"]: row for row in read_rows(folder, "settled.jsonl")}
    annotations, open_ids = merge(rows, readers, settled)
    both = [row["id"] for row in rows if all(row["id"] in reader for reader in readers)]
    same = sum(len({reader[each]["first_error"] for reader in readers}) == 1 for each in both)
    print(
        f"{len(rows)} solutions, {len(both)} read by both, {same} of them with the same first error"
    )
    by_id = {row["id"]: row for row in rows}
    for each in open_ids:
        print(f"\n{each}: {by_id[each]['question']}")
        for index, step in by_id[each]["steps"].items():
            print(f"  {index}: {step}")
        for name, reader in zip(names, readers, strict=True):
            verdict = reader.get(each)
            print(f"  {name}: " + (json.dumps(verdict) if verdict else "not read"))
    write_rows(folder / "annotations.jsonl", annotations)
    print(f"{len(annotations)} annotations written, {len(open_ids)} still to be settled")


def main() -> None:
    """Split a recording for its readers, or merge what they wrote."""
    parser = argparse.ArgumentParser(description="First errors, read by two people.")
    commands = parser.add_subparsers(dest="command", required=True)
    split = commands.add_parser("split")
    split.add_argument("recording", type=Path)
    split.add_argument("folder", type=Path)
    split.add_argument("--all", action="store_true", help="all first solutions of these problems")
    merging = commands.add_parser("merge")
    merging.add_argument("folder", type=Path)
    merging.add_argument("names", nargs=2, metavar="NAME")
    args = parser.parse_args()
    if args.command == "split":
        _split(args.recording, args.folder, args.all)
    else:
        _merge(args.folder, args.names)


if __name__ == "__main__":
    main()
