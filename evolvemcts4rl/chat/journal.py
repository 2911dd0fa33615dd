"""Keep every completion that a run has paid for, in SQLite, keyed by what was asked."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.records import Completion, Message

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS completions (
    key BLOB NOT NULL, position INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    finish_reason TEXT NOT NULL, text TEXT NOT NULL, thought TEXT NOT NULL,
    PRIMARY KEY (key, position)
);
CREATE TABLE IF NOT EXISTS totals (
    completions INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER
);
INSERT INTO totals SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM totals);
CREATE TABLE IF NOT EXISTS roles (
    role TEXT PRIMARY KEY, completions INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER
);
CREATE TABLE IF NOT EXISTS requests (set_aside INTEGER, lost INTEGER);
INSERT INTO requests SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM requests);
UPDATE requests SET lost = lost + set_aside, set_aside = 0;
"""
FIND = (
    "SELECT position, text, finish_reason, prompt_tokens, completion_tokens, thought"
    " FROM completions WHERE key = ? AND position >= ? AND position < ?"
)
FIND_ALL = (
    "SELECT position, text, finish_reason, prompt_tokens, completion_tokens, thought"
    " FROM completions WHERE key = ? ORDER BY position"
)
# A completion that is already there is not replaced: it is the one that the run used.
ADD = "INSERT OR IGNORE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?)"
COUNT = (
    "UPDATE totals SET completions = completions + ?, prompt_tokens = prompt_tokens + ?,"
    " completion_tokens = completion_tokens + ?"
)
COUNT_OF_ROLE = (
    "INSERT INTO roles VALUES (?, ?, ?, ?) ON CONFLICT (role) DO UPDATE SET"
    " completions = completions + excluded.completions,"
    " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
    " completion_tokens = completion_tokens + excluded.completion_tokens"
)
BEGIN = "UPDATE requests SET set_aside = set_aside + ?"
END = "UPDATE requests SET set_aside = set_aside - ?, lost = lost + ?"


class SpoiltJournal(UserError):
    """The file is there, but it is damaged or no journal at all."""


@dataclass(frozen=True)
class Totals:
    """What a run has bought over all its lives.

    `lost` are the tokens that may have been billed without bringing a completion.
    """

    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    lost: int = 0

    @property
    def tokens(self) -> int:
        """Return the prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def billed(self) -> int:
        """Return all tokens that may have been billed: what --token_budget bounds."""
        return self.tokens + self.lost

    def with_bought(self, completions: Sequence[Completion]) -> Totals:
        """Return the totals with these completions added."""
        return replace(
            self,
            completions=self.completions + len(completions),
            prompt_tokens=self.prompt_tokens + sum(c.prompt_tokens for c in completions),
            completion_tokens=self.completion_tokens
            + sum(c.completion_tokens for c in completions),
        )


def question_key(
    model: str,
    messages: Sequence[Message],
    sampling: Mapping[str, Any],
    context: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the key of a request's completions: 32 bytes, a hash of all that they depend on.

    `context` is what they depend on beside the other three, where there is anything.
    """
    asked = [model, messages, sampling, *([context] if context else [])]
    question = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(question.encode()).digest()


