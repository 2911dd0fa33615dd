"""What reaches a terminal or a log of what others wrote: printable text."""

import io
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.terminal import PlainFormatter, printable

ROOT = Path(__file__).parents[1]
OBEYED = [
    *"\x1b\x9b\x07\r\n\x00\x85\x7f",
    *"\u2028\u202e\u2066\u2069\u200b\u200f\ufeff\ud800\U000e0041",
]


@pytest.mark.parametrize("sign", OBEYED, ids=[f"U+{ord(sign):04X}" for sign in OBEYED])
def test_sign_that_a_terminal_obeys_becomes_a_space(sign: str) -> None:
    assert printable(f"an{sign}swer") == "an swer"


def test_words_of_all_scripts_stay_as_they_are() -> None:
    for words in ("½ + ⅓ = ⅚", "小明有8个苹果", "Сколько?", "كم؟", "naïve 🙂"):
        assert printable(words) == words


@given(st.text(st.characters(codec=None)), st.integers(1, 50))
def test_anything_becomes_one_line_of_bounded_length(text: str, most: int) -> None:
    line = printable(text, most)
    assert line == "" or line.isprintable()
    assert len(line) <= most
    line.encode()


def test_text_that_is_cut_says_so() -> None:
    assert printable("12345", 4) == "123…"
    assert printable("12345", 5) == "12345"


def logged(write: Callable[[logging.Logger], None]) -> str:
    """Return what a formatter makes of the records of one logger."""
    stream, log = io.StringIO(), logging.Logger("evolvemcts4rl.test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFormatter("%(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    write(log)
    return stream.getvalue()


def test_log_record_is_one_printable_line() -> None:
    text = logged(lambda log: log.warning("host: %s", "gone\nERROR generate: \x1b[2Jforged\u202e"))
    assert text == "WARNING evolvemcts4rl.test: host: gone ERROR generate:  [2Jforged\n"


def test_traceback_stands_indented_below_its_record() -> None:
    def fail(log: logging.Logger) -> None:
        try:
            raise ValueError("bad\rreply\x1b[31m\nERROR generate: forged")
        except ValueError:
            log.exception("problem %s failed", "000001")

    first, *rest, _ = logged(fail).split("\n")
    assert first == "ERROR evolvemcts4rl.test: problem 000001 failed"
    assert rest[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


@pytest.mark.slow
def test_warnings_of_libraries_are_logged_as_lines(tmp_path: Path) -> None:
    script = tmp_path / "warn.py"
    script.write_text(
        "import logging, warnings\n"
        "from evolvemcts4rl.terminal import log_to_stderr\n"
        "log_to_stderr()\n"
        "warnings.warn('odd \\x1b[2J\\u202e text')\n"
        "logging.getLogger('x').info('not shown')\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith("WARNING py.warnings: ")
    assert "odd  [2J" in line
    assert line.isprintable()
