"""Seeds as a run's folder knows them, without a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class SeedTexts:
    """Seeds that hold these texts."""

    texts: tuple[str, ...] = ("a", "b", "c")

    @property
    def digest(self) -> str:
        """The digest of the file that they would be in."""
        return f"file of {self.texts}"

    @property
    def broken_lines(self) -> list[int]:
        """The lines that were left out: none."""
        return []

    def __len__(self) -> int:
        return len(self.texts)

    def digest_of_first(self, count: int) -> str | None:
        """Return a hash of the first rows; None where there are fewer."""
        if count > len(self.texts):
            return None
        return hashlib.sha256(repr(self.texts[:count]).encode()).hexdigest()
