"""The samples of multiple choice and of code: right by computation, and fit for whole runs."""

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evolvemcts4rl.answers.choice import options_in
from examples.grade_code import grade, last_code_block
from generate import main
from tests.support.loopback import Ask, Handler, Loopback, chat_reply
from tests.support.run_process import ROOT, rows_of

CHOICE = rows_of(ROOT / "samples/choice.jsonl")
CODE = rows_of(ROOT / "samples/code.jsonl")


def journey() -> str:
    minutes = (13 * 60 + 15) - (9 * 60 + 40)
    return f"{minutes // 60} hours {minutes % 60} minutes"


def hundred_days_after_a_wednesday() -> str:
    wednesday = next(
        day for day in (date(2026, 1, n) for n in range(1, 8)) if day.strftime("%A") == "Wednesday"
    )
    return (wednesday + timedelta(days=100)).strftime("%A")


def only(options: list[str], fits: Callable[[str], bool]) -> str:
    (option,) = [option for option in options if fits(option)]
    return option


def is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, number))


def edges_of_a_cube() -> str:
    corners = list(itertools.product((0, 1), repeat=3))
    pairs = itertools.combinations(corners, 2)
    return str(sum(sum(a != b for a, b in zip(*pair, strict=True)) == 1 for pair in pairs))


def a_head_in_two_tosses() -> str:
    tosses = list(itertools.product("HT", repeat=2))
    return str(Fraction(sum("H" in toss for toss in tosses), len(tosses)))


# The text of each row's right option, from its options, under the words with which it begins.
ANSWERS: dict[str, Callable[[list[str]], str]] = {
    "A train leaves": lambda options: journey(),
    "Today is Wednesday": lambda options: hundred_days_after_a_wednesday(),
    "Which of these numbers is prime": lambda options: only(options, lambda o: is_prime(int(o))),
    "How many edges": lambda options: edges_of_a_cube(),
    "A shirt costs": lambda options: f"{Fraction(40) * Fraction(3, 4) * Fraction(11, 10)} dollars",
    "What is the sum": lambda options: str(sum(range(1, 21))),
    "Which of these fractions": lambda options: max(options, key=Fraction),
    "Two fair coins": lambda options: a_head_in_two_tosses(),
    "Which of these words": lambda options: only(options, lambda o: o == o[::-1]),
    "A rectangle has": lambda options: f"{9 * (30 // 2 - 9)} square centimetres",
}

RIGHT_CODE = {
    "is_leap": (
        "def is_leap(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)"
    ),
    "count_vowels": "def count_vowels(text):\n    return sum(c in 'aeiou' for c in text.lower())",
    "run_lengths": (
        "from itertools import groupby\n\ndef run_lengths(text):\n"
        "    return [(c, len(list(run))) for c, run in groupby(text)]"
    ),
    "second_largest": (
        "def second_largest(numbers):\n    values = sorted(set(numbers))\n"
        "    return values[-2] if len(values) > 1 else None"
    ),
    "roman": (
        "SIGNS = [(1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'),\n"
        "         (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')]\n\n"
        "def roman(number):\n    out = ''\n    for value, sign in SIGNS:\n"
        "        while number >= value:\n            out += sign\n"
        "            number -= value\n    return out"
    ),
}
WRONG_CODE = {
    "is_leap": "def is_leap(year):\n    return year % 4 == 0",
    "count_vowels": "def count_vowels(text):\n    return sum(c in 'aeiou' for c in text)",
    "run_lengths": (
        "def run_lengths(text):\n    return [(c, text.count(c)) for c in sorted(set(text))]"
    ),
    "second_largest": "def second_largest(numbers):\n    return sorted(numbers)[-2]",
    "roman": "def roman(number):\n    return 'I' * number",
}


def name_of(problem: str) -> str:
    """Return the function that a task asks for."""
    return next(name for name in RIGHT_CODE if f"function {name}(" in problem)


@pytest.mark.parametrize("row", CHOICE, ids=lambda row: row["problem"][:30])
def test_choice_has_the_letter_of_the_option_that_a_computation_gives(row: dict[str, Any]) -> None:
    (find,) = [find for words, find in ANSWERS.items() if row["problem"].startswith(words)]
    answer = find(row["choices"])
    assert row["choices"].count(answer) == 1
    assert len(set(row["choices"])) == 4
    assert row["final_answer"] == "ABCD"[row["choices"].index(answer)]


def test_samples_have_the_rows_that_they_should() -> None:
    assert len(CHOICE) == len(ANSWERS) == 10
    assert sorted(name_of(row["problem"]) for row in CODE) == sorted(RIGHT_CODE)
    assert all(set(row) == {"problem", "tests"} for row in CODE)
    assert {row["final_answer"] for row in CHOICE} == set("ABCD")


def block(code: str) -> SimpleNamespace:
    return SimpleNamespace(text=f"Thus:\n\n```python\n{code}\n```", answer=None)


