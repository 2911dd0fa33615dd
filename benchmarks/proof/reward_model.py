"""A small process reward model, trained from scratch: a GRU over digits, and one over steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.proof.measures import Case, State, best_threshold, first_below
from benchmarks.proof.purchases import Row
from benchmarks.proof.reading import (
    COLUMN_SIZES,
    DIGITS,
    SIDE_SIZES,
    WORDS,
    Ints,
    Library,
    padded,
)

WIDTH = 32  # of what is known of a column, a computation, a step and a solution
BATCH = 64
RATE = 5e-3
CHECKS = 10  # how often it is looked at while it learns
KEPT_BACK = 0.15  # share of the problems whose rows choose the state and the threshold


class RewardModel:
    """Gives for each step of a solution the chance that all steps up to it are right."""

    def __init__(self, library: Library, seed: int) -> None:
        torch.manual_seed(seed)
        self.computations = torch.from_numpy(library.computations())
        parts, words = library.steps()
        self.parts, self.words = torch.from_numpy(parts), torch.from_numpy(words)
        self.net = nn.ModuleDict(
            {
                "columns": nn.ModuleList([nn.Embedding(size, WIDTH) for size in COLUMN_SIZES]),
                "sides": nn.ModuleList([nn.Embedding(size, WIDTH) for size in SIDE_SIZES]),
                "words": nn.Embedding(WORDS + 1, WIDTH, padding_idx=0),
                "fit": nn.Sequential(nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()),
                "over_columns": nn.GRU(WIDTH, WIDTH, batch_first=True),
                "part": nn.Sequential(nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()),
                "step": nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU()),
                "over_steps": nn.GRU(WIDTH, WIDTH, batch_first=True),
                "verdict": nn.Linear(WIDTH, 1),
            }
        )

    def logits(self, steps: Ints) -> torch.Tensor:
        """Return the log-odds of each step: solutions × steps, both filled up with 0."""
        different, place = np.unique(steps, return_inverse=True)
        vectors = self._steps(torch.from_numpy(different))
        rows = vectors[torch.from_numpy(place.reshape(steps.shape))]
        after, _ = self.net["over_steps"](rows)
        return self.net["verdict"](after).squeeze(-1)

    def _steps(self, steps: torch.Tensor) -> torch.Tensor:
        parts = self.parts[steps]
        different, place = torch.unique(parts, return_inverse=True)
        read = self._computations(different)[place] * (parts > 0).unsqueeze(-1)
        said = self.net["words"](self.words[steps]).sum(1)
        return self.net["step"](read.sum(1) + said)

    def _computations(self, which: torch.Tensor) -> torch.Tensor:
        tokens = self.computations[which]
        columns = tokens[:, : len(COLUMN_SIZES) * DIGITS].view(-1, len(COLUMN_SIZES), DIGITS)
        seen = sum(embed(columns[:, k]) for k, embed in enumerate(self.net["columns"]))
        _, last = self.net["over_columns"](self.net["fit"](seen))
        sides = tokens[:, len(COLUMN_SIZES) * DIGITS :]
        beside = sum(embed(sides[:, k]) for k, embed in enumerate(self.net["sides"]))
        return self.net["part"](last[0] + beside)

    def chances(self, solutions: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return for each step the chance that it and all before it are right.

        Rows that end with their first error teach nothing of what follows one; so the chance after
        a step is at most the chance before it.
        """
        found: list[list[float]] = []
        for start in range(0, len(solutions), 512):
            some = solutions[start : start + 512]
            with torch.no_grad():
                logits = self.logits(padded(some, max(map(len, some))))
            values = logits.sigmoid().cummin(1).values.tolist()
            found += [row[: len(each)] for row, each in zip(values, some, strict=True)]
        return found


class Choice:
    """The best state that a model has come through, by its F1 on some cases."""

    def __init__(self, library: Library, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.read = [library.read(case.question, case.steps) for case in cases]
        self.score, self.threshold = -1.0, 0.5
        self.weights: dict[str, torch.Tensor] = {}

    def look(self, model: RewardModel) -> None:
        """Take the model's state if none before was better."""
        threshold, score = best_threshold(self.cases, model.chances(self.read))
        if score >= self.score:
            self.score, self.threshold = score, threshold
            self.weights = copy.deepcopy(model.net.state_dict())


def train(
    rows: Sequence[Row], cases: Sequence[Case], known: Sequence[Case], steps: int, seed: int
) -> tuple[State, State]:
    """Train on rows, and return what is said of the cases in two states.

    The first is chosen, with its threshold, by the labels of rows that are kept back. The second
    is chosen by `known` solutions of further training problems, whose first errors are the true
    ones: somebody would have to annotate them.
    """
    library = Library()
    taught, kept_back = _divide(rows)
    lessons = [(library.read(row.question, row.steps), row.targets) for row in taught]
    asked = [library.read(case.question, case.steps) for case in cases]
    choices = [Choice(library, kept_back), Choice(library, known)]
    model = RewardModel(library, seed)
    optimiser = torch.optim.AdamW(model.net.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for number, (solutions, targets) in enumerate(_batches(lessons, steps, seed), 1):
        loss = _loss(model.logits(solutions), targets)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if number % (steps // CHECKS) == 0:
            for choice in choices:
                choice.look(model)
    states = []
    for choice in choices:
        model.net.load_state_dict(choice.weights)
        states.append(State(model.chances(asked), choice.threshold))
    return states[0], states[1]


def _divide(rows: Sequence[Row]) -> tuple[list[Row], list[Case]]:
    """Return the rows to learn from, and those of the last problems, as cases by their labels."""
    questions = list(dict.fromkeys(row.question for row in rows))
    back = set(questions[-max(1, round(KEPT_BACK * len(questions))) :])
    return [row for row in rows if row.question not in back], [
        Case(row.question, row.steps, first_below(row.targets, 0.5), "", False)
        for row in rows
        if row.question in back
    ]


def _batches(
    taught: Sequence[tuple[list[int], tuple[float, ...]]], steps: int, seed: int
) -> Iterator[tuple[Ints, torch.Tensor]]:
    """Yield so many batches, each row once before any comes again; the target of no step is −1."""
    rng = np.random.default_rng(seed)
    order: list[int] = []
    for _ in range(steps):
        while len(order) < BATCH:
            order += rng.permutation(len(taught)).tolist()
        some = [taught[index] for index in order[:BATCH]]
        del order[:BATCH]
        width = max(len(solution) for solution, _ in some)
        targets = np.full((BATCH, width), -1.0, dtype=np.float32)
        for index, (_, row) in enumerate(some):
            targets[index, : len(row)] = row
        yield padded([solution for solution, _ in some], width), torch.from_numpy(targets)


def _loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross entropy over the steps."""
    there = targets >= 0
    return nn.functional.binary_cross_entropy_with_logits(logits[there], targets[there])
