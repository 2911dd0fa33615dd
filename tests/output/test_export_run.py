"""Files made anew from a run's folder, without a model: the sample run, whole and damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import generate
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.exports.families import is_held_out
from evolvemcts4rl.flag_groups.files import FORMATS
from tests.support.run_process import ROOT, rows_of

TREES = rows_of(ROOT / "samples" / "arithmetic_run" / "tree.jsonl")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of the sample run, which has no journal."""
    return Path(shutil.copytree(ROOT / "samples" / "arithmetic_run", tmp_path / "run"))


def export(run: Path, *flags: str) -> int:
    return generate.main(["--export", str(run), *flags])


def ids_in(path: Path) -> set[str]:
    return {row["question_id"] for row in rows_of(path)}


def summary_of(run: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return summary


def test_every_format_is_made_without_seeds_and_model(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "tree.jsonl").read_bytes()
    assert export(run, "--formats", ",".join(FORMATS)) == 0
    assert (run / "tree.jsonl").read_bytes() == before
    told = summary_of(run)["files"]
    assert list(told) == list(FORMATS)
    for name in FORMATS:
        rows = rows_of(run / f"{name}.jsonl")
        assert len(rows) == told[name]["rows"] > 0, name
        assert all(row["question_id"] for row in rows), name
    assert f"rlvr {told['rlvr']['rows']}" in capsys.readouterr().out


def test_flags_that_are_not_given_are_those_of_the_run_and_no_file_is_lost(run: Path) -> None:
    settings = json.loads((run / "settings.json").read_text())
    settings["flags"] |= {"per_problem": 1, "formats": ["prm"], "a_flag_of_old": 1}
    (run / "settings.json").write_text(json.dumps(settings))
    assert export(run, "--formats", "orm") == 0
    assert len(rows_of(run / "orm.jsonl")) == len(TREES)
    assert len(rows_of(run / "prm.jsonl")) == len(TREES)
    assert len(rows_of(run / "sft.jsonl")) <= len(TREES)
    assert export(run, "--per_problem", "2") == 0
    assert len(rows_of(run / "orm.jsonl")) == 2 * len(TREES)


def test_half_finished_run_gives_what_its_finished_problems_hold(run: Path) -> None:
    """A killed run: no summary, the last line torn, the last tree without its problem's row."""
    (run / "summary.json").unlink()
    for name, end in (("problems.jsonl", b""), ("tree.jsonl", b'{"question_id": "9')):
        lines = (run / name).read_bytes().splitlines(keepends=True)
        if name == "problems.jsonl":
            lines = [line for line in lines if TREES[-1]["question_id"].encode() not in line[:40]]
        (run / name).write_bytes(b"".join(lines) + end)
    assert export(run) == 0
    finished = {tree["question_id"] for tree in TREES[:-1]}
    assert ids_in(run / "steps.jsonl") == finished
    assert not (run / "summary.json").exists()  # the run has not come to its end
    assert "the run is not complete" in (run / "README.md").read_text()


def test_held_out_families_stand_in_files_of_their_own(run: Path) -> None:
    assert export(run, "--test_share", "0.5", "--formats", "rlvr") == 0
    ids = ids_in(run / "problems.jsonl")
    held_out = {each for each in ids if is_held_out(each, 0.5)}
    assert {*()} < held_out < ids
    for name in ("steps", "prm", "orm", "rlvr"):
        if (run / f"{name}.jsonl").exists():
            assert ids_in(run / f"{name}.jsonl") <= ids - held_out
            assert ids_in(run / f"{name}.test.jsonl") <= held_out
    assert ids_in(run / "prm.test.jsonl")
    assert (run / "rlvr.test.parquet").exists()
    assert export(run) == 0
    assert not list(run.glob("*.test.*"))


def test_parquet_holds_the_rows_of_rlvr(run: Path) -> None:
    import pyarrow.parquet as pq

    assert export(run, "--formats", "rlvr") == 0
    assert pq.read_table(run / "rlvr.parquet").to_pylist() == rows_of(run / "rlvr.jsonl") != []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: (run / "settings.json").unlink(), "has no settings.json of a run"),
        (lambda run: (run / "settings.json").write_text("[]"), "has no settings.json of a run"),
        (lambda run: shutil.rmtree(run), "has no settings.json of a run"),
    ],
)
def test_folder_without_a_run_is_refused_in_one_sentence(
    run: Path, capsys: pytest.CaptureFixture[str], spoil: Any, said: str
) -> None:
    spoil(run)
    assert export(run) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_run_without_trees_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = json.loads((run / "settings.json").read_text())
    settings["flags"]["evolve_only"] = True
    (run / "settings.json").write_text(json.dumps(settings))
    assert export(run) == 2
    assert "it has no trees" in capsys.readouterr().err


def test_run_at_which_another_process_works_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(run / "completions.sqlite")
    before = (run / "prm.jsonl").read_bytes()
    assert export(run, "--min_p_correct", "1") == 2
    journal.close()
    assert (run / "prm.jsonl").read_bytes() == before
    assert export(run, "--min_p_correct", "1") == 0
    assert (run / "prm.jsonl").read_bytes() != before
