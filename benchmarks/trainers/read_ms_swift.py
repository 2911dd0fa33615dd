"""ms-swift's own loader on files of a run, with the columns of docs/training.md."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from swift.dataset import load_dataset

from benchmarks.trainers.outcome import Check, Found, Setting, matches, report

PAIRS = {"prompt": "query", "chosen": "response", "rejected": "rejected_response"}


def _read(setting: Setting, name: str, **told: Any) -> list[Any]:
    data, _ = load_dataset(
        [str(setting.run / f"{name}.jsonl")], shuffle=False, load_from_cache_file=False, **told
    )
    return list(data)


def chats(name: str) -> Callable[[Setting], Found]:
    """Return the check that all turns arrive as they are."""

    def check(setting: Setting) -> Found:
        found = [_turns(row["messages"]) for row in _read(setting, name)]
        meant = [_turns(row["messages"]) for row in setting.rows(name)]
        return Found(len(meant), len(found), matches(found, meant))

    return check


def rlvr(setting: Setting) -> Found:
    """Check that each problem arrives with the answer for the reward."""
    read = _read(setting, "rlvr", columns={"prompt": "messages"}, remove_unused_columns=False)
    found = [(_turns(row["messages"]), row.get("solution")) for row in read]
    meant = [(_turns(row["prompt"]), row["solution"]) for row in setting.rows("rlvr")]
    return Found(len(meant), len(found), matches(found, meant))


def pairs(name: str) -> Callable[[Setting], Found]:
    """Return the check that a right and a wrong solution arrive."""

    def check(setting: Setting) -> Found:
        read = _read(setting, name, columns=PAIRS)
        found = [(row["messages"][-1]["content"], row["rejected_response"]) for row in read]
        meant = [(_text(row["chosen"]), _text(row["rejected"])) for row in setting.rows(name)]
        equal = matches(found, meant)
        return Found(len(meant), len(found), equal, "" if equal else "chats inside of chats")

    return check


def _turns(messages: Any) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in messages]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value[0]["content"])


if __name__ == "__main__":
    report(
        f"ms-swift {version('ms-swift')}",
        [
            Check("rlvr", "columns prompt: messages", rlvr),
            Check("sft", "nothing", chats("sft")),
            Check("prm_chat", "nothing", chats("prm_chat")),
            Check("critic", "nothing", chats("critic")),
            Check("dpo_text", "columns query, response, rejected_response", pairs("dpo_text")),
            Check("dpo", "columns query, response, rejected_response", pairs("dpo")),
        ],
    )
