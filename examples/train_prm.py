"""Train a process reward model (PRM) on the rows of runs, and measure it on held-out families.

    python generate.py @runs/x/settings.json --record runs/x/recording.jsonl.gz
    python generate.py --export runs/x --test_share 0.1
    python examples/train_prm.py runs/x --model Qwen/Qwen2.5-Math-1.5B --save runs/x-prm

The first command writes the first solutions, which votes need, and the run's files anew; after it
the second holds a tenth of the seeds out, with what evolved from them. Neither asks a model.
`--model tiny` makes a small transformer on the spot, which trains on a CPU within minutes.

The score of a step is the chance of "+" against "-" at its last token: two logits, of a new
classification head (`--head token`), or of these two tokens of the language model in the
conversation of prm_chat.jsonl (`--head chat`). What they learn (`--labels`):

- hard: cross entropy on `labels`.
- soft: cross entropy on `p_correct`.
- counts: the likelihood of `num_correct` among `num_rollouts` under a Beta-Binomial, as BetaPRM
  (arXiv 2605.15529) has it: a step has a chance of success μ and a reliability κ, and its rollouts
  succeed with a chance drawn from Beta(μκ, (1 − μ)κ). Here the two logits are the logarithms of
  (1 − μ)κ and μκ, and their softmax is μ. A step without rollouts has `p_correct`. μ is how often
  the model succeeds from here on, which is low after a right step of a hard problem.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.prm_figures import RECORDING, WAYS, auc, best_threshold, f1, first_solutions
from examples.prm_rows import SIGNS, BadInput, Coded, Coder, Row, fit, read_runs

NOT_READ = -100.0  # the target of tokens that end no step
TINY = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2}
TINY_TEMPLATE = (
    "{% for turn in messages %}<{{ turn.role }}>{{ turn.content }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def make_tiny(head: str, texts: Iterable[str]) -> tuple[Any, Any]:
    """Return a small model with random weights, and a tokenizer of the words of the texts."""
    import tokenizers
    import transformers
    from tokenizers import pre_tokenizers, trainers

    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="<unk>"))
    # A digit is a word, and so is a sign; spaces are none.
    pattern = tokenizers.Regex(r"\n+|\d|[^\W\d]+|[^\w\s]")
    words.pre_tokenizer = pre_tokenizers.Split(pattern, "removed", invert=True)
    special = ["<unk>", "<s>", "<user>", "<assistant>", "<end>", *SIGNS]
    trainer = trainers.WordLevelTrainer(vocab_size=4000, special_tokens=special)
    words.train_from_iterator([*texts, "\n\n"], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", chat_template=TINY_TEMPLATE
    )
    # A sign that the texts hold too is counted twice, so that more numbers are given than words.
    size = max(tokenizer.get_vocab().values()) + 1
    config = transformers.LlamaConfig(
        vocab_size=size, num_attention_heads=4, num_labels=len(SIGNS), **TINY
    )
    if head == "token":
        return transformers.LlamaForTokenClassification(config), tokenizer
    return transformers.LlamaForCausalLM(config), tokenizer


def load(name: str, head: str) -> tuple[Any, Any]:
    """Return a model with this head and its tokenizer."""
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        if head == "token":
            model = transformers.AutoModelForTokenClassification.from_pretrained(
                name, num_labels=len(SIGNS)
            )
        else:
            model = transformers.AutoModelForCausalLM.from_pretrained(name)
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"The model {name} does not load: {told}") from None
    return model.float(), tokenizer


def refuse_unfit(model: Any, coder: Coder) -> None:
    """Raise BadInput where a model sees later steps, or its tokenizer lacks what a head needs."""
    import torch

    # A row ends with its first error: who looks ahead sees where that is.
    tokens = model.eval().get_input_embeddings()(torch.tensor([[1, 2]])).detach().requires_grad_()
    logits = model(inputs_embeds=tokens).logits
    if torch.autograd.grad(logits[0, 0].square().sum(), tokens)[0][0, 1].any():
        raise BadInput("The model looks ahead: take one that reads from left to right.")
    if coder.head == "chat":
        if not coder.tokenizer.chat_template:
            raise BadInput("The model has no chat template: take --head token.")
        ids = [coder.tokenizer(sign, add_special_tokens=False).input_ids for sign in SIGNS]
        if ids[0] == ids[1] or any(len(each) != 1 for each in ids):
            raise BadInput("The tokenizer has no tokens for + and -: take --head token.")


def collate(items: Sequence[Coded]) -> dict[str, Any]:
    """Return a padded batch: tokens, and the targets of each step at its last one."""
    import torch

    longest = max(sum(map(len, pieces)) for pieces, _ in items)
    ids = torch.zeros(len(items), longest, dtype=torch.long)
    mask, targets = torch.zeros_like(ids), torch.full((*ids.shape, len(SIGNS)), NOT_READ)
    for place, (pieces, row) in enumerate(items):
        ends = list(accumulate(map(len, pieces)))
        ids[place, : ends[-1]] = torch.tensor([token for piece in pieces for token in piece])
        mask[place, : ends[-1]] = 1
        targets[place, [end - 1 for end in ends]] = torch.tensor(row.targets, dtype=torch.float)
    return {"input_ids": ids, "attention_mask": mask, "labels": targets}


def step_losses(logits: Any, targets: Any) -> Any:
    """Return the loss of each step from its two logits and what speaks for "-" and "+".

    Chances (they sum to one) have a cross entropy; numbers of rollouts have the Beta-Binomial's
    likelihood but for its binomial coefficient, which the model cannot change.
    """
    import torch

    cross_entropy = -(targets * logits.log_softmax(-1)).sum(-1)
    shape, number = logits.exp(), targets.sum(-1)
    likelihood = (torch.lgamma(shape + targets) - torch.lgamma(shape)).sum(-1)
    whole = shape.sum(-1)
    beta_binomial = torch.lgamma(whole + number) - torch.lgamma(whole) - likelihood
    return torch.where(number > 1.5, beta_binomial, cross_entropy)


def train(model: Any, coder: Coder, rows: Sequence[Coded], flags: argparse.Namespace) -> None:
    """Train the model with the Trainer of transformers: the mean loss of the steps of a batch."""
    import torch
    import transformers

    def loss(outputs: Any, targets: Any, num_items_in_batch: Any = None) -> Any:
        logits, read = coder.outputs(outputs.logits), targets[..., 0] != NOT_READ
        # On the CPU in double precision, which not every device has: large counts need it.
        losses = step_losses(logits[read].cpu().double(), targets[read].cpu().double())
        return losses.mean().float().to(logits.device)

    with tempfile.TemporaryDirectory() as scratch:
        arguments = transformers.TrainingArguments(
            output_dir=scratch,
            num_train_epochs=flags.epochs,
            per_device_train_batch_size=flags.batch_size,
            learning_rate=flags.learning_rate or (1e-3 if flags.model == "tiny" else 1e-5),
            bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
            warmup_steps=20,
            lr_scheduler_type="cosine",
            logging_steps=100,
            save_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            seed=flags.seed,
        )
        transformers.Trainer(
            model, arguments, collate, train_dataset=list(rows), compute_loss_func=loss
        ).train()


def score(
    model: Any, coder: Coder, asked: Sequence[tuple[str, Sequence[str]]], flags: argparse.Namespace
) -> list[list[float]]:
    """Return the chance of "+" at each step of solutions; [] for what does not fit."""
    import torch

    model.eval()
    found: list[list[float]] = [[] for _ in asked]
    coded = [coder.pieces(prompt, steps) for prompt, steps in asked]
    places = [i for i, each in enumerate(coded) if sum(map(len, each)) <= flags.max_length]
    if len(places) < len(asked):
        print(f"{len(asked) - len(places)} of {len(asked)} to be scored are too long: as if wrong")
    for start in range(0, len(places), flags.batch_size):
        some = places[start : start + flags.batch_size]
        blank = [Row("", "", (), (), ((0.0, 0.0),) * len(coded[i])) for i in some]
        batch = collate([(coded[i], row) for i, row in zip(some, blank, strict=True)])
        read = batch.pop("labels")[..., 0] != NOT_READ
        with torch.no_grad():
            logits = model(**{name: each.to(model.device) for name, each in batch.items()}).logits
        chances = coder.outputs(logits).float().softmax(-1)[..., 1].cpu()
        if not chances[read].isfinite().all():
            raise BadInput("The model has diverged: give a smaller --learning_rate.")
        for place, row, ends in zip(some, chances, read, strict=True):
            found[place] = row[ends].tolist()
    return found


def report(
    model: Any, coder: Coder, rows: tuple[list[Row], list[Row]], flags: argparse.Namespace
) -> None:
    """Print how good the model is on the held-out families."""
    chosen_on, test = rows
    scores, known = (
        score(model, coder, [(row.prompt, row.steps) for row in some], flags)
        for some in (test, chosen_on)
    )
    threshold = best_threshold(chosen_on, known)
    both, wrong, right = f1(test, scores, threshold)
    families = [len({row.family for row in some}) for some in (test, chosen_on)]
    print(
        f"held out: {len(test)} rows of {families[0]} families, against the labels of the run\n"
        f"  F1 {both:.3f}: first error found in {wrong:.3f} of the wrong rows, none seen in "
        f"{right:.3f} of the right ones\n"
        f"     (threshold {threshold:.3f}, the best one on {families[1]} families that were "
        "neither trained on nor held out)\n"
        f"  AUC of steps {auc(test, scores):.3f}"
    )
    for run in flags.runs:
        problems = first_solutions(run)
        if not problems:
            print(
                f"  votes: there are no first solutions in {run / RECORDING}; `python generate.py "
                f"@{run / 'settings.json'} --record {run / RECORDING}` writes them (no model); "
                "then give the command with --test_share again"
            )
            continue
        asked = [(each.prompt, each.steps) for problem in problems for each in problem]
        least = iter([min(each, default=0.0) for each in score(model, coder, asked, flags)])
        scored = [[(each, next(least)) for each in problem] for problem in problems]
        print(
            f"  {len(problems)} problems of {run}, {len(asked) / len(problems):.1f} solutions each"
        )
        for name, way in WAYS.items():
            print(f"    {name:<14} {sum(map(way, scored)) / len(scored):.3f}")


def run(flags: argparse.Namespace) -> None:
    """Read, train, save and measure."""
    for folder in flags.runs:
        if not folder.is_dir():
            raise BadInput(f"The folder {folder} is not there: name the folder of a run.")
    rows, *others = read_runs(flags.runs, flags.labels)
    try:
        import transformers
    except ImportError as error:
        raise BadInput(
            f"{error.name} is not installed: `pip install torch transformers accelerate`."
        ) from None
    transformers.set_seed(flags.seed)
    if flags.model == "tiny":
        texts = [text for row in rows for text in (row.prompt, *row.steps)]
        model, tokenizer = make_tiny(flags.head, texts)
    else:
        model, tokenizer = load(flags.model, flags.head)
    coder = Coder(tokenizer, flags.head)
    refuse_unfit(model, coder)
    longest = getattr(model.config, "max_position_embeddings", None) or 4096
    flags.max_length = min(flags.max_length or longest, longest)
    train(model, coder, fit(rows, coder, flags.max_length), flags)
    if flags.save:
        model.save_pretrained(flags.save)
        tokenizer.save_pretrained(flags.save)
    report(model, coder, (others[0], others[1]), flags)


def positive(text: str) -> int:
    """Return a whole number above 0; raise ValueError for everything else."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Read the flags and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Train a PRM on the rows of runs, and measure it on held-out families.",
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs with prm.test.jsonl")
    parser.add_argument("--model", default="tiny", help="tiny, a folder, or a name on the hub")
    parser.add_argument("--labels", choices=("hard", "soft", "counts"), default="hard")
    parser.add_argument("--head", choices=("token", "chat"), default="token")
    parser.add_argument(
        "--max_length", type=positive, help="tokens of a row (default: the model's)"
    )
    parser.add_argument("--epochs", type=positive, default=3)
    parser.add_argument("--batch_size", type=positive, default=16)
    parser.add_argument("--learning_rate", type=float, help="1e-5, and 1e-3 for tiny")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="folder for the trained model")
    flags = parser.parse_args(argv)
    try:
        run(flags)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