@pytest.mark.slow
@pytest.mark.parametrize("row", CODE, ids=lambda row: name_of(row["problem"]))
def test_unit_tests_of_a_task_pass_a_right_solution_and_no_wrong_one(row: dict[str, Any]) -> None:
    name = name_of(row["problem"])
    assert grade(row, block(RIGHT_CODE[name])) is True
    assert grade(row, block(WRONG_CODE[name])) is False


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.exit(0)",
        "import os\nos._exit(0)",
        "memory = bytearray(4 << 30)\ndef f(): return 1",
        "print('x' * (8 << 20))\ndef f(): return 1",
        "def f(): return",
        "def f(:",
        "import os\nassert 'SECRET' in os.environ\ndef f(): return 1",
    ],
)
def test_code_that_leaves_early_or_goes_beyond_its_limits_does_not_pass(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "sk-1")
    assert grade({"tests": "assert f() == 1"}, block(code)) is False


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\na = 1\n```", "a = 1\n"),
        ("```\na = 1\n```\n\nand\n\n```py\na = 2\n```\nDone.", "a = 2\n"),
        ("```python\na = 1\n```\nand ```unclosed", "a = 1\n"),
        ("```json\n{}\n```", None),
        ("No code.", None),
        ("```python\na = 1", None),
    ],
)
def test_last_closed_code_block_is_taken(text: str, code: str | None) -> None:
    assert last_code_block(text) == code


Write = Callable[[str, str, random.Random], str]


def scripted(write: Write) -> Handler:
    """Return a handler that continues what `write` gives for a question and an index of chance."""

    def handler(ask: Ask) -> dict[str, Any]:
        messages = ask.body["messages"]
        key, start, _ = ask.headers["idempotency-key"].split("-")
        indices = range(int(start), int(start) + (ask.body.get("n") or 1))
        prefix = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        question = next(m["content"] for m in messages if m["role"] == "user")
        chances = [random.Random(hashlib.sha256(f"{key} {i}".encode()).digest()) for i in indices]
        return chat_reply(*(write(question, prefix, chance) for chance in chances))

    return handler


def write_choice(question: str, prefix: str, chance: random.Random) -> str:
    """Return steps that end with a letter or a text: once a step is wrong, so is the end."""
    options = options_in(question)
    right = next((row["final_answer"] for row in CHOICE if row["problem"] in question), None)
    if right is None:
        return "OK."
    is_right = "Hm" not in prefix and chance.random() < 0.7
    letter = right if is_right else chance.choice([label for label in options if label != right])
    said = chance.choice([letter, options[letter], f"{letter}) {options[letter]}"])
    idea = "I compare every option with the question." if is_right else "Hm, I guess."
    steps = [f"{idea}\n\n", f"The answer is \\boxed{{{said}}}."]
    return "".join(steps[prefix.count("\n\n") :])


def write_code(question: str, prefix: str, chance: random.Random) -> str:
    """Return a plan and a program: once the plan is wrong, so is the program."""
    if "function" not in question:
        return "OK."
    name = name_of(question)
    is_right = "Hm" not in prefix and chance.random() < 0.6
    code = (RIGHT_CODE if is_right else WRONG_CODE)[name]
    plan = "The task has several cases." if is_right else "Hm, the first case alone will do."
    # No two are the same word for word, as with a real model.
    comment = f"# version {chance.random()}"
    steps = [f"{plan}\n\n", f"The program does just that.\n\n```python\n{comment}\n{code}\n```"]
    return "".join(steps[prefix.count("\n\n") :])


Rows = list[dict[str, Any]]


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, *flags: str
) -> tuple[Rows, Rows, list[str]]:
    """The rows of problems.jsonl and the trees of a run on a scripted model."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    fixed = ["--model_name", "m", "--num_solutions", "8", "--max_branches", "16"]
    where = ["--output_dir", str(tmp_path / "out"), "--evolve_rounds", "0"]
    with Loopback(scripted(write)) as server:
        url = ["--base_url", server.url, "--continuation", "prefill"]
        assert main([*url, *fixed, *where, *flags]) == 0
        asked = [ask.body["messages"][0]["content"] for ask in server.asks]
    problems, trees = (rows_of(tmp_path / f"out/{name}.jsonl") for name in ("problems", "tree"))
    return problems, trees, asked


def solutions(
    node: dict[str, Any], steps: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield each whole solution below a node as its steps and whether it is right."""
    if "correct" in node:
        yield steps, node["correct"]
    for child in node["children"]:
        yield from solutions(child, (*steps, child["text"]))


@pytest.mark.slow
def test_run_on_multiple_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = str(ROOT / "samples/choice.jsonl")
    flags = ["--seed_file", seeds, "--grader", "choice", "--choices_column", "choices"]
    problems, trees, asked = run(tmp_path, monkeypatch, write_choice, *flags)
    assert [row["final_answer"] for row in problems] == [row["final_answer"] for row in CHOICE]
    assert all("\nB) " in text for text in asked if "OK" not in text)
    assert len(trees) == 10
    for tree in trees:
        found = list(solutions(tree["reasoning_steps"]))
        assert {right for steps, right in found} == {True, False}
        assert all(right != ("Hm" in steps[0]) for steps, right in found if len(steps) > 1)


@pytest.mark.slow
def test_run_on_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grader = str(ROOT / "examples/grade_code.py:grade")
    prompts = str(ROOT / "examples/code_prompts")
    flags = ["--seed_file", str(ROOT / "samples/code.jsonl"), "--grader", grader]
    told = ["--prompts", prompts, "--domain", "programming"]
    problems, trees, asked = run(tmp_path, monkeypatch, write_code, *flags, *told)
    assert all("problem in programming" in text for text in asked if "OK" not in text)
    assert [row["seed"] for row in problems] == CODE
    assert len(trees) == 5
    for tree in trees:
        assert tree["final_answer"] is None
        found = list(solutions(tree["reasoning_steps"]))
        assert {right for steps, right in found} == {True, False}
        assert all(right != ("Hm" in steps[0]) for steps, right in found)
    prm = rows_of(tmp_path / "out/prm.jsonl")
    assert any(row["labels"] == [False] and "Hm" in row["completions"][0] for row in prm)
    assert json.loads((tmp_path / "out/summary.json").read_text())["complete"]
