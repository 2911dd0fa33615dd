"""The journal: what was committed is there again, whatever the process, disk or file met."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.chat.journal import Journal, Totals, question_key
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.records import Completion

ROOT = Path(__file__).parents[2]
KEY = question_key("m", [{"role": "user", "content": "2+2?"}], {"temperature": 0.7})
FOUR = [Completion(f"text {i}", "stop", 7 * (i == 0), i, "thought") for i in range(4)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "completions.sqlite"


def run_python(code: str, *args: Path | str, **options: Any) -> CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        **options,
    )


def test_a_completion_put_is_got_again_after_reopening(path: Path) -> None:
    journal = Journal(path)
    journal.put(KEY, 2, FOUR)
    journal.close()
    assert Journal(path).get(KEY, 0, 4) == {2: FOUR[0], 3: FOUR[1]}


def test_totals_are_those_of_all_lives(path: Path) -> None:
    for life in range(2):
        journal = Journal(path)
        journal.put(KEY, 4 * life, FOUR)
        journal.close()
    totals = Journal(path).totals()
    assert totals == Totals(completions=8, prompt_tokens=14, completion_tokens=12)
    assert totals.tokens == 26


def test_what_was_set_aside_for_a_request_that_never_ended_counts_as_billed(path: Path) -> None:
    journal = Journal(path)
    for tokens in (500, 70, 9):
        journal.begin_request(tokens)
    journal.put(KEY, 0, FOUR, set_aside=500)
    journal.end_request(70, lost=3)
    assert journal.totals().billed == 13 + 3
    journal.close()
    assert Journal(path).totals().billed == 13 + 3 + 9


def test_a_journal_of_an_earlier_version_is_taken_up(path: Path) -> None:
    journal = Journal(path)
    journal.put(KEY, 0, FOUR)
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE requests")
    db.close()
    assert Journal(path).totals() == Totals(completions=4, prompt_tokens=7, completion_tokens=6)


def test_a_completion_that_is_there_is_not_replaced(path: Path) -> None:
    journal = Journal(path)
    journal.put(KEY, 0, FOUR[:1])
    journal.put(KEY, 0, [Completion("another", "stop")])
    assert journal.get(KEY, 0, 1) == {0: FOUR[0]}


def test_a_completion_that_cannot_be_written_leaves_the_journal_open_for_others(path: Path) -> None:
    journal = Journal(path)
    for broken in (Completion("half a \ud83d", "stop"), Completion("4", "stop", 2**70)):
        with pytest.raises((UnicodeEncodeError, OverflowError)):
            journal.put(KEY, 0, [FOUR[0], broken])
    journal.put(KEY, 1, FOUR[:1])
    journal.close()
    assert Journal(path).get(KEY, 0, 9) == {1: FOUR[0]}


def test_key_depends_on_all_that_is_asked() -> None:
    messages = [{"role": "user", "content": "2+2?"}]
    keys = {
        question_key("m", messages, {"temperature": 0.7}),
        question_key("other", messages, {"temperature": 0.7}),
        question_key("m", [{"role": "user", "content": "2+3?"}], {"temperature": 0.7}),
        question_key("m", [*messages, {"role": "assistant", "content": ""}], {"temperature": 0.7}),
        question_key("m", messages, {"temperature": 0.8}),
    }
    assert len(keys) == 5
    assert {len(key) for key in keys} == {32}


@settings(deadline=None)  # the disk takes its time
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))), start=st.integers(0, 1000)
)
def test_any_text_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], start: int
) -> None:
    journal = Journal(tmp_path_factory.mktemp("any") / "completions.sqlite")
    completions = [Completion(text, "length", 1, 2, text[::-1]) for text in texts]
    journal.put(KEY, start, completions)
    assert journal.get(KEY, start, len(texts)) == dict(enumerate(completions, start))
    journal.close()


OPEN = """
import sys
from pathlib import Path
from evolvemcts4rl.chat.journal import Journal
Journal(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_second_run_on_the_folder_is_refused(path: Path) -> None:
    journal = Journal(path)
    with pytest.raises(UserError, match=r"another run holds .*completions\.sqlite"):
        Journal(path)
    second = run_python(OPEN, path)
    assert "UserError: another run holds" in second.stderr
    journal.close()
    assert run_python(OPEN, path).returncode == 0


PUT_FOREVER = """
import sys
from pathlib import Path
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.records import Completion
journal = Journal(Path(sys.argv[1]))
for i in range(10**9):
    journal.put(b"k" * 32, i, [Completion("x" * 3000, "stop", 1, 1)])
    print(i, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_kill_9_loses_nothing_that_was_put_and_leaves_no_lock(path: Path, delay: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PUT_FOREVER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    put = [int(line) for line in process.communicate()[0].splitlines() if line.strip()]
    journal = Journal(path)
    count = max(put, default=0) + 1
    assert len(journal.get(b"k" * 32, 0, count)) == count
    assert journal.totals().completions in (count, count + 1)


FILL = """
import resource, sys
from pathlib import Path
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.records import Completion
from evolvemcts4rl.errors import UserError
journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
put = 0
try:
    while put < 10_000:
        journal.put(b"k" * 32, put, [Completion("x" * 3000, "stop", 1, 1)])
        put += 1
except UserError as error:
    print(error)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.put(b"k" * 32, put, [Completion("there is room again", "stop", 1, 1)])
    put += 1
journal.close()
print(put)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY,
    reason="the limit is fixed here",
)
@pytest.mark.parametrize("room_again", [[], ["room"]])
def test_a_full_disk_is_one_sentence_and_the_run_goes_on_once_there_is_room(
    path: Path, room_again: list[str]
) -> None:
    filled = run_python(FILL, path, *room_again)
    assert filled.returncode == 0, filled.stderr
    sentence, put = filled.stdout.strip().splitlines()
    assert "completions.sqlite cannot be written" in sentence
    assert "make room" in sentence
    journal = Journal(path)
    assert len(journal.get(b"k" * 32, 0, 10_000)) == int(put) > 10
    assert journal.totals().completions == int(put)
    journal.put(KEY, 0, FOUR)
    assert len(journal.get(KEY, 0, 4)) == 4


def test_a_file_that_is_no_database_is_named_with_the_way_out(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("this is not a database, " * 100)
    with pytest.raises(
        UserError, match=r"completions\.sqlite is not a sound journal .*--overwrite"
    ):
        Journal(path)


def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--output_dir"):
        Journal(tmp_path / "file" / "run" / "completions.sqlite")
