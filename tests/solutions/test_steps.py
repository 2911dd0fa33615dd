import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.solutions.corrections import steps_announcing_correction
from evolvemcts4rl.solutions.steps import join_steps, merge_steps, split_steps
from tests.support.fast import examples
from tests.support.step_texts import CORRECTIONS, LINES, NOT_CORRECTIONS, SPLITS

LINE_ENDS = ("\n", "\n\n", "\n\n", "\n \n", "\r\n", "\n\n\n", " ")
MARKDOWN = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(LINE_ENDS)), max_size=14).map(
    lambda pairs: "".join(line + end for line, end in pairs)
)
SYMBOLS = st.lists(
    st.sampled_from(
        [*"a1.:-*#|$`~ \n\n\t\r\f\u2028", "\n\n", "$$", "\\[", "\\]", "```", "Step 1", "1. "]
    ),
    max_size=40,
).map("".join)
TEXTS = st.one_of(st.text(), SYMBOLS, MARKDOWN)
SEPARATORS = st.sampled_from([None, "\n", "\n\n", "ки", "a", "aa"])


@given(TEXTS, SEPARATORS)
@settings(max_examples=examples(400), deadline=None)
def test_joined_steps_are_the_text(text: str, separator: str | None) -> None:
    assert join_steps(split_steps(text, separator)) == text


@given(TEXTS, SEPARATORS)
@settings(max_examples=examples(400), deadline=None)
def test_a_prefix_splits_as_the_whole_text_does(text: str, separator: str | None) -> None:
    steps = split_steps(text, separator)
    for i in range(len(steps) + 1):
        assert split_steps("".join(steps[:i]), separator) == steps[:i]


@given(TEXTS, SEPARATORS)
@settings(max_examples=examples(400), deadline=None)
def test_a_continuation_splits_without_its_prefix_as_within_the_whole_text(
    text: str, separator: str | None
) -> None:
    steps = split_steps(text, separator)
    for i in range(len(steps) + 1):
        assert steps[:i] + split_steps("".join(steps[i:]), separator) == steps


@given(TEXTS, SEPARATORS)
@settings(max_examples=examples(200), deadline=None)
def test_no_step_is_only_whitespace(text: str, separator: str | None) -> None:
    if text.strip():
        assert all(step.strip() for step in split_steps(text, separator))


@given(st.lists(st.sampled_from(LINES[:2]), min_size=1, max_size=8))
def test_plain_paragraphs_are_the_steps(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    assert [step.strip() for step in split_steps(text)] == paragraphs


@pytest.mark.parametrize("name", SPLITS)
def test_splitting_follows_how_models_write(name: str) -> None:
    assert split_steps("".join(SPLITS[name])) == SPLITS[name]


def test_separator_ends_a_step() -> None:
    assert split_steps("a ки\nb ки\n", "ки") == ["a ки", "\nb ки\n"]
    assert split_steps("\n\na\n\n\nb\nc", "\n") == ["\n\na\n\n\n", "b\n", "c"]
    assert split_steps("a\nb\n\n\nc", "\n\n") == ["a\nb\n\n", "\nc"]
    with pytest.raises(ValueError, match="empty separator"):
        split_steps("a", "")


def test_text_without_words() -> None:
    assert [split_steps(text) for text in ("", " \n\n ", "---", "\n7")] == [
        [],
        [" \n\n "],
        ["---"],
        ["\n7"],
    ]


@pytest.mark.parametrize("sentence", CORRECTIONS.splitlines())
def test_announced_correction_is_told(sentence: str) -> None:
    assert steps_announcing_correction([sentence])
    assert steps_announcing_correction([f"We get $x = 3$. {sentence}\n\n"])


@pytest.mark.parametrize("sentence", NOT_CORRECTIONS.splitlines())
def test_ordinary_mathematics_announces_nothing(sentence: str) -> None:
    assert not steps_announcing_correction([sentence])
    assert not steps_announcing_correction([f"We get $x = 3$. {sentence}\n\n"])


@given(st.lists(st.text(min_size=1), max_size=100), st.integers(1, 30))
def test_merged_steps_are_at_most_so_many_and_the_same_text(steps: list[str], most: int) -> None:
    merged = merge_steps(steps, most)
    assert len(merged) <= most
    assert "".join(merged) == "".join(steps)
    assert merged == steps or len(steps) > most
