"""benchmarks/real: the problems' values, a recording that is stopped and goes on, its replay."""

import asyncio
import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks import real_labels
from benchmarks.real import annotate
from benchmarks.real import record as recorder
from benchmarks.real.problems import TOLD, WRITTEN, read_problems
from benchmarks.replay import read_recordings, stripped
from benchmarks.toy_world import Model, first_error, make_problem
from evolvemcts4rl.output.recording import Recorded, read_recording
from evolvemcts4rl.records import Prefix, Problem, Rollout
from tests.support.loopback import Loopback, Reply
from tests.support.run_process import rows_of
from tests.support.toy_chat import problem_in, question_of, toy_handler

ROWS = rows_of(WRITTEN)


def test_problems_file_is_what_the_program_writes() -> None:
    assert list(read_problems(TOLD.read_text(encoding="utf-8"))) == ROWS
    assert len(ROWS) >= 44


@pytest.mark.parametrize("row", ROWS, ids=[row["question_id"] for row in ROWS])
def test_values_follow_from_the_formulas(row: dict[str, Any]) -> None:
    values: dict[str, Fraction] = {}
    for name, formula in row["formulas"].items():  # computed by Python, in exact fractions
        values[name] = eval(formula, {}, {known: Fraction(one) for known, one in values.items()})
        assert float(values[name]) == float(row["values"][name])
        assert values[name] > 0
    assert float(list(values.values())[-1]) == float(row["final_answer"])
    assert 2 <= len(values) <= 6


LLAMA_CPP = {"data": [{"id": "m", "owned_by": "llamacpp"}]}
Recording = tuple[Path, list[Recorded]]
TOYS = [make_problem(random.Random(number), (3, 5)) for number in range(3)]
PROBLEMS = [Problem(f"t{n}", question_of(toy), str(toy.totals[-1])) for n, toy in enumerate(TOYS)]


def make(folder: Path, server: Loopback, most: int = 4) -> list[Recorded]:
    """Record the toy model, and return the rows."""
    settings = recorder.recording_settings(server.url, "m")
    out = folder / "out.jsonl.gz"
    asyncio.run(recorder.record(out, settings.changed(concurrency=4), most, PROBLEMS))
    return list(read_recording(out))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A recording of three toy problems: its file, its rows, and the requests that it took."""
    folder = tmp_path_factory.mktemp("recording")
    with pytest.MonkeyPatch.context() as patch, Loopback(toy_handler(Model(slip=0.15))) as server:
        patch.setenv("OPENAI_API_KEY", "sk-test")
        server.models = Reply(body=LLAMA_CPP)
        rows = make(folder, server)
        asked = len(server.asks)
        again = make(folder, server)
        recorder.journal_of(folder / "out.jsonl.gz").unlink()
        without_journal = make(folder, server)
    assert again == without_journal == rows
    assert len(server.asks) == asked, "the same command bought something twice"
    return folder / "out.jsonl.gz", rows


def test_recording_has_all_first_solutions_and_all_prefixes_of_its_choice(
    recording: Recording,
) -> None:
    _, rows = recording
    for problem in PROBLEMS:
        indices = [r.index for r in rows if r.question_id == problem.question_id and not r.prefix]
        assert indices == list(range(recorder.SOLUTIONS))
    by_prefix: dict[tuple[str, Prefix], list[int]] = {}
    for row in rows:
        by_prefix.setdefault((row.question_id, row.prefix), []).append(row.index)
    assert set(map(tuple, by_prefix.values())) == {tuple(range(16))}
    solutions = [(one.question_id, one.as_rollout().steps) for one in rows if not one.prefix]
    whole = {
        (name, steps)
        for name, steps in solutions
        if len(steps) > 1 and all((name, p) in by_prefix for p in recorder.proper_prefixes(steps))
    }
    assert len(whole) >= 4


@pytest.mark.slow
def test_recording_that_was_stopped_goes_on_and_is_the_same(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, rows = recording
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with Loopback(toy_handler(Model(slip=0.15))) as server:
        server.models = Reply(body=LLAMA_CPP)
        make(tmp_path, server, most=1)
        bought = len(server.asks)
        assert make(tmp_path, server) == rows
    assert len(server.asks) > bought


def test_choice_takes_right_and_wrong_solutions_of_all_problems_in_turn() -> None:
    solutions = {
        f"p{number}": [Rollout((f"{number}", f"{index}"), index % 2 == 0) for index in range(6)]
        for number in range(4)
    }
    solutions["always"] = [Rollout(("a", "b"), True)] * 6
    chosen = list(recorder.choose(solutions))
    verdicts = {(name, one.steps): one.verdict for name, each in solutions.items() for one in each}
    assert len(chosen) == len(set(chosen)) == 24
    for size in (8, 16, 24):
        assert sum(bool(verdicts[one]) for one in chosen[:size]) == size / 2
        assert {name for name, _ in chosen[:size]} == {"p0", "p1", "p2", "p3"}


@pytest.fixture(scope="module")
def annotated(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The annotations of all first solutions of the toy recording, by the world's truth."""
    path = tmp_path_factory.mktemp("truth") / "annotations.jsonl"
    questions = {problem.question_id: problem.question for problem in PROBLEMS}
    rows = []
    for one in recording[1]:
        steps = stripped(one.as_rollout().steps)
        if not one.prefix:
            error = first_error(problem_in(questions[one.question_id]), steps)
            first = -1 if error is None else error
            rows.append({"question_id": one.question_id, "steps": steps, "first_error": first})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.slow
