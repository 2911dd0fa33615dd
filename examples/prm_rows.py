"""What train_prm.py reads: the rows of prm.jsonl, their targets, and their tokens.

Nothing here needs torch.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

COLUMNS = ("completions", "labels", "p_correct", "num_correct", "num_rollouts")
SIGNS = ("-", "+")  # in the order of the two logits
Coded = tuple[list[list[int]], "Row"]  # the tokens of each step of a row


class BadInput(Exception):
    """Something that the user can mend, in one sentence."""


@dataclass(frozen=True)
class Row:
    """A row of prm.jsonl. Only its last step can be wrong: that is the first error."""

    family: str
    prompt: str
    steps: tuple[str, ...]
    labels: tuple[bool, ...]
    targets: tuple[tuple[float, float], ...]  # of each step: how much speaks for "-" and for "+"

    @property
    def first_error(self) -> int:
        """Return the index of the wrong step; -1 where all are right."""
        return -1 if self.labels[-1] else len(self.labels) - 1


def family_of(question_id: str) -> str:
    """Return the seed from which a problem evolved: `000004` for `000004-r1`."""
    seed, mark, number = question_id.rpartition("-r")
    return seed if mark and number.isascii() and number.isdigit() else question_id


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file; none where it is not there."""
    if not path.is_file():
        return
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise BadInput(f"Line {number} of {path} is no JSON object: make the file anew.")
            yield row


def read_rows(path: Path, kind: str) -> list[Row]:
    """Return the rows of a prm.jsonl with targets for `--labels kind`."""
    rows = []
    for number, row in enumerate(read_json_lines(path), 1):
        if not is_prm_row(row):
            raise BadInput(
                f"Line {number} of {path} is no row of a prm.jsonl: make the file anew with "
                f"`python generate.py --export {path.parent}`."
            )
        columns = zip(*(row[name] for name in COLUMNS[1:]), strict=True)
        rows.append(
            Row(
                family_of(row["question_id"]),
                row["prompt"],
                tuple(row["completions"]),
                tuple(row["labels"]),
                tuple(target_of(kind, *values) for values in columns),
            )
        )
    return rows


def is_prm_row(row: dict[str, Any]) -> bool:
    """Return whether a row has what every row of prm.jsonl has, and no error but the last step."""
    texts = [row.get("question_id"), row.get("prompt")]
    columns = [row.get(name) for name in COLUMNS]
    if not all(isinstance(column, list) and column for column in columns):
        return False
    if len({len(row[name]) for name in COLUMNS}) != 1 or not all(row["labels"][:-1]):
        return False
    values = zip(*(row[name] for name in COLUMNS[1:]), strict=True)
    return all(isinstance(text, str) for text in (*texts, *row["completions"])) and all(
        is_labelled(*each) for each in values
    )


def is_labelled(right: Any, p_correct: Any, num_correct: Any, num_rollouts: Any) -> bool:
    """Return whether the values of a step are a label, a chance or None, and two counts."""
    chance = p_correct is None or (isinstance(p_correct, int | float) and 0 <= p_correct <= 1)
    counts = isinstance(num_correct, int) and isinstance(num_rollouts, int)
    return isinstance(right, bool) and chance and counts and 0 <= num_correct <= num_rollouts


def target_of(
    kind: str, right: bool, p_correct: float | None, num_correct: int, num_rollouts: int
) -> tuple[float, float]:
    """Return how much speaks for "-" and "+": numbers of rollouts, or else two chances."""
    if kind == "counts" and num_rollouts:
        return num_rollouts - num_correct, num_correct
    chance = float(right) if kind == "hard" or p_correct is None else p_correct
    return 1 - chance, chance


