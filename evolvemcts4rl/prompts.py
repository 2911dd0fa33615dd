"""Read the prompts, those of --prompts before our own, fill them and make chat messages of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.evolution import MUTATIONS
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.records import Message

# In the wheel the prompts are beside this file, in a checkout at its root.
_INSTALLED = Path(__file__).with_name("prompts")
PROMPTS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1] / "prompts"
EMBEDDED_FOLDER = "smollm2"  # the embedded model's own prompts, below PROMPTS or --prompts
# The slots that each prompt must have. All may have those that are the same in every request.
SLOTS: Mapping[str, frozenset[str]] = {
    **{f"evolve_{mutation}": frozenset({"question"}) for mutation in MUTATIONS},
    "solve_problem": frozenset({"question"}),
    "continue_solution": frozenset(),
    "judge_solution": frozenset({"question", "steps"}),
}
LANGUAGE = "language_rule"  # a slot of the prompts that write new problems
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_ROLE_LINE = re.compile(r"^=== (system|user|assistant)\n", re.MULTILINE)
_FILE_NAME = re.compile(r"\S+\.\w{1,5}|\S*/\S*")


@functools.cache
def read_prompt(name: str, model_name: str, folder: str | None = None) -> str:
    """Return the text of NAME.txt: that of --prompts where it has one, else the package's.

    For the embedded model, a file in the part of its own goes before one of the same folder.
    """
    names = [f"{name}.txt"]
    if model_name == EMBEDDED_MODEL:
        names.insert(0, f"{EMBEDDED_FOLDER}/{name}.txt")
    places = [place / file for place in _folders(folder) for file in names]
    return next(path for path in places if path.is_file()).read_text(encoding="utf-8").strip()


def _folders(folder: str | None) -> list[Path]:
    return [Path(folder), PROMPTS] if folder else [PROMPTS]


def prompt_files(settings: PromptSettings) -> dict[str, Path]:
    """Return every prompt's file by its name below its folder, those of --prompts included."""
    return {
        path.relative_to(place).as_posix(): path
        for place in reversed(_folders(settings.prompts))
        for path in sorted(place.rglob("*.txt"))
    }


def fill_prompt(template: str, **values: str) -> str:
    """Return the template with every {{slot}} replaced; raise KeyError for one without a value.

    All are replaced in one pass, so that braces in the values stay.
    """
    return _SLOT.sub(lambda slot: values[slot[1]], template)


def prompt_messages(
    name: str, model_name: str, told: PromptSettings | None = None, **values: str
) -> list[Message]:
    """Return a prompt as the chat messages of a request, after --system_prompt if there is one.

    A system turn of the prompt's own file gives way to it.
    """
    told = told or PromptSettings()
    return after_system_prompt(prompt_turns(name, model_name, told, **values), told)


def after_system_prompt(turns: list[Message], told: PromptSettings) -> list[Message]:
    """Return the turns of a request after --system_prompt, if there is one."""
    if told.system_prompt is None:
        return turns
    system = {"role": "system", "content": _known_system_prompt(told.system_prompt)}
    return [system, *(turn for turn in turns if turn["role"] != "system")]


def prompt_turns(
    name: str, model_name: str, told: PromptSettings | None = None, **values: str
) -> list[Message]:
    """Return a prompt as turns of a chat.

    A prompt is one turn of the user, or several that begin at lines like `=== assistant`. The turns
    are divided before the slots are filled, so that no value can begin a turn of its own.
    """
    told = told or PromptSettings()
    return [
        {"role": role, "content": fill_prompt(text, domain=told.domain, **values)}
        for role, text in _turns(read_prompt(name, model_name, told.prompts))
    ]


def _turns(text: str) -> list[tuple[str, str]]:
    parts = _ROLE_LINE.split(text)
    if len(parts) == 1:
        return [("user", text)]
    return [(role, turn.strip()) for role, turn in zip(parts[1::2], parts[2::2], strict=True)]


def read_system_prompt(given: str) -> str:
    """Return the text of --system_prompt; raise UserError for a file that is not there."""
    try:
        if Path(given).is_file():
            return _read_text(Path(given), "--system_prompt")
    except (OSError, ValueError):  # too long or too odd for a path: it is the text itself
        return given
    if _FILE_NAME.fullmatch(given):
        raise UserError(
            f"The file {given} of --system_prompt is not there: give a file, or the text itself."
        )
    return given


_known_system_prompt = functools.cache(read_system_prompt)


def check_prompts(settings: PromptSettings, language: str | None) -> None:
    """Raise UserError, naming file and slot, for what is wrong with --prompts or --system_prompt.

    `language` is that of --language, which the prompts of new problems must then take.
    """
    # A process may make several runs, and its user may edit the files between them.
    read_prompt.cache_clear()
    _known_system_prompt.cache_clear()
    if settings.system_prompt is not None:
        read_system_prompt(settings.system_prompt)
    if settings.prompts is None:
        return
    folder = Path(settings.prompts)
    if not folder.is_dir():
        raise UserError(f"The folder {folder} of --prompts is not there.")
    files = list(_files_in(folder))
    if not files:
        raise UserError(
            f"The folder {folder} of --prompts holds no prompt: put a file such as "
            "solve_problem.txt into it."
        )
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path.suffix != ".txt" or name.removeprefix(f"{EMBEDDED_FOLDER}/")[:-4] not in SLOTS:
            raise UserError(
                f"The file {path} of --prompts is the name of no prompt: there are "
                f"{', '.join(f'{known}.txt' for known in SLOTS)}."
            )
        if fault := _fault_in(_read_text(path, "--prompts"), path.stem, language):
            raise UserError(f"The prompt {path} {fault}.")


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but for hidden ones."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        ):
            yield path


def _fault_in(text: str, name: str, language: str | None) -> str | None:
    """Return what is wrong with a prompt, as the end of a sentence; None where nothing is."""
    is_evolve = name.startswith("evolve_")
    wanted = SLOTS[name] | ({LANGUAGE} if is_evolve and language else set())
    allowed = wanted | {"domain"} | ({LANGUAGE} if is_evolve else set())
    slots = set(_SLOT.findall(text))
    if missing := sorted(wanted - slots):
        because = " (which --language fills)" if missing[0] == LANGUAGE else ""
        return f"lacks the slot {{{{{missing[0]}}}}}{because}"
    if unknown := sorted(slots - allowed):
        known = ", ".join(f"{{{{{slot}}}}}" for slot in sorted(allowed))
        return f"has the slot {{{{{unknown[0]}}}}}, which nothing fills: it may have {known}"
    turns = _turns(text)
    if _ROLE_LINE.search(text) and _ROLE_LINE.split(text)[0].strip():
        return "has text before its first line of === user, which would be lost"
    if turns[-1][0] != "user" or not all(turn for _, turn in turns):
        return "must end with a turn of the user, and no turn may be empty"
    return None


def _read_text(path: Path, flag: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"The file {path} of {flag} cannot be read as UTF-8 text.") from None
    if not text:
        raise UserError(f"The file {path} of {flag} is empty.")
    return text