def test_replay_is_the_same_each_time_and_reads_the_truth(
    recording: Recording, annotated: Path
) -> None:
    recordings = read_recordings(recording[0])
    truths = real_labels.read_annotations(annotated)
    first, second = (real_labels.figures(recordings, truths, 24, 4) for _ in range(2))
    assert first == second
    belief = [one for result in first["belief"] for one in result.solutions]
    assert len(belief) > 10
    assert sum(one.found == one.error for one in belief) / len(belief) > 0.6


def test_replay_uses_recorded_rollouts_alone_and_no_more_than_the_budget(
    recording: Recording, annotated: Path
) -> None:
    recordings = read_recordings(recording[0])
    truths = real_labels.read_annotations(annotated)
    recorded = {row.text.strip() for row in recording[1]}
    for estimator in ("belief", "omega", "shepherd"):
        replay = real_labels.replay_all(recordings, truths, estimator, 1_000)
        for one, tree in zip(recordings, replay.trees, strict=True):
            asked = sum(node.num_started for node in tree.nodes())
            assert asked <= sum(map(len, one.rollouts.values()))
            for node in tree.nodes():
                assert node.text.strip() in " ".join(recorded)
        assert any(node.num_started for tree in replay.trees for node in tree.nodes())


def test_a_larger_budget_takes_more_tokens(recording: Recording, annotated: Path) -> None:
    recordings = read_recordings(recording[0])
    truths = real_labels.read_annotations(annotated)
    few, many = (real_labels.replay_all(recordings, truths, "omega", n) for n in (4, 40))
    assert sum(few.tokens) < sum(many.tokens)


def solution_rows() -> list[dict[str, Any]]:
    """Three solutions as readers get them."""
    return [
        {"id": name, "question_id": "r01", "question": "?", "steps": {0: "a", 1: "b"}}
        for name in ("x", "y", "z")
    ]


def test_annotations_are_what_both_readers_say_or_what_was_settled() -> None:
    readers: list[dict[str, dict[str, Any]]] = [
        {"x": {"first_error": 1}, "y": {"first_error": -1}, "z": {"first_error": 0}},
        {"x": {"first_error": 1}, "y": {"first_error": 0}, "z": {"first_error": 1}},
    ]
    settled = {"y": {"first_error": 0, "note": "the sum is wrong"}}
    annotations, still_open = annotate.merge(solution_rows(), readers, settled)
    told = [(row["id"], row["first_error"], row["agreed"], row.get("note")) for row in annotations]
    assert told == [("x", 1, True, None), ("y", 0, False, "the sum is wrong")]
    assert still_open == ["z"]


def test_annotation_of_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no step 2"):
        annotate.merge(solution_rows(), [{"x": {"first_error": 2}}], {})


def test_readers_see_nothing_of_the_verdicts_and_each_solution_once(recording: Recording) -> None:
    told = {"question_id": "t0", "question": "?", "values": {}, "final_answer": "5"}
    one = next(one for one in read_recordings(recording[0]) if one.rollouts)
    rows, all_rows = annotate.to_be_read(one, told), annotate.to_be_read(one, told, with_all=True)
    assert 0 < len(rows) < len(all_rows)
    assert len({row["id"] for row in all_rows}) == len(all_rows)
    assert all(row.keys() == {"id", "question_id", "question", "values", "steps"} for row in rows)
    assert {row["id"] for row in rows} < {row["id"] for row in all_rows}
