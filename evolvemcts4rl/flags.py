"""The flags of generate.py: what there is, what each means, and which values can be. Gives Settings."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.settings import EMBEDDED_MODEL, FORMATS, MUTATION_GROUPS, MUTATIONS, Settings

DESCRIPTION = """\
Evolve seed problems, search each with a chat model, and label every reasoning step.
First look: ./run_debug.sh. Real run: python generate.py --seed_file math.jsonl --base_url http://localhost:8000/v1 --model_name NAME
The same command again goes on where a run ended, however it ended, and buys nothing twice."""

Check = Callable[[str], Any]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of argparse's usage block, which is longer than the screen."""
        raise UserError(f"{message[:1].upper()}{message[1:]} (python generate.py --help lists all flags).")


def whole_number(least: int) -> Check:
    """A check for an int from `least` up."""

    def check(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"it must be a whole number from {least} up, not {text}")
        return value

    return check


def number(least: float, most: float = float("inf"), over: bool = False) -> Check:
    """A check for a float from `least` (with `over`: above it) to `most`."""

    def check(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (least < value if over else least <= value) or not value <= most or value == float("inf"):
            span = f"{'above' if over else 'from'} {least:g}" + ("" if most == float("inf") else f" to {most:g}")
            raise argparse.ArgumentTypeError(f"it must be a number {span}, not {text}")
        return value

    return check


def non_empty_text(text: str) -> str:
    """The text, if it is one: not empty, and not bytes of another encoding, which no request and no file could hold."""
    if not text:
        raise argparse.ArgumentTypeError("it must not be empty")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise argparse.ArgumentTypeError("it is not written in UTF-8")
    return text


def separator(text: str) -> str:
    r"""Return the text with \n, \t, \r and \\ read as a shell leaves them, if it is one."""
    parts = non_empty_text(text).split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for part in parts)


def subset_of(allowed: Sequence[str]) -> Check:
    """A check for some of the allowed names, separated by commas."""

    def check(text: str) -> tuple[str, ...]:
        chosen = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in chosen:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(allowed)}")
        if not chosen:
            raise argparse.ArgumentTypeError(f"it names none of {', '.join(allowed)}")
        return chosen

    return check


def _urls(text: str) -> tuple[str, ...]:
    urls = tuple(url.strip().rstrip("/") for url in text.split(",") if url.strip())
    if not urls or not all(url.lower().startswith(("http://", "https://")) for url in urls):
        raise argparse.ArgumentTypeError(
            f"each address must begin with http:// or https://, as http://localhost:8000/v1 does, unlike {text}"
        )
    return urls


def _prices(text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"it must be two numbers, in,out, per million tokens, not {text}")
    price = number(0)
    return price(parts[0]), price(parts[1])


