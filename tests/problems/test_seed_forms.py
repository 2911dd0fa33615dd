"""Seeds as they are published: chats, own ids, other columns, broken lines, names on the hub."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.problems.hub import HubName, read_hub_name
from evolvemcts4rl.problems.seed_rows import Seeds
from evolvemcts4rl.problems.seeds import read_seeds
from evolvemcts4rl.settings import Settings

Read = Callable[..., Seeds]
TURNS = [("system", "Be brief."), ("user", "What is 1 + 1?"), ("assistant", "So the answer is 2.")]
OPENAI = [{"role": role, "content": text} for role, text in TURNS]
SHAREGPT = [
    {"from": {"user": "human", "assistant": "gpt"}.get(role, role), "value": text}
    for role, text in TURNS
]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a seed file of these rows, or of this content, and read it."""

    def write_and_read(*rows: dict[str, Any], content: str | bytes = "", **flags: Any) -> Seeds:
        path = tmp_path / flags.pop("name", "a.jsonl")
        content = content or "".join(json.dumps(row) + "\n" for row in rows)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_seeds(Settings.of(seed_file=str(path), **flags))

    return write_and_read


@pytest.mark.parametrize("turns", [OPENAI, SHAREGPT, OPENAI[1:]])
@pytest.mark.parametrize("deep", [False, True])
def test_chat_asks_the_problem_and_states_the_answer(
    read: Read, turns: list[dict[str, str]], deep: bool
) -> None:
    """Also where the file is read object by object, as one with a date is."""
    row: dict[str, Any] = {"messages": turns} | ({"on": "2020-01-01"} if deep else {})
    (seed,) = read(row, column_names=("messages",), answer_column="messages")
    assert (seed.question, seed.final_answer) == ("What is 1 + 1?", "2")
    assert seed.seed == row


@pytest.mark.parametrize(
    "row",
    [
        {"level": 5, "tags": ["a", "b"], "meta": {"source": {"year": 1999}}, "on": "2020-01-01"},
        {"final_answer": 0.5, "tests": [{"in": [1, 2], "out": None}], "n": 1.5, "ok": True},
        {"final_answer": "1.50", "level": "007", "n": 2**70},
    ],
)
def test_all_columns_of_a_row_are_carried_along_as_they_were(
    read: Read, row: dict[str, Any]
) -> None:
    row = {"problem": "What is 1 + 1?"} | row
    (seed,) = read(row)
    assert seed.seed == row
    assert seed.to_json()["seed"] == row


def test_rows_that_are_refused_carry_their_columns_too(read: Read) -> None:
    _, again = read({"problem": "p", "n": 1}, {"problem": "p", "n": 2})
    assert (again.status, again.seed) == ("refused", {"problem": "p", "n": 2})


def test_rows_keep_their_own_ids(read: Read) -> None:
    rows = [{"problem": f"p{n}", "unique_id": f"test/algebra/{n}.json"} for n in range(2)]
    seeds = read(*rows, rows[0], {"problem": "q", "unique_id": 7}, id_column="unique_id")
    ids = [seed.question_id for seed in seeds]
    assert ids == [
        "test/algebra/0.json",
        "test/algebra/1.json",
        "test/algebra/0.json+000002",
        "7",
    ]
    assert [seeds.row_of(own)["problem"] for own in ids] == ["p0", "p1", "p0", "q"]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["a", None], "has no id in column 'id' of row 2"),
        (["a", " "], "has no id in column 'id' of row 2"),
        (["a", "b", "a"], "has the id a in column 'id' of row 3 for the second time"),
        (["a", "a-r1"], "has the ids a and a-r1 in column 'id'"),
    ],
)
def test_ids_that_cannot_name_problems_are_refused(
    read: Read, ids: list[str | None], words: str
) -> None:
    rows = [{"problem": f"p{n}", "id": own} for n, own in enumerate(ids)]
    with pytest.raises(UserError, match=words):
        read(*rows, id_column="id")


def test_a_column_that_looks_like_that_of_answers_is_suggested_unless_answers_are_voted(
    read: Read,
) -> None:
    row = {"problem": "p", "expected_answer": "2"}
    told = "no column 'final_answer', but 'expected_answer': give --answer_column expected_answer"
    with pytest.raises(UserError, match=f"{told}, or --vote"):
        read(row)
    (seed,) = read(row, vote=True)
    assert seed.final_answer is None
    (seed,) = read(row, answer_column="expected_answer")
    assert seed.final_answer == "2"
    with pytest.raises(UserError, match="leave out --vote"):
        read(row, answer_column="expected_answer", vote=True)


GOOD = '{"problem": "What is %d + 1?", "final_answer": "%d"}\n'


@pytest.mark.parametrize(
    ("name", "content", "kept", "lines"),
    [
        ("a.jsonl", GOOD % (1, 2) + '{"problem": \n' + GOOD % (2, 3), [1, 2], [2]),
        ("a.jsonl", '{"problem"\n\n7\n[1]\n' + GOOD % (2, 3) + GOOD[:9], [2], [1, 3, 4, 6]),
        ("a.jsonl", (GOOD % (1, 2)).encode() + b'{"problem": "\xff"}\n\0\n', [1], [2, 3]),
        ("a.jsonl", "\ufeff" + GOOD % (1, 2) + "x" * (17 << 20) + "\n", [1], [2]),
        ("a.csv", 'problem,a\n"What is 1 + 1?",2\nNow, what, 1\nWhat is 2 + 1?,3\n', [1, 2], [3]),
        ("a.csv", b"problem;a\nWhat is 1 + 1?;2\n\xff?;2\n", [1], [3]),
    ],
)
def test_broken_rows_are_left_out_and_counted_where_that_is_wanted(
    read: Read, name: str, content: str | bytes, kept: list[int], lines: list[int]
) -> None:
    seeds = read(name=name, content=content, skip_broken_rows=True)
    assert [seed.question for seed in seeds] == [f"What is {n} + 1?" for n in kept]
    assert seeds.broken_lines == lines
    assert seeds.broken_in_words.startswith("1 row of" if len(lines) == 1 else f"{len(lines)} rows")
    with pytest.raises(UserError, match=r"line \d"):
        read(name=name, content=content)


@pytest.mark.parametrize("content", [json.dumps([{"problem": "p"}], indent=1), "[", "words", ""])
def test_file_whose_rows_are_no_lines_is_read_or_refused_as_ever(read: Read, content: str) -> None:
    told = []
    for skip in (False, True):
        try:
            told.append([seed.question for seed in read(content=content, skip_broken_rows=skip)])
        except UserError as error:
            told.append([str(error)])
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gsm8k", HubName("gsm8k")),
        ("openai/gsm8k:main", HubName("openai/gsm8k", "main")),
        ("openai/gsm8k:main:test", HubName("openai/gsm8k", "main", "test")),
        ("openai/gsm8k::test", HubName("openai/gsm8k", None, "test")),
        ("a/b:c:train@v1.0", HubName("a/b", "c", "train", "v1.0")),
        ("a/b@main", HubName("a/b", None, "train", "main")),
        ("a/b:c:d:e", None),
        ("a/b@", None),
        ("a b", None),
        ("a/b:c d", None),
        ("a/b/c", None),
    ],
)
def test_name_on_the_hub_has_config_split_and_revision(text: str, name: HubName | None) -> None:
    assert read_hub_name(text) == name


def test_text_that_names_nothing_on_the_hub_is_refused_without_asking() -> None:
    with pytest.raises(UserError, match="such as openai/gsm8k:main:train"):
        read_seeds(Settings.of(seed_file="openai/gsm8k:main:train:more"))
