"""Solutions that came with the seeds, from the seed file to the training files, over loopback."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.toy_world import Model, continue_solution, first_error, make_problem
from evolvemcts4rl import RunFiles, Settings, generate
from evolvemcts4rl.labels.labelling import LabelledTree
from tests.support.loopback import Ask, Loopback
from tests.support.toy_chat import question_of, toy_handler

MODEL = Model(slip=0.1, silent=0.03, announced=0.05)
WRITER = Model(slip=0.25, silent=0.03, announced=0.05)  # of the given solutions
SIGNS = ("ends without saying what came out", "So that is that")


def seeds(count: int = 5) -> list[dict[str, Any]]:
    """Rows of toy problems with two solutions each, the last of them without an answer."""
    rows = []
    for number in range(count):
        problem = make_problem(random.Random(number), (3, 6))
        written = [
            continue_solution(problem, (), WRITER, random.Random(f"{number}:{each}"))
            for each in range(2)
        ]
        solutions = [list(each.steps) for each in written]
        if number == count - 1:
            solutions[1][-1] = " ".join(SIGNS)
        rows.append(
            {
                "problem": question_of(problem),
                "final_answer": str(problem.totals[-1]),
                "solutions": solutions,
                "id": f"toy-{number}",
            }
        )
    return rows


def label(folder: Path, rows: Sequence[dict[str, Any]], **flags: Any) -> tuple[RunFiles, list[Ask]]:
    """Label the solutions of rows; return the run's files and what the server was asked."""
    seed_file = folder / "seeds.jsonl"
    seed_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Loopback(toy_handler(MODEL)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "sk-test")
        settings = Settings.of(
            seed_file=str(seed_file),
            output_dir=str(folder / "out"),
            base_url=(server.url,),
            model_name="m",
            continuation="prefill",
            evolve_rounds=0,
            **{"solutions_column": "solutions"} | flags,
        )
        return generate(settings, quiet=True), server.asks


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[RunFiles, list[Ask]]]:
    """Label the solutions of rows, with these flags, in a folder of their own."""
    return partial(label, tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFiles, list[Ask]]:
    """A run with every default, and what the server was asked for it."""
    return label(tmp_path_factory.mktemp("whole"), seeds())


