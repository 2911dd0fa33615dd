"""Thoughts as solutions: cut at paragraphs, gone on with inside, labelled with slip and repair."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.toy_world import Model, first_error
from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.labels.labelling import labelled_solutions
from evolvemcts4rl.output.recording import read_recording
from evolvemcts4rl.records import Completion, Problem
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.rollouts import as_rollout, graded
from evolvemcts4rl.solutions.thoughts import ThoughtWatch, after_thought, steps_with_thought
from evolvemcts4rl.tree import Node, Tree
from generate import generate
from tests.support.loopback import Loopback, answer
from tests.support.run_process import rows_of, seed_file
from tests.support.thinking_chat import thinking_handler
from tests.support.toy_chat import problem_in

THOUGHT = Completion("The answer is 5.", "stop", thought="Add 2.\n\nIt is 4.\n\nWait, it is 5.")


def test_a_thought_is_cut_at_its_paragraphs_and_the_answer_is_its_last_step() -> None:
    assert steps_with_thought((), THOUGHT, None, 28) == [
        "<think>\nAdd 2.\n\n",
        "It is 4.\n\n",
        "Wait, it is 5.\n",
        "</think>\n\nThe answer is 5.",
    ]


def test_a_solution_without_a_thought_is_cut_as_any_other() -> None:
    assert steps_with_thought((), Completion("It is 5.", "stop"), None, 28) is None


def test_an_answer_right_after_an_open_thought_ends_it() -> None:
    prefix = ("<think>\nAdd 2.\n\n",)
    more = steps_with_thought(prefix, Completion("It is 5.", "stop"), None, 27)
    assert more == ["</think>\n\nIt is 5."]


def test_a_grader_reads_what_stands_after_the_thought() -> None:
    for text in ("The answer is 5.", "I </think> it is 5."):
        steps = steps_with_thought((), replace(THOUGHT, text=text), None, 28)
        assert steps is not None
        assert after_thought("".join(steps)) == text
    assert after_thought("Add 2.\n\nIt is 5.") == "Add 2.\n\nIt is 5."


class TextReader(Grader):
    """Takes for right what names a 4."""

    async def verdicts(
        self, problem: Problem, completions: Sequence[tuple[str, str | None]]
    ) -> list[bool | None]:
        return ["4" in text for text, _ in completions]


def test_a_verdict_on_a_text_is_not_on_its_thought() -> None:
    problem = Problem("q", "What is 3 + 2?", None)
    rollouts = [
        as_rollout((), replace(THOUGHT, text=text), None, with_thought=True)
        for text in ("The answer is 5.", "The answer is 4.")
    ]
    rollouts.append(
        as_rollout((), replace(THOUGHT, finish_reason="length"), None, with_thought=True)
    )
    judged = asyncio.run(graded(problem, rollouts, TextReader()))
    assert [rollout.verdict for rollout in judged] == [False, True, None]


def test_a_step_separator_cuts_a_thought_otherwise() -> None:
    steps = steps_with_thought((), THOUGHT, "Wait,", 28)
    assert steps is not None
    assert len(steps) == 3


@given(st.lists(st.text("ab .\n", min_size=1), min_size=1), st.integers(1, 28), st.integers(0, 9))
def test_a_thought_has_at_most_so_many_steps_and_loses_no_word(
    paragraphs: list[str], most: int, depth: int
) -> None:
    thought = "\n\n".join(paragraphs)
    whole = steps_with_thought((), Completion("It is 5.", "stop", thought=thought), None, 28)
    if not thought.strip():
        return
    assert whole is not None
    prefix = tuple(whole[: min(depth, len(whole) - 1)])
    more = steps_with_thought(prefix, Completion("It is 5.", "stop", thought=thought), None, most)
    assert more is not None
    assert 1 <= len(more) <= max(most, 1)
    assert "".join(more).split()[-3:] == ["It", "is", "5."]
    opening = [] if prefix else ["<think>"]
    said = "".join(more).replace("</think>", " ").split()
    assert said == [*opening, *thought.split(), "It", "is", "5."]


def test_a_run_whose_model_shows_no_thought_ends_early() -> None:
    watch = ThoughtWatch()
    for problem in range(3):
        watch.look(f"{problem}", [Completion("5", "stop")] * 16)
    with pytest.raises(UserError, match="--label_thoughts finds no thought in the first 64"):
        watch.look("3", [Completion("5", "stop")] * 16)


def test_one_thought_is_enough_to_go_on() -> None:
    watch = ThoughtWatch()
    watch.look("0", [THOUGHT])
    for problem in range(1, 9):
        watch.look(f"{problem}", [Completion("5", "stop")] * 16)


def settings_of(folder: Path, url: str, seeds: int, **changes: Any) -> Settings:
    """Return the settings of a small run that labels thoughts."""
    return Settings.of(
        seed_file=str(seed_file(folder, seeds)),
        output_dir=str(folder / "out"),
        base_url=(url,),
        model_name="m",
        **{"num_solutions": 8, "max_branches": 24, "evolve_rounds": 0, "label_thoughts": True}
        | changes,
    )


def thought_of(path: list[Node]) -> tuple[str, ...]:
    """Return the steps of a thought as the toy world knows them."""
    return tuple(node.text.replace("<think>", "").strip() for node in path[:-1])


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "apart"), [("llamacpp", True), ("vllm", True), ("vllm", False)])
def test_thoughts_are_gone_on_with_inside_and_labelled_by_the_truth(
    tmp_path: Path, owner: str, apart: bool
) -> None:
    model = Model(slip=0.15, silent=0.0, announced=0.4)
    with Loopback(thinking_handler(model, apart), owned_by=owner) as server:
        generate(settings_of(tmp_path, server.url, 8), quiet=True)
        continued = [ask for ask in server.asks if ask.body["messages"][-1]["role"] == "assistant"]
    assert len(continued) > 10
    right = wrong = repaired = 0
    for row in rows_of(tmp_path / "out" / "tree.jsonl"):
        tree = Tree.from_json(row)
        problem = problem_in(tree.question)
        for path in labelled_solutions(tree):
            found = next((i for i, node in enumerate(path) if node.label is False), None)
            true = first_error(problem, thought_of(path))
            right, wrong = right + (found == true), wrong + (found != true)
            states = [node.state for node in path]
            if found is not None and "mended" in states:
                repaired += 1
                assert states.index("wrong") == found < states.index("mended")
    assert right + wrong > 40
    assert right / (right + wrong) > 0.85
    assert repaired > 3


@pytest.mark.slow
def test_a_slip_and_its_repair_are_told_in_the_steps(tmp_path: Path) -> None:
    model = Model(slip=0.15, silent=0.0, announced=0.4)
    with Loopback(thinking_handler(model), owned_by="llamacpp") as server:
        generate(settings_of(tmp_path, server.url, 6), quiet=True)
    steps = [
        step for row in rows_of(tmp_path / "out" / "steps.jsonl") for step in row["reasoning_steps"]
    ]
    assert {step["state"] for step in steps} == {"right", "wrong", "mended"}
    mended = [step for step in steps if step["state"] == "mended"]
    assert all(step["label"] is False for step in mended)
    assert any(step["step"].startswith("Wait, I made a mistake") for step in mended)
    assert "<span>mended 0." in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_a_model_without_thoughts_ends_a_run_that_shall_label_them(tmp_path: Path) -> None:
    with (
        Loopback(answer, owned_by="vllm") as server,
        pytest.raises(UserError, match="--label_thoughts finds no thought"),
    ):
        generate(settings_of(tmp_path, server.url, 8), quiet=True)


def test_thoughts_that_were_labelled_are_read_back() -> None:
    node = Node("So 4.", 1, 1, 0.1, p_mended=0.8)
    assert Node.from_json(node.to_json()).to_json() == node.to_json()
    assert node.to_json()["state"] == "mended"
    assert "state" not in Node("So 4.", 1, 1, 0.1).to_json()


@pytest.mark.slow
def test_asked_for_in_words_a_thought_is_shown_without_its_marks(tmp_path: Path) -> None:
    with Loopback(thinking_handler(Model(slip=0.3)), owned_by="openai") as server:
        generate(settings_of(tmp_path, server.url, 4), quiet=True)
        shown = [
            ask.body["messages"][1]["content"]
            for ask in server.asks
            if len(ask.body["messages"]) == 3
        ]
    assert shown
    assert not any("think>" in text for text in shown)


@pytest.mark.slow
def test_a_recording_holds_thoughts_so_that_their_rollouts_can_be_made_again(
    tmp_path: Path,
) -> None:
    recording = tmp_path / "recording.jsonl"
    with Loopback(thinking_handler(Model(slip=0.3)), owned_by="llamacpp") as server:
        fields = ('{"top_k":20}',)
        settings = settings_of(tmp_path, server.url, 4, record=str(recording), extra_body=fields)
        generate(settings, quiet=True)
    trees = {
        tree.question_id: {tuple(node.text.strip() for node in path) for path in tree.solutions()}
        for tree in map(Tree.from_json, rows_of(tmp_path / "out" / "tree.jsonl"))
    }
    recorded = [row for row in read_recording(recording) if row.question_id in trees]
    assert {bool(row.prefix) for row in recorded} == {True, False}
    for row in recorded:
        steps = tuple(step.strip() for step in row.as_rollout().steps)
        assert row.verdict is None or steps in trees[row.question_id]
