"""Make a tiny chat model with random weights: benchmarks/trainers/tiny.py RUN FOLDER.

Its tokenizer is trained on the texts of a run; nothing is fetched. Trainers are tried with it in
seconds, without a GPU. Needs requirements-train.txt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TOKENS = 1000
TURNS = ["<|system|>", "<|user|>", "<|assistant|>"]
END, PAD = "<|end|>", "<|pad|>"
# The marks of generation tell trainers which tokens the assistant says.
TEMPLATE = """\
{%- for message in messages -%}
<|{{ message['role'] }}|>
{%- if message['role'] == 'assistant' -%}
{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}
{%- else -%}
{{ message['content'] }}<|end|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"""


def make_tiny_model(run: Path, folder: Path) -> None:
    """Write a model and a tokenizer that has learned the words of the run's solutions."""
    tokenizer = _tokenizer(list(_texts(run)))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **sizes,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(texts: list[str]) -> Any:
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=TOKENS,
            special_tokens=[PAD, END, *TURNS],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=TURNS,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _texts(run: Path) -> list[str]:
    rows = [json.loads(line) for line in (run / "prm.jsonl").read_text().splitlines()]
    return [text for row in rows for text in (row["prompt"], *row["completions"])]


if __name__ == "__main__":
    make_tiny_model(Path(sys.argv[1]), Path(sys.argv[2]))
