"""Every setting of a run, with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EMBEDDED_MODEL = "smollm2-135m"


MUTATIONS = (
    "add_constraints",
    "deepen",
    "concretize",
    "increase_reasoning",
    "complicate",
    "simplify",
    "switch_topic",
    "fresh_start",
)


FORMATS = ("steps", "prm", "sft", "dpo", "openai_dpo", "math_shepherd")


@dataclass(frozen=True)
class Settings:
    """Every flag of generate.py, under its own name; the defaults of the flags are the defaults here."""

    seed_file: str
    column_names: tuple[str, ...] = ("problem",)
    answer_column: str = "final_answer"
    output_dir: str | None = None
    limit: int | None = None
    overwrite: bool = False
    # the model
    model_name: str = "gpt-4o"
    base_url: tuple[str, ...] = ()
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 1024
    continuation: str = "auto"
    concurrency: int = 64
    timeout: float = 600.0
    max_retries: int = 5
    token_budget: int | None = None
    prices: tuple[float, float] | None = None
    # new problems
    evolve_rounds: int = 1
    mutations: tuple[tuple[str, float], ...] = tuple((name, 1.0) for name in MUTATIONS)
    language: str | None = None
    decontaminate: tuple[str, ...] = ()
    agreement: float = 0.5
    evolve_only: bool = False
    # the search
    num_solutions: int = 16
    num_branches: int = 4
    max_search: int = 4
    max_branches: int = 40
    confidence: float = 0.95
    min_solve_rate: float | None = None
    max_solve_rate: float | None = None
    estimator: str = "belief"
    judge_model: str | None = None
    step_separator: str | None = None
    random_seed: int = 0
    # the files
    formats: tuple[str, ...] = FORMATS
    keep: str = "all"

    @classmethod
    def of(cls, **flags: Any) -> Settings:
        """Return the settings with these flags, by their names."""
        return cls(**flags)

    @property
    def resume_command(self) -> str:
        """The command that goes on where this run ends."""
        return "the same command without --overwrite" if self.overwrite else "the same command"


# Flags that decide how a run is carried out, not what it makes: they may differ when a run goes on.
FREE_SETTINGS = frozenset(
    {
        "seed_file",  # its content counts, not its path
        "base_url",
        "concurrency",
        "timeout",
        "max_retries",
        "token_budget",
        "prices",
        "overwrite",
        "formats",
        "keep",
        "output_dir",
    }
)


MUTATION_GROUPS = {
    "upward": ("add_constraints", "deepen", "concretize", "increase_reasoning", "complicate"),
    "downward": ("simplify",),
    "breadth": ("switch_topic", "fresh_start"),
}
