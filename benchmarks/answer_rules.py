"""What our rules on answers add to math-verify's, and which of them change no verdict.

    python benchmarks/answer_rules.py [MODULE ...] [ROWS.jsonl]

Prints how many of the tests' pairs math-verify alone and we judge right. Then every rule is
switched off in turn, in a copy of its module that only a child process sees, and the verdicts that
come out otherwise are counted: those on the pairs, on the cases of the tests of extraction, and on
the rows of a file, if there is one (objects with "kind" equal or extract, "gold", "candidate" and
"expected"). The rules are read from the source: functions, with the conditions, refinements and
calls in them; entries of tables and listed words; alternatives of regular expressions. All modules
of the grader "math" are gone through, or those that are named.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib.util import spec_from_file_location
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import math_verify
import sympy

from benchmarks.source_rules import Rule, module_rules
from evolvemcts4rl.answers import values
from tests.answers import test_extract, test_wordings
from tests.support.answer_pairs import DIFFERENT, MATCHING, rows

FOLDER = ROOT / "evolvemcts4rl" / "answers"
PACKAGE = "evolvemcts4rl.answers."
MODULES = (
    *("compare", "extract", "forms", "groups", "latex", "number_words", "numbers", "remarks"),
    *("sentence_values", "spelling", "statements", "units", "values"),
)
CASE_SECONDS, RULE_SECONDS = 5, 90
SOURCES = ("pairs", "extraction", "rows")


class Case(NamedTuple):
    """A question to the rules, and what they ought to say."""

    source: str
    ask: str  # same, extract, seed, or find: extract an answer and compare it
    gold: str
    text: str
    expected: Any


Judged = list[tuple[int, Case, bool]]  # a case's number, and whether the rules are right on it


def all_cases(path: str | None) -> Iterator[Case]:
    """Yield the pairs, the cases of the tests of extraction, and the rows of a file."""
    for table in (MATCHING, DIFFERENT):
        for _, gold, answer in rows(table):
            yield Case("pairs", "same", gold, answer, table is MATCHING)
    for test in [*vars(test_extract).values(), *vars(test_wordings).values()]:
        for mark in getattr(test, "pytestmark", ()):
            names, values = mark.args or ("", ())
            for value in values if names != "loop" else ():
                text, expected = (value, None) if isinstance(names, str) else value
                expected = text if names == "column" else expected
                ask = "seed" if "column" in names else "extract"
                yield Case("extraction", ask, "", text, expected)
    for line in Path(path).read_text(encoding="utf-8").splitlines() if path else ():
        row = json.loads(line)
        ask = "same" if row["kind"] == "equal" else "find"
        yield Case("rows", ask, row["gold"], row["candidate"], row["expected"])


def is_right(case: Case) -> bool:
    """Return whether the rules, as they are imported now, say what is expected."""
    from evolvemcts4rl.answers.compare import same_answer
    from evolvemcts4rl.answers.extract import extract_answer, seed_answer

    if case.ask == "same":
        return same_answer(case.gold, case.text) is bool(case.expected)
    found = seed_answer(case.text) if case.ask == "seed" else extract_answer(case.text)
    if case.ask != "find" or case.expected is None:
        return bool(found == case.expected)
    if isinstance(case.expected, str):
        return found is not None and same_answer(case.expected, found)
    is_written_out = "\\boxed" in case.gold or "$" in case.gold
    gold = seed_answer(case.gold) if is_written_out else case.gold
    is_same = found is not None and gold is not None and same_answer(gold, found)
    return is_same is bool(case.expected)


def math_verify_is_right(case: Case) -> bool:
    """Return whether math-verify is right on a pair, given its texts between dollar signs."""
    texts = (f"${text}$" for text in (case.gold, case.text))
    ours, theirs = (math_verify.parse(text, parsing_timeout=None) for text in texts)
    return bool(math_verify.verify(ours, theirs, timeout_seconds=None)) is case.expected


def judged(judge: Callable[[Case], bool], case: Case) -> bool:
    """Return a verdict; False where it is an error or takes longer than CASE_SECONDS."""
    signal.alarm(CASE_SECONDS)
    try:
        return judge(case)
    except Exception:  # noqa: BLE001 - whatever sympy raises, or a function without a rule
        return False
    finally:
        signal.alarm(0)


def on_alarm(*_: object) -> None:
    """Raise TimeoutError."""
    raise TimeoutError


def remembered(function: Callable[..., Any], key_of: Callable[[object], str]) -> Any:
    """Return a function that computes each value once, since these take most of the time."""
    known: dict[str, Any] = {}

    def look_up(*args: Any, **options: Any) -> Any:
        key = f"{key_of(args)} {options}"
        if key not in known:
            known[key] = function(*args, **options)
        return known[key]

    return look_up


def functions_called(case: Case) -> tuple[bool, set[str]]:
    """Return whether the rules are right on a case, and the functions that they call for it."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(FOLDER)):
            function = frame.f_code.co_qualname.partition(".<locals>")[0]
            called.add(f"{Path(frame.f_code.co_filename).stem}.{function}")

    for name, module in list(sys.modules.items()):
        for value in vars(module).values() if name.startswith(PACKAGE) else ():
            if hasattr(value, "cache_clear"):
                value.cache_clear()  # what is remembered calls no function
    sys.setprofile(note)
    try:
        return judged(is_right, case), called
    finally:
        sys.setprofile(None)