def _mutations(text: str) -> tuple[tuple[str, float], ...]:
    try:
        return parse_mutations(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--mutations: ")) from None


def build_parser() -> argparse.ArgumentParser:
    """The parser of all flags; a default that is not given stays out of the result, so that Settings' own holds."""
    parser = _Parser(
        prog="generate.py",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for title, flags in GROUPS.items():
        group = parser.add_argument_group(title)
        for flag, (check, meaning, more) in flags.items():
            default = DEFAULTS.get(flag)
            shown = default if isinstance(default, (int, float, str)) and not isinstance(default, bool) else None
            text = f"{meaning} ({shown})" if shown is not None else meaning
            kind: dict[str, Any] = {} if "action" in more else {"type": check}
            group.add_argument(f"--{flag}", help=text.replace("%", "%%"), **kind, **more)
    return parser


def flag_table() -> str:
    """The Markdown tables of docs/flags.md, one for each group."""
    tables = []
    for title, flags in GROUPS.items():
        rows = [f"| `--{flag}` | {_shown(DEFAULTS.get(flag))} | {meaning} |" for flag, (_, meaning, _) in flags.items()]
        tables.append(
            "\n".join([f"## {title.capitalize()}", "", "| flag | default | meaning |", "|---|---|---|", *rows])
        )
    return "\n\n".join(tables) + "\n"


def _shown(default: object) -> str:
    """The default for the table, where it is a plain value."""
    plain = isinstance(default, (int, float, str)) and not isinstance(default, bool)
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`" if plain else "–"


def parse_settings(argv: Sequence[str] | None = None) -> Settings:
    """The settings of a command line. Raises UserError for a flag that there is not or a value that cannot be."""
    chosen = vars(build_parser().parse_args(argv))
    for flag in ("column_names", "decontaminate"):
        if flag in chosen:
            chosen[flag] = tuple(chosen[flag])
    settings = Settings(**chosen)
    least, most = settings.min_solve_rate, settings.max_solve_rate
    if least is not None and most is not None and least > most:
        raise UserError(f"--min_solve_rate {least:g} is over --max_solve_rate {most:g}: no problem could be searched.")
    if settings.keep == "agreed" and not settings.judge_model:
        raise UserError("--keep agreed keeps what a judge agrees with: name one with --judge_model.")
    return settings


DEFAULTS = {field.name: field.default for field in fields(Settings)}
_SWITCH = {"action": "store_true"}

# group → flag → (check, meaning, what else argparse is told); the defaults are those of Settings
GROUPS: dict[str, dict[str, tuple[Check, str, dict[str, Any]]]] = {
    "seeds and output": {
        "seed_file": (non_empty_text, "JSON, JSON Lines, CSV or Parquet file, or a dataset's name on the hub", {"required": True}),
        "column_names": (non_empty_text, "columns that make up the problem, joined by a blank line (problem)", {"nargs": "+"}),
        "answer_column": (non_empty_text, "column of the answer: as it is, '#### 42' or \\boxed{42}; without one, a vote decides", {}),
        "output_dir": (non_empty_text, "the run's folder (runs/<seed file's stem>)", {}),
        "limit": (whole_number(1), "take only the first rows", {}),
        "formats": (subset_of(FORMATS), f"files to make from the trees ({','.join(FORMATS)})", {"metavar": "NAMES"}),
        "keep": (str, "solutions that prm.jsonl keeps: all, or those whose first error the judge names too and those without one", {"choices": ["all", "agreed"]}),
        "overwrite": (str, "start anew: delete the run that the folder holds", _SWITCH),
    },
    "the model": {
        "model_name": (non_empty_text, f"the chat model; {EMBEDDED_MODEL} is embedded and needs no key and no server", {}),
        "base_url": (_urls, "the endpoint's address; several replicas separated by commas", {"metavar": "URL"}),
        "temperature": (number(0), "sampling temperature", {}),
        "top_p": (number(0, 1, over=True), "nucleus sampling", {}),
        "max_tokens": (whole_number(1), "tokens of one completion, at most", {}),
        "continuation": (str, "how a prefix is continued: as the assistant's own unfinished message, or asked for in words", {"choices": ["auto", "chat", "prefill"]}),
        "concurrency": (whole_number(1), "requests in flight, at most", {}),
        "timeout": (number(0, over=True), "seconds that one request may take", {}),
        "max_retries": (whole_number(0), "how often a failed request is tried again before its problem is set down as failed", {}),
        "token_budget": (whole_number(1), "tokens to buy over all lives of the run, at most", {}),
        "prices": (_prices, "price of a million tokens in and out, to show the cost in money", {"metavar": "IN,OUT"}),
    },
    "new problems": {
        "evolve_rounds": (whole_number(0), "rounds of evolution", {}),
        "mutations": (_mutations, f"some of {', '.join(MUTATIONS)}, or upward, downward, breadth, each with a weight if wanted: deepen,simplify:2 (all, equally)", {"metavar": "NAMES"}),
        "language": (non_empty_text, "language of the new problems (that of their parents)", {}),
        "decontaminate": (non_empty_text, "files of test problems that no problem may repeat", {"nargs": "+", "metavar": "FILE"}),
        "agreement": (number(0, 1), "share of the votes below which a voted answer is dropped", {}),
        "evolve_only": (str, "stop at problems.jsonl: no search", _SWITCH),
    },
    "the search": {
        "num_solutions": (whole_number(1), "first solutions of each problem", {}),
        "num_branches": (whole_number(1), "rollouts asked for each time a prefix is evaluated", {}),
        "max_search": (whole_number(0), "wrong rollouts searched per problem, at most", {}),
        "max_branches": (whole_number(0), "rollouts sampled per problem in the search, at most; the first solutions not counted", {}),
        "confidence": (number(0.5, 1), "how sure a first error must be before its search ends", {}),
        "min_solve_rate": (number(0, 1), "search no problem that is solved more seldom (those solved never)", {}),
        "max_solve_rate": (number(0, 1), "search no problem that is solved more often (those solved always)", {}),
        "estimator": (str, "how a first error is found: our belief, or OmegaPRM's or Math-Shepherd's way", {"choices": ["belief", "omega", "shepherd"]}),
        "judge_model": (non_empty_text, "a model of the same endpoint that names the first wrong step of each searched solution (none)", {}),
        "step_separator": (separator, r"text after which a step ends; \n, \t and \\ stand for a line feed, a tab and a backslash (by default paragraphs are steps)", {}),
        "random_seed": (int, "seed of our own choices: mutations, not the model's sampling", {}),
    },
}  # fmt: skip


def parse_mutations(text: str) -> tuple[tuple[str, float], ...]:
    """Mutations and weights from "deepen,simplify:2"; upward, downward and breadth stand for their members, who share the weight.

    Raises UserError for an unknown name, a weight that is not a number from 0 up, or no weight above 0.
    """
    weights = dict.fromkeys(MUTATIONS, 0.0)
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition(":"))
        members = MUTATION_GROUPS.get(name, (name,))
        if not set(members) <= set(MUTATIONS):
            names = ", ".join([*MUTATIONS, *MUTATION_GROUPS])
            raise UserError(f"--mutations: there is no {name!r}; there are {names}.")
        try:
            weight = float(number) if ":" in part else 1.0
        except ValueError:
            weight = math.nan
        if not 0 <= weight < math.inf:
            raise UserError(f"--mutations: the weight of {name} must be a number from 0 up, not {number!r}.")
        for member in members:
            weights[member] += weight / len(members)
    if not any(weights.values()):
        raise UserError("--mutations: at least one mutation needs a weight above 0.")
    return tuple((name, weight) for name, weight in weights.items() if weight)
