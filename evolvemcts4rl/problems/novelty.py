"""Find near-duplicates among a run's problems, and overlap with test sets."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import re2
from rensa import RMinHash  # type: ignore[import-untyped]

# Allows two other words in a problem of thirteen, twelve in one of sixty. Lee et al. (arXiv
# 2107.06499) take the same edit similarity.
NEAR = 0.8
# Three words, such as "and loses #", can be a constraint of their own: a text with so many more
# is a new problem, however long it is.
ADDED_WORDS = 3
# acceptance_rules.LONGEST allows no evolved problem more. Comparing takes the square of it.
MOST_TOKENS = 3000

# As for GPT-3 (arXiv 2005.14165, appendix C): 8 to 13 words in a row, by the length of the text,
# leaving out those that many texts share.
LEAK_WORDS = 13
LEAK_WORDS_LEAST = 8
BOILERPLATE_TEXTS = 10

# Thousands of problems made from one pattern share a band: only some of them are looked at.
MOST_SHARING = 200  # earlier problems looked up a band
MOST_COMPARED = 32  # of them compared word by word
SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;
CREATE TABLE texts (id INTEGER PRIMARY KEY, question_id TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE known (  -- question_id: of the first that is nearly equal
    key INTEGER PRIMARY KEY, question_id TEXT NOT NULL
);
CREATE TABLE bands (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;
BEGIN;
"""
SHARING = f"SELECT id FROM bands WHERE key = ? LIMIT {MOST_SHARING}"

_BANDS, _BAND_ROWS = (
    8,
    3,
)  # finds 99 % of pairs at a Jaccard similarity of 0.76, 82 % at 0.58, 3 % at 0.15
_SIGNS = frozenset("-+*/^=<>()[]{}|\\%!")
# What mixes letters, digits and other numerals: "3x", "1,200.5", "2nd".
_PIECES = re2.compile(r"[\pL\p{Nl}\p{No}]+|\p{Nd}+(?:[.,]\p{Nd}+)*|[\x{3040}-\x{30ff}]")
# No language has more marks on one letter (Unicode's Stream-Safe Text Format); sorting a longer
# run takes quadratic time.
_MARKS = re2.compile(r"(\pM{30})\pM+")


class _Spacing(dict[int, str]):
    """A table for str.translate: signs, Chinese and Japanese characters are words of their own."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        is_word = char in _SIGNS or 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF
        self[code] = f" {char} " if is_word else char if char.isalnum() or char in ".," else " "
        return self[code]


_SPACED = _Spacing()


def tokens(text: str) -> list[str]:
    """Return the words, numbers and signs of a text.

    They are in lower case; other punctuation and Unicode variants fall away.
    """
    sound = text.encode(errors="replace").decode()
    plain = unicodedata.normalize("NFKC", _MARKS.sub(r"\1", sound)).casefold()
    words = []
    for piece in plain.translate(_SPACED).split():
        word = piece.strip(".,")
        if word.isalpha() or word.isdecimal() or word in _SIGNS:
            words.append(word)
        else:
            words += (found.replace(",", "") for found in _PIECES.findall(word))
    return words


def template(text: str) -> list[str]:
    """Return the tokens with every number as `#`: problems with other numbers are the same."""
    return ["#" if word[0].isdigit() else word for word in tokens(text)]


def nearly_equal(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether two templates are one problem with other numbers or a few other words.

    The same words with other numbers are the same exercise: a data set has no use for both, and an
    evolved problem that changed only these did not evolve. The measure is the share of tokens in
    common order (2M / T, at least NEAR). A text that adds or omits ADDED_WORDS or more is never
    nearly equal: a constraint added to a long problem changes few of its words and all of its
    solution. Texts of more than MOST_TOKENS are not compared word by word.
    """
    if abs(len(first) - len(second)) >= ADDED_WORDS:
        return False
    if max(len(first), len(second)) > MOST_TOKENS:
        return list(first) == list(second)
    total = len(first) + len(second)
    return 2 * _common(first, second) >= NEAR * total


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the longest common subsequence's length, by one bit a place (Hyyrö 2004)."""
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(second):
        places[word] |= 1 << place
    unmatched = whole = (1 << len(second)) - 1
    for word in first:
        matches = unmatched & places[word]
        unmatched = ((unmatched + matches) | (unmatched - matches)) & whole
    return len(second) - unmatched.bit_count()


