"""The command line: which flags there are, with which defaults, and what is said about values that
cannot be."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.evolution import MUTATIONS
from evolvemcts4rl.flag_groups.files import FORMATS
from evolvemcts4rl.flags import parse_settings
from evolvemcts4rl.settings import FLAGS, Settings
from generate import main

ROOT = Path(__file__).parent.parent
NAMES = list(FLAGS)
WANTED = {
    "column_names": ("problem",),
    "temperature": 0.7,
    "top_p": 0.95,
    "model_name": "gpt-4o",
    "num_branches": 4,
    "max_search": 4,
    "max_branches": 40,
}


def parse(*flags: str) -> Settings:
    return parse_settings(["--seed_file", "a.jsonl", *flags])


def test_the_flags_that_were_asked_for_have_their_names_and_defaults() -> None:
    settings = parse()
    assert settings.files.seed_file == "a.jsonl"
    assert {name: settings.by_flag()[name] for name in WANTED} == WANTED
    assert {name: type(settings.by_flag()[name]) for name in WANTED} == {
        name: type(WANTED[name]) for name in WANTED
    }


def test_no_flags_give_the_defaults_of_settings() -> None:
    assert parse() == Settings.of(seed_file="a.jsonl")


GIVEN = {
    "--column_names context problem": {"column_names": ("context", "problem")},
    "--temperature 0": {"temperature": 0.0},
    "--top_p 1": {"top_p": 1.0},
    "--max_search 0 --max_branches 0": {"max_search": 0, "max_branches": 0},
    "--base_url http://a:1/v1/,https://b/v1": {"base_url": ("http://a:1/v1", "https://b/v1")},
    "--formats prm,dpo,prm": {"formats": ("prm", "dpo")},
    "--prices 2.5,10": {"prices": (("", 2.5, 10.0),)},
    "--prices 2.5,10 judge:1,2": {"prices": (("", 2.5, 10.0), ("judge", 1.0, 2.0))},
    '--extra_body {"b":1,"a":2} --extra_body writer:{"c":{"d":[]}}': {
        "extra_body": ('{"a":2,"b":1}', 'writer:{"c":{"d":[]}}')
    },
    "--judge_model a,b --header X-A=b=c --header judge2:X-D=e": {
        "judge_model": ("a", "b"),
        "header": ("X-A=b=c", "judge2:X-D=e"),
    },
    "--evolve_model @cf/meta/llama@https://h/v1": {"evolve_model": "@cf/meta/llama@https://h/v1"},
    "--judge_model a@http://h:1/v1,http://h:2/v1,b --judge_model c": {
        "judge_model": ("a@http://h:1/v1,http://h:2/v1", "b", "c")
    },
    "--mutations deepen,simplify:2": {"mutations": (("deepen", 1.0), ("simplify", 2.0))},
    "--decontaminate a.jsonl b.jsonl": {"decontaminate": ("a.jsonl", "b.jsonl")},
    "--min_solve_rate 0.2 --max_solve_rate 0.2": {"min_solve_rate": 0.2, "max_solve_rate": 0.2},
    "--keep agreed --judge_model j": {"keep": "agreed", "judge_model": ("j",)},
    "--judge_model a,b --judge_model c": {"judge_model": ("a", "b", "c")},
    "--overwrite --evolve_only": {"overwrite": True, "evolve_only": True},
    "--random_seed -3": {"random_seed": -3},
}


@pytest.mark.parametrize(("line", "settings"), GIVEN.items(), ids=GIVEN)
def test_values_arrive_in_their_types(line: str, settings: dict[str, Any]) -> None:
    assert parse(*line.split()) == Settings.of(seed_file="a.jsonl", **settings)


IMPOSSIBLE = {
    "--num_branches 0": "from 1 up, not 0",
    "--num_branches 1.5": "from 1 up, not 1.5",
    "--num_solutions 0": "from 1 up, not 0",
    "--max_search -1": "from 0 up, not -1",
    "--max_branches -1": "from 0 up, not -1",
    "--limit 0": "from 1 up, not 0",
    "--concurrency 0": "from 1 up, not 0",
    "--evolve_rounds -1": "from 0 up, not -1",
    "--temperature -1": "from 0, not -1",
    "--temperature nan": "from 0, not nan",
    "--temperature inf": "from 0, not inf",
    "--temperature warm": "from 0, not warm",
    "--top_p 2": "above 0 to 1, not 2",
    "--top_p 0": "above 0 to 1, not 0",
    "--timeout 0": "above 0, not 0",
    "--confidence 0.4": "from 0.5 to 1, not 0.4",
    "--agreement 1.1": "from 0 to 1, not 1.1",
    "--prices 3": "two numbers, in,out",
    "--prices boss:1,2": "no role 'boss'; there are policy, writer, judge",
    "--extra_body top_k=20": 'must be a JSON object such as {"top_k": 20}',
    "--extra_body [1]": "must be a JSON object",
    '--extra_body {"n":2}': "must not set 'n'",
    '--extra_body judge:{"messages":[]}': "must not set 'messages'",
    '--extra_body {"model":"x"}': "must not set 'model'",
    '--extra_body {"max_tokens":0}': "max_tokens: it must be a number from 1",
    '--extra_body {"temperature":"hot"}': "temperature must be a number",
    '--extra_body boss:{"a":1}': "no role 'boss'",
    "--header X-A": "must be NAME=VALUE",
    "--header boss:X-A=1": "no role 'boss'",
    "--header Host=h": "must not set Host",
    "--header X\u00e4=h": "a character that none has",
    "--judge_model @http://h/v1": "with a model before the @",
    "--evolve_model @http://h/v1": "with a model before the @",
    "--judge_model a,a": "the same one twice",
    "--prices 3,-1": "from 0, not -1",
    "--base_url localhost:8000": "must begin with http",
    "--formats prm,csv": "no 'csv'; there are " + ", ".join(FORMATS),
    "--formats ,": "names none of",
    "--mutations deeper": "deeper",
    "--continuation words": "there is no 'words'; there are",
    "--estimator guess": "there is no 'guess'; there are",
    "--keep some": "there is no 'some'; there are",
    "--keep agreed": "name one with --judge_model",
    "--step_separator=": "must not be empty",
    "--output_dir=": "must not be empty",
    "--language=": "must not be empty",
    "--model_name m\udcff": "not written in UTF-8",
    "--min_solve_rate 0.5 --max_solve_rate 0.4": "--min_solve_rate 0.5 is over --max_solve_rate",
    "--nosuchflag": "--nosuchflag",
    "--temp 0.5": "--temp",
    "--limit": "expected one argument",
    "stray": "stray",
}


@pytest.mark.parametrize(("line", "sentence"), IMPOSSIBLE.items(), ids=IMPOSSIBLE)
def test_impossible_value_gets_one_sentence_and_exit_code_2(
    line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--seed_file", "a.jsonl", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert err.endswith(".\n")


@pytest.mark.parametrize(
    ("given", "separator"),
    [
        (r"\n", "\n"),
        (r"\n\n", "\n\n"),
        (r"\t", "\t"),
        (r"\\n", r"\n"),
        (r"\\\n", "\\\n"),
        ("ки", "ки"),
        ("\n", "\n"),
    ],
)
def test_step_separator_is_read_as_a_shell_leaves_it(given: str, separator: str) -> None:
    assert (
        parse_settings(["--seed_file", "a.jsonl", "--step_separator", given]).search.step_separator
        == separator
    )


def test_seed_file_must_be_named() -> None:
    with pytest.raises(UserError, match="--seed_file"):
        parse_settings([])


@pytest.mark.slow
def test_help_lists_every_flag_and_loads_nothing_slow() -> None:
    slow = ["openai", "datasets", "numpy", "sympy", "math_verify", "aiohttp", "tqdm"]
    code = f"""
import json, sys
sys.argv = ["generate.py", "--help"]
import generate
try:
    generate.main()
except SystemExit as end:
    print(json.dumps([end.code, [name for name in {slow} if name in sys.modules]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    *text, last = done.stdout.splitlines()
    assert json.loads(last) == [0, []]
    shown = "\n".join(text)
    assert [name for name in NAMES if f"--{name}" not in shown] == []
    assert [name for name in MUTATIONS if name not in shown] == []
    assert "(0.7)" in shown
    assert "(gpt-4o)" in shown
