"""The small parts of an HTML page, and `escape`, through which all foreign text reaches it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

LONG, SHORT = 3000, 240  # characters after which foreign text is cut

# Invisible characters that change how the others are shown: controls, line separators,
# bidirectional overrides, zero-width and tag characters, halves of surrogate pairs. Joiners stay,
# since Persian, Hindi and emoji are written with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def escape(text: object, most: int = SHORT) -> str:
    """Return the text fit for an element or a quoted attribute, cut after `most` characters.

    Characters that cannot be seen are named.
    """
    words = str(text).replace("\r\n", "\n").strip()
    rest = "" if len(words) <= most else f" … and {len(words) - most:,} characters more"
    return html.escape(_UNSEEN.sub(lambda unseen: f"‹U+{ord(unseen[0]):04X}›", words[:most])) + rest


def text_block(text: object, most: int = LONG) -> str:
    """Return the escaped text as a block of its own, in the direction of its own script."""
    return f'<div class="said" dir="auto">{escape(text, most)}</div>'


def pluralise(number: float, thing: str) -> str:
    """Return a number and what it counts: `1 tree`, `1,200 trees`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(part: float, whole: float) -> str:
    """Return a part of a whole as a CSS length."""
    return f"{100 * part / whole if whole else 0:.1f}%"


def tile(figure: str, name: str, about: str, below: str = "") -> str:
    """Return one of the run's figures, large, with a line about it; `below` is HTML."""
    heading = f"<b>{escape(figure)}</b> {escape(name)}"
    return f'<div class="tile">{heading}{below}<small>{escape(about)}</small></div>\n'


def balance(right: int, wrong: int) -> str:
    """Return a bar divided in proportion to the right and the wrong ones."""
    parts = (
        f'<i class="{kind}" style="width:{percent(part, right + wrong)}"></i>'
        for kind, part in (("right", right), ("wrong", wrong))
    )
    return f'<span class="balance">{"".join(parts)}</span>'


def bars(counts: Mapping[str, int]) -> str:
    """Return a bar for each name, the longest as wide as there is room."""
    longest = max(counts.values(), default=0)
    rows = (
        f"<div><span>{escape(name)}</span><b>{number:,}</b>"
        f'<i style="width:{percent(number, longest)}"></i></div>\n'
        for name, number in counts.items()
    )
    return f'<div class="bars">{"".join(rows)}</div>'


def histogram(counts: list[int], names: list[str]) -> str:
    """Return a column for each count as an inline SVG, named below."""
    width, height, highest = 64, 90, max(counts, default=0)
    parts = []
    for place, (number, name) in enumerate(zip(counts, names, strict=True)):
        tall = round(height * number / highest) if highest else 0
        middle = width * place + width // 2
        parts.append(
            f'<rect x="{middle - 24}" y="{16 + height - tall}" width="48" height="{tall}" rx="2" '
            'class="column"/>'
            f'<text x="{middle}" y="{11 + height - tall}">{number:,}</text>'
            f'<text x="{middle}" y="{height + 32}" class="name">{escape(name)}</text>'
        )
    wide = width * len(counts)
    axis = f'<path d="M0 {height + 16.5}H{wide}" class="axis"/>'
    size = f'viewBox="0 0 {wide} {height + 38}" width="{wide}" height="{height + 38}"'
    opening = f'<svg class="histogram" role="img" aria-label="bar chart" {size}>'
    return f"{opening}{''.join(parts)}{axis}</svg>\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the cells are HTML."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    inside = f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inside}</table></div>\n'