def read_runs(runs: Sequence[Path], kind: str) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows to train on, those to choose the threshold on, and the held-out ones.

    The second are those of every tenth family that is not held out. No problem is in two of them.
    """
    known, test = [], []
    for run in runs:
        rows, held_out = (read_rows(run / f"prm{end}.jsonl", kind) for end in ("", ".test"))
        if not rows:
            raise BadInput(f"The folder {run} has no rows in prm.jsonl: name a run with labels.")
        if not held_out:
            raise BadInput(
                f"The run in {run} holds no rows out: make prm.test.jsonl with `python generate.py "
                f"--export {run} --test_share 0.05`, or with a larger share where it stays empty."
            )
        known += rows
        test += held_out
    prompts = {row.prompt for row in test}
    others = [row for row in known if row.prompt not in prompts]
    if len(others) < len(known):
        print(f"left out: {len(known) - len(others)} rows of problems that another run holds out")
    set_aside = set(sorted({row.family for row in others})[::10])
    train = [row for row in others if row.family not in set_aside]
    if not train:
        raise BadInput("There are rows of one family alone: name runs with more seeds.")
    return train, [row for row in others if row.family in set_aside], test


def whole_steps(labels: Sequence[bool], lengths: Sequence[int], max_length: int) -> int:
    """Return how many steps of a row are kept, given the tokens of each; 0: it is left out.

    A row whose first error does not fit is left out: what remains of it would be all right.
    """
    fitting = sum(end <= max_length for end in accumulate(lengths))
    return fitting if fitting == len(labels) or labels[-1] else 0


@dataclass(frozen=True)
class Coder:
    """Makes tokens of a solution: a piece for each step, at whose last token its score is read."""

    tokenizer: Any
    head: str

    def pieces(self, prompt: str, steps: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each step; those of the problem stand before the first one's."""
        first, *others = steps
        if self.head == "token":
            start = self.tokenizer.bos_token or ""
            texts = [f"{start}{prompt}\n\n{first}\n\n", *(f"{step}\n\n" for step in others)]
        else:
            texts = self._turns([f"{prompt}\n\n{first}", *others])
        return [self.tokenizer(text, add_special_tokens=False).input_ids for text in texts]

    def _turns(self, asked: Sequence[str]) -> list[str]:
        """Return the conversation in pieces that end where a sign is due; each before is "+"."""
        turns: list[dict[str, str]] = []
        texts = [""]
        for text in asked:
            turns.append({"role": "user", "content": text})
            texts.append(
                self.tokenizer.apply_chat_template(
                    turns, tokenize=False, add_generation_prompt=True
                )
            )
            turns.append({"role": "assistant", "content": SIGNS[1]})
        if not all(after.startswith(before + SIGNS[1]) for before, after in pairwise(texts[1:])):
            raise BadInput("The chat template rewrites what was said before: take --head token.")
        return [after[len(before) :] for before, after in pairwise(texts)]

    def outputs(self, logits: Any) -> Any:
        """Return the two logits of the signs, in the order of SIGNS."""
        if self.head == "token":
            return logits
        return logits[
            ..., [self.tokenizer(sign, add_special_tokens=False).input_ids[-1] for sign in SIGNS]
        ]


def fit(rows: Iterable[Row], coder: Coder, max_length: int) -> list[Coded]:
    """Return the rows that fit, with their tokens, and print what became of the others."""
    kept, told = [], Counter[str]()
    for row in rows:
        pieces = coder.pieces(row.prompt, row.steps)
        count = whole_steps(row.labels, [len(piece) for piece in pieces], max_length)
        if count:
            told["cut"] += count < len(row.steps)
            cut = replace(row, labels=row.labels[:count], targets=row.targets[:count])
            kept.append((pieces[:count], cut))
        else:
            told["right" if row.labels[-1] else "wrong"] += 1
    print(
        f"trained on {len(kept)} rows, {told['cut']} of them right ones cut after a whole step; "
        f"left out: {told['wrong']} rows whose first error and {told['right']} whose first step "
        f"lies beyond --max_length {max_length}",
        flush=True,
    )
    if not kept:
        raise BadInput(f"No row fits in {max_length} tokens: give a larger --max_length.")
    return kept
