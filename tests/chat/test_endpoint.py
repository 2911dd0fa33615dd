"""One request to an endpoint: tried again, put otherwise, turned into data, or given up."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.buyer import Usage
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.errors import EndpointError
from evolvemcts4rl.records import Completion
from tests.support.chat_client import QUESTION, complete, open_client
from tests.support.loopback import Ask, Handler, Loopback, Reply, answer, chat_reply, error_reply


def first(*replies: Reply) -> Handler:
    """A handler that gives these replies first, and good ones after them."""
    return lambda ask: replies[ask.number] if ask.number < len(replies) else answer(ask)


GOOD = chat_reply("4")
PASSING = {
    "429": error_reply(429, "slow down"),
    "429 with Retry-After": error_reply(429, "slow down", headers={"retry-after": "0.01"}),
    "429 with a date": error_reply(
        429, "slow down", headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}
    ),
    "408": error_reply(408, "too slow"),
    "500": error_reply(500, "oh"),
    "500 as HTML": Reply(500, "<html><body><h1>oh</h1></body></html>"),
    "502": Reply(502, "Bad Gateway"),
    "503": error_reply(503, "Loading model", type="unavailable_error"),
    "529": error_reply(529, "overloaded"),
    "reset": Reply(fault="reset"),
    "truncated": Reply(body=GOOD, fault="truncate"),
    "half JSON": Reply(body='{"choices": [{"index": 0, "mess'),
    "JSON list": Reply(body="[]"),
    "HTML with 200": Reply(body="<html>Please log in</html>"),
    "no body": Reply(body=""),
    "choices empty": Reply(body=GOOD | {"choices": []}),
    "choices null": Reply(body=GOOD | {"choices": None}),
    "choices missing": Reply(body={"id": "chatcmpl-1"}),
    "choice without message": Reply(body={"choices": [{"index": 0, "finish_reason": "stop"}]}),
    "choice broken off": Reply(body=chat_reply("4", finish_reason="error")),
    "error with 200": Reply(body={"error": {"code": 502, "message": "upstream is down"}}),
    "rate limit with 200": Reply(body={"error": {"code": 429, "message": "upstream is busy"}}),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(reply: Reply) -> None:
    with Loopback(first(reply, reply)) as server:
        completions = complete(server.url, n=2)
    assert [c.text for c in completions] == ["reply 2 choice 0", "reply 2 choice 1"]
    keys = {ask.headers["idempotency-key"] for ask in server.asks}
    assert (len(server.asks), len(keys)) == (3, 1)


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_after_max_retries_the_reason_is_told(reply: Reply) -> None:
    with (
        Loopback(lambda ask: reply) as server,
        pytest.raises(EndpointError, match=f"127.0.0.1:{server.port}: ."),
    ):
        complete(server.url, max_retries=2)
    assert len(server.asks) == 3


def test_a_reply_that_does_not_come_in_time_is_asked_for_again() -> None:
    with Loopback(first(Reply(body=GOOD, delay=60.0))) as server:
        assert complete(server.url, timeout=0.2)[0].text == "reply 1 choice 0"


def test_retry_after_is_obeyed() -> None:
    async def ask() -> None:
        async with open_client(server.url) as client:
            asked = asyncio.create_task(client.complete(QUESTION, 1))
            await asyncio.sleep(0.3)  # time for several tries after the usual waits
            server.handler = answer
            await asked

    refusal = error_reply(429, "slow down", headers={"retry-after": "1"})
    with Loopback(lambda ask: refusal) as server:
        asyncio.run(ask())
    assert len(server.asks) == 2


@pytest.mark.parametrize("wait", ["Wed, 21 Oct 99999 07:28:00 GMT", "soon", "nan", ""])
def test_a_retry_after_that_is_none_is_not_obeyed(wait: str) -> None:
    with Loopback(first(error_reply(429, "slow down", headers={"retry-after": wait}))) as server:
        assert complete(server.url)[0].text == "reply 1 choice 0"


@pytest.mark.parametrize(("status", "said"), [(400, "roles must alternate"), (413, "too much")])
def test_a_request_that_is_refused_for_good_fails_its_problem_without_retries(
    status: int, said: str
) -> None:
    reply = error_reply(status, said)
    with Loopback(lambda ask: reply) as server, pytest.raises(EndpointError, match=said):
        complete(server.url)
    assert len(server.asks) == 1


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "max_tokens": (
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        {"param": "max_tokens", "code": "unsupported_parameter"},
    ),
    "temperature": (
        "Unsupported value: 'temperature' does not support 0.7 with this model. "
        "Only the default (1) value is supported.",
        {"param": "temperature", "code": "unsupported_value"},
    ),
    "top_p": ("`temperature` and `top_p` cannot both be specified for this model.", {}),
    "continue_final_message": (
        "Unrecognized request argument supplied: continue_final_message",
        {},
    ),
}


def refusing(*names: str) -> Handler:
    """A server that refuses these parameters one after another, in the words that are in use."""

    def handler(ask: Ask) -> Reply | dict[str, Any]:
        for name in names:
            if name in ask.body:
                message, fields = REFUSED[name]
                return error_reply(400, message, **fields)
        return answer(ask)

    return handler


def test_parameters_that_a_model_refuses_are_adapted_once_and_remembered() -> None:
    async def ask(url: str) -> None:
        async with open_client(url) as client:
            await client.complete(QUESTION, 2)
            await client.complete(QUESTION, 2)

    with Loopback(refusing("max_tokens", "top_p", "temperature")) as server:
        asyncio.run(ask(server.url))
    assert [sorted(set(ask.body) - {"model", "messages", "n"}) for ask in server.asks] == [
        ["max_tokens", "temperature", "top_p"],
        ["max_completion_tokens", "temperature", "top_p"],
        ["max_completion_tokens", "temperature"],
        ["max_completion_tokens"],
        ["max_completion_tokens"],
    ]
    assert server.asks[-1].body["max_completion_tokens"] == 1024


def test_each_model_has_its_own_dialect() -> None:
    async def ask(url: str) -> None:
        async with open_client(url, judge_model=("judge",)) as client:
            await client.complete(QUESTION, 1)
            await client.judges[0].complete(QUESTION, 1)

    with Loopback(
        lambda ask: refusing("max_tokens")(ask) if ask.body["model"] == "m" else answer(ask)
    ) as server:
        asyncio.run(ask(server.url))
    assert ["max_tokens" in ask.body for ask in server.asks] == [True, False, True]


def test_a_field_unknown_to_the_server_is_left_out() -> None:
    with Loopback(refusing("continue_final_message"), owned_by="sglang") as server:
        complete(server.url, messages=[*QUESTION, {"role": "assistant", "content": "So"}])
    assert ["continue_final_message" in ask.body for ask in server.asks] == [True, False]


def test_a_value_out_of_range_is_not_silently_dropped() -> None:
    refusal = error_reply(400, "temperature must be between 0 and 2", param="temperature")
    with (
        Loopback(lambda ask: refusal) as server,
        pytest.raises(EndpointError, match="between 0 and 2"),
    ):
        complete(server.url, temperature=3.0)
    assert len(server.asks) == 1


@pytest.mark.parametrize("status", [400, 403])
def test_a_filtered_prompt_is_a_completion_without_a_verdict(status: int) -> None:
    refusal = error_reply(status, "flagged by the content management policy", code="content_filter")
    with Loopback(lambda ask: refusal) as server:
        completions = complete(server.url, n=3)
    assert [(c.text, c.finish_reason, c.whole) for c in completions] == [
        ("", "content_filter", False)
    ] * 3
    assert len(server.asks) == 1


TOO_LONG = {
    "OpenAI": (
        "This model's maximum context length is 4096 tokens. "
        "However, your messages resulted in 5000",
        "context_length_exceeded",
    ),
    "OpenAI, max_tokens": (
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens",
        "invalid_value",
    ),
    "vLLM": (
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. "
        "This model's maximum context length is 4096",
        "400",
    ),
    "vLLM, prompt": (
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "400",
    ),
    "vLLM, nothing left": ("max_tokens must be at least 1, got -904.", "400"),
    "SGLang": (
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "400",
    ),
    "llama.cpp": (
        "the request exceeds the available context size, try increasing it",
        "exceed_context_size_error",
    ),
    "TGI": (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.",
        "validation",
    ),
}


@pytest.mark.parametrize(("said", "code"), TOO_LONG.values(), ids=TOO_LONG)
def test_a_request_longer_than_the_context_gets_what_fits(
    said: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(ask: Ask) -> Reply | dict[str, Any]:
        return error_reply(400, said, code=code) if "max_tokens" in ask.body else answer(ask)

    async def ask(url: str) -> list[Completion]:
        async with open_client(url) as client:
            return [
                *await client.complete(QUESTION, 2),
                *await client.complete(QUESTION, 1, start=2),
            ]

    with Loopback(handler) as server:
        completions = asyncio.run(ask(server.url))
    assert [c.whole for c in completions] == [True] * 3
    assert ["max_tokens" in ask.body for ask in server.asks] == [True, False, True, False]
    assert caplog.text.count("such requests get what fits") == 1


def test_a_prompt_longer_than_the_context_is_a_completion_without_a_verdict() -> None:
    with Loopback(lambda ask: error_reply(400, "prompt is too long: 5000 tokens")) as server:
        completions = complete(server.url, n=3)
    assert [(c.finish_reason, c.whole) for c in completions] == [("length", False)] * 3
    assert len(server.asks) == 2


def test_a_model_that_thought_until_its_limit_gives_a_completion_without_a_verdict() -> None:
    said = "Could not finish the message because max_tokens or model output limit was reached."
    with Loopback(lambda ask: error_reply(400, said)) as server:
        assert [c.finish_reason for c in complete(server.url, n=2)] == ["length"] * 2


def many(url: str, count: int, **changes: Any) -> list[list[Completion]]:
    async def ask() -> list[list[Completion]]:
        async with open_client(url, **changes) as client:
            questions = [[{"role": "user", "content": str(i)}] for i in range(count)]
            return await asyncio.gather(*(client.complete(question, 1) for question in questions))

    return asyncio.run(ask())


def test_concurrency_bounds_the_requests_in_flight_and_is_reached() -> None:
    with Loopback() as server:
        server.latency = 0.02
        many(server.url, 100, concurrency=16)
        assert server.most_in_flight == 16


@pytest.mark.slow
def test_a_rate_limit_lowers_the_pressure_and_costs_no_problem() -> None:
    def handler(ask: Ask) -> Reply:
        return (
            error_reply(429, "slow down")
            if server.in_flight >= 4
            else Reply(body=answer(ask), delay=0.01)
        )

    with Loopback(handler) as server:
        assert len(many(server.url, 200, concurrency=64, max_retries=2)) == 200
    refused = len(server.asks) - 200
    assert refused < 300  # 64 at once would be refused over and over


def test_a_request_that_waits_gives_its_slot_back() -> None:
    def handler(ask: Ask) -> Reply | dict[str, Any]:
        return error_reply(500, "oh") if ask.number == 0 else answer(ask)

    async def ask(url: str) -> None:
        async with open_client(url, concurrency=1, backoff=60.0) as client:
            slow = asyncio.create_task(client.complete(QUESTION, 1))
            while not server.asks:
                await asyncio.sleep(0.01)
            await client.complete([{"role": "user", "content": "another"}], 1)
            assert not slow.done()
            slow.cancel()

    with Loopback(handler) as server:
        asyncio.run(ask(server.url))
    assert len(server.asks) == 2


@pytest.mark.slow
def test_a_server_that_does_everything_wrong_at_random_loses_no_completion(tmp_path: Path) -> None:
    chance = random.Random(0)

    def handler(ask: Ask) -> Reply | dict[str, Any]:
        return (
            chance.choice(list(PASSING.values())) if chance.random() < 0.3 else at_random_most(ask)
        )

    def at_random_most(ask: Ask) -> dict[str, Any]:
        return chat_reply(
            *(
                f"reply {ask.number} choice {i}"
                for i in range(chance.randint(1, ask.body.get("n", 1)))
            )
        )

    async def ask(url: str, journal: Journal) -> tuple[list[list[Completion]], Usage]:
        async with open_client(url, journal=journal, concurrency=32, max_retries=20) as client:
            asks = (client.complete([{"role": "user", "content": str(i)}], 4) for i in range(200))
            return await asyncio.gather(*asks), client.usage

    journal = Journal(tmp_path / "completions.sqlite")
    with Loopback(handler) as server:
        bought, usage = asyncio.run(ask(server.url, journal))
        replayed, later = asyncio.run(ask(server.url, journal))
    assert replayed == bought
    assert len({c.text for completions in bought for c in completions}) == 800
    assert (usage.completions, later.requests, later.replayed) == (800, 0, 800)
    assert server.most_in_flight <= 32
    journal.close()
