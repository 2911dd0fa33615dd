"""verl's own datasets on files of a run, and the reward that it chooses for them."""

from __future__ import annotations

from importlib.metadata import version

from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.utils.reward_score import default_compute_score

from benchmarks.trainers.outcome import Check, Found, Setting, matches, report


def rlvr(setting: Setting) -> Found:
    """Check that prompts and answers arrive, and that the reward knows each answer."""
    config = OmegaConf.create({"max_prompt_length": 8192, "filter_overlong_prompts_workers": 1})
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    dataset = RLHFDataset(str(setting.run / "rlvr.parquet"), tokenizer, config)
    found = [dataset[i] for i in range(len(dataset))]
    rows = setting.rows("rlvr")
    equal = matches(
        [(row["raw_prompt"], row["reward_model"], row["extra_info"]) for row in found],
        [(row["prompt"], row["reward_model"], row["extra_info"]) for row in rows],
    )
    rewarded = sum(
        [_score(row, row["solution"]), _score(row, "\\boxed{-123457}")] == [1.0, 0.0]
        for row in found
    )
    return Found(len(rows), len(found), min(equal, rewarded))


def _score(row: dict[str, dict[str, str]], solution: str) -> float:
    truth = row["reward_model"]["ground_truth"]
    return float(default_compute_score(row["data_source"], solution, truth, row["extra_info"]))


def sft(setting: Setting) -> Found:
    """Check whether the trainer of chats takes JSON Lines."""
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    config = OmegaConf.create({"max_length": 8192})
    dataset = MultiTurnSFTDataset(str(setting.run / "sft.jsonl"), tokenizer, config)
    return Found(len(setting.rows("sft")), len(dataset))


if __name__ == "__main__":
    report(
        f"verl {version('verl')}",
        [
            Check("rlvr", "RLHFDataset on rlvr.parquet, its reward", rlvr),
            Check("sft", "MultiTurnSFTDataset", sft),
        ],
    )