class Journal:
    """The completions of one run, in one file that one process holds at a time.

    The constructor and every method raise UserError when another run holds the file, and when it is
    no journal or cannot be written (a full disk). What was committed before stays whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._totals = Totals()
        self._of_roles: dict[str, Totals] = {}
        self._db = self._guarded(self._open)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Autocommit: transactions are begun by hand, so that reading never opens one.
        # Timeout 0: a file that another run holds is refused at once.
        db = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            # SQLite's own lock, an fcntl lock, keeps a second run out: the kernel drops it however
            # the process dies, workers do not inherit it, and no lock file is left behind.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            # NORMAL writes each commit to the log without waiting for the disk. It survives
            # kill -9, since the kernel has it; a power cut may cost the last commits (they are
            # bought again), never the file.
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
            self._totals = Totals(
                *db.execute("SELECT * FROM totals").fetchone(),
                *db.execute("SELECT lost FROM requests").fetchone(),
            )
            self._of_roles = {
                role: Totals(*counts) for role, *counts in db.execute("SELECT * FROM roles")
            }
        except sqlite3.Error:
            db.close()
            raise
        return db

    def get(self, key: bytes, start: int, n: int) -> dict[int, Completion]:
        """Return by index those of the n completions from `start` on that are kept."""
        rows = self._guarded(lambda: self._db.execute(FIND, (key, start, start + n)).fetchall())
        return {row[0]: Completion(*row[1:]) for row in rows}

    def get_all(self, key: bytes) -> dict[int, Completion]:
        """Return by index, in order, all completions that are kept under a key."""
        rows = self._guarded(lambda: self._db.execute(FIND_ALL, (key,)).fetchall())
        return {row[0]: Completion(*row[1:]) for row in rows}

    def begin_request(self, set_aside: int) -> None:
        """Note the most tokens that a request may cost, before it leaves.

        They count as lost if the process dies before the request has ended.
        """
        self._guarded(lambda: self._db.execute(BEGIN, (set_aside,)))

    def end_request(self, set_aside: int, lost: int) -> None:
        """Note the end of a request without completions to keep, and the tokens that it cost."""
        self._guarded(lambda: self._db.execute(END, (set_aside, lost)))
        self._totals = replace(self._totals, lost=self._totals.lost + lost)

    def put(
        self,
        key: bytes,
        start: int,
        completions: Sequence[Completion],
        set_aside: int = 0,
        role: str = "policy",
    ) -> None:
        """Commit completions as those of index `start` and the following.

        Once this returns they survive the process. `set_aside` is what begin_request noted of the
        request that brought them.
        """
        self._guarded(lambda: self._write(key, start, completions, set_aside, role))
        self._totals = self._totals.with_bought(completions)
        self._of_roles[role] = self._of_roles.get(role, Totals()).with_bought(completions)

    def _write(
        self, key: bytes, start: int, completions: Sequence[Completion], set_aside: int, role: str
    ) -> None:
        rows = [
            (
                key,
                start + i,
                c.prompt_tokens,
                c.completion_tokens,
                c.finish_reason,
                c.text,
                c.thought,
            )
            for i, c in enumerate(completions)
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(ADD, rows)
            counts = (len(rows), sum(row[2] for row in rows), sum(row[3] for row in rows))
            self._db.execute(COUNT, counts)
            self._db.execute(COUNT_OF_ROLE, (role, *counts))
            if set_aside:
                self._db.execute(END, (set_aside, 0))
            self._db.execute("COMMIT")
        except BaseException:  # Ctrl-C as well: an open transaction would lock the journal
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def totals(self) -> Totals:
        """Return what the run has bought so far over all its lives, without reading the file."""
        return self._totals

    def totals_of_roles(self) -> dict[str, Totals]:
        """Return the same of each role; lives of earlier versions did not tell roles apart."""
        return dict(self._of_roles)

    def close(self) -> None:
        """Close the file. On a full disk its log stays beside it, for the next run to read."""
        try:
            self._db.close()
        except sqlite3.OperationalError:
            return

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_LOCKED,
            ):
                raise UserError(
                    f"another run holds {self.path}: wait for it to end, "
                    "or choose another --output_dir"
                ) from None
            raise UserError(
                f"the journal {self.path} cannot be written ({error}): "
                "make room or mend the permissions",
                resumable=True,
            ) from None
        except sqlite3.DatabaseError as error:
            raise SpoiltJournal(
                f"{self.path} is not a sound journal ({error}): "
                "move it away, or start anew with --overwrite"
            ) from None
        except OSError as error:
            raise UserError(
                f"the journal {self.path} cannot be made ({error.strerror}): "
                "choose another --output_dir"
            ) from None
