"""What ends a run: found out at its start where it can be, and told in one sentence."""

import asyncio

import pytest

from evolvemcts4rl.errors import UserError
from tests.support.chat_client import complete, open_client
from tests.support.loopback import Loopback, Reply, error_reply, free_port

FATAL = {
    "401": (error_reply(401, "Incorrect API key"), "refuses the key"),
    "402": (error_reply(402, "Insufficient credits"), "no credit left"),
    "403": (error_reply(403, "not for you"), "forbids this key the model m"),
    "404": (
        error_reply(404, "The model `m` does not exist", code="model_not_found"),
        "has no model m",
    ),
    "404 of Ollama": (error_reply(404, "model 'm' not found"), "has no model m"),
    "400 of OpenRouter": (error_reply(400, "m is not a valid model ID"), "has no model m"),
    "wrong path": (Reply(404, "<h1>Not Found</h1>"), "check --base_url"),
    "quota": (
        error_reply(429, "You exceeded your current quota", code="insufficient_quota"),
        "no credit left",
    ),
}


@pytest.mark.parametrize(("reply", "sentence"), FATAL.values(), ids=FATAL)
def test_what_no_request_can_mend_ends_the_run_at_once(reply: Reply, sentence: str) -> None:
    with (
        Loopback(lambda ask: reply) as server,
        pytest.raises(UserError, match=f"127.0.0.1:{server.port} .*{sentence}"),
    ):
        complete(server.url)
    assert len(server.asks) == 1


def test_an_unknown_judge_is_named_with_its_flag() -> None:
    async def ask(url: str) -> None:
        async with open_client(url, judge_model=("j",)) as client:
            await client.judges[0].complete([{"role": "user", "content": "?"}], 1)

    reply = error_reply(404, "no such model", code="model_not_found")
    with (
        Loopback(lambda ask: reply) as server,
        pytest.raises(UserError, match=r"no model j: .* --judge_model"),
    ):
        asyncio.run(ask(server.url))


def test_an_unreachable_endpoint_ends_the_run_before_it_begins() -> None:
    with pytest.raises(
        UserError, match=r"cannot reach 127.0.0.1:[0-9]+ .no connection: .*: check --base_url"
    ):
        complete(f"http://127.0.0.1:{free_port()}/v1")


def test_an_endpoint_that_never_answers_ends_the_run_before_it_begins() -> None:
    with (
        Loopback(models=Reply(delay=60)) as server,
        pytest.raises(UserError, match=r"cannot reach .*no reply in time"),
    ):
        complete(server.url, timeout=0.2)


@pytest.mark.parametrize(
    "models",
    [
        error_reply(404, "no such page"),
        Reply(body="<html>"),
        Reply(body={"data": [None]}),
        Reply(body={"data": 5}),
        Reply(body="[" * 100_000),
    ],
)
def test_an_endpoint_that_lists_no_models_serves_as_well(models: Reply) -> None:
    with Loopback(models=models) as server:
        assert complete(server.url)[0].text == "reply 0 choice 0"


@pytest.mark.parametrize(("reply", "sentence"), FATAL.values(), ids=FATAL)
def test_the_probe_finds_a_bad_key_or_model_before_anything_is_bought(
    reply: Reply, sentence: str
) -> None:
    async def ask(url: str, probe: bool) -> None:
        async with open_client(url, probe=probe):
            pass

    with Loopback(lambda ask: reply) as server:
        asyncio.run(ask(server.url, False))
        assert server.asks == []
        with pytest.raises(UserError, match=sentence):
            asyncio.run(ask(server.url, True))
    assert len(server.asks) == 1


def test_a_key_that_the_list_of_models_refuses_ends_the_run() -> None:
    with (
        Loopback(models=error_reply(401, "who are you")) as server,
        pytest.raises(UserError, match="refuses the key"),
    ):
        complete(server.url)
    assert server.asks == []
