"""LLaMA-Factory's own loader on files of a run, with the dataset_info.json of docs/training.md."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

# It asks for older versions of TRL and others than are here, which its reading does not need.
os.environ["DISABLE_VERSION_CHECK"] = "1"
# It is imported for sound alone, and its wheels need CUDA.
sys.modules["torchaudio"] = ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import AutoTokenizer, Seq2SeqTrainingArguments

from benchmarks.trainers.outcome import Check, Found, Setting, matches, report, said_by

DOCS = Path(__file__).resolve().parents[2] / "docs" / "training.md"


def _info(run: Path) -> dict[str, Any]:
    """Return the JSON that the docs tell the user to write, for this run."""
    text = DOCS.read_text(encoding="utf-8").split("## LLaMA-Factory")[1]
    block = text.split("```json")[1].split("```")[0]
    info: dict[str, Any] = json.loads(block.replace("runs/x", str(run)))
    return info


def _read(setting: Setting, stage: str, name: str, entry: dict[str, Any]) -> tuple[Any, Any]:
    """Return the rows that LLaMA-Factory has tokenized, and the tokenizer."""
    setting.work.mkdir(exist_ok=True)
    (setting.work / "dataset_info.json").write_text(json.dumps({name: entry}))
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    data = DataArguments(
        template="default", dataset=name, dataset_dir=str(setting.work), cutoff_len=8192,
        overwrite_cache=True,
    )  # fmt: skip
    data.dataset = [name]
    template = get_template_and_fix_tokenizer(tokenizer, data)
    training = Seq2SeqTrainingArguments(output_dir=str(setting.work), use_cpu=True)
    model = ModelArguments(model_name_or_path=str(setting.model))
    return get_dataset(template, model, data, training, stage, tokenizer)[
        "train_dataset"
    ], tokenizer


def chats(name: str) -> Callable[[Setting], Found]:
    """Return the check that the loss is on what the assistant says."""

    def check(setting: Setting) -> Found:
        entry = _info(setting.run)["sft"] | {"file_name": str(setting.run / f"{name}.jsonl")}
        prepared, tokenizer = _read(setting, "sft", name, entry)
        found = [_said(tokenizer, row["labels"]) for row in prepared]
        meant = [said_by(row["messages"]) for row in setting.rows(name)]
        return Found(len(meant), len(found), matches(found, meant))

    return check


def pairs(name: str, as_told: bool) -> Callable[[Setting], Found]:
    """Return the check that a right and a wrong solution arrive."""

    def check(setting: Setting) -> Found:
        entry = _info(setting.run)["dpo"] | {"file_name": str(setting.run / f"{name}.jsonl")}
        if not as_told:
            entry |= {"formatting": "sharegpt", **_TURNS}
            entry["columns"] = {"messages": "prompt", "chosen": "chosen", "rejected": "rejected"}
        prepared, tokenizer = _read(setting, "rm", name, entry)
        found = [
            tuple(_said(tokenizer, row[f"{side}_labels"])[0] for side in ("chosen", "rejected"))
            for row in prepared
        ]
        meant = [
            tuple(_text(row[side]) for side in ("chosen", "rejected")) for row in setting.rows(name)
        ]
        return Found(len(meant), len(found), matches(found, meant))

    return check


_TURNS = {
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
    }
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value[0]["content"])


def _said(tokenizer: Any, labels: list[int]) -> list[str]:
    """Return the texts that are learned, without the line break that the template adds to each."""
    parts = groupby(labels, lambda label: label >= 0)
    texts = [tokenizer.decode(list(part), skip_special_tokens=True) for on, part in parts if on]
    return [str(text).removesuffix("\n") for text in texts]


if __name__ == "__main__":
    report(
        f"LLaMA-Factory {version('llamafactory')}",
        [
            Check("sft", "the docs' dataset_info.json", chats("sft")),
            Check("prm_chat", "the docs' dataset_info.json", chats("prm_chat")),
            Check("critic", "the docs' dataset_info.json", chats("critic")),
            Check("dpo_text", "the docs' dataset_info.json", pairs("dpo_text", as_told=True)),
            Check("dpo", "formatting sharegpt, ranking", pairs("dpo", as_told=False)),
        ],
    )
