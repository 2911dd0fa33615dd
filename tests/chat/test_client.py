"""The chat client: what it asks, in how many requests, and what it keeps in the journal."""

import asyncio
import gc
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.buyer import Usage
from evolvemcts4rl.chat.client import ChatClient
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.errors import EndpointError, UserError
from evolvemcts4rl.records import Completion
from tests.support.chat_client import QUESTION, complete, open_client, settings_for
from tests.support.loopback import Ask, Handler, Loopback, Reply, answer, chat_reply, error_reply

PREFIX = "First, 2 is even.\n\n"
CONTINUE = [*QUESTION, {"role": "assistant", "content": PREFIX}]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "completions.sqlite")
    yield journal
    journal.close()


def at_most(limit: int) -> Callable[[Ask], Reply | dict[str, Any]]:
    """A server that honours n up to a limit, in llama.cpp's words."""

    def handler(ask: Ask) -> Reply | dict[str, Any]:
        n = ask.body.get("n", 1)
        if n > limit:
            return error_reply(
                400, f"Field 'n': Value must be between 1 <= value <= {limit}, but got {n}"
            )
        return answer(ask)

    return handler


def asked(server: Loopback) -> list[int]:
    return [ask.body.get("n", 1) for ask in server.asks]


def test_n_completions_of_one_prefix_are_one_request() -> None:
    with Loopback() as server:
        completions = complete(server.url, n=4)
    assert [c.text for c in completions] == [f"reply 0 choice {i}" for i in range(4)]
    assert [c.finish_reason for c in completions] == ["stop"] * 4
    assert asked(server) == [4]


def test_every_sampling_flag_reaches_the_request() -> None:
    with Loopback() as server:
        complete(server.url, temperature=0.3, top_p=0.8, max_tokens=77)
    assert server.asks[0].body == {
        "model": "m",
        "messages": QUESTION,
        "temperature": 0.3,
        "top_p": 0.8,
        "max_tokens": 77,
    }


def test_an_ask_may_have_its_own_model_temperature_and_length() -> None:
    async def ask(url: str) -> None:
        async with open_client(url, judge_model=("judge",)) as client:
            await client.judges[0].complete(QUESTION, 1, temperature=0.0, max_tokens=5)

    with Loopback() as server:
        asyncio.run(ask(server.url))
    assert server.asks[0].body | {"messages": []} == {
        "model": "judge", "messages": [], "temperature": 0.0, "top_p": 0.95, "max_tokens": 5
    }  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "first", "second"),
    [
        (at_most(3), [2, 3, 3, 8], [2, 3, 3]),
        (lambda ask: chat_reply(f"only {ask.number}"), [1] * 7 + [8], [1] * 8),
        (
            lambda ask: (
                error_reply(400, "Unknown parameter: 'n'.", param="n")
                if "n" in ask.body
                else answer(ask)
            ),
            [1] * 8 + [8],
            [1] * 8,
        ),
        (
            lambda ask: (
                error_reply(400, "n must be 1 when using greedy sampling")
                if "n" in ask.body
                else answer(ask)
            ),
            [1] * 8 + [8],
            [1] * 8,
        ),
    ],
    ids=["up to 3", "gives one", "unknown", "must be 1"],
)
def test_the_limit_of_n_is_found_once_and_the_rest_asked_for_in_further_requests(
    handler: Handler, first: list[int], second: list[int]
) -> None:
    async def ask(url: str) -> tuple[list[Completion], int, list[Completion]]:
        async with open_client(url) as client:
            before = await client.complete(QUESTION, 8)
            seen = len(server.asks)
            return before, seen, await client.complete([{"role": "user", "content": "again"}], 8)

    with Loopback(handler) as server:
        before, seen, after = asyncio.run(ask(server.url))
    assert sorted(asked(server)[:seen]) == sorted(first)
    assert sorted(asked(server)[seen:]) == sorted(second)
    assert len({c.text for c in before + after}) == 16


def test_the_journal_replays_and_only_what_is_missing_is_bought(journal: Journal) -> None:
    async def ask(url: str) -> tuple[list[Completion], list[Completion], Usage]:
        async with open_client(url, journal=journal) as client:
            first = await client.complete(QUESTION, 2, start=2)
            every = await client.complete(QUESTION, 6)
            return first, every, client.usage

    with Loopback() as server:
        first, every, usage = asyncio.run(ask(server.url))
        assert every[2:4] == first
        assert asked(server) == [2, 2, 2]
        assert complete(server.url, n=6, journal=journal) == every
        assert len(server.asks) == 3
    assert (usage.requests, usage.completions, usage.replayed) == (3, 6, 2)
    assert journal.totals().tokens == usage.tokens


