"""generate.py given what it cannot use, or stopped by what it needs: one sentence, the right exit
code, nothing half-written."""

import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.toy_world import Model
from generate import main
from tests.support.loopback import Loopback, Reply, error_reply
from tests.support.run_process import command, environment, outputs, run, run_here, seed_file
from tests.support.toy_chat import toy_handler

GOOD = toy_handler(Model())
SMALL = ["--evolve_rounds", "0", "--concurrency", "2"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder to work in with a seed file, where temporary files are put too."""
    seed_file(tmp_path, 4)
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def left(place: Path) -> list[str]:
    """What there is besides the seed file."""
    return sorted(
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.name not in ("seeds.jsonl", "tmp")
    )


def sentences(stderr: str) -> list[str]:
    """What stands on standard error beside the progress of a run."""
    return [line for line in stderr.splitlines() if not line.startswith("progress: ")]


@pytest.mark.slow
def test_no_key_and_no_server_gets_the_three_ways_on(place: Path) -> None:
    names = {name: value for name, value in environment().items() if not name.startswith("OPENAI")}
    args = command("", place / "seeds.jsonl", place / "out")
    asked = [*args[:2], "--seed_file", "seeds.jsonl"]
    done = subprocess.run(asked, capture_output=True, text=True, env=names, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    for way in ("OPENAI_API_KEY", "--base_url", "--model_name smollm2-135m"):
        assert way in sentence
    assert left(place) == []


@pytest.mark.slow
def test_wrong_key_as_a_process_leaves_nothing_behind(place: Path) -> None:
    with Loopback(lambda ask: error_reply(401, "Incorrect API key provided")) as server:
        done = run(command(server.url, "seeds.jsonl", "out"), cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert f"127.0.0.1:{server.port} refuses the key" in sentence
    assert left(place) == []


def refuse(capsys: pytest.CaptureFixture[str], url: str, *flags: str) -> str:
    """The sentence with which a command line ends that must end with exit code 2."""
    assert main(command(url, "seeds.jsonl", "out")[2:] + list(flags)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (sentence,) = err.splitlines()
    return sentence


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            error_reply(404, "The model `m` does not exist", code="model_not_found"),
            "has no model m",
        ),
        (error_reply(403, "not for you"), "forbids this key the model m"),
        (error_reply(500, "oops"), "nothing was begun"),
    ],
)
def test_endpoint_that_serves_nothing_leaves_nothing_behind(
    place: Path, capsys: pytest.CaptureFixture[str], reply: Reply, words: str
) -> None:
    with Loopback(lambda ask: reply) as server:
        sentence = refuse(capsys, server.url, "--max_retries", "0")
    assert words in sentence
    assert f"127.0.0.1:{server.port}" in sentence
    assert left(place) == []


@pytest.mark.slow
def test_separator_that_the_model_never_writes_ends_the_run_with_a_sentence(place: Path) -> None:
    seed_file(place, 40)
    with Loopback(GOOD) as server:
        flags = ["--step_separator", r"\n@@\n", *SMALL]
        done = run_here(command(server.url, "seeds.jsonl", "out", *flags))
        assert len(server.asks) < 20
    assert done.returncode == 1
    assert "--step_separator '\\n@@\\n' occurs in none of the first 32 solutions" in done.stderr
    assert "Traceback" not in done.stderr


def test_endpoint_that_is_not_there_is_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refuse(capsys, "http://127.0.0.1:9/v1")
    assert "annot reach 127.0.0.1:9" in sentence
    assert "check --base_url" in sentence
    assert left(place) == []


@pytest.mark.parametrize("flag", ["--judge_model", "--evolve_model"])
def test_server_of_a_role_that_is_not_there_is_named_with_its_flag(
    place: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    with Loopback(GOOD) as server:
        sentence = refuse(capsys, server.url, flag, "j@http://user:password@127.0.0.1:9/v1")
        assert server.asks == []
    assert "annot reach 127.0.0.1:9" in sentence
    assert f"check {flag}" in sentence
    assert "password" not in sentence
    assert left(place) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--extra_body", "{top_k: 20}"], "--extra_body: it must be a JSON object"),
        (["--extra_body", '{"messages": []}'], "it must not set 'messages'"),
        (["--extra_body", 'judge:{"n": 2}'], "it must not set 'n'"),
        (["--extra_body", '{"model": "x"}'], "it must not set 'model'"),
        (["--extra_body", '{"min_p": NaN}'], "--extra_body: it must be a JSON object"),
        (["--extra_body", 'judge:{"top_k": 2}'], "--extra_body speaks of judge, which this run"),
        (["--judge_model", "a,b", "--header", "judge3:X=1"], "--header speaks of judge3, which"),
        (["--seed_file", "nowhere.jsonl"], "The seed file nowhere.jsonl is not there"),
        (
            ["--column_names", "question"],
            "has no column 'question': name one of 'problem', 'final_answer'",
        ),
        (["--keep", "agreed"], "--judge_model"),
        (["--num_branches", "0"], "--num_branches"),
        (["--token_budget", "100"], "--token_budget 100 does not pay for a single solution"),
        (
            ["--decontaminate", "nowhere.jsonl"],
            "The file nowhere.jsonl of --decontaminate is not there",
        ),
    ],
)
def test_bad_flag_asks_nothing_and_leaves_nothing_behind(
    place: Path, capsys: pytest.CaptureFixture[str], flags: list[str], words: str
) -> None:
    with Loopback(GOOD) as server:
        assert words in refuse(capsys, server.url, *flags)
        assert server.asks == []
    assert left(place) == []


@pytest.mark.parametrize("name", ["out", "out/below"])
def test_output_folder_that_is_a_file_is_refused_and_kept(
    place: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (place / "out").write_text("mine")
    with Loopback(GOOD) as server:
        assert "choose another --output_dir" in refuse(capsys, server.url, "--output_dir", name)
    assert (place / "out").read_text() == "mine"
    assert left(place) == ["out"]


def test_folder_is_named_as_it_is_spelled(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "out").mkdir()
    (place / "out/steps.jsonl").write_text("mine")
    with Loopback(GOOD) as server:
        sentence = refuse(capsys, server.url, "--output_dir", "out")
    assert sentence.startswith("The folder out holds steps.jsonl but no settings.json, ")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nothing stops."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with Loopback(GOOD) as server:
        done = run_here(command(server.url, seed_file(folder, 4), folder / "out", *SMALL))
    assert done.returncode == 0, done.stderr
    return outputs(folder / "out")


@pytest.mark.slow
def test_key_refused_for_good_in_the_middle_ends_the_run_with_one_sentence_and_it_can_go_on(
    place: Path,
    undisturbed: dict[str, bytes],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Loopback(
        lambda ask: GOOD(ask) if ask.number < 4 else error_reply(401, "Incorrect API key")
    ) as server:
        args = command(server.url, "seeds.jsonl", "out", *SMALL)
        assert main(args[2:], backoff=0.01) == 1
        (waits,) = caplog.messages
        assert "waiting until there is one" in waits
        (sentence,) = sentences(capfd.readouterr().err)
        assert "refuses the key" in sentence
        assert sentence.endswith(" The same command goes on from here.")
        server.handler = GOOD
        again = run_here(args)
    assert again.returncode == 0, again.stderr
    assert outputs(place / "out") == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("room", [12_000, 150_000])
def test_full_disk_ends_the_run_with_one_sentence_and_it_can_go_on(
    place: Path, undisturbed: dict[str, bytes], room: int
) -> None:
    """The disk is full at the journal's first page, or in the middle of the work: no file may grow
    beyond `room` bytes."""
    with Loopback(GOOD) as server:
        args = command(server.url, "seeds.jsonl", "out", *SMALL)
        done = run(
            [args[0], "-B", *args[1:]],  # which writes no bytecode: Python would cut that off, too
            cwd=place,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        )
        assert done.returncode == (1 if room > 20_000 else 2), done.stderr
        (sentence,) = sentences(done.stderr)
        assert "make room" in sentence
        again = run_here(args)
    assert again.returncode == 0, again.stderr
    assert outputs(place / "out") == undisturbed


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once(place: Path) -> None:
    with Loopback(toy_handler(Model(), delay=60)) as server:
        args = command(server.url, "seeds.jsonl", "out", *SMALL)
        process = subprocess.Popen(
            args, env=environment(), cwd=place, stderr=subprocess.PIPE, text=True
        )
        while not server.asks:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)  # the reply would take another 40
    assert process.returncode in (
        130,
        -signal.SIGINT,
    )  # the second may come when the interpreter is leaving already
    assert "Traceback" not in errors
