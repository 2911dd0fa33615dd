"""The flags of what the model is told."""

from __future__ import annotations

from dataclasses import dataclass

from evolvemcts4rl.flag_groups.declaration import Group, flag
from evolvemcts4rl.flag_groups.kinds import Text


@dataclass(frozen=True)
class PromptSettings(Group):
    """The prompts."""

    domain: str = flag("mathematics", Text(), "the field that the prompts name: a problem in …")
    prompts: str | None = flag(
        None,
        Text(),
        "a folder whose files replace the prompts of the same names",
        shown="none",
        metavar="DIR",
    )
    system_prompt: str | None = flag(
        None,
        Text(),
        "the system message of every request: a text, or the file that holds it",
        shown="none",
        metavar="TEXT_OR_FILE",
    )
