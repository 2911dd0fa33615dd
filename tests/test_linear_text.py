"""No text takes more than linear time: readers are fed loops, and their source is searched."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fast import examples
from tests.support.foreign_text import FRAGMENTS, READERS, repeated
from tests.support.work import bounded_work

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evolvemcts4rl"
LENGTH = 30_000

# Modules that may use `re`, with the reason why no foreign text can make it slow.
BOUNDED = "its repetitions have small bounds: tests/solutions/test_work.py reads the patterns"
MAY_USE_RE = {
    "prompts": "templates are this program's; slots are found before values are in them",
    "solutions.roles": BOUNDED,
    "solutions.blocks": BOUNDED,
    "solutions.arithmetic": "nothing that was taken is given back, but the commas after a number",
    "solutions.amounts": BOUNDED,
    "labels.witnesses": "a run of digits, and one more after a point",
    "report.markup": "one class of characters, without a repetition",
    "output.jsonl": "one match at the beginning of a line that this program wrote",
}


@pytest.fixture(scope="module")
def stopped_at() -> dict[str, str]:
    """Return the readers that failed or were stopped by the limit of their work, and why.

    The reason begins with the beginning of the text that the reader was fed.
    """
    found: dict[str, str] = {}
    left = list(READERS)
    while left:
        command = [sys.executable, "-m", "tests.support.foreign_text", str(LENGTH), *left]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        assert done.stdout, done.stderr
        reader, beginning = json.loads(done.stdout.splitlines()[-1])
        why = "its work had no end" if done.returncode == -signal.SIGPROF else done.stderr
        found[reader] = f"{beginning!r}: {why}"
        left = left[left.index(reader) + 1 :]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_no_loop_keeps_a_reader_at_work(stopped_at: dict[str, str], reader: str) -> None:
    assert reader not in stopped_at, stopped_at[reader]


PIECES = st.sampled_from(FRAGMENTS) | st.text(max_size=3)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from(sorted(READERS)),
    PIECES,
    st.lists(PIECES, min_size=1, max_size=4).map("".join).filter(bool),
    PIECES,
)
def test_no_loop_that_a_search_comes_upon_does(
    reader: str, head: str, loop: str, tail: str
) -> None:
    # Linear work takes a hundredth of this; quadratic work on 40,000 characters several times it.
    with bounded_work(3.0):
        READERS[reader](repeated(loop, 40_000, head, tail))


def test_the_limit_stops_work_that_grows_with_the_square() -> None:
    import re

    with pytest.raises(TimeoutError), bounded_work(0.5):
        re.search(r"(?s)<problem>(.*?)</problem>", repeated("<problem>", 50_000))


def uses_re(path: Path) -> bool:
    """Return whether a source file imports `re`, anywhere and in whatever way."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and any(alias.name == "re" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            return True
    return False


def modules() -> dict[str, Path]:
    """Return every module of the program, by its name within the package."""
    inside = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
    }
    return inside | {path.stem: path for path in ROOT.glob("*.py")}


def test_only_modules_without_foreign_text_use_an_expression_that_can_backtrack() -> None:
    using = {name for name, path in modules().items() if uses_re(path)}
    assert using <= set(MAY_USE_RE), "use re2 there, or string methods"


def test_no_module_is_excused_that_needs_no_excuse() -> None:
    using = {name for name, path in modules().items() if uses_re(path)}
    assert set(MAY_USE_RE) <= using
