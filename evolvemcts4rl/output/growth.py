"""How a run grows: which other settings it takes, and which of its problems are done again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.output.jsonl import read_rows, rewrite, unique_rows, write_json
from evolvemcts4rl.output.run_files import PROBLEMS, REOPENED, SETTINGS
from evolvemcts4rl.output.run_identity import (
    Identity,
    Known,
    SeedRows,
    asked_for,
    read_known,
    read_settings,
)
from evolvemcts4rl.reasons import Status
from evolvemcts4rl.records import Problem
from evolvemcts4rl.settings import FLAGS, Settings

SEEDS = "seeds"  # the name of a change in the number of rows that are taken
SHOWN = 200  # characters of a value, such as that of --system_prompt, in a message
_SAID = {
    "seed_digest": "the seed file has changed",
    "decontaminate": "the files of --decontaminate have changed",
}


@dataclass(frozen=True)
class RunGrowth:
    """What is asked for beyond what the folder's run was.

    `changes` are the values before and now by the name of the flag; `redone` the statuses of the
    problems that are done again.
    """

    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    redone: frozenset[Status] = frozenset()

    def __bool__(self) -> bool:
        """Return whether anything grows."""
        return bool(self.changes)

    def __str__(self) -> str:
        """Return the changes in words."""
        return ", ".join(
            f"{name if name == SEEDS else '--' + name} from {_shown(before)} to {_shown(now)}"
            for name, (before, now) in self.changes.items()
        )


def run_in(folder: Path) -> Known:
    """Return what a folder's settings.json tells; raise UserError where it is not that of a run."""
    known = read_known(folder / SETTINGS)
    if known is None:
        raise UserError(
            f"The file {folder / SETTINGS} is not the settings file of a run: "
            "give another --output_dir."
        )
    return known


def growth_of_run(folder: Path, identity: Identity, seeds: SeedRows) -> RunGrowth:
    """Return how the run in a folder grows into one with this identity.

    Raises UserError, naming the first thing that differs, where it cannot.
    """
    known = run_in(folder)
    changed = difference(known, identity, seeds)
    if changed:
        raise UserError(
            f"The folder {folder} holds a run with other settings ({changed}): "
            "run it with the same ones, or give another --output_dir, or --overwrite."
        )
    return growth(known, identity, seeds)


def growth(known: Known, identity: Identity, seeds: SeedRows) -> RunGrowth:
    """Return how a run grows into one that does not differ from it otherwise."""
    changes = {
        name: (before, now)
        for name, before, now in _changes(known, identity)
        if name in FLAGS and FLAGS[name].grows
    }
    redone = [grows.redone for name in changes if (grows := FLAGS[name].grows)]
    if known.seed_count is not None and len(seeds) > known.seed_count:
        changes[SEEDS] = (known.seed_count, len(seeds))
    return RunGrowth(changes, frozenset().union(*redone))


def difference(known: Known, identity: Identity, seeds: SeedRows) -> str | None:
    """Return in words the first thing that keeps a run from going on or growing; None without."""
    for name, before, now in _changes(known, identity):
        grows = FLAGS[name].grows if name in FLAGS else None
        if grows and grows.allows(before, now):
            continue
        return _said(name, before, now)
    if known.seed_count is None:
        return None
    if len(seeds) < known.seed_count and identity["limit"] is not None:
        before = known.identity["limit"]
        return f"--limit was {_shown(before)} and is now {_shown(identity['limit'])}"
    same = known.identity["seed_digest"] == identity["seed_digest"]
    if same or seeds.digest_of_first(known.seed_count) == known.seed_rows_digest:
        return None
    return _SAID["seed_digest"]


def grow(folder: Path, growth: RunGrowth, settings: Settings, seeds: SeedRows) -> None:
    """Reopen the problems that are done again, then note the growth in settings.json.

    In this order, a life that is cut short at any point leaves what the next one mends.
    """
    if growth.redone:
        done_again = (p for p in _problems(folder) if p.round and p.status in growth.redone)
        rows = chain(read_rows(folder / REOPENED), (_reopened(p).to_json() for p in done_again))
        rewrite(folder / REOPENED, unique_rows(rows))
        kept = (p for p in _problems(folder) if p.status not in growth.redone)
        rewrite(folder / PROBLEMS, (problem.to_json() for problem in kept))
    noted = read_settings(folder)
    grown = [*noted.get("grown", []), growth.changes]
    write_json(folder / SETTINGS, noted | asked_for(settings, seeds) | {"grown": grown})


def note_seed_rows(folder: Path, settings: Settings, seeds: SeedRows) -> None:
    """Note what the seeds' rows hold where a run of an earlier version did not."""
    noted = read_settings(folder)
    if "seed_rows" not in noted:
        rows = asked_for(settings, seeds)["seed_rows"]
        write_json(folder / SETTINGS, noted | {"seed_rows": rows})


def _problems(folder: Path) -> Iterator[Problem]:
    return (Problem.from_json(row) for row in read_rows(folder / PROBLEMS))


def _reopened(problem: Problem) -> Problem:
    """Return an evolved problem as it was accepted, without what its solutions told of it."""
    return Problem(
        problem.question_id,
        problem.question,
        None,
        parent_id=problem.parent_id,
        mutation=problem.mutation,
        round=problem.round,
    )


def _changes(known: Known, identity: Identity) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name and both values of what differs.

    Where the rows that were taken are known, they stand for the seed file and --limit.
    """
    rows_are_known = known.seed_count is not None
    for name in identity | known.identity:
        before, now = known.identity.get(name), identity.get(name)
        if before != now and not (rows_are_known and name in ("seed_digest", "limit")):
            yield name, before, now


def _said(name: str, before: Any, now: Any) -> str:
    """Return in words what differs."""
    if name == "grader" and _function(before) == _function(now):
        return f"the file of --grader {_function(now)} has changed"
    if name == "prompts":
        changed = min(each for each in before | now if before.get(each) != now.get(each))
        return f"the prompt {changed} has changed"
    return _SAID.get(name, f"--{name} was {_shown(before)} and is now {_shown(now)}")


def _function(grader: Any) -> Any:
    return grader["function"] if isinstance(grader, dict) else grader


def _shown(value: Any) -> str:
    value = _function(value) if isinstance(value, dict) and "function" in value else value
    if value is None or value == []:
        return "not given"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