class WithoutRule:
    """Imports one module of the package with a rule switched off: a finder and its loader."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def find_spec(self, name: str, *_: object) -> Any:
        """Return what finds the module; None for all others."""
        if name != PACKAGE + self._rule.module:
            return None
        loader: Any = self
        return spec_from_file_location(name, FOLDER / f"{self._rule.module}.py", loader=loader)

    def create_module(self, _: object) -> None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module without the rule."""
        exec(compile(self._rule.switched_off(), self._rule.module, "exec"), vars(module))


def send_changes(rule: Rule, cases: Judged, pipe: Any) -> None:
    """Send the numbers of the cases that a rule decides: of a whole function all, else the first.

    All of them where nothing can be imported without it.
    """
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        if name != f"{PACKAGE}patterns":  # it keeps what is compiled
            del sys.modules[name]
    sys.meta_path.insert(0, WithoutRule(rule))
    if rule.module != "values":
        sys.modules[values.__name__] = values  # it remembers
    changed: list[int] = []
    for number, case, before in cases:
        if judged(is_right, case) is not before:
            changed.append(number)
            if rule.what:
                break
    pipe.send(changed)


def decided_by(rule: Rule, cases: Judged) -> list[int]:
    """Return the numbers of the cases that a rule decides; all where the others do not end."""
    here, there = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=send_changes, args=(rule, cases, there))
    child.start()
    there.close()
    try:
        return list(here.recv()) if here.poll(RULE_SECONDS) else [case[0] for case in cases]
    except EOFError:
        return [case[0] for case in cases]
    finally:
        child.kill()
        child.join()


def print_right(name: str, judge: Callable[[Case], bool], pairs: list[Case]) -> None:
    """Print how many pairs are judged right, and which way the others are not."""
    counts = Counter(
        "right"
        if judged(judge, case)
        else f"falsely {'different' if case.expected else 'the same'}"
        for case in pairs
    )
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"{name:<18} {len(pairs)} pairs: {said}")


def print_rules(
    modules: Sequence[str], cases: list[Case], judgements: list[tuple[bool, set[str]]]
) -> None:
    """Print what each function decides, and below it the pieces of it that decide nothing."""
    touched: dict[str, Judged] = defaultdict(list)  # by function, and by module
    for number, (case, (right, called)) in enumerate(zip(cases, judgements, strict=True)):
        for place in called | {function.partition(".")[0] for function in called}:
            touched[place].append((number, case, right))
    paths = [FOLDER / f"{module}.py" for module in modules]
    rules = [rule for path in paths for rule in module_rules(path)]

    def measure(rule: Rule) -> list[int]:
        cases = touched[f"{rule.module}.{rule.function}" if rule.function else rule.module]
        return decided_by(rule, cases) if cases else []

    for rule, changed in zip(rules, ThreadPool(2).imap(measure, rules), strict=True):
        if not rule.what:
            counts = Counter(cases[number].source for number in changed)
            said = ", ".join(f"{counts[source]} {source}" for source in SOURCES)
            print(f"{rule.module}.{rule.function}, {rule.lines} lines: {said}", flush=True)
        elif not changed:
            print(f"    nothing: {rule.module}:{rule.owner.lineno} {rule.what}", flush=True)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    print(f"{len(rules)} rules in {lines} lines")


def main() -> None:
    """Print the table of both graders, then that of our rules."""
    logging.disable(logging.ERROR)
    signal.signal(signal.SIGALRM, on_alarm)
    os.nice(10)
    paths = [name for name in sys.argv[1:] if name not in MODULES]
    cases = list(all_cases(paths[0] if paths else None))
    pairs = [case for case in cases if case.source == "pairs"]
    print_right("math-verify alone", math_verify_is_right, pairs)
    print_right("ours", is_right, pairs)
    math_verify.parse = remembered(math_verify.parse, repr)
    math_verify.verify = remembered(math_verify.verify, sympy.srepr)
    judgements = [functions_called(case) for case in cases]
    for source in SOURCES:
        kept = [it[0] for case, it in zip(cases, judgements, strict=True) if case.source == source]
        print(f"{source}: {sum(kept)} of {len(kept)} right")
    values.same_value = remembered(values.same_value, sympy.srepr)
    for case in cases:
        judged(is_right, case)
    print_rules([name for name in MODULES if name in sys.argv] or MODULES, cases, judgements)


if __name__ == "__main__":
    main()
