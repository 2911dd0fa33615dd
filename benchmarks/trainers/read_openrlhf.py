"""OpenRLHF's own datasets on files of a run, told what docs/training.md tells."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from openrlhf.datasets import PromptDataset, RewardDataset, SFTDataset
from openrlhf.datasets.utils import blending_datasets
from openrlhf.utils import extract_boxed_answer, grade_answer
from transformers import AutoTokenizer

from benchmarks.trainers.outcome import END, Check, Found, Setting, matches, report, said_by

LONGEST = 8192


def _read(setting: Setting, name: str, **flags: Any) -> tuple[Any, Any, Any]:
    """Return the rows as OpenRLHF loads them, the tokenizer, and what holds the flags."""
    strategy = SimpleNamespace(
        args=SimpleNamespace(data=SimpleNamespace(apply_chat_template=True, **flags), use_ms=False),
        print=lambda *_: None,
        is_rank_0=lambda: False,
    )
    data = blending_datasets(str(setting.run / f"{name}.jsonl"), None, strategy)
    return data, AutoTokenizer.from_pretrained(setting.model), strategy


def prompts(setting: Setting) -> Found:
    """Check that each problem arrives with its answer, and that their own grader knows it."""
    data, tokenizer, strategy = _read(setting, "rlvr", input_key="prompt", label_key="solution")
    dataset = PromptDataset(data, tokenizer, strategy)
    rows = setting.rows("rlvr")
    found = [(prompt, label) for _, prompt, label, _ in (dataset[i] for i in range(len(dataset)))]
    meant = [
        (f"<|user|>{row['prompt'][0]['content']}{END}<|assistant|>", row["solution"])
        for row in rows
    ]
    graded = sum(_is_graded(row) for row in rows)
    return Found(len(rows), len(dataset), min(matches(found, meant), graded))


def _is_graded(row: Any) -> bool:
    answer = extract_boxed_answer(row["solution"])
    truth = row["reward_model"]["ground_truth"]
    return bool(grade_answer(answer, truth)) and not grade_answer("-123457", truth)


def chats(name: str) -> Callable[[Setting], Found]:
    """Return the check that the loss is on what the assistant says."""

    def check(setting: Setting) -> Found:
        data, tokenizer, strategy = _read(setting, name, input_key="messages", output_key=None)
        dataset = SFTDataset(data, tokenizer, LONGEST, strategy, num_processors=1, multiturn=True)
        found = []
        for i in range(len(dataset)):
            ids, _, mask = dataset[i]
            # The mask stands at the token before the one that is learned.
            learned = [id for id, on in zip(ids[0][1:], mask[0][:-1], strict=True) if on]
            found.append(tokenizer.decode(learned))
        meant = [
            "".join(f"{t}{END}" for t in said_by(row["messages"])) for row in setting.rows(name)
        ]
        return Found(len(meant), len(found), matches(found, meant))

    return check


def pairs(is_dpo: bool) -> Callable[[Setting], Found]:
    """Return the check that both solutions arrive after the problem, the right one first."""

    def check(setting: Setting) -> Found:
        keys = {"prompt_key": "prompt", "chosen_key": "chosen", "rejected_key": "rejected"}
        data, tokenizer, strategy = _read(setting, "dpo", **keys)
        dataset = RewardDataset(data, tokenizer, LONGEST, strategy, is_dpo=is_dpo, num_processors=1)
        found = []
        for i in range(len(dataset)):
            chosen, _, rejected, _, _ = dataset[i]
            found.append((tokenizer.decode(chosen[0]), tokenizer.decode(rejected[0])))
        meant = [
            tuple(
                f"<|user|>{row['prompt'][0]['content']}{END}<|assistant|>{row[side][0]['content']}{END}"
                for side in ("chosen", "rejected")
            )
            for row in setting.rows("dpo")
        ]
        return Found(len(meant), len(found), matches(found, meant))

    return check


if __name__ == "__main__":
    report(
        f"OpenRLHF {version('openrlhf')}",
        [
            Check("rlvr", "PromptDataset, grade_answer", prompts),
            Check("sft", "SFTDataset, multiturn", chats("sft")),
            Check("prm_chat", "SFTDataset, multiturn", chats("prm_chat")),
            Check("critic", "SFTDataset, multiturn", chats("critic")),
            Check("dpo", "RewardDataset, for DPO", pairs(is_dpo=True)),
            Check("dpo", "RewardDataset, for a reward model", pairs(is_dpo=False)),
        ],
    )
