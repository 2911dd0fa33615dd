"""README.md in a run's folder: the card of the data set, as the hub and `datasets` read it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.output.jsonl import atomic_write
from evolvemcts4rl.output.run_files import (
    CARD,
    CARD_MARK,
    PROBLEMS,
    TEST,
    TREES,
    is_our_card,
)
from evolvemcts4rl.settings import FREE_FLAGS, Settings
from evolvemcts4rl.terminal import printable

Facts = Mapping[str, Any]
PACKAGE = "evolvemcts4rl"
ROOT = Path(__file__).parents[2]
PROJECT = "EvolveMCTS4RL"
# By the least number of rows, as the hub names sizes.
_SIZES = {1_000_000: "1M<n<10M", 100_000: "100K<n<1M", 10_000: "10K<n<100K", 1_000: "1K<n<10K"}
# Flags that may change when a run goes on are not told, but for those that choose the rows; and
# none that may name a file or a server.
_CHOOSING = {"min_p_correct", "per_problem", "balance", "learnable", "step_tag", "test_share"}
_PLACES = {"decontaminate", "judge_model", "evolve_model", "extra_body", "prompts", "grader"}
_NOT_TOLD = (FREE_FLAGS | _PLACES | {"system_prompt"}) - _CHOOSING - {"keep"}
_KINDS = {
    "problems": "every problem with what became of it",
    "tree": "all solutions of a problem as a tree of steps",
    "steps": "the tree as a list of labelled steps",
    "prm": "solutions with a label for each step",
    "sft": "right solutions as chats",
    "dpo": "pairs of a right and a wrong solution as chats",
    "dpo_text": "the same pairs as texts",
    "openai_dpo": "the same pairs in OpenAI's form",
    "math_shepherd": "labelled steps in Math-Shepherd's form",
    "prm_chat": "labelled steps as a conversation",
    "critic": "solutions in, their first wrong step out, as chats",
    "step_dpo": "pairs of a right and a wrong step after the same prefix",
    "orm": "solutions with the verdict on their answer",
    "processbench": "whole solutions with the index of their first error",
    "seed_tree": "the tree as the first EvolveMCTS4RL wrote it",
    "seed_flat": "the same as a list of prefixes",
    "rlvr": "problems with answers that can be checked",
}
_LIMITS = """\
- No person has checked the labels. `p_correct` says how sure each is; the training files hold
  only what is at least as sure as `min_p_correct` below.
- An error that a solution mends without saying so can go unseen, and what the model always gets
  wrong in the same way looks right.
- Answers of evolved problems were voted by the model's own solutions.
- The problems keep the licence and the faults of the seeds."""


def write_card(folder: Path, summary: Facts, settings: Settings) -> None:
    """Write the card of a run's folder, unless a person has written one there."""
    path = folder / CARD
    if path.exists() and not is_our_card(path):
        return
    with atomic_write(path) as file:
        digests = {name: _digest(folder, name) for name in _counts(summary)}
        file.write(card(folder.resolve().name, summary, settings, digests).encode())


def card(name: str, summary: Facts, settings: Settings, digests: Mapping[str, str]) -> str:
    """Return the text of the card of a run with this name, summary.json and settings.

    `digests` tell what each file holds.
    """
    counts = _counts(summary)
    parts = [
        "---",
        *_yaml(name, counts, settings.exports.licence, digests),
        "---",
        CARD_MARK,
        "",
        f"# {_plain(name)}",
        "",
        *_made_by(summary, settings),
        "",
        "| config | rows | held out | left out | what a row is |",
        "|---|---|---|---|---|",
        *(_table_row(each, *numbers) for each, numbers in counts.items()),
        "",
        f'`datasets.load_dataset(NAME, "{_default(counts)}")` reads one of them, from the hub or, '
        "with the path of this folder as NAME, from here.",
        "",
        "## Known limits",
        "",
        _LIMITS,
        "",
        "## Flags",
        "",
        "```",
        *_told_flags(settings),
        "```",
    ]
    return "\n".join(parts) + "\n"


