"""One run with a policy, a writer and two judges, each at its own server with its own key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from evolvemcts4rl.chat.addresses import key_names
from generate import main
from tests.support.loopback import Loopback
from tests.support.run_process import outputs, rows_of, seed_file
from tests.support.toy_chat import toy_handler

MODEL = Model(slip=0.1, silent=0.03, announced=0.05)
NAMES = ("policy", "writer", "judge1", "judge2")
KEYS = {name: f"sk-of-the-{name}-4711-0815" for name in NAMES}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no variable that leads a client elsewhere."""
    for name in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def line(servers: dict[str, Loopback], seeds: Path, output: Path) -> list[str]:
    """Return the command line of a small run at these servers."""
    where = {
        "--base_url": servers["policy"].url,
        "--evolve_model": f"w@{servers['writer'].url}",
        "--judge_model": f"@org/j@{servers['judge1'].url},j@{servers['judge2'].url}",
        "--seed_file": str(seeds),
        "--output_dir": str(output),
    }
    how = "--model_name m --num_solutions 8 --max_branches 24 --concurrency 6 --estimator omega"
    fields = ["--extra_body", 'judge:{"reasoning_effort": "high"}', "--header", "judge2:X-T=t-4711"]
    prices = ["--prices", "1,2", "judge:0,0"]
    return [*(word for pair in where.items() for word in pair), *how.split(), *fields, *prices]


@pytest.mark.slow
def test_each_role_is_asked_at_its_server_with_its_key_and_counted_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = toy_handler(MODEL)
    with (
        Loopback(handler) as policy,
        Loopback(handler) as writer,
        Loopback(handler) as one,
        Loopback(handler) as two,
    ):
        servers = dict(zip(NAMES, (policy, writer, one, two), strict=True))
        monkeypatch.setenv("OPENAI_API_KEY", KEYS["policy"])
        for name, server in servers.items():
            if name != "policy":
                monkeypatch.setenv(key_names(f"127.0.0.1:{server.port}")[0], KEYS[name])
        args = line(servers, seed_file(tmp_path, 4), tmp_path / "out")
        assert main(args) == 0
        for name, server in servers.items():
            sent = {ask.headers["authorization"] for ask in server.asks}
            assert sent == {f"Bearer {KEYS[name]}"}, name
            models = {"policy": "m", "writer": "w", "judge1": "@org/j", "judge2": "j"}
            assert {ask.body["model"] for ask in server.asks} == {models[name]}
            effort = {ask.body.get("reasoning_effort") for ask in server.asks}
            assert effort == {"high" if name.startswith("judge") else None}
        asked = {name: len(server.asks) for name, server in servers.items()}
        assert min(asked.values()) > 3
        before = outputs(tmp_path / "out")
        (tmp_path / "out" / "summary.json").unlink()
        assert main(args) == 0  # every completion is in the journal, whoever wrote it
        assert {name: len(server.asks) for name, server in servers.items()} == asked
        assert outputs(tmp_path / "out") == before
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    roles = summary["roles"]
    assert list(roles) == list(NAMES)
    for count in ("completions", "prompt_tokens", "completion_tokens"):
        assert sum(role[count] for role in roles.values()) == summary[count]
    assert roles["judge1"]["money"] == roles["judge2"]["money"] == 0.0
    assert summary["money"] == pytest.approx(
        roles["policy"]["money"] + roles["writer"]["money"], abs=1e-3
    )
    assert rows_of(tmp_path / "out" / "tree.jsonl")
    told = capsys.readouterr()
    written = "".join(file.read_bytes().decode("latin-1") for file in (tmp_path / "out").iterdir())
    for secret in (*KEYS.values(), "t-4711"):
        assert secret not in written + told.out + told.err
