"""Take the keys and addresses of this machine out of the environment of every test here."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no variable that leads a client elsewhere or gives it a key."""
    for name in list(os.environ):
        if name.startswith(("OPENAI", "AZURE")):
            monkeypatch.delenv(name)
