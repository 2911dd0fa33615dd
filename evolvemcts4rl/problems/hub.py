"""Datasets of the Hugging Face hub as seeds: NAME[:CONFIG[:SPLIT]][@REVISION]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import re2

from evolvemcts4rl.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

SPLIT = "train"
_NAME = re2.compile(r"[\w.-]+(?:/[\w.-]+)?")
_PART = re2.compile(r"[\w.+-]+")


@dataclass(frozen=True)
class HubName:
    """Which dataset of the hub: its name, configuration, split and revision."""

    name: str
    config: str | None = None
    split: str = SPLIT
    revision: str | None = None


def read_hub_name(text: str) -> HubName | None:
    """Return what a text such as openai/gsm8k:main:train names; None where it is no such name."""
    rest, at, revision = text.partition("@")
    name, *parts = rest.split(":")
    given = [part for part in (*parts, *([revision] if at else [])) if part or at]
    well_formed = _NAME.fullmatch(name) and len(parts) <= 2 and all(map(_PART.fullmatch, given))
    if not well_formed:
        return None
    config, split = [*parts, "", ""][:2]
    return HubName(name, config or None, split or SPLIT, revision or None)


def load_from_hub(text: str) -> Dataset:
    """Return the rows of a dataset of the hub; raise UserError where it gives none of that name."""
    import datasets

    name = read_hub_name(text)
    if name is None:
        raise UserError(
            f"The seed file {text} is not there, nor is that the name of a dataset of the hub, "
            "NAME:CONFIG:SPLIT@REVISION, such as openai/gsm8k:main:train."
        )
    try:
        return datasets.load_dataset(
            name.name, name.config, split=name.split, revision=name.revision
        )
    except (datasets.exceptions.DatasetsError, ValueError, OSError, RuntimeError) as error:
        raise UserError(
            f"The seed file {text} is not there, nor a dataset that the hub gives: "
            f"{first_line(error)}"
        ) from None


def first_line(error: BaseException) -> str:
    """Return the first line of an error's cause, where it has one, else of the error."""
    error = error.__cause__ or error
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