def given_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that tell of given solutions: the others are of rollouts from their prefixes."""
    return [row for row in rows if row["solution_id"] is not None]


def ids_of(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], list[str]]]:
    return {
        f"{row['id']}-{number}": (row, steps)
        for row in rows
        for number, steps in enumerate(row["solutions"], 1)
    }


def test_every_given_solution_has_its_labels_and_its_row_with_its_id(
    whole: tuple[RunFiles, list[Ask]],
) -> None:
    rows = seeds()
    files, _ = whole
    given = ids_of(rows)
    for name in ("prm", "math_shepherd"):
        assert sorted(row["solution_id"] for row in given_rows(files.rows(name))) == sorted(given)
    found = {}
    for row in given_rows(files.rows("prm")):
        _, steps = given[row["solution_id"]]
        labels = row["labels"]
        assert row["completions"] == [step.strip() for step in steps[: len(labels)]]
        assert len(labels) == len(steps) or not labels[-1]
        found[row["solution_id"]] = None if labels[-1] else len(labels) - 1
    truth = {
        name: first_error(
            make_problem(random.Random(int(name.split("-")[1])), (3, 6)), tuple(steps)
        )
        for name, (_, steps) in given.items()
        if SIGNS[1] not in steps[-1]
    }
    assert {error is None for error in truth.values()} == {True, False}
    assert sum(found[name] == error for name, error in truth.items()) >= len(truth) - 1
    ends = [
        path[-1] for tree in files.trees() for path in tree.solutions() if path[-1].solution_ids
    ]
    assert sorted(each for end in ends for each in end.solution_ids) == sorted(given)
    assert {end.correct for end in ends} == {True, False, None}
    assert all(end.searched for end in ends)
    assert files.summary["given_solutions"] == len(given)


def test_the_model_is_asked_for_rollouts_from_prefixes_of_given_solutions_alone(
    whole: tuple[RunFiles, list[Ask]],
) -> None:
    rows = seeds()
    files, asks = whole
    asks = [ask for ask in asks if "Start with" in ask.body["messages"][0]["content"]]
    assert len(asks) > 10
    for ask in asks:
        last = ask.body["messages"][-1]
        assert last["role"] == "assistant"
        assert any(
            last["content"].strip() == "\n\n".join(steps[:depth])
            for _, steps in ids_of(rows).values()
            for depth in range(1, len(steps))
        )
    for problem in files.problems():
        assert (problem.status, problem.solve_rate, problem.agreement) == ("searched", None, None)


@pytest.mark.slow
def test_the_same_command_again_buys_nothing_and_changes_no_file(
    run: Callable[..., tuple[RunFiles, list[Ask]]],
) -> None:
    files, _ = run(seeds(3))
    before = {path.name: path.read_bytes() for path in files.path.glob("*.jsonl")}
    again, asks = run(seeds(3))
    assert not asks
    assert {path.name: path.read_bytes() for path in again.path.glob("*.jsonl")} == before


@pytest.mark.slow
def test_own_solutions_tell_the_solve_rate_and_the_given_ones_do_not(
    run: Callable[..., tuple[RunFiles, list[Ask]]],
) -> None:
    rows = seeds(3)
    for row in rows:  # all given ones are wrong
        row["solutions"] = [
            [*steps[:-1], "The answer is \\boxed{-1}."] for steps in row["solutions"]
        ]
    files, _ = run(rows, own_solutions=8)
    for problem, tree in zip(files.problems(), files.trees(), strict=True):
        assert problem.solve_rate == tree.root.mc_value
        assert tree.root.num_rollouts == 8
    assert {row["solution_id"] for row in files.rows("prm")} > {None}


@pytest.mark.parametrize("estimator", ["omega", "shepherd"])
def test_published_estimators_label_every_step_of_given_solutions_too(
    run: Callable[..., tuple[RunFiles, list[Ask]]], estimator: str
) -> None:
    rows = seeds(4)
    files, _ = run(rows, estimator=estimator)
    assert sorted(row["solution_id"] for row in given_rows(files.rows("prm"))) == sorted(
        ids_of(rows)
    )


@pytest.mark.slow
def test_solutions_of_a_repeated_problem_stand_in_one_tree_under_their_own_ids(
    run: Callable[..., tuple[RunFiles, list[Ask]]],
) -> None:
    first, second = seeds(2)
    second = first | {"id": "again", "solutions": [second["solutions"][0], first["solutions"][0]]}
    files, _ = run([first, second])
    (tree,) = files.trees()
    rows = [row["solution_id"] for row in given_rows(files.rows("prm"))]
    assert sorted(rows) == ["again-1", "again-2", "toy-0-1", "toy-0-2"]
    twice = [path[-1] for path in tree.solutions() if len(path[-1].solution_ids) == 2]
    assert [end.solution_ids for end in twice] == [["toy-0-1", "again-2"]]
    assert [str(problem.status) for problem in files.problems()] == ["searched", "refused"]


def test_every_given_text_is_an_sft_row_or_one_of_a_pair_by_its_verdict(
    whole: tuple[RunFiles, list[Ask]],
) -> None:
    files, _ = whole
    by_id = {
        name: end.correct and end.label is not False
        for tree in files.trees()
        for path in LabelledTree(tree).solutions
        for end in path[-1:]
        for name in end.solution_ids
    }
    assert {row["solution_id"] for row in given_rows(files.rows("sft"))} == {
        name for name, fair in by_id.items() if fair
    }
    pairs = list(files.rows("dpo"))
    assert {row["chosen_id"] for row in pairs} & {*by_id}
    assert all(by_id.get(row["chosen_id"], True) for row in pairs)
    assert not any(by_id.get(row["rejected_id"]) for row in pairs)


def test_given_steps_are_never_merged_however_many_they_are(
    run: Callable[..., tuple[RunFiles, list[Ask]]],
) -> None:
    problem = make_problem(random.Random(1), (40, 40))
    steps = list(continue_solution(problem, (), Model(slip=0), random.Random(1)).steps)
    row = {"problem": question_of(problem), "final_answer": str(problem.totals[-1])}
    files, _ = run([row | {"steps": steps}], solutions_column="steps", max_branches=8)
    (tree,) = files.trees()
    (path,) = (path for path in tree.solutions() if path[-1].solution_ids)
    assert [node.text.strip() for node in path] == steps
    assert all(node.p_correct is not None for node in path)
    assert [row["solution_id"] for row in given_rows(files.rows("prm"))] == ["000000"]
