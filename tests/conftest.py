"""Hold each test that starts a process to be marked slow: `./run_tests.sh --fast` leaves it out.

There, hypothesis tries fewer examples. Files with such tests come first: a long one that begins
last would keep one core alone at work.
"""

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.support.fast import FAST, LESS
from tests.support.forked import Starter
from tests.support.run_process import environment

_running: list[pytest.Item] = []


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis try fewer examples where slow tests are left out."""
    settings.register_profile(FAST, max_examples=100 // LESS)
    if config.option.markexpr == "not slow":
        settings.load_profile(FAST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with slow tests first, those with most of them in front."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """Start processes that need not load the program first."""
    with Starter(environment()) as starter:
        yield starter


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember which test runs, its fixtures included."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _refuse_process(event: str, _: tuple[Any, ...]) -> None:
    """Raise where a test starts a process without saying that it is slow."""
    if (
        event in ("subprocess.Popen", "os.fork")
        and _running
        and not _running[-1].get_closest_marker("slow")
    ):
        raise RuntimeError("this test starts a process: mark it with @pytest.mark.slow")


sys.addaudithook(_refuse_process)
