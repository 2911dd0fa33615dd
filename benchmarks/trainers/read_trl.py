"""TRL's trainers, each constructed and trained for two steps on files of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trl
from datasets import load_dataset
from transformers import AutoTokenizer
from trl.rewards import accuracy_reward

from benchmarks.trainers.outcome import END, Check, Found, Setting, matches, report, said_by

_PREFIX = "the steps before are not in the prompt: to be joined to it"


def _arguments(setting: Setting, **more: Any) -> dict[str, Any]:
    """Return what every trainer is told: two steps on a CPU, nothing cut, nothing sent."""
    return {
        "output_dir": str(setting.work),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        **more,
    }


def _data(setting: Setting, name: str) -> Any:
    """Return a file as the card of the run's folder offers it."""
    return load_dataset(str(setting.run), name, split="train")


def _decoder(setting: Setting) -> Callable[[Any], str]:
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    return lambda ids: str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))


def _trained(trainer: Any) -> Any:
    """Train, and return the rows as the trainer has prepared them."""
    trainer.train()
    return trainer.train_dataset


def sft(name: str) -> Callable[[Setting], Found]:
    """Return the check that the loss is on what the assistant says, and on nothing else."""

    def check(setting: Setting) -> Found:
        config = trl.SFTConfig(**_arguments(setting, assistant_only_loss=True, max_length=None))
        data = _data(setting, name)
        prepared = _trained(trl.SFTTrainer(str(setting.model), args=config, train_dataset=data))
        decode = _decoder(setting)
        learned = [decode([id for id in row["labels"] if id >= 0]) for row in prepared]
        meant = [
            "".join(f"{t}{END}" for t in said_by(row["messages"])) for row in setting.rows(name)
        ]
        return Found(len(meant), len(learned), matches(learned, meant))

    return check


def dpo(name: str, prompt: Callable[[Any], str]) -> Callable[[Setting], Found]:
    """Return the check that both texts arrive after the prompt, which `prompt` gives as meant."""

    def check(setting: Setting) -> Found:
        config = trl.DPOConfig(**_arguments(setting, max_length=None))
        data = _data(setting, name)
        prepared = _trained(trl.DPOTrainer(str(setting.model), args=config, train_dataset=data))
        decode = _decoder(setting)
        columns = ("prompt_ids", "chosen_ids", "rejected_ids")
        learned = [tuple(decode(row[column]) for column in columns) for row in prepared]
        meant = [
            (prompt(row), _text(row["chosen"]) + END, _text(row["rejected"]) + END)
            for row in setting.rows(name)
        ]
        equal = matches(learned, meant)
        return Found(len(meant), len(learned), equal, "" if equal else _PREFIX)

    return check


def reward(setting: Setting) -> Found:
    """Check that the reward trainer compares the right solution with the wrong one."""
    config = trl.RewardConfig(**_arguments(setting, max_length=None))
    data = _data(setting, "dpo")
    prepared = _trained(trl.RewardTrainer(str(setting.model), args=config, train_dataset=data))
    decode = _decoder(setting)
    learned = [(decode(row["chosen_ids"]), decode(row["rejected_ids"])) for row in prepared]
    meant = [
        tuple(f"{_asked(row)}{_text(row[side])}{END}" for side in ("chosen", "rejected"))
        for row in setting.rows("dpo")
    ]
    return Found(len(meant), len(learned), matches(learned, meant))


def kto(setting: Setting) -> Found:
    """Check that each solution arrives with its verdict."""
    config = trl.KTOConfig(**_arguments(setting, max_length=None))
    data = _data(setting, "orm")
    prepared = _trained(trl.KTOTrainer(str(setting.model), args=config, train_dataset=data))
    decode = _decoder(setting)
    learned = [(decode(row["completion_ids"]), bool(row["label"])) for row in prepared]
    meant = [(_text(row["completion"]) + END, row["label"]) for row in setting.rows("orm")]
    return Found(len(meant), len(learned), matches(learned, meant))


def grpo(name: str) -> Callable[[Setting], Found]:
    """Return the check that its answer comes with each problem and that the reward knows it."""

    def check(setting: Setting) -> Found:
        given: list[tuple[str, str]] = []

        def recorder(prompts: Any, solution: Any, **_: Any) -> list[float]:
            given.extend(zip([_text(prompt) for prompt in prompts], solution, strict=True))
            return [0.0] * len(prompts)

        data = _data(setting, name)
        config = trl.GRPOConfig(
            **_arguments(setting, num_generations=2, max_completion_length=8, max_steps=len(data))
        )
        trainer = trl.GRPOTrainer(
            str(setting.model), [accuracy_reward, recorder], args=config, train_dataset=data
        )
        trainer.train()
        rows = setting.rows(name)
        meant = {(_text(row["prompt"]), row["solution"]) for row in rows}
        right = sum((_text(row["prompt"]), row["solution"]) in given for row in rows)
        rewarded = sum(_is_rewarded(row["solution"]) for row in rows)
        return Found(len(meant), len(meant & set(given)), min(right, rewarded))

    return check


def _is_rewarded(solution: str) -> bool:
    """Return whether the reward tells this answer from another one."""
    replies = [[{"role": "assistant", "content": text}] for text in (solution, "\\boxed{-123457}")]
    return list(accuracy_reward(replies, [solution] * 2)) == [1.0, 0.0]


def _text(chat: Any) -> str:
    return chat if isinstance(chat, str) else str(chat[-1]["content"])


def _asked(row: Any) -> str:
    return f"<|user|>{_text(row['prompt'])}{END}<|assistant|>"


if __name__ == "__main__":
    report(
        f"TRL {trl.__version__}",
        [
            Check("sft", "SFTTrainer, assistant_only_loss", sft("sft")),
            Check("prm_chat", "SFTTrainer, assistant_only_loss", sft("prm_chat")),
            Check("critic", "SFTTrainer, assistant_only_loss", sft("critic")),
            Check("dpo", "DPOTrainer", dpo("dpo", _asked)),
            Check("dpo_text", "DPOTrainer", dpo("dpo_text", lambda row: row["prompt"])),
            Check(
                "step_dpo",
                "DPOTrainer",
                dpo("step_dpo", lambda row: f"{row['prompt']}\n\n{row['initial_reason_steps']}"),
            ),
            Check("dpo", "RewardTrainer", reward),
            Check("orm", "KTOTrainer", kto),
            Check("rlvr", "GRPOTrainer, accuracy_reward", grpo("rlvr")),
            Check("problems", "GRPOTrainer, accuracy_reward", grpo("problems")),
        ],
    )
