"""Read the prompts of prompts/, fill them and turn them into chat messages."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.records import Message

# In the wheel the prompts are beside this file, in a checkout at its root.
_INSTALLED = Path(__file__).with_name("prompts")
PROMPTS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1] / "prompts"
_ROLE_LINE = re.compile(r"^=== (system|user|assistant)\n", re.MULTILINE)


@functools.cache
def read_prompt(name: str, model_name: str) -> str:
    """Return the text of prompts/NAME.txt.

    The embedded model has its own in prompts/smollm2/, for some of the names.
    """
    own = PROMPTS / "smollm2" / f"{name}.txt"
    path = own if model_name == EMBEDDED_MODEL and own.exists() else PROMPTS / f"{name}.txt"
    return path.read_text(encoding="utf-8").strip()


def fill_prompt(template: str, **values: str) -> str:
    """Return the template with every {{slot}} replaced; raise KeyError for one without a value.

    All are replaced in one pass, so that braces in the values stay.
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: values[slot[1]], template)


def prompt_messages(name: str, model_name: str, **values: str) -> list[Message]:
    """Return the prompt as chat messages.

    A prompt is one turn of the user, or several that begin at lines like `=== assistant`. The turns
    are divided before the slots are filled, so that no value can begin a turn of its own.
    """
    parts = _ROLE_LINE.split(read_prompt(name, model_name))
    if len(parts) == 1:
        return [{"role": "user", "content": fill_prompt(parts[0], **values)}]
    roles, texts = parts[1::2], parts[2::2]
    return [
        {"role": role, "content": fill_prompt(text.strip(), **values)}
        for role, text in zip(roles, texts, strict=True)
    ]
