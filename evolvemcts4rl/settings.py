"""All settings of a run, in groups of flags.

The command line (flags.py), its help, the tables in docs/flags.md and the checks of values are made
from the fields of the groups.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, replace
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.answers import AnswerSettings
from evolvemcts4rl.flag_groups.declaration import Flag, declared_flags
from evolvemcts4rl.flag_groups.evolution import EvolutionSettings
from evolvemcts4rl.flag_groups.exports import ExportSettings
from evolvemcts4rl.flag_groups.files import FileSettings
from evolvemcts4rl.flag_groups.model import ModelSettings
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.flag_groups.role_kinds import is_played, split_model
from evolvemcts4rl.flag_groups.search import SearchSettings


@dataclass(frozen=True)
class Settings:
    """All settings of a run, in groups."""

    files: FileSettings
    model: ModelSettings = field(default_factory=ModelSettings)
    prompts: PromptSettings = field(default_factory=PromptSettings)
    answers: AnswerSettings = field(default_factory=AnswerSettings)
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    exports: ExportSettings = field(default_factory=ExportSettings)

    def __post_init__(self) -> None:
        """Raise UserError where two groups exclude one another."""
        if self.files.keep == "agreed" and not self.search.judge_model:
            raise UserError(
                "--keep agreed keeps what a judge agrees with: name one with --judge_model."
            )
        judges = len(self.search.judge_model)
        for flag, named in self.model.named_roles():
            if not is_played(named, judges):
                raise UserError(
                    f"--{flag} speaks of {named}, which this run has not: "
                    "name it with --judge_model, or leave this out."
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
    def writer_model(self) -> str:
        """Return the name of the model that writes new problems."""
        writer = self.evolution.evolve_model
        return split_model(writer)[0] if writer else self.model.model_name

    @property
    def resume_command(self) -> str:
        """Return the command, in words, that goes on where this run ends."""
        return (
            "the same command without --overwrite" if self.files.overwrite else "the same command"
        )


GROUPS: dict[str, Any] = {
    "files": FileSettings,
    "model": ModelSettings,
    "prompts": PromptSettings,
    "answers": AnswerSettings,
    "evolution": EvolutionSettings,
    "search": SearchSettings,
    "exports": ExportSettings,
}
# The name of each flag's group.
OWNERS = {each.name: name for name, group in GROUPS.items() for each in declared_flags(group)}
FLAGS: dict[str, Flag] = {
    each.name: each.metadata["flag"] for group in GROUPS.values() for each in declared_flags(group)
}
DEFAULTS = {
    each.name: None if each.default is MISSING else each.default
    for group in GROUPS.values()
    for each in declared_flags(group)
}
# Flags that decide how a run is carried out, not what it makes. They may change when a run goes on.
FREE_FLAGS = frozenset(name for name, each in FLAGS.items() if each.free)
