"""Axolotl's own prompt strategies on files of a run."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from axolotl.prompt_strategies.chat_template import load as load_chats
from axolotl.prompt_strategies.dpo.chat_template import default as load_pairs
from axolotl.prompt_strategies.stepwise_supervised import load as load_steps
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer

from benchmarks.trainers.outcome import END, Check, Found, Setting, matches, report, said_by

LONGEST = 8192


def _config(**dataset: Any) -> tuple[Any, Any]:
    told = DictDefault(dataset)
    config = {"sequence_len": LONGEST, "chat_template": "tokenizer_default", "datasets": [told]}
    return DictDefault(config), told


def chats(name: str) -> Callable[[Setting], Found]:
    """Return the check that the loss is on what the assistant says."""

    def check(setting: Setting) -> Found:
        tokenizer = AutoTokenizer.from_pretrained(setting.model)
        config, told = _config(type="chat_template", path=str(setting.run / f"{name}.jsonl"))
        strategy = load_chats(tokenizer, config, told)
        rows = setting.rows(name)
        found = []
        for row in rows:
            labels = strategy.tokenize_prompt(row)["labels"]
            found.append(tokenizer.decode([id for id in labels if id >= 0]))
        meant = ["".join(f"{t}{END}" for t in said_by(row["messages"])) for row in rows]
        return Found(len(rows), len(found), matches(found, meant))

    return check


def pairs(name: str) -> Callable[[Setting], Found]:
    """Return the check that a right and a wrong solution arrive after the problem."""

    def check(setting: Setting) -> Found:
        tokenizer = AutoTokenizer.from_pretrained(setting.model)
        config, _ = _config(type="chat_template.default", field_messages="prompt")
        change, _ = load_pairs(config)
        rows = setting.rows(name)
        found = [tuple(change(row, tokenizer=tokenizer).values()) for row in rows]
        meant = [
            (
                f"<|user|>{_text(row['prompt'])}{END}<|assistant|>",
                _text(row["chosen"]) + END,
                _text(row["rejected"]) + END,
            )
            for row in rows
        ]
        return Found(len(rows), len(found), matches(found, meant))

    return check


def steps(setting: Setting) -> Found:
    """Check that each label stands at the end of its step."""
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    config, told = _config(type="stepwise_supervised", step_separator="\n\n")
    strategy = load_steps(tokenizer, config, told)
    rows = setting.rows("prm")
    found, meant = [], []
    for row in rows:
        got = strategy.tokenize_prompt(row)
        places = [place for place, label in enumerate(got["labels"]) if label >= 0]
        found.append(
            [
                (tokenizer.decode(got["input_ids"][: place + 1]), bool(got["labels"][place]))
                for place in places
            ]
        )
        text, wanted = row["prompt"], []
        for step, label in zip(row["completions"], row["labels"], strict=True):
            text += f"{step}\n\n"
            wanted.append((text, label))
        meant.append(wanted)
    return Found(len(rows), len(found), matches(found, meant))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value[-1]["content"])


if __name__ == "__main__":
    report(
        f"Axolotl {version('axolotl')}",
        [
            Check("sft", "type: chat_template", chats("sft")),
            Check("prm_chat", "type: chat_template", chats("prm_chat")),
            Check("critic", "type: chat_template", chats("critic")),
            Check("dpo", "type: chat_template.default, field_messages: prompt", pairs("dpo")),
            Check(
                "dpo_text", "type: chat_template.default, field_messages: prompt", pairs("dpo_text")
            ),
            Check("prm", 'type: stepwise_supervised, step_separator: "\\n\\n"', steps),
        ],
    )
