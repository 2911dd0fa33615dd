"""Make texts of models, servers and files safe for the terminal and the log."""

from __future__ import annotations

import logging
import sys

LONGEST = 1000  # characters of one text


def printable(text: object, most: int = LONGEST) -> str:
    """Return the text as one line of at most `most` characters without control sequences.

    Every character that is not printable becomes a space: control characters, line separators,
    bidirectional and zero-width characters, lone surrogates. A text that is cut ends in "…".
    """
    words = str(text)
    shown = "".join(char if char.isprintable() else " " for char in words[:most]).strip()
    return shown if len(words) <= most else f"{shown[: most - 1]}…"


def sentence(text: str) -> str:
    """Return a message as a printable sentence; an address at its beginning stays as it is."""
    text = printable(text)
    first = text.partition(" ")[0]
    return f"{text[:1].upper() if first.isalpha() else text[:1]}{text[1:].rstrip('.')}."


class PlainFormatter(logging.Formatter):
    """Formats a log record as one printable line.

    The lines of a traceback follow it indented, so that none looks like a record.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        """Return the traceback's lines."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        indents = (len(line) - len(line.lstrip(" ")) + 2 for line in lines)
        return "\n".join(
            f"{' ' * indent}{printable(line)}" for indent, line in zip(indents, lines, strict=True)
        )


def log_to_stderr() -> None:
    """Write warnings and errors of all libraries to standard error, as printable lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)
