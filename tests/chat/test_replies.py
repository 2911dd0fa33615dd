"""Replies as completions: text, thought, finish reason, and the tokens of each choice."""

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.faults import Fault
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.chat.replies import read_completions, split_thought
from evolvemcts4rl.records import Completion
from tests.support.loopback import chat_reply


def read(
    payload: object, count: int = 9, prefix: str = "", echoes: bool = True
) -> list[Completion]:
    messages = [{"role": "user", "content": "x" * 35}]
    if prefix:
        messages.append({"role": "assistant", "content": prefix})
    question = ChatRequest("m", messages, {"max_tokens": 100}, b"")
    return read_completions(json.dumps(payload).encode(), question, count, echoes)


@pytest.mark.parametrize(
    ("content", "text", "thought"),
    [
        ("<think>hm, 4?</think>\n\nIt is 4.", "It is 4.", "hm, 4?"),
        ("\n<think>\nhm\n</think>It is 4.", "It is 4.", "hm"),
        ("hm, 4?</think>\n\nIt is 4.", "It is 4.", "hm, 4?"),
        ("<think></think>It is 4.", "It is 4.", ""),
        ("<think>hm, so", "", "hm, so"),
        ("It is 4.", "It is 4.", ""),
        ("If x <think 4 then", "If x <think 4 then", ""),
    ],
)
def test_a_thought_aloud_is_kept_apart(content: str, text: str, thought: str) -> None:
    assert split_thought(content) == (text, thought)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_thought_in_a_field_of_its_own_is_kept(field: str) -> None:
    fields: dict[str, Any] = {field: "hm"}
    (completion,) = read(chat_reply("It is 4.", **fields))
    assert (completion.text, completion.thought, completion.whole) == ("It is 4.", "hm", True)


def test_content_in_typed_parts_is_read() -> None:
    parts: Any = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "It is 4."},
    ]
    (completion,) = read(chat_reply(parts, tokens=5))
    assert (completion.text, completion.thought) == ("It is 4.", "hm")


@pytest.mark.parametrize(
    ("payload", "text", "reason"),
    [
        (chat_reply(None), "", "empty"),
        (chat_reply(""), "", "empty"),
        (chat_reply(" \n"), " \n", "empty"),
        (chat_reply("<think>hm</think>"), "", "empty"),
        (chat_reply("so far", finish_reason="length"), "so far", "length"),
        (chat_reply(None, finish_reason="length"), "", "length"),
        (chat_reply("<think>and so on", finish_reason="length"), "", "length"),
        (chat_reply(None, finish_reason="length", reasoning_content="and so on"), "", "length"),
        (chat_reply(None, refusal="I will not."), "I will not.", "refusal"),
        (chat_reply("", finish_reason="content_filter"), "", "content_filter"),
        (chat_reply("run()", finish_reason="tool_calls"), "run()", "tool_calls"),
    ],
)
def test_what_is_not_whole_is_a_completion_without_a_verdict(
    payload: dict[str, Any], text: str, reason: str
) -> None:
    (completion,) = read(payload)
    assert (completion.text, completion.finish_reason, completion.whole) == (text, reason, False)


@pytest.mark.parametrize("reason", ["stop", "eos", "eos_token", "end_turn", None])
def test_all_names_of_a_natural_end_are_stop(reason: str | None) -> None:
    assert read(chat_reply("4", finish_reason=reason))[0].whole


def test_choices_come_in_their_order_and_no_more_than_asked_for() -> None:
    payload = chat_reply("a", "b", "c")
    payload["choices"].reverse()
    assert [c.text for c in read(payload, count=2)] == ["a", "b"]


def test_only_the_exact_prefix_is_taken_off() -> None:
    assert read(chat_reply("Step 1.\n\nSo 4."), prefix="Step 1.\n\n")[0].text == "So 4."
    assert read(chat_reply("Step 1.So 4."), prefix="Step 1.\n\n")[0].text == "So 4."
    assert read(chat_reply("Step one. So 4."), prefix="Step 1.\n\n")[0].text == "Step one. So 4."
    assert (
        read(chat_reply("Step 1.\n\nSo 4."), prefix="Step 1.\n\n", echoes=False)[0].text
        == "Step 1.\n\nSo 4."
    )


@given(
    prefix=st.text(min_size=1), text=st.text(min_size=1).filter(lambda text: "think>" not in text)
)
def test_an_echoed_prefix_never_reaches_the_text(prefix: str, text: str) -> None:
    assert read(chat_reply(prefix + text), prefix=prefix)[0].text == text


def test_half_an_emoji_becomes_a_text_that_files_can_hold() -> None:
    (completion,) = read(chat_reply("so \ud83d", finish_reason="length"))
    assert completion.text == "so �"


def test_the_prompt_is_billed_once_and_the_total_shared_by_length() -> None:
    completions = read(chat_reply("x" * 30, "x" * 60, "x" * 10, tokens=25))
    assert [c.prompt_tokens for c in completions] == [10, 0, 0]
    assert [c.completion_tokens for c in completions] == [8, 14, 3]