def test_results_without_a_verdict_are_kept_too(journal: Journal) -> None:
    with Loopback(lambda ask: chat_reply(None, "cut", finish_reason="length")) as server:
        bought = complete(server.url, n=2, journal=journal)
        assert complete(server.url, n=2, journal=journal) == bought
    assert [c.finish_reason for c in bought] == ["length", "length"]
    assert len(server.asks) == 1


def test_parts_that_succeeded_are_in_the_journal_when_another_fails(journal: Journal) -> None:
    def handler(ask: Ask) -> Reply | dict[str, Any]:
        if "-4-4" in ask.headers["idempotency-key"]:
            return error_reply(400, "this one is not answered")
        return at_most(4)(ask)

    with Loopback(handler) as server:
        with pytest.raises(EndpointError, match="not answered"):
            complete(server.url, n=12, journal=journal)
        # The ninth, a probe, showed that the endpoint answers: only this request is refused.
        assert journal.totals().completions == 9
        server.handler = answer
        assert len(complete(server.url, n=12, journal=journal)) == 12
    assert server.asks[-1].body["n"] == 4


@pytest.mark.parametrize("fault", [None, "reset"])
def test_what_is_cancelled_asks_nothing_more_but_keeps_what_a_server_is_at_work_on(
    journal: Journal, fault: str | None
) -> None:
    async def ask(url: str) -> tuple[bool, bool]:
        async with open_client(url, journal=journal, concurrency=1) as client:
            running = asyncio.create_task(client.complete(QUESTION, 2))
            waiting = asyncio.create_task(client.complete(QUESTION, 3, start=2))
            await asyncio.sleep(0.1)
            assert client.in_flight == 1
            for task in (running, waiting):
                task.cancel()
            await asyncio.gather(running, waiting, return_exceptions=True)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started > 0.1
        return running.cancelled(), waiting.cancelled()

    def handler(asked: Ask) -> Reply:
        return Reply(fault=fault, delay=0.4) if fault else Reply(body=answer(asked), delay=0.4)

    with Loopback(handler) as server:
        assert asyncio.run(ask(server.url)) == (True, True)
    assert len(server.asks) == 1
    assert journal.totals().completions == (0 if fault else 2)


@pytest.mark.parametrize("owner", ["vllm", "sglang"])
def test_vllm_and_sglang_are_told_to_continue_the_message(owner: str) -> None:
    with Loopback(lambda ask: chat_reply(PREFIX + "again"), owned_by=owner) as server:
        completions = complete(server.url, messages=CONTINUE)
        complete(server.url)
    sent = server.asks[0].body
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    assert sent["messages"] == CONTINUE
    assert completions[0].text == PREFIX + "again"  # they reply with what is new and no more
    assert not {"continue_final_message", "top_k"} & set(server.asks[1].body)


@pytest.mark.parametrize("reply", [PREFIX + "So 4.", PREFIX.rstrip() + "So 4.", "So 4."])
def test_llamacpp_gets_the_prefix_as_it_is_and_its_echo_is_taken_off(reply: str) -> None:
    with Loopback(lambda ask: chat_reply(reply), owned_by="llamacpp") as server:
        assert complete(server.url, messages=CONTINUE)[0].text == "So 4."
    sent = server.asks[0].body
    assert sent["messages"] == CONTINUE
    assert "continue_final_message" not in sent
    assert (sent["top_k"], sent["min_p"], sent["cache_prompt"]) == (0, 0.0, True)


@pytest.mark.parametrize(
    ("continuation", "owner", "prefill"),
    [
        ("auto", "vllm", True),
        ("auto", "sglang", True),
        ("auto", "llamacpp", True),
        ("auto", "openai", False),
        ("auto", None, False),
        ("chat", "vllm", False),
        ("prefill", "openai", True),
    ],
)
def test_continuation_is_by_prefill_where_the_owner_or_the_flag_says_so(
    continuation: str, owner: str | None, prefill: bool
) -> None:
    async def ask(url: str) -> bool:
        async with open_client(url, continuation=continuation) as client:
            return client.prefill

    with Loopback(owned_by=owner) as server:
        assert asyncio.run(ask(server.url)) is prefill


def test_without_key_and_address_one_sentence_names_the_three_ways_on() -> None:
    with pytest.raises(UserError, match=r"OPENAI_API_KEY.*--base_url.*--model_name smollm2-135m"):
        ChatClient(settings_for(), None)


NO_ADDRESSES = [
    "localhost:8000/v1",
    "ftp://host/v1",
    "http://",
    "http://host:port/v1",
    "http://a..b/v1",
]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="--base_url is no valid address"):
        ChatClient(settings_for(url), None)


def test_an_address_with_a_query_is_refused_before_a_key_in_it_is_kept() -> None:
    with pytest.raises(UserError, match=r"something after its path.*OPENAI_API_KEY") as refused:
        ChatClient(settings_for("http://host/v1?key=sk-4711-4711"), None)
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("key", ["sk-4711-ключ", "sk-4711\n-4711"])
def test_a_key_that_no_header_can_carry_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(
        UserError, match="OPENAI_API_KEY has a character that no key has"
    ) as refused:
        ChatClient(settings_for(), None)
    assert "4711" not in str(refused.value)


