"""The command line: a parser and the tables of docs/flags.md, made from the settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_file import flags_of_run, read_flag_files
from evolvemcts4rl.flag_groups.kinds import Choice, Kind, Names, Several, Switch, Texts
from evolvemcts4rl.settings import DEFAULTS, FLAGS, GROUPS, OWNERS, Settings

DESCRIPTION = """\
Evolve seed problems, search each with a chat model, and label every reasoning step.
First look: ./run_debug.sh
Real run: generate.py --seed_file math.jsonl --base_url http://localhost:8000/v1 --model_name NAME
To look at a run: generate.py show RUN [ID].
@FILE stands for the flags in a file, also in a run's settings.json, which repeats that run.
The same command again goes on where a run ended, however it ended, and buys nothing twice."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise UserError with one sentence; argparse would print pages of usage before it."""
        raise UserError(
            f"{message[:1].upper()}{message[1:]} (python generate.py --help lists all flags)."
        )


def parse_settings(argv: Sequence[str] | None = None) -> Settings:
    """Return the settings of a command line; raise UserError for an unknown flag or a bad value."""
    words, values = read_flag_files(sys.argv[1:] if argv is None else argv)
    chosen = vars(build_parser().parse_args(words))
    given = {
        name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()
    }
    if "export" in given:
        values = flags_of_run(str(given["export"])) | values
    return Settings.of(**values | given)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all flags; its result holds only those that are given."""
    parser = _Parser(
        prog="generate.py",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for name, group in GROUPS.items():
        section = parser.add_argument_group(str(group.__doc__).rstrip("."))
        for flag in (flag for flag, owner in OWNERS.items() if owner == name):
            told = FLAGS[flag]
            default = default_in_words(flag)
            text = told.meaning if default == "required" else f"{told.meaning} ({default})"
            section.add_argument(f"--{flag}", help=text.replace("%", "%%"), **_how_to_read(flag))
    return parser


def default_in_words(flag: str) -> str:
    """Return the default of a flag, as its help shows it."""
    default = DEFAULTS[flag]
    shown = FLAGS[flag].shown
    return (
        shown.strip("`")
        if shown
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )


def flag_table() -> str:
    """Return the Markdown tables of docs/flags.md, one for each group."""
    tables = []
    for name, group in GROUPS.items():
        rows = [_table_row(flag) for flag, owner in OWNERS.items() if owner == name]
        head = ["| flag | default | meaning |", "|---|---|---|"]
        tables.append("\n".join([f"## {str(group.__doc__).rstrip('.')}", "", *head, *rows]))
    return "\n\n".join(tables) + "\n"


def _table_row(flag: str) -> str:
    told = FLAGS[flag]
    choices = (
        f": {', '.join(f'`{name}`' for name in told.kind.names)}"
        if isinstance(told.kind, Choice)
        else ""
    )
    return (
        f"| `--{flag}` | {told.shown or f'`{default_in_words(flag)}`'} | {told.meaning}{choices} |"
    )


def _how_to_read(flag: str) -> dict[str, Any]:
    told = FLAGS[flag]
    if isinstance(told.kind, Switch):
        return {"action": "store_true"}
    how: dict[str, Any] = {
        "type": _reader(told.kind),
        "metavar": told.metavar or _metavar(flag, told.kind),
    }
    if isinstance(told.kind, Texts):
        how["nargs"] = "+"
    if isinstance(told.kind, (Texts, Several)):
        how["action"] = "extend"
    return how


def _metavar(flag: str, kind: Kind) -> str:
    names = getattr(kind, "names", None)
    if isinstance(kind, Names):
        return "NAMES"
    return "{" + ",".join(names) + "}" if names else flag.upper()


def _reader(kind: Kind) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