def _counts(summary: Facts) -> dict[str, tuple[int, int, dict[str, int]]]:
    """Return, for each file with rows: rows, rows that are held out, and what is left out."""
    files = summary.get("files", {})
    counts = {
        name: (each["rows"], each["test_rows"], each["left_out"])
        for name in FORMATS
        if (each := files.get(name)) and each["rows"] + each["test_rows"]
    }
    whole = {"tree": summary.get("trees", 0), "problems": sum(summary["problems"].values())}
    return counts | {name: (rows, 0, {}) for name, rows in whole.items() if rows}


def _yaml(
    name: str, counts: Facts, licence: str | None, digests: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of the card's head; texts stand as JSON, which YAML reads."""
    yield f"pretty_name: {json.dumps(_plain(name))}"
    if licence:
        yield f"license: {json.dumps(licence)}"
    most = max((rows + held_out for rows, held_out, _ in counts.values()), default=0)
    yield "size_categories:"
    size = next((size for least, size in _SIZES.items() if most >= least), "n<1K")
    yield f"- {size}"
    yield "task_categories:"
    yield "- text-generation"
    yield "tags:"
    yield from (f"- {tag}" for tag in ("math", "process-reward-model", "synthetic", PACKAGE))
    if "rlvr" in counts:
        from evolvemcts4rl.output.parquet_file import SCHEMA, hub_features

        yield from ("dataset_info:", "- config_name: rlvr", "  features:")
        yield from hub_features(SCHEMA, "  ")
    yield "configs:"
    for each, (rows, held_out, _) in counts.items():
        yield f"- config_name: {each}"
        if each == _default(counts):
            yield "  default: true"
        # `datasets` keeps rows under a hash of this head, not of the files: without a digest here
        # it would go on giving what they held before.
        yield f"  description: content {digests[each]}"
        yield "  data_files:"
        whole = _file_of(each)
        if rows:
            yield from ("  - split: train", f"    path: {whole}")
        if held_out:
            yield from ("  - split: test", f"    path: {each}{TEST}.jsonl")


def _file_of(name: str) -> str:
    return {"tree": TREES, "problems": PROBLEMS}.get(name, f"{name}.jsonl")


def _digest(folder: Path, name: str) -> str:
    """Return a short digest of what a config's files hold."""
    digest = hashlib.blake2b(digest_size=8)
    for path in (folder / _file_of(name), folder / f"{name}{TEST}.jsonl"):
        if path.is_file():
            with path.open("rb") as file:
                while some := file.read(2**20):
                    digest.update(some)
        digest.update(b"\0")  # between the two, so that no row can move from one to the other
    return digest.hexdigest()


def _default(counts: Facts) -> str:
    """Return the file that is read where none is named."""
    return next((name for name in ("prm", *counts) if name in counts), "problems")


def _made_by(summary: Facts, settings: Settings) -> Iterator[str]:
    # A judge may be named with its address, as MODEL@URL.
    judges = [_plain(judge.partition("@http")[0]) for judge in settings.search.judge_model]
    model, estimator = _plain(settings.model.model_name), settings.search.estimator
    yield (
        f"Made with {PROJECT} {_version()} by `{model}`: solutions were searched for their first "
        f"wrong step, with the estimator `{estimator}`."
    )
    if judges:
        yield f"Second opinions by {', '.join(f'`{judge}`' for judge in judges)}."
    yield (
        f"{summary['completions']:,} completions, {summary['prompt_tokens']:,} tokens in and "
        f"{summary['completion_tokens']:,} out"
        + ("." if summary.get("complete") else "; the run is not complete.")
    )


def _version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:  # a checkout that was not installed
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["version"])


def _table_row(name: str, rows: int, held_out: int, left_out: Mapping[str, int]) -> str:
    why = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "–"
    return f"| `{name}` | {rows} | {held_out} | {why} | {_KINDS[name]} |"


def _told_flags(settings: Settings) -> Iterator[str]:
    for name, value in settings.by_flag().items():
        if name not in _NOT_TOLD:
            # No text in a value may end the block.
            yield f"{name}: {json.dumps(value)}".replace("`", "\\u0060")


def _plain(value: Any) -> str:
    """Return a text of somebody's as one that means nothing in Markdown or HTML."""
    return "".join(sign for sign in printable(str(value)) if sign not in "`<>[]|*")
