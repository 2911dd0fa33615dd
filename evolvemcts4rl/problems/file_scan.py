"""Look through a file of rows for what would crash or exhaust its parser."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from evolvemcts4rl.errors import UserError

CHUNK = 1 << 20
MOST_LINE = 16 << 20  # bytes; parsed, a line takes eleven times the memory
MOST_WHOLE = 256 << 20  # bytes, if not a row a line; parsed, it takes seven times the memory
MOST_DEPTH = 64  # nested brackets; the parser of `datasets` overflows its stack at some depth
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class FileScan:
    """What must be known of a file before a parser sees it, read in chunks.

    Raises UserError for a text that is not UTF-8, holds a NUL, or has a line too long to parse.
    """

    def __init__(self, path: Path, loader: str) -> None:
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line, self._line_bytes = 1, 0
        self._depth, self._in_text, self._held = 0, 0, b""
        self.is_shallow, self.is_empty = True, True
        hasher = hashlib.sha256()
        with path.open("rb") as file:
            whole = loader == "json" and _is_array(file)
            if whole and path.stat().st_size > MOST_WHOLE:
                raise too_large(path)
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                self.is_empty = False
                if loader == "parquet":
                    continue
                if loader == "json" and self.is_shallow:
                    self._follow_brackets(chunk)
                self._check_text(chunk, MOST_WHOLE if whole else MOST_LINE)
            if loader != "parquet":
                self._decode(b"", last=True)
        self.digest = hasher.hexdigest()

    def _check_text(self, chunk: bytes, longest: int) -> None:
        self._decode(chunk)
        if (nul := chunk.find(0)) >= 0:
            line = self._line + chunk.count(b"\n", 0, nul)
            raise UserError(
                f"The file {self._path} holds a NUL byte in line {line}: it is not a file of text."
            )
        self._line += chunk.count(b"\n")
        end = chunk.rfind(b"\n")
        self._line_bytes = len(chunk) - end - 1 + (self._line_bytes if end < 0 else 0)
        if self._line_bytes > longest:
            raise UserError(
                f"The file {self._path} has more than {longest >> 20} MB in line {self._line}: "
                "write each problem on a line of its own."
            )

    def _decode(self, chunk: bytes, last: bool = False) -> None:
        try:
            self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            line = self._line + error.object.count(b"\n", 0, error.start)
            raise UserError(
                f"The file {self._path} is not UTF-8 in line {line}: save it as UTF-8 text."
            ) from None

    def _follow_brackets(self, chunk: bytes) -> None:
        """Count how deep brackets nest outside of strings; no string may go on in the next line."""
        text = (self._held + chunk).replace(rb"\\", b"").replace(rb"\"", b"")
        # A backslash at the end may escape what the next chunk begins with.
        self._held = b"\\" if text.endswith(b"\\") else b""
        parts = text.removesuffix(b"\\").split(b'"')
        outside, inside = parts[self._in_text :: 2], parts[1 - self._in_text :: 2]
        self._in_text ^= (len(parts) - 1) % 2
        brackets = np.frombuffer(b"".join(outside).translate(None, _NOT_BRACKETS), np.uint8)
        heights = self._depth + np.cumsum(
            np.where((brackets == ord("[")) | (brackets == ord("{")), 1, -1)
        )
        self._depth = int(heights[-1]) if len(heights) else self._depth
        deepest = int(heights.max(initial=0))
        self.is_shallow = deepest <= MOST_DEPTH and not any(b"\n" in part for part in inside)


def _is_array(file: BinaryIO) -> bool:
    """Return whether a file of JSON begins with an array."""
    beginning = file.read(CHUNK).removeprefix(codecs.BOM_UTF8).lstrip()
    file.seek(0)
    return beginning.startswith(b"[")


def too_large(path: Path) -> UserError:
    """Return the error for a file of JSON too large to be parsed as a whole."""
    return UserError(
        f"The file {path} is JSON of more than {MOST_WHOLE >> 20} MB that is not a row a line: "
        "write it as JSON Lines, each problem on a line of its own."
    )