class Novelty:
    """The problems of a run so far, in the order of `add`, and the texts of test sets.

    Near-duplicates are looked up by locality-sensitive hashing of word pairs (MinHash, Broder
    1997), so that n problems cost about n steps. Those found are compared word by word; the ones
    that share most bands come first. A temporary SQLite file holds everything, so that memory does
    not grow with the problems.
    """

    def __init__(self, test_texts: Iterable[str] = ()) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(SCHEMA)
        self._leaks = _leak_hashes(test_texts)

    def add(self, question_id: str, question: str) -> str | None:
        """Enter a problem; return the id of an earlier, nearly equal one, or None if it is new.

        Raises OSError where the temporary file finds no room.
        """
        try:
            return self._add(question_id, question)
        except sqlite3.OperationalError as error:
            raise OSError(
                errno.ENOSPC, str(error), "the directory for temporary files (TMPDIR)"
            ) from None

    def _add(self, question_id: str, question: str) -> str | None:
        words = template(question)
        key = _hash(words)
        known = self._db.execute("SELECT question_id FROM known WHERE key = ?", (key,)).fetchone()
        if known:
            return str(known[0])
        sketch = RMinHash(num_perm=_BANDS * _BAND_ROWS, seed=1)
        sketch.update(
            [f"{left} {right}" for left, right in zip(["", *words], [*words, ""], strict=True)]
        )
        values = sketch.digest()
        bands = [_hash([str(band), *map(str, values[band::_BANDS])]) for band in range(_BANDS)]
        earlier = self._nearly_equal(bands, words)
        self._db.execute("INSERT INTO known VALUES (?, ?)", (key, earlier or question_id))
        # Only what differs from everything before it enters the index: a thousand variants of one
        # seed stay one entry.
        if earlier is None:
            row = self._db.execute(
                "INSERT INTO texts VALUES (NULL, ?, ?)", (question_id, " ".join(words))
            ).lastrowid
            self._db.executemany("INSERT INTO bands VALUES (?, ?)", [(band, row) for band in bands])
        return earlier

    def _nearly_equal(self, bands: Sequence[int], words: Sequence[str]) -> str | None:
        """Return the id of a nearly equal problem among those that share a band."""
        shared = Counter(row for band in bands for (row,) in self._db.execute(SHARING, (band,)))
        for row in sorted(shared, key=lambda row: (-shared[row], row))[:MOST_COMPARED]:
            found, text = self._db.execute(
                "SELECT question_id, words FROM texts WHERE id = ?", (row,)
            ).fetchone()
            if nearly_equal(text.split(" "), words):
                return str(found)
        return None

    def contaminated(self, question: str) -> bool:
        """Return whether 13 words in a row, or all words, of a test text stand in the problem."""
        words = _plain_words(question)
        whole = _hash(tokens(question))
        return any(
            whole in hashes
            if size == 0
            else any(_hash(gram) in hashes for gram in _grams(words, size))
            for size, hashes in self._leaks.items()
        )


def _leak_hashes(texts: Iterable[str]) -> dict[int, set[int]]:
    """Return hashes of the test texts' runs of words by length; 0 stands for whole short texts."""
    counts: dict[int, Counter[int]] = {}
    for text in texts:
        words = _plain_words(text)
        size = min(len(words), LEAK_WORDS)
        if size < LEAK_WORDS_LEAST:
            counts.setdefault(0, Counter())[_hash(tokens(text))] = 1
        else:
            counts.setdefault(size, Counter()).update({_hash(gram) for gram in _grams(words, size)})
    return {
        size: {key for key, count in found.items() if count <= BOILERPLATE_TEXTS}
        for size, found in counts.items()
    }


def _plain_words(text: str) -> list[str]:
    """Return the tokens without signs: the braces of one formula would use up a run of words."""
    return [word for word in tokens(text) if word[0].isalnum()]


def _grams(words: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (words[start : start + size] for start in range(len(words) - size + 1))


def _hash(words: Sequence[str]) -> int:
    return int.from_bytes(
        hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big", signed=True
    )
