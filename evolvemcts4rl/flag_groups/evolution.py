"""The flags of new problems."""

from __future__ import annotations

from dataclasses import dataclass

from evolvemcts4rl.flag_groups.declaration import (
    SOLVED,
    Group,
    Growth,
    any_other,
    flag,
    larger,
    switched_off,
)
from evolvemcts4rl.flag_groups.kinds import Switch, Text, Texts, Weights
from evolvemcts4rl.flag_groups.number_kinds import Number, WholeNumber
from evolvemcts4rl.flag_groups.role_kinds import ModelAt
from evolvemcts4rl.reasons import Status

MUTATION_GROUPS = {
    "upward": ("add_constraints", "deepen", "concretize", "increase_reasoning", "complicate"),
    "downward": ("simplify",),
    "breadth": ("switch_topic", "fresh_start"),
}
MUTATIONS = tuple(name for names in MUTATION_GROUPS.values() for name in names)


@dataclass(frozen=True)
class EvolutionSettings(Group):
    """New problems."""

    evolve_rounds: int = flag(1, WholeNumber(0), "rounds of evolution", grows=Growth(larger))
    mutations: tuple[tuple[str, float], ...] = flag(
        tuple((name, 1.0) for name in MUTATIONS),
        Weights(MUTATIONS, MUTATION_GROUPS),
        f"some of {', '.join(MUTATIONS)}, or {', '.join(MUTATION_GROUPS)}, each with a weight if "
        "wanted: deepen,simplify:2",
        shown="all, equally",
        metavar="NAMES",
    )
    language: str | None = flag(
        None, Text(), "language of the new problems", shown="that of the parent"
    )
    decontaminate: tuple[str, ...] = flag(
        (),
        Texts(),
        "files of test problems that no problem may repeat",
        shown="none",
        metavar="FILE",
    )
    agreement: float = flag(
        0.5, Number(0, 1), "share of the votes below which a voted answer is dropped"
    )
    min_p_answer: float | None = flag(
        None,
        Number(0, 1),
        "chance of being right below which a voted answer is dropped",
        shown="0.8 with `--judge_model`, else 0",
        grows=Growth(any_other, SOLVED),
    )
    evolve_model: str | None = flag(
        None,
        ModelAt(),
        "the model that writes the new problems; MODEL@URL where it is on another server",
        shown="that of --model_name",
        metavar="MODEL[@URL]",
    )
    evolve_only: bool = flag(
        False,
        Switch(),
        "stop at problems.jsonl: no search",
        shown="off",
        grows=Growth(switched_off, frozenset({Status.ACCEPTED})),
    )
