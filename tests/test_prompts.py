"""The prompts: complete, fillable, and different from what they will be given."""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.evolution import MUTATIONS
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.problems.acceptance_rules import RULES
from evolvemcts4rl.problems.novelty import nearly_equal, template
from evolvemcts4rl.prompts import (
    PROMPTS,
    check_prompts,
    prompt_messages,
    prompt_turns,
    read_prompt,
    read_system_prompt,
)

SAMPLES = PROMPTS.parent / "samples" / "arithmetic.jsonl"
EVOLVE = [f"evolve_{mutation}" for mutation in MUTATIONS]
SLOTS = {name: {"question", "language_rule", "domain"} for name in EVOLVE} | {
    "solve_problem": {"question", "domain"},
    "continue_solution": set(),
    "judge_solution": {"question", "steps", "domain"},
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


Own = Callable[..., PromptSettings]


@pytest.fixture
def own(tmp_path: Path) -> Own:
    """Write files into a folder of own prompts; gives the settings that name it."""

    def write(files: Mapping[str, str | bytes], **flags: Any) -> PromptSettings:
        folder = tmp_path / "own"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return PromptSettings(prompts=str(folder), **flags)

    return write


def test_own_prompt_replaces_the_one_of_its_name_and_no_other(own: Own) -> None:
    told = own({"solve_problem.txt": "Solve it: {{question}}"})
    check_prompts(told, None)
    assert prompt_messages("solve_problem", "m", told, question="1 + 1?") == [
        {"role": "user", "content": "Solve it: 1 + 1?"}
    ]
    judge = functools.partial(prompt_messages, "judge_solution", "m", question="Q", steps="S")
    assert judge(told) == judge()


def test_own_prompt_goes_before_that_of_the_embedded_model_and_its_part_before_all(
    own: Own,
) -> None:
    told = own({"solve_problem.txt": "Plain {{question}}"})
    ask = ("solve_problem", EMBEDDED_MODEL, told)
    assert prompt_messages(*ask, question="Q")[0]["content"] == "Plain Q"
    told = own({"smollm2/solve_problem.txt": "Small {{question}}"})
    check_prompts(told, None)
    assert prompt_messages(*ask, question="Q")[0]["content"] == "Small Q"
    assert prompt_messages("solve_problem", "m", told, question="Q")[0]["content"] == "Plain Q"


def test_own_prompt_may_show_examples_as_turns(own: Own) -> None:
    text = "=== user\n1 + 1?\n=== assistant\n\\boxed{2}\n=== user\n{{question}}\n"
    told = own({"solve_problem.txt": text})
    check_prompts(told, None)
    assert prompt_messages("solve_problem", "m", told, question="=== user\nQ") == [
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "\\boxed{2}"},
        {"role": "user", "content": "=== user\nQ"},
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"solve_problem.txt": "Solve it."}, "solve_problem.txt lacks the slot {{question}}"),
        ({"judge_solution.txt": "{{question}}"}, "judge_solution.txt lacks the slot {{steps}}"),
        (
            {"evolve_deepen.txt": "{{question}} {{steps}}"},
            "evolve_deepen.txt has the slot {{steps}}, which nothing fills: it may have {{domain}}",
        ),
        (
            {"solve.txt": "{{question}}"},
            "solve.txt of --prompts is the name of no prompt: there are",
        ),
        ({"solve_problem.md": "{{question}}"}, "solve_problem.md of --prompts is the name of no"),
        ({"other/solve_problem.txt": "{{question}}"}, "is the name of no prompt"),
        ({"solve_problem.txt": " \n"}, "solve_problem.txt of --prompts is empty"),
        ({"solve_problem.txt": b"\xff{{question}}"}, "cannot be read as UTF-8"),
        ({".hidden": "x"}, "holds no prompt"),
        ({"solve_problem.txt": "Hi\n=== user\n{{question}}"}, "has text before its first line"),
        (
            {"solve_problem.txt": "=== user\n{{question}}\n=== assistant\nYes."},
            "must end with a turn of the user",
        ),
    ],
)
def test_faulty_own_prompt_is_named_with_its_slot(
    own: Own, files: dict[str, str | bytes], words: str
) -> None:
    with pytest.raises(UserError) as error:
        check_prompts(own(files), None)
    assert words in str(error.value)


def test_own_evolve_prompt_needs_the_language_only_where_one_is_asked_for(own: Own) -> None:
    told = own({"evolve_deepen.txt": "Deepen {{question}}"})
    check_prompts(told, None)
    with pytest.raises(UserError, match=r"lacks the slot \{\{language_rule\}\} \(which --language"):
        check_prompts(told, "French")


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere of --prompts is not there"):
        check_prompts(PromptSettings(prompts=str(tmp_path / "nowhere")), None)


def test_own_prompt_that_is_edited_between_two_runs_of_a_process_is_read_again(own: Own) -> None:
    told = own({"solve_problem.txt": "One {{question}}"})
    for word in ("One", "Two"):
        own({"solve_problem.txt": f"{word} {{{{question}}}}"})
        check_prompts(told, None)
        assert (
            prompt_messages("solve_problem", "m", told, question="Q")[0]["content"] == f"{word} Q"
        )


@pytest.mark.parametrize("name", list(SLOTS))
def test_domain_is_named_in_place_of_mathematics(name: str) -> None:
    ask = functools.partial(prompt_messages, name, "m", question="Q", steps="S", language_rule="")
    usual, other = ask(), ask(PromptSettings(domain="organic chemistry"))
    assert "mathematics" not in str(other)
    assert str(usual).replace("mathematics", "organic chemistry") == str(other)
    assert ("organic chemistry" in str(other)) == ("domain" in SLOTS[name])


def test_system_prompt_comes_first_as_text_or_from_its_file(tmp_path: Path, own: Own) -> None:
    path = tmp_path / "system.txt"
    path.write_text("Be brief.\n")
    for given in ("Be brief.", str(path)):
        told = PromptSettings(system_prompt=given)
        system, user = prompt_messages("solve_problem", "m", told, question="Q")
        assert system == {"role": "system", "content": "Be brief."}
        assert user["role"] == "user"
        assert [turn["role"] for turn in prompt_turns("continue_solution", "m", told)] == ["user"]


def test_system_prompt_stands_for_a_system_turn_of_the_prompt(own: Own) -> None:
    files = {"solve_problem.txt": "=== system\nOld.\n=== user\n{{question}}"}
    told = own(files, system_prompt="New.")
    check_prompts(told, None)
    contents = [
        turn["content"] for turn in prompt_messages("solve_problem", "m", told, question="Q")
    ]
    assert contents == ["New.", "Q"]


def test_system_prompt_that_names_a_missing_file_is_no_text() -> None:
    with pytest.raises(UserError, match=r"nowhere/system\.txt of --system_prompt is not there"):
        check_prompts(PromptSettings(system_prompt="nowhere/system.txt"), None)
    assert read_system_prompt("Think. " * 1000) == "Think. " * 1000
