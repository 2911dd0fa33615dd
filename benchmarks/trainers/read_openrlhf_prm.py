"""The dataset of PRM training in OpenRLHF 0.9.5, the last version that has it."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

from openrlhf.datasets import ProcessRewardDataset
from transformers import AutoTokenizer

from benchmarks.trainers.outcome import Check, Found, Setting, matches, report

LONGEST = 8192
TAG = "ки"


def steps(setting: Setting) -> Found:
    """Check that the signs arrive at the tags, with the text before each of them."""
    tokenizer = AutoTokenizer.from_pretrained(setting.model)
    tokenizer.add_tokens([TAG, "+", "-"])  # each has to be one token
    flags = {"input_key": "input", "label_key": "value", "placeholder_token": TAG}
    strategy = SimpleNamespace(args=SimpleNamespace(**flags, reward_tokens=["+", "-"]))
    rows = setting.rows("math_shepherd")
    columns = {name: [row[name] for row in rows] for name in ("input", "value")}
    dataset = ProcessRewardDataset(columns, tokenizer, LONGEST, strategy)
    found = []
    for i in range(len(dataset)):
        ids, _, labels = (tensor[0].tolist() for tensor in dataset[i])
        places = [place for place, label in enumerate(labels) if label >= 0]
        found.append(
            [(tokenizer.decode(ids[:place]), tokenizer.decode([labels[place]])) for place in places]
        )
    meant = []
    for row in rows:
        parts = row["input"].split(TAG)[:-1]
        before = [TAG.join(parts[: number + 1]) for number in range(len(parts))]
        meant.append([*zip(before, row["value"], strict=True)])
    return Found(len(rows), len(found), matches(found, meant))


if __name__ == "__main__":
    told = "ProcessRewardDataset, label_key value, placeholder_token ки"
    report(f"OpenRLHF {version('openrlhf')}", [Check("math_shepherd", told, steps)])
