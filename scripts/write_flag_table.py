"""Write docs/flags.md from the flags themselves: python scripts/write_flag_table.py."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script finds the modules beside itself only

from evolvemcts4rl.flags import flag_table

PATH = ROOT / "docs" / "flags.md"
INTRODUCTION = """\
# Flags

Made by `python scripts/write_flag_table.py`, which takes it from the flags themselves;
`python generate.py --help` says the same. In the Python API each flag is a setting of the same
name.

"""


def page() -> str:
    """Return the text of docs/flags.md as it should be."""
    return INTRODUCTION + flag_table()


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
