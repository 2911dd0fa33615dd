"""Every setting of a run, declared once, with its default, its kind of value and its meaning.

The command line (flags.py), its help, the tables in docs/flags.md and the checks of values are made
from these fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_kinds import (
    Choice,
    Kind,
    Names,
    Number,
    Prices,
    Separator,
    Switch,
    Text,
    Texts,
    Urls,
    Weights,
    WholeNumber,
)

EMBEDDED_MODEL = "smollm2-135m"
FORMATS = ("steps", "prm", "sft", "dpo", "openai_dpo", "math_shepherd")
MUTATION_GROUPS = {
    "upward": ("add_constraints", "deepen", "concretize", "increase_reasoning", "complicate"),
    "downward": ("simplify",),
    "breadth": ("switch_topic", "fresh_start"),
}
MUTATIONS = tuple(name for names in MUTATION_GROUPS.values() for name in names)


@dataclass(frozen=True)
class Flag:
    """What is declared of one flag.

    `shown` is its default in words. `free` says that a run may go on with another value.
    """

    kind: Kind
    meaning: str
    shown: str | None = None
    free: bool = False
    metavar: str | None = None


def flag(default: Any, kind: Kind, meaning: str, **more: Any) -> Any:
    """Return the dataclass field of a flag; `more` goes to Flag."""
    return field(default=default, metadata={"flag": Flag(kind, meaning, **more)})


class Group:
    """A group of flags whose values are checked when it is made."""

    def __post_init__(self) -> None:
        """Raise UserError for a value that its flag does not take."""
        for each in _flags(self):
            value = getattr(self, each.name)
            if value is None and each.default is None:
                continue
            try:
                each.metadata["flag"].kind.check(value)
            except ValueError as error:
                raise UserError(f"--{each.name}: {error}.") from None


@dataclass(frozen=True)
class FileSettings(Group):
    """Seeds and output."""

    seed_file: str = flag(
        MISSING,
        Text(),
        "JSON, JSON Lines, CSV or Parquet file, or a dataset's name on the hub",
        shown="required",
        free=True,
    )  # free: its content counts, not its path
    column_names: tuple[str, ...] = flag(
        ("problem",),
        Texts(),
        "columns that make up the problem, joined by a blank line",
        shown="`problem`",
    )
    answer_column: str = flag(
        "final_answer",
        Text(),
        "column of the answer: as it is, '#### 42' or \\boxed{42}; without one, a vote decides",
    )
    output_dir: str | None = flag(
        None, Text(), "the run's folder", shown="`runs/<seed file's stem>`", free=True
    )
    limit: int | None = flag(None, WholeNumber(1), "take only the first rows", shown="all rows")
    formats: tuple[str, ...] = flag(
        FORMATS,
        Names(FORMATS),
        f"files to make from the trees: {','.join(FORMATS)}",
        shown="all six",
        free=True,
    )
    keep: str = flag(
        "all",
        Choice(("all", "agreed")),
        "solutions that prm.jsonl keeps: all, or those whose first error the judge names too and "
        "those without one",
        free=True,
    )
    overwrite: bool = flag(
        False,
        Switch(),
        "start anew: delete the run that the folder holds (never a file that no run made)",
        shown="off",
        free=True,
    )


@dataclass(frozen=True)
class ModelSettings(Group):
    """The model."""

    model_name: str = flag(
        "gpt-4o",
        Text(),
        f"the chat model; {EMBEDDED_MODEL} is embedded and needs no key and no server",
    )
    base_url: tuple[str, ...] = flag(
        (),
        Urls(),
        "the endpoint's address; several replicas separated by commas",
        shown="OpenAI's",
        free=True,
        metavar="URL",
    )
    temperature: float = flag(0.7, Number(), "sampling temperature")
    top_p: float = flag(0.95, Number(0, 1, over=True), "nucleus sampling")
    max_tokens: int = flag(1024, WholeNumber(1), "tokens of one completion, at most")
    continuation: str = flag(
        "auto",
        Choice(("auto", "chat", "prefill")),
        "how a prefix is continued: as the assistant's own unfinished message, or asked for in "
        "words",
    )
    concurrency: int = flag(64, WholeNumber(1), "requests in flight, at most", free=True)
    timeout: float = flag(600.0, Number(over=True), "seconds that one request may take", free=True)
    max_retries: int = flag(
        5,
        WholeNumber(0),
        "how often a failed request is tried again before its problem is set down as failed",
        free=True,
    )
    token_budget: int | None = flag(
        None,
        WholeNumber(1),
        "tokens to buy over all lives of the run, at most",
        shown="none",
        free=True,
    )
    prices: tuple[float, float] | None = flag(
        None,
        Prices(),
        "price of a million tokens in and out, to show the cost in money",
        shown="none",
        free=True,
        metavar="IN,OUT",
    )


@dataclass(frozen=True)
class EvolutionSettings(Group):
    """New problems."""

    evolve_rounds: int = flag(1, WholeNumber(0), "rounds of evolution")
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
    evolve_only: bool = flag(False, Switch(), "stop at problems.jsonl: no search", shown="off")


@dataclass(frozen=True)
class SearchSettings(Group):
    """The search."""

    num_solutions: int = flag(16, WholeNumber(1), "first solutions of each problem")
    num_branches: int = flag(
        4, WholeNumber(1), "rollouts asked for each time a prefix is evaluated"
    )
    max_search: int = flag(4, WholeNumber(0), "wrong rollouts searched per problem, at most")
    max_branches: int = flag(
        40,
        WholeNumber(0),
        "rollouts sampled per problem in the search, at most; the first solutions not counted",
    )
    confidence: float = flag(
        0.95, Number(0.5, 1), "how sure a first error must be before its search ends"
    )
    min_solve_rate: float | None = flag(
        None,
        Number(0, 1),
        "search no problem that is solved more seldom (those solved never)",
        shown="none",
    )
    max_solve_rate: float | None = flag(
        None,
        Number(0, 1),
        "search no problem that is solved more often (those solved always)",
        shown="none",
    )
    estimator: str = flag(
        "belief",
        Choice(("belief", "omega", "shepherd")),
        "how a first error is found: our belief, or OmegaPRM's or Math-Shepherd's way",
    )
    judge_model: str | None = flag(
        None,
        Text(),
        "a model of the same endpoint that names the first wrong step of each searched solution",
        shown="none",
    )
    step_separator: str | None = flag(
        None,
        Separator(),
        r"text after which a step ends; \n, \t and \\ stand for a line feed, a tab and a backslash",
        shown="steps are found by the shape of the text",
    )
    random_seed: int = flag(
        0, WholeNumber(), "seed of our own choices: mutations, not the model's sampling"
    )

    def __post_init__(self) -> None:
        """Raise UserError for values that exclude one another too."""
        super().__post_init__()
        least, most = self.min_solve_rate, self.max_solve_rate
        if least is not None and most is not None and least > most:
            raise UserError(
                f"--min_solve_rate {least:g} is over --max_solve_rate {most:g}: "
                "no problem could be searched."
            )


@dataclass(frozen=True)
class Settings:
    """All settings of a run, in four groups."""

    files: FileSettings
    model: ModelSettings = field(default_factory=ModelSettings)
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        """Raise UserError where two groups exclude one another."""
        if self.files.keep == "agreed" and not self.search.judge_model:
            raise UserError(
                "--keep agreed keeps what a judge agrees with: name one with --judge_model."
            )

    @classmethod
    def of(cls, **flags: Any) -> Settings:
        """Return the settings with these flags, by name; raise UserError for one that is wrong."""
        unknown = sorted(set(flags) - FLAGS.keys())
        if unknown:
            raise UserError(f"There is no flag --{unknown[0]}.")
        if "seed_file" not in flags:
            raise UserError("--seed_file is missing: name the file of seed problems.")
        groups = {
            name: kind(**{flag: flags[flag] for flag in flags if OWNERS[flag] == name})
            for name, kind in GROUPS.items()
        }
        return cls(**groups)

    def changed(self, **flags: Any) -> Settings:
        """Return the same settings but for these flags."""
        groups: dict[str, dict[str, Any]] = {}
        for name, value in flags.items():
            groups.setdefault(OWNERS[name], {})[name] = value
        return replace(
            self, **{group: replace(getattr(self, group), **new) for group, new in groups.items()}
        )

    def by_flag(self) -> dict[str, Any]:
        """Return every value by the name of its flag, as settings.json holds them."""
        return {name: getattr(getattr(self, owner), name) for name, owner in OWNERS.items()}

    @property
    def resume_command(self) -> str:
        """The command, in words, that goes on where this run ends."""
        return (
            "the same command without --overwrite" if self.files.overwrite else "the same command"
        )


def _flags(group: Any) -> Iterator[Field[Any]]:
    return (each for each in fields(group) if "flag" in each.metadata)


GROUPS: dict[str, Any] = {
    "files": FileSettings,
    "model": ModelSettings,
    "evolution": EvolutionSettings,
    "search": SearchSettings,
}
# The name of each flag's group.
OWNERS = {each.name: name for name, group in GROUPS.items() for each in _flags(group)}
FLAGS: dict[str, Flag] = {
    each.name: each.metadata["flag"] for group in GROUPS.values() for each in _flags(group)
}
DEFAULTS = {
    each.name: None if each.default is MISSING else each.default
    for group in GROUPS.values()
    for each in _flags(group)
}
# Flags that decide how a run is carried out, not what it makes. They may change when a run goes on.
FREE_FLAGS = frozenset(name for name, each in FLAGS.items() if each.free)