def test_a_key_from_a_file_with_other_line_ends_is_taken_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-4711-4711\r")
    with Loopback() as server:
        complete(server.url)
    assert server.asks[0].headers["authorization"] == "Bearer sk-4711-4711"


@pytest.mark.parametrize("azure", [True, False])
def test_a_redirect_ends_the_run_and_no_key_goes_where_it_leads(
    monkeypatch: pytest.MonkeyPatch, azure: bool
) -> None:
    with Loopback() as other:
        to = other.url.replace("127.0.0.1", "localhost")
        reply = Reply(307, headers={"location": f"{to}/chat/completions"})
        with Loopback(
            lambda ask: reply, models=Reply(307, headers={"location": f"{to}/models"})
        ) as server:
            monkeypatch.setenv("AZURE_OPENAI_ENDPOINT" if azure else "OPENAI_BASE_URL", server.url)
            monkeypatch.setenv("AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY", "a-key-4711")
            with pytest.raises(UserError, match=r"redirects requests \(307\).*--base_url"):
                complete()
    assert (len(server.asks), other.asks) == (1, [])


def test_azure_is_asked_when_its_environment_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback() as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url.removesuffix("/v1"))
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key-4711")
        monkeypatch.setenv("OPENAI_API_VERSION", "2031-01-01")
        assert complete()[0].text == "reply 0 choice 0"
    assert server.asks[0].path == "/openai/deployments/m/chat/completions?api-version=2031-01-01"
    assert server.asks[0].headers["api-key"] == "azure-key-4711"


def test_an_azure_token_goes_as_a_token_and_not_as_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback() as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url.removesuffix("/v1"))
        monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "a-token-4711")
        complete()
    assert server.asks[0].headers["authorization"] == "Bearer a-token-4711"
    assert "api-key" not in server.asks[0].headers


@pytest.mark.parametrize(
    "escaped", [r"sk\/4711+4711=", r"sk/4711\u002B4711\u003d", "sk/4711+4711="]
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_key_that_a_reply_repeats_in_any_spelling_is_taken_out(
    monkeypatch: pytest.MonkeyPatch, escaped: str, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk/4711+4711=")
    body = '{"error": {"message": "Who is KEY?"}}'.replace("KEY", escaped)
    with (
        Loopback(lambda ask: Reply(status, body)) as server,
        pytest.raises(EndpointError, match="Who is") as failed,
    ):
        complete(server.url, max_retries=0)
    assert "4711" not in str(failed.value)


def test_the_key_and_the_addresss_credentials_reach_the_server_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key, word = "sk-very-secret-4711", "pass-word-0815"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    caplog.set_level(logging.DEBUG)
    told = [
        Reply(500, f"no, {key}!"),
        Reply(body={"error": {"message": f"no, {key}!"}}),
        error_reply(400, f"key {key} and {word} may not do that"),
    ]
    said = []

    async def ask(url: str, path: Path) -> None:
        journal = Journal(path)
        async with open_client(url, journal=journal) as client:
            said.append(repr(client))
            said.extend(
                repr(each)
                for each in gc.get_objects()
                if str(type(each).__module__).startswith("evolvemcts4rl.chat")
            )
            with pytest.raises(EndpointError) as failed:
                await client.complete(QUESTION, 1)
            said.append(f"{failed.value!r} {failed.getrepr(style='long', showlocals=False)}")
            await client.complete(QUESTION, 1)
        journal.close()

    with Loopback(lambda ask: told.pop(0) if told else answer(ask)) as server:
        with_credentials = server.url.replace("http://", f"http://user:{word}@")
        asyncio.run(ask(with_credentials, tmp_path / "a" / "completions.sqlite"))
        assert server.asks[0].headers["authorization"].startswith("Basic ")
        asyncio.run(ask_once(server.url))
    assert server.asks[-1].headers["authorization"] == f"Bearer {key}"
    said += [
        caplog.text,
        *(file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()),
    ]
    assert "may not do that" in " ".join(said)
    for secret in (key, word):
        assert not [text for text in said if secret in text]


async def ask_once(url: str) -> None:
    async with open_client(url) as client:
        await client.complete(QUESTION, 1)


@pytest.mark.slow
def test_importing_the_module_imports_no_library() -> None:
    libraries = ("openai", "aiohttp", "httpx2", "pydantic")
    code = f"print([name for name in {libraries} if name in sys.modules])"
    code = f"import sys, evolvemcts4rl.chat.client; {code}"
    root = Path(__file__).parents[2]
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True
        ).stdout
        == "[]\n"
    )
