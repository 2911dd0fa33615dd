"""Send a run's files to the hub, as a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.output.run_files import CARD, PROBLEMS, REPORT, SUMMARY, TRAINING_FILES, TREES
from evolvemcts4rl.settings import Settings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")
# Not settings.json, which names files and servers, and not the journal.
SENT = (CARD, PROBLEMS, TREES, *TRAINING_FILES, SUMMARY, REPORT)


def refuse_to_push(settings: Settings) -> None:
    """Raise UserError where --push_to_hub cannot come to anything, before anything is made.

    It cannot without a name that the hub takes and a key that it knows.
    """
    name = settings.exports.push_to_hub
    if name is None:
        return
    hub = _hub()
    _said_by_hub(name, hub.whoami)
    _said_by_hub(name, lambda: hub.repo_exists(name, repo_type="dataset"))


def push(settings: Settings, folder: Path) -> str:
    """Send the files of a run's folder to the data set of --push_to_hub and return its address.

    The data set is made where there is none yet. Raises UserError; the files here stay.
    """
    name = str(settings.exports.push_to_hub)
    hub = _hub()
    private = settings.exports.private

    def send() -> str:
        made = hub.create_repo(name, repo_type="dataset", private=private or None, exist_ok=True)
        hub.upload_folder(
            repo_id=name,
            folder_path=folder,
            repo_type="dataset",
            allow_patterns=list(SENT),
            commit_message="Files of a run of EvolveMCTS4RL",
        )
        return str(made.url)

    return _said_by_hub(name, send)


def _hub() -> HfApi:
    """Return the hub that HF_ENDPOINT names, by itself huggingface.co."""
    from huggingface_hub import HfApi

    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"))


def _said_by_hub(name: str, ask: Callable[[], T]) -> T:
    """Return what the hub is asked for; raise UserError where it does not give it."""
    import httpx2
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalTokenNotFoundError,
    )

    try:
        return ask()
    except HFValidationError as error:
        raise UserError(f"--push_to_hub {name}: the hub takes no such name: {error}") from None
    except LocalTokenNotFoundError:
        raise UserError(
            f"--push_to_hub {name} needs a key of the hub: set HF_TOKEN, or run `hf auth login`."
        ) from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise UserError(
            f"The hub refuses --push_to_hub {name} with status {status}: look whether HF_TOKEN may "
            "write there.",
            resumable=True,
        ) from None
    except (httpx2.HTTPError, ConnectionError) as error:
        raise UserError(
            f"The hub cannot be reached for --push_to_hub {name} ({type(error).__name__}): leave "
            "the flag out, or try again later.",
            resumable=True,
        ) from None
