"""Whether a problem is new: near-duplicates among a run's problems, and overlap with test sets that must not leak."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]

# Two words of a problem of thirteen, twelve of one of sixty; the edit similarity of Lee et al. (arXiv 2107.06499) too.
NEAR = 0.8
# "and loses #" is already a constraint of its own: a text with so many words more is a new problem, however long it is.
ADDED_WORDS = 3

# GPT-3 (arXiv 2005.14165, appendix C) takes 8 to 13 words, by the length of the text, and leaves out what many texts share.
LEAK_WORDS = 13
LEAK_WORDS_LEAST = 8
BOILERPLATE_TEXTS = 10

_BANDS, _BAND_ROWS = 8, 3  # finds 99 % of pairs at a Jaccard similarity of 0.76, 82 % at 0.58, 3 % at 0.15
_CJK = "\u3040-\u30ff\u3400-\u9fff"  # written without spaces: every character counts as a word
_TOKEN = re.compile(rf"[{_CJK}]|[^\W\d_{_CJK}]+|\d+(?:[.,]\d+)*|[-+*/^=<>()\[\]{{}}|\\%!]")


def tokens(text: str) -> list[str]:
    """The words, numbers and signs of a text, in lower case; other punctuation, spacing and Unicode variants fall away."""
    return [word.replace(",", "") for word in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())]


def template(text: str) -> list[str]:
    """The tokens with every number as `#`: what is left of a problem when its numbers do not count."""
    return ["#" if word[0].isdigit() else word for word in tokens(text)]


def nearly_equal(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two templates are the same problem told with other numbers, or with a few words changed.

    The same words with other numbers are the same exercise: a data set has no use for both, and an evolved problem that
    changed only these did not evolve. The measure is the share of tokens in common order (2M / T, at least NEAR);
    a text that adds or leaves out ADDED_WORDS or more is never nearly equal, since a constraint added to a long problem
    changes few of its words and all of its solution.
    """
    if abs(len(first) - len(second)) >= ADDED_WORDS:
        return False
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR


class Novelty:
    """The problems that a run has so far, and the texts of test sets. What is found depends on the order of `add`.

    Near-duplicates are looked up by locality-sensitive hashing of word pairs (MinHash, Broder 1997), so that n problems
    cost about n steps, and are then confirmed word by word.
    """

    def __init__(self, test_texts: Iterable[str] = ()) -> None:
        self._index = RMinHashLSH(threshold=NEAR, num_perm=_BANDS * _BAND_ROWS, num_bands=_BANDS)
        self._ids: list[str] = []
        self._templates: list[str] = []
        self._known: dict[int, int] = {}  # hash of a template → place in _ids of the first that is nearly equal
        self._leaks = _leak_hashes(test_texts)

    def add(self, question_id: str, question: str) -> str | None:
        """Enter a problem; gives the id of an earlier one that is equal or nearly equal, or None where it is new."""
        words = template(question)
        key = _hash(words)
        if key in self._known:
            return self._ids[self._known[key]]
        sketch = RMinHash(num_perm=_BANDS * _BAND_ROWS, seed=1)
        sketch.update([f"{left} {right}" for left, right in zip(["", *words], [*words, ""], strict=True)])
        for place in sorted(self._index.query(sketch)):
            if nearly_equal(self._templates[place].split(" "), words):
                self._known[key] = place
                return self._ids[place]
        # Only what differs from everything before it enters the index: a thousand variants of one seed stay one entry.
        self._known[key] = len(self._ids)
        self._index.insert(len(self._ids), sketch)
        self._ids.append(question_id)
        self._templates.append(" ".join(words))
        return None

    def contaminated(self, question: str) -> bool:
        """Whether the problem shares a run of 13 words (8 to 12: a whole shorter text) with a test text."""
        words = _plain_words(question)
        whole = _hash(tokens(question))
        return any(
            whole in hashes if size == 0 else any(_hash(gram) in hashes for gram in _grams(words, size))
            for size, hashes in self._leaks.items()
        )


def _leak_hashes(texts: Iterable[str]) -> dict[int, set[int]]:
    """Hashes of the test texts' runs of words by length; 0 stands for whole texts too short for a run."""
    counts: dict[int, Counter[int]] = {}
    for text in texts:
        words = _plain_words(text)
        size = min(len(words), LEAK_WORDS)
        if size < LEAK_WORDS_LEAST:
            counts.setdefault(0, Counter())[_hash(tokens(text))] = 1
        else:
            counts.setdefault(size, Counter()).update({_hash(gram) for gram in _grams(words, size)})
    return {size: {key for key, count in found.items() if count <= BOILERPLATE_TEXTS} for size, found in counts.items()}


def _plain_words(text: str) -> list[str]:
    """The tokens without signs, so that a run of words is not used up by the braces of one formula."""
    return [word for word in tokens(text) if word[0].isalnum()]


def _grams(words: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (words[start : start + size] for start in range(len(words) - size + 1))


def _hash(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
