"""PRMTrainer of TRL 1.13.0, the last version that has it, on prm.jsonl."""

from __future__ import annotations

from typing import Any

import trl
from datasets import load_dataset
from transformers import AutoModelForTokenClassification, AutoTokenizer
from trl.experimental.prm import PRMConfig, PRMTrainer

from benchmarks.trainers.outcome import Check, Found, Setting, report

SEPARATOR = "\n\n"


def prm(setting: Setting, **told: Any) -> Found:
    """Train two steps, then compare each label and the text before it with what is meant."""
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    trainer = PRMTrainer(
        model=AutoModelForTokenClassification.from_pretrained(setting.model, num_labels=2),
        args=PRMConfig(
            output_dir=str(setting.work), max_steps=2, per_device_train_batch_size=2, use_cpu=True,
            bf16=False, report_to="none", save_strategy="no", disable_tqdm=True, **told,
        ),
        processing_class=tokenizer,
        train_dataset=load_dataset(str(setting.run), "prm", split="train"),
    )  # fmt: skip
    trainer.train()
    rows, prepared = setting.rows("prm"), list(trainer.train_dataset)
    separator = trainer.args.step_separator
    equal = sum(
        _labels(tokenizer, found) == _meant(row, separator)
        for found, row in zip(prepared, rows, strict=True)
    )
    notes = [_lost(prepared, rows)]
    if separator != SEPARATOR:
        notes.append(f"{separator!r} between steps, where the model wrote {SEPARATOR!r}")
    return Found(len(rows), len(prepared), equal, "; ".join(note for note in notes if note))


def as_default(setting: Setting) -> Found:
    """Check what the trainer makes of the file where it is told nothing."""
    return prm(setting)


def as_told(setting: Setting) -> Found:
    """Check what it makes of the file with the flags of docs/training.md."""
    return prm(setting, max_length=None, step_separator=SEPARATOR)


def _labels(tokenizer: Any, row: Any) -> list[tuple[str, bool]]:
    """Return each label with all the text before it, as the model is shown it."""
    return [
        (tokenizer.decode(row["input_ids"][: place + 1]), bool(label))
        for place, label in enumerate(row["labels"])
        if label != -100
    ]


def _meant(row: Any, separator: str) -> list[tuple[str, bool]]:
    text, meant = row["prompt"], []
    for step, label in zip(row["completions"], row["labels"], strict=True):
        text += step + separator
        meant.append((text, label))
    return meant


def _lost(prepared: list[Any], rows: list[Any]) -> str:
    """Say how many rows came out as all right because their only `false` was cut off."""
    wrong = [found for found, row in zip(prepared, rows, strict=True) if not row["labels"][-1]]
    lost = sum(0 not in found["labels"] for found in wrong)
    return f"{lost} of {len(wrong)} first errors cut off" if lost else ""


if __name__ == "__main__":
    report(
        f"TRL {trl.__version__}",
        [
            Check("prm", 'PRMTrainer, max_length=None, step_separator="\\n\\n"', as_told),
            Check("prm", "PRMTrainer, its defaults", as_default),
        ],
    )
