"""Files of rows that cannot be used, each given to the command line: exit code 2, one sentence,
nothing written."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.file_scan import CHUNK, MOST_DEPTH, MOST_LINE
from evolvemcts4rl.problems.seeds import read_seeds
from evolvemcts4rl.problems.table_file import read_table
from evolvemcts4rl.settings import Settings
from tests.support.loopback import Loopback
from tests.support.run_process import ROOT, command, environment, seed_file
from tests.support.toy_chat import toy_handler

NOWHERE = "http://127.0.0.1:9/v1"
LINE = '{"problem": "What is 1 + 1?", "final_answer": "2"}\n'


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


STARTED = """
import contextlib, io, json, os, sys
from generate import main

ended = {}
for name, (folder, args) in json.load(sys.stdin).items():
    os.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    ended[name] = [code, out.getvalue(), err.getvalue()]
print(json.dumps(ended))
"""


STARTS: dict[str, tuple[str, bytes | str, str]] = {
    "Latin-1": (
        "a.jsonl",
        LINE.encode() + LINE.replace("?", "\xe9").encode("latin-1"),
        "not UTF-8 in line 2",
    ),
    "NULs": ("a.jsonl", b"\0" * 5000, "holds a NUL byte in line 1"),
    "100,000 brackets": ("a.json", "[" * 100_000, "brackets nest too deep"),
    "100,000 braces in a line": (
        "a.jsonl",
        LINE + '{"problem":' * 100_000 + "\n",
        "brackets nest too deep",
    ),
    "a line that is broken": ("a.jsonl", LINE * 3 + '{"problem": \n' + LINE, "not JSON in line 4"),
    "a text that is not closed": (
        "a.jsonl",
        LINE * 3 + '{"problem": "p\n' + LINE,
        "not JSON in line 4",
    ),
    "a line of 20 MB": (
        "a.jsonl",
        LINE + '{"problem": "' + "x" * 20_000_000,
        "more than 16 MB in line 2",
    ),
    "objects in a column": (
        "a.jsonl",
        lines({"problem": "p"}, {"problem": {"text": "q"}}),
        "'problem' of row 2",
    ),
    "objects as answers": (
        "a.jsonl",
        lines({"problem": "p", "final_answer": [{"x": 1}]}),
        "'final_answer' of row 1",
    ),
    "a number of 5,000 digits": (
        "a.jsonl",
        LINE + f'{{"problem": {"7" * 5000}}}\n',
        "more than 4300 digits",
    ),
    "a tree": (
        "a.jsonl",
        lines({"problem": "p", "final_answer": {"a": [{"b": None}]}}),
        "'final_answer' of row 1",
    ),
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, int, str, str]]:
    """Start on every file, each in a folder of its own, in a process where nothing is left unseen.

    Return the folders, the exit codes and what was printed.
    """
    base = tmp_path_factory.mktemp("starts")
    asked: dict[str, tuple[str, list[str]]] = {}
    for number, (case, (name, content, _)) in enumerate(STARTS.items()):
        folder = base / f"{number}"
        folder.mkdir()
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        asked[case] = str(folder), command(NOWHERE, name, Path("out"))[2:]
    (base / "tmp").mkdir()
    names = environment() | {"TMPDIR": str(base / "tmp"), "HF_HOME": str(base / "hf")}
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=names,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for place in ("tmp", "hf"):
        assert not [path for path in (base / place).rglob("*") if path.is_file()]
    ended = json.loads(done.stdout)
    return {case: (Path(folder), *ended[case]) for case, (folder, _) in asked.items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", STARTS)
def test_start_on_an_unusable_file_ends_with_one_sentence_and_writes_nothing(
    started: dict[str, tuple[Path, int, str, str]], case: str
) -> None:
    name, _, words = STARTS[case]
    folder, code, out, err = started[case]
    assert (code, out) == (2, ""), err
    (sentence,) = err.splitlines()
    assert words in sentence
    assert name in sentence
    assert [path.name for path in folder.iterdir()] == [name]


REFUSED = {
    "empty": ("a.jsonl", "", "a.jsonl is empty"),
    "blank": ("a.jsonl", " \n\n", "a.jsonl has no rows"),
    "no problem in any row": (
        "a.jsonl",
        '{"problem": " "}\n{"problem": null}\n',
        "no problem in any row of 'problem'",
    ),
    "empty array": ("a.json", "[]", "a.json has no rows"),
    "CSV without rows": ("a.csv", "problem,final_answer\n", "a.csv .*it has no rows"),
    "CSV of nothing": ("a.csv", "\n", "a.csv .*must name the columns"),
    "CSV with a comma in a text": (
        "a.csv",
        "problem,final_answer\nNow, what?,5\n",
        "line 2 .*quote texts",
    ),
    "CSV, two columns of one name": ("a.csv", "problem,problem\na,b\n", "each once"),
    "CSV in Latin-1": ("a.csv", "problem\nOù?\n".encode("latin-1"), "a.csv is not UTF-8 in line 2"),
    "CSV with a NUL": ("a.csv", "problem\na\0b\n", "a.csv holds a NUL byte in line 2"),
    "UTF-16": ("a.jsonl", LINE.encode("utf-16"), "a.jsonl is not UTF-8 in line 1"),
    "UTF-8 that is cut off": (
        "a.jsonl",
        LINE.encode() + "é".encode()[:1],
        "a.jsonl is not UTF-8 in line 2",
    ),
    "garbage as JSON": ("a.json", b"\x00\x01\xff\xfe", "a.json is not UTF-8 in line 1"),
    "prose as JSON": (
        "a.jsonl",
        "Once upon a time",
        "a.jsonl is not JSON in line 1 .Exp.*--skip_broken_rows",
    ),
    "torn JSON": ("a.jsonl", LINE + LINE[:-9], "a.jsonl is not JSON in line 2"),
    "garbage as Parquet": ("a.parquet", b"PAR1 garbage", "a.parquet cannot be read as parquet"),
    "a number of 5,000 digits": (
        "a.jsonl",
        f'{{"problem": "p", "final_answer": {"7" * 5000}}}\n',
        "a.jsonl holds a number of more than 4300 digits",
    ),
    "such a number in an array": (
        "a.json",
        f'[{{"problem": "p", "final_answer": -{"7" * 5000}}}]',
        "a.json holds a number of more than 4300 digits",
    ),
    "bare values": ("a.jsonl", '"a"\n"b"\n', "a.jsonl must hold objects with named columns"),
    "other columns": (
        "a.jsonl",
        '{"question": "p", "answer": "4"}',
        "no column 'problem': .*'question', 'answer'",
    ),
}


@pytest.mark.parametrize(("name", "content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_unusable_file_is_refused_in_one_sentence_that_names_it(
    tmp_path: Path, name: str, content: bytes | str, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=sentence) as refusal:
        read_seeds(Settings.of(seed_file=str(path)))
    assert "\n" not in str(refusal.value)


def test_objects_in_a_column_of_parquet_are_refused(tmp_path: Path) -> None:
    import datasets

    rows = [{"problem": "p", "final_answer": {"value": 1}}, {"problem": "q", "final_answer": None}]
    datasets.Dataset.from_list(rows).to_parquet(str(tmp_path / "a.parquet"))
    with pytest.raises(UserError, match="object in column 'final_answer' of row 1"):
        read_seeds(Settings.of(seed_file=str(tmp_path / "a.parquet")))


def test_objects_in_other_columns_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for other in (
        {"a": {"b": [1]}},
        {"a": 0.5, "final_answer": 0.5},
        {"a": json.loads("[" * 500 + "]" * 500)},
    ):
        path.write_text(lines({"problem": "p", **other}))
        seeds = read_seeds(Settings.of(seed_file=str(path)))
        assert [seed.question for seed in seeds] == ["p"]
        assert seeds.digest_of_first(1)


@pytest.mark.parametrize("text", ["[", "{", '"[', "\\[", '\\"[', '\\\\"[{'])
@pytest.mark.parametrize("before", range(6))
def test_brackets_within_a_text_do_not_count_as_depth(
    tmp_path: Path, text: str, before: int
) -> None:
    """The text reaches over chunks, whose ends fall on each of its characters and between those
    of its escapes."""
    path = tmp_path / "a.jsonl"
    question = "x" * before + text * (3 * CHUNK // len(text) // 2)
    path.write_text(lines({"problem": question, "x": [[1]]}))
    from datasets import Dataset

    table, _ = read_table(path, ("problem",))
    assert table[0]["problem"] == question
    assert isinstance(table, Dataset)  # read by the parser of `datasets`


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_read(tmp_path: Path) -> None:
    for name in ("a[1].jsonl", "a*.jsonl", "a::b.csv", "a?.csv"):
        (tmp_path / name).write_text(LINE if name.endswith("l") else "problem\np\n")
        assert len(read_seeds(Settings.of(seed_file=str(tmp_path / name)))) == 1


def test_another_content_of_the_same_size_and_time_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    questions = []
    for number in "12":
        path.write_text(lines({"problem": f"What is {number} + 1?"}))
        os.utime(path, (1_700_000_000, 1_700_000_000))
        questions += [seed.question for seed in read_seeds(Settings.of(seed_file=str(path)))]
    assert questions == ["What is 1 + 1?", "What is 2 + 1?"]


@pytest.mark.slow
def test_a_large_row_that_is_not_too_large_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LINE + lines({"problem": "x" * (MOST_LINE // 2)}))
    assert [len(seed.question) for seed in read_seeds(Settings.of(seed_file=str(path)))] == [
        14,
        MOST_LINE // 2,
    ]


@pytest.mark.slow
def test_an_array_may_stand_on_one_long_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [{"problem": f"{number} " + "x" * 1000} for number in range(MOST_LINE // 1000)]
    path.write_text(json.dumps(rows))
    assert path.stat().st_size > MOST_LINE
    assert len(read_seeds(Settings.of(seed_file=str(path)))) == len(rows)


def test_deeper_brackets_than_the_parser_bears_are_read_without_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for depth in (MOST_DEPTH - 2, MOST_DEPTH, 300):
        path.write_text('{"problem": "p", "x": ' + '{"y": ' * depth + "1" + "}" * depth + "}\n")
        assert len(read_seeds(Settings.of(seed_file=str(path)))) == 1


@pytest.mark.slow
def test_a_start_asks_no_server_but_the_endpoint(tmp_path: Path) -> None:
    """Whoever wants to reach the internet is sent to a proxy here, which counts who comes."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as proxy, Loopback(toy_handler(Model())) as server:

        def listen() -> None:
            while True:
                try:
                    client, _ = proxy.accept()
                except OSError:
                    return
                with client:
                    came.append(client.recv(200))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = environment() | {"HTTPS_PROXY": url, "HTTP_PROXY": url, "NO_PROXY": "127.0.0.1"}
        names |= {"https_proxy": url, "http_proxy": url, "no_proxy": "127.0.0.1"}
        args = command(server.url, seed_file(tmp_path, 2), tmp_path / "out", "--evolve_rounds", "0")
        done = subprocess.run(
            args, capture_output=True, text=True, env=names, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        proxy.shutdown(socket.SHUT_RDWR)
    listener.join()
    assert came == []
    assert server.asks
