"""The prompts: complete, fillable, and different from what they will be given."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from evolvemcts4rl.flag_groups.evolution import MUTATIONS
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.problems.acceptance_rules import RULES
from evolvemcts4rl.problems.novelty import nearly_equal, template
from evolvemcts4rl.prompts import PROMPTS, prompt_messages, read_prompt

SAMPLES = PROMPTS.parent / "samples" / "arithmetic.jsonl"
EVOLVE = [f"evolve_{mutation}" for mutation in MUTATIONS]
SLOTS = {name: {"question", "language_rule"} for name in EVOLVE} | {
    "solve_problem": {"question"},
    "continue_solution": set(),
    "judge_solution": {"question", "steps"},
}
SMALL_SLOTS = {name: {"question"} for name in [*EVOLVE, "solve_problem"]}
LATEX = r"Let $f(x) = \frac{x^{2}}{{x}}$ and \{1, 2\} with {{braces}}. What is $f(3)$?"


def slots(path: Path) -> set[str]:
    return set(re.findall(r"\{\{(\w+)\}\}", path.read_text(encoding="utf-8")))


def test_every_prompt_is_there_with_its_slots_and_no_other() -> None:
    assert {path.stem: slots(path) for path in PROMPTS.glob("*.txt")} == SLOTS
    assert {path.stem: slots(path) for path in (PROMPTS / "smollm2").glob("*.txt")} == SMALL_SLOTS


@pytest.mark.parametrize("model_name", ["gpt-4o", EMBEDDED_MODEL])
@pytest.mark.parametrize("name", [*EVOLVE, "solve_problem"])
def test_braces_in_a_question_survive(name: str, model_name: str) -> None:
    messages = prompt_messages(
        name, model_name, question=LATEX, language_rule="Write the new problem in French."
    )
    contents = "\n".join(message["content"] for message in messages)
    assert contents.count(LATEX) == 1
    assert "{{" not in contents.replace(LATEX, "")
    assert [message["role"] for message in messages][-1] == "user"
    assert all(message["content"] for message in messages)


def test_judge_is_shown_the_problem_and_the_steps() -> None:
    (message,) = prompt_messages(
        "judge_solution", "gpt-4o", question=LATEX, steps="<step_0>\n$a_{1}$\n</step_0>"
    )
    assert LATEX in message["content"]
    assert "<step_0>\n$a_{1}$\n</step_0>" in message["content"]
    assert "\\boxed{-1}" in message["content"]


@pytest.mark.parametrize("name", EVOLVE)
def test_evolve_prompts_ask_for_tags_and_take_a_language(name: str) -> None:
    assert "<problem> and </problem>" in read_prompt(name, "gpt-4o")
    (message,) = prompt_messages(
        name, "gpt-4o", question="Q", language_rule="Write the new problem in French."
    )
    assert "Write the new problem in French." in message["content"]


def test_no_two_mutations_say_the_same() -> None:
    for model_name in ("gpt-4o", EMBEDDED_MODEL):
        assert len({read_prompt(name, model_name) for name in EVOLVE}) == len(MUTATIONS)


def worked_examples() -> Iterator[str]:
    """Every problem that an evolve prompt of the embedded model shows, and the instructions around
    it where there are any."""
    for name in EVOLVE:
        for message in prompt_messages(name, EMBEDDED_MODEL, question="SLOT"):
            if "?" in message["content"]:
                yield message["content"].split("\n\n")[-1]


def test_worked_examples_are_acceptable_problems_themselves() -> None:
    for example in worked_examples():
        assert [reason for rule in RULES if (reason := rule(example))] == []


@pytest.mark.skipif(not SAMPLES.exists(), reason="no samples in this checkout")
def test_worked_examples_are_none_of_the_samples() -> None:
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    seeds = [template(row["problem"]) for row in rows]
    assert not [
        example
        for example in worked_examples()
        for seed in seeds
        if nearly_equal(template(example), seed)
    ]
