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

`@FILE` stands for the flags in a file, written as on the command line; `#` begins a comment. The
file may also be the `settings.json` of a run, which repeats that run: all its flags hold, but for
`--overwrite`, those that are given on the command line as well, such as another `--output_dir`,
and `--header`, which is written nowhere. Right after a flag, a word with an `@` is its value.
A JSON object of flags alone, such as `{"model_name": "m", "evolve_rounds": 0}`, will do too.

    python generate.py @server.flags --seed_file seeds.jsonl
    python generate.py @runs/pilot/settings.json --output_dir runs/again

"""


def page() -> str:
    """Return the text of docs/flags.md as it should be."""
    return INTRODUCTION + flag_table()


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
