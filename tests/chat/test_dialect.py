"""How each kind of server is asked to go on inside a thought."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from evolvemcts4rl.errors import EndpointError, UserError
from tests.support.chat_client import QUESTION, complete
from tests.support.loopback import Loopback, answer, error_reply

OPEN = [*QUESTION, {"role": "assistant", "content": "<think>\nFirst, 2 is even.\n\n"}]
CLOSED = [*QUESTION, {"role": "assistant", "content": "<think>\nSo.\n</think>\n\nIt"}]


def asked(owner: str, messages: list[dict[str, str]], **fields: Any) -> dict[str, Any]:
    """Return the body that a server of this kind gets."""
    with Loopback(owned_by=owner) as server:
        complete(server.url, messages=messages, **fields)
    return server.asks[0].body


def test_llamacpp_gets_the_thought_in_a_field_of_its_own() -> None:
    body = asked("llamacpp", OPEN)
    assert body["messages"] == [
        *QUESTION,
        {"role": "assistant", "content": "", "reasoning_content": "First, 2 is even.\n\n"},
    ]
    assert body["continue_final_message"] == "reasoning_content"
    assert body["add_generation_prompt"] is False


@pytest.mark.parametrize("owner", ["vllm", "sglang"])
def test_vllm_and_sglang_get_the_thought_in_the_text(owner: str) -> None:
    body = asked(owner, OPEN)
    assert body["messages"] == OPEN
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize("owner", ["llamacpp", "vllm"])
def test_a_thought_that_has_ended_is_text(owner: str) -> None:
    assert asked(owner, CLOSED)["messages"] == CLOSED


def test_a_server_too_old_to_go_on_inside_a_thought_is_not_asked_without_it() -> None:
    refusal = error_reply(400, "Unknown parameter: continue_final_message")

    with (
        Loopback(
            lambda ask: refusal if "continue_final_message" in ask.body else answer(ask),
            owned_by="llamacpp",
        ) as server,
        pytest.raises(EndpointError, match="continue_final_message"),
    ):
        complete(server.url, messages=OPEN)
    assert len(server.asks) == 1


@pytest.mark.parametrize(("continuation", "begins"), [("auto", False), ("chat", True)])
def test_a_run_that_shall_label_thoughts_looks_first_whether_it_can(
    continuation: str, begins: bool
) -> None:
    refusal = error_reply(400, "Assistant response prefill is incompatible with enable_thinking.")
    refused = (
        contextlib.nullcontext()
        if begins
        else pytest.raises(UserError, match=r"goes on inside no thought.*--continuation chat")
    )
    with (
        Loopback(
            lambda ask: refusal if ask.body["messages"][-1]["role"] == "assistant" else answer(ask),
            owned_by="llamacpp",
        ) as server,
        refused,
    ):
        complete(server.url, probe=True, continuation=continuation, label_thoughts=True)
    sizes = [ask.body["max_tokens"] for ask in server.asks]
    assert sizes == ([16, 1024] if begins else [16] * len(sizes))