@given(st.lists(st.text(), min_size=1, max_size=9), st.integers(0, 10_000))
def test_shares_add_up_to_the_total_or_more_where_it_counts_one_choice(
    texts: list[str], total: int
) -> None:
    counted = sum(c.completion_tokens for c in read(chat_reply(*texts, tokens=total)))
    assert counted >= total or total > 3 * sum(len(text.encode()) for text in texts)


def test_usage_that_counts_the_first_choice_alone_is_made_up_for() -> None:
    payload = chat_reply(
        "x" * 70, "x" * 140, "x" * 35, tokens=20
    )  # 3.5 bytes a token in the first, 12 over all
    assert [c.completion_tokens for c in read(payload)] == [20, 40, 10]


def test_llamacpp_tells_by_its_timings_that_it_counts_the_first_choice() -> None:
    payload = chat_reply("12 + 7 = 19", "12 + 7 = 19", tokens=9)
    assert sum(c.completion_tokens for c in read(payload)) == 9
    payload["timings"] = {"predicted_n": 9}
    assert [c.completion_tokens for c in read(payload)] == [9, 9]
    payload["choices"][1]["finish_reason"] = "length"
    assert [c.completion_tokens for c in read(payload)] == [9, 100]


@pytest.mark.parametrize(
    "broken", [{"finish_reason": "error"}, {"message": None}, {"finish_reason": 5}]
)
def test_a_choice_that_is_broken_off_costs_no_other_one(broken: dict[str, Any]) -> None:
    payload = chat_reply("4", "five", "6")
    payload["choices"][1] |= broken
    assert [(c.text, c.whole) for c in read(payload)] == [("4", True), ("", False), ("6", True)]


@pytest.mark.parametrize("counted", [0, 1])
def test_tokens_are_estimated_where_the_first_choice_is_empty_and_alone_counted(
    counted: int,
) -> None:
    payload = chat_reply("", "x" * 70, "y" * 35)
    payload["usage"]["completion_tokens"] = counted
    assert [c.completion_tokens for c in read(payload)] == [0, 20, 10]


def test_tokens_are_estimated_where_nothing_is_counted() -> None:
    payload = chat_reply("x" * 35)
    del payload["usage"]
    (completion,) = read(payload)
    assert (completion.prompt_tokens, completion.completion_tokens) == (10, 10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"choices": "none"}',
        b'{"choices": [7]}',
        b'{"choices": 7}',
    ],
)
def test_nonsense_is_a_fault_that_may_pass(content: bytes) -> None:
    with pytest.raises(Fault) as fault:
        read_completions(
            content, ChatRequest("m", [{"role": "user", "content": ""}], {}, b""), 1, True
        )
    assert fault.value.is_transient


def test_a_reply_nested_too_deeply_is_a_fault_that_may_pass() -> None:
    with pytest.raises(Fault) as fault:
        read_completions(
            b"[" * 100_000, ChatRequest("m", [{"role": "user", "content": ""}], {}, b""), 1, True
        )
    assert fault.value.is_transient


@pytest.mark.parametrize("reason", [["stop"], {}, 7])
def test_a_reason_that_is_none_is_a_broken_choice(reason: object) -> None:
    with pytest.raises(Fault, match="broken off") if reason else contextlib.nullcontext():
        read(chat_reply("4", finish_reason=reason))


@pytest.mark.parametrize("tokens", [-1, 2**70, 10**400, "12", None, 1.5])
def test_a_number_of_tokens_that_cannot_be_is_no_count(tokens: object) -> None:
    completions = read(
        chat_reply("x" * 35, "x" * 70)
        | {"usage": {"prompt_tokens": tokens, "completion_tokens": tokens}}
    )
    assert [(c.prompt_tokens, c.completion_tokens) for c in completions] == [(10, 10), (0, 20)]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["stop", "length", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
MESSAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["content", "refusal", "reasoning", "role"], ANYTHING)
)
CHOICES = st.fixed_dictionaries(
    {}, optional={"message": MESSAGES | ANYTHING, "finish_reason": ANYTHING, "index": ANYTHING}
)
USAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["prompt_tokens", "completion_tokens"], ANYTHING)
)


@given(
    st.fixed_dictionaries(
        {"choices": st.lists(CHOICES | ANYTHING, max_size=3) | ANYTHING},
        optional={"usage": USAGES | ANYTHING, "error": ANYTHING, "timings": ANYTHING},
    )
    | ANYTHING
)
def test_whatever_a_reply_holds_it_is_a_fault_or_completions_that_the_journal_can_hold(
    payload: object,
) -> None:
    try:
        completions = read(payload, prefix="x")
    except Fault:
        return
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "completions.sqlite")
        journal.put(b"key", 0, completions)
        assert list(journal.get(b"key", 0, 9).values()) == completions
        journal.close()
