"""Roles: each model at its own server, with its own key, fields and headers, and one account."""

import asyncio
import contextlib
import gc
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evolvemcts4rl.chat.addresses import addresses_of, addresses_of_role, key_names
from evolvemcts4rl.chat.client import ChatClient, RoleChat
from evolvemcts4rl.chat.journal import Journal, Totals, question_key
from evolvemcts4rl.chat.roles import roles_of
from evolvemcts4rl.chat.slots import Slots
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.role_kinds import price_of, split_model
from evolvemcts4rl.records import Completion
from tests.support.chat_client import QUESTION, open_client, settings_for
from tests.support.loopback import Ask, Loopback, Reply, answer, error_reply

KEYS = ("sk-of-the-policy-4711", "sk-of-one-judge-0815", "sk-of-the-other-2342")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "completions.sqlite")
    yield journal
    journal.close()


def host_of(server: Loopback) -> str:
    return f"127.0.0.1:{server.port}"


def at(server: Loopback, model: str = "j") -> str:
    return f"{model}@{server.url}"


def asked_by_all(client: ChatClient) -> Awaitable[list[list[Completion]]]:
    """Ask one question as the policy, as the writer and as each judge."""
    everyone: list[ChatClient | RoleChat] = [client, client.writer, *client.judges]
    return asyncio.gather(*(each.complete(QUESTION, 1) for each in everyone))


def ask_all(url: str, **flags: Any) -> None:
    async def ask() -> None:
        async with open_client(url, **flags) as client:
            await asked_by_all(client)

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("text", "parts"),
    {
        "gpt-4o": ("gpt-4o", ()),
        "@cf/meta/llama": ("@cf/meta/llama", ()),
        "@cf/meta/llama@https://h/v1/": ("@cf/meta/llama", ("https://h/v1",)),
        "m@http://user:pw@httpbin.org/v1": ("m", ("http://user:pw@httpbin.org/v1",)),
        "m@HTTP://a:1/v1,http://b:2/v1": ("m", ("HTTP://a:1/v1", "http://b:2/v1")),
        "a@http": ("a@http", ()),
    }.items(),
)
def test_the_address_of_a_model_begins_at_its_last_at_http(
    text: str, parts: tuple[str, tuple[str, ...]]
) -> None:
    assert split_model(text) == parts


def test_each_host_gets_its_own_key_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback() as policy, Loopback() as one, Loopback() as other, Loopback() as keyless:
        monkeypatch.setenv("OPENAI_API_KEY", KEYS[0])
        monkeypatch.setenv(key_names(host_of(one))[0], KEYS[1])
        monkeypatch.setenv(key_names(host_of(other))[0], KEYS[2])
        ask_all(policy.url, evolve_model=at(keyless, "w"), judge_model=(at(one), at(other)))
        sent = [
            {ask.headers["authorization"] for ask in server.asks}
            for server in (policy, one, other, keyless)
        ]
    assert sent == [{f"Bearer {key}"} for key in (*KEYS, "none")]


def test_the_variable_of_a_host_is_named_by_it() -> None:
    assert key_names("api.deepseek.com") == ["OPENAI_API_KEY_API_DEEPSEEK_COM"]
    assert key_names("127.0.0.1:8101") == [
        "OPENAI_API_KEY_127_0_0_1_8101",
        "OPENAI_API_KEY_127_0_0_1",
    ]


def test_a_hosts_own_key_is_taken_before_the_common_one_by_the_policy_too() -> None:
    environment = {"OPENAI_API_KEY": KEYS[0], "OPENAI_API_KEY_A_EXAMPLE": KEYS[1]}
    found = addresses_of(settings_for("http://a.example/v1", "http://b.example/v1"), environment)
    assert [each.headers["Authorization"] for each in found] == [
        f"Bearer {KEYS[1]}",
        f"Bearer {KEYS[0]}",
    ]


def test_a_judge_at_a_host_of_the_policy_has_the_policys_key() -> None:
    settings = settings_for("http://a.example/v1", judge_model=("j@http://a.example/other",))
    [address] = addresses_of_role(roles_of(settings)[2], settings, {"OPENAI_API_KEY": KEYS[0]})
    assert address.headers == {"Authorization": f"Bearer {KEYS[0]}"}


def test_azures_key_goes_to_azure_alone() -> None:
    environment = {
        "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com",
        "AZURE_OPENAI_API_KEY": KEYS[0],
    }
    settings = settings_for(judge_model=("j@https://r.openai.azure.com/x", "k@http://h/v1"))
    for role in roles_of(settings)[2:]:
        [address] = addresses_of_role(role, settings, environment)
        assert KEYS[0] not in str(address.headers)


@pytest.mark.parametrize(
    ("environment", "version"),
    [
        ({}, "2024-10-21"),
        ({"OPENAI_API_VERSION": "1"}, "1"),
        ({"OPENAI_API_VERSION": "1", "AZURE_OPENAI_API_VERSION": "2"}, "2"),
    ],
)
def test_azures_version_is_read_by_both_of_its_names(
    environment: dict[str, str], version: str
) -> None:
    azure = {"AZURE_OPENAI_ENDPOINT": "https://r.azure.com", "AZURE_OPENAI_API_KEY": KEYS[0]}
    [address] = addresses_of(settings_for(), azure | environment)
    assert address.azure_version == version


def test_one_variable_does_not_give_its_key_to_two_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY_A_B_EXAMPLE", KEYS[0])
    judges = ("j@http://a-b.example/v1", "k@http://a.b.example/v1")
    with pytest.raises(UserError, match=r"A_B_EXAMPLE would go to a-b.example and to a.b.example"):
        ChatClient(settings_for("http://h/v1", judge_model=judges), None)


def test_a_refused_key_is_named_by_its_variable() -> None:
    with Loopback() as policy, Loopback(models=error_reply(401, "no")) as judge:
        variable = key_names(host_of(judge))[0]
        with pytest.raises(UserError, match=f"refuses the key .401.: set {variable} to one"):
            ask_all(policy.url, judge_model=(at(judge),))


def test_a_judges_server_that_is_not_there_is_told_with_its_flag_and_nothing_is_bought() -> None:
    with Loopback() as policy:
        with pytest.raises(UserError, match=r"cannot reach 127.0.0.1:9 .*: check --judge_model,"):
            ask_all(policy.url, judge_model=("j@http://127.0.0.1:9/v1",), probe=True)
        assert not policy.asks


def test_further_fields_reach_the_requests_of_their_role() -> None:
    fields = ('{"top_k":20}', 'writer:{"top_k":5}', 'judge:{"a":1,"b":1}', 'judge2:{"b":2}')
    with Loopback() as server, Loopback() as other:
        ask_all(server.url, extra_body=fields, judge_model=("j", at(other, "k")))
        bodies = {ask.body["model"]: ask.body for ask in [*server.asks, *other.asks]}
        tops = sorted(ask.body["top_k"] for ask in server.asks if ask.body["model"] == "m")
    assert tops == [5, 20]
    assert [
        {name: bodies[model][name] for name in ("a", "b", "top_k") if name in bodies[model]}
        for model in ("j", "k")
    ] == [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    assert all(body["temperature"] == 0.7 and body["top_p"] == 0.95 for body in bodies.values())


def test_sampling_among_the_further_fields_takes_the_place_of_the_programs_own() -> None:
    async def ask(url: str) -> None:
        fields = ('judge:{"temperature":0.6,"max_tokens":9000}',)
        async with open_client(url, judge_model=("j",), extra_body=fields) as client:
            await client.judges[0].complete(QUESTION, 1, temperature=0.0, max_tokens=5)

    with Loopback() as server:
        asyncio.run(ask(server.url))
    body = server.asks[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.6, 9000)


def test_a_seed_counts_on_with_the_completions() -> None:
    async def ask(url: str) -> None:
        async with open_client(url, extra_body=('{"seed":100}',)) as client:
            await client.complete(QUESTION, 4)
            await client.complete(QUESTION, 2, start=4)

    with Loopback() as server:
        asyncio.run(ask(server.url))
    assert [ask.body["seed"] for ask in server.asks] == [100, 104]


def test_a_field_that_the_user_asked_for_is_not_silently_left_out() -> None:
    refusal = error_reply(400, "Unsupported parameter: top_k", param="top_k")
    with (
        Loopback(lambda ask: refusal if "top_k" in ask.body else answer(ask)) as server,
        pytest.raises(UserError, match=r"gives no completion, so nothing was begun: .*top_k"),
    ):
        ask_all(server.url, extra_body=('{"top_k":20}',), probe=True)


SECRET = "token/of-a-gateway"


def test_headers_reach_their_role_alone_and_are_written_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    flags: dict[str, Any] = {"header": (f"X-Pass={SECRET}", f"judge:Authorization=Token {SECRET}")}
    said: list[str] = []
    earlier = gc.get_objects()  # kept, so that nothing new has the id of one of them
    not_ours = {id(each) for each in earlier}

    def handler(ask: Ask) -> Reply | dict[str, Any]:
        if ask.number == 0 and ask.body["model"] == "m":
            return error_reply(500, f"no: {ask.headers.get('x-pass')}")
        return answer(ask)

    async def ask(url: str, judge: str) -> None:
        flags["judge_model"] = (judge,)
        async with open_client(url, **flags) as client:
            await asked_by_all(client)
            said.extend(
                repr(each)
                for each in gc.get_objects()
                if id(each) not in not_ours
                and str(type(each).__module__).startswith("evolvemcts4rl")
            )

    with Loopback(handler) as policy, Loopback(handler) as judge:
        asyncio.run(ask(policy.url, at(judge)))
        assert {ask.headers.get("x-pass") for ask in policy.asks} == {SECRET}
        assert "x-pass" not in judge.asks[0].headers
        assert judge.asks[0].headers["authorization"] == f"Token {SECRET}"
        assert policy.asks[0].headers["authorization"] == "Bearer none"
    said += [caplog.text, repr(settings_for(**flags))]
    assert "***" in caplog.text
    assert all(SECRET not in text for text in said)


def test_all_roles_share_one_limit_of_requests_in_flight() -> None:
    most: list[int] = []

    async def ask(servers: tuple[Loopback, ...]) -> None:
        async with open_client(
            servers[0].url, concurrency=3, judge_model=tuple(at(each) for each in servers[1:])
        ) as client:
            asked: list[ChatClient | RoleChat] = [client, *client.judges]
            asks = [
                each.complete([{"role": "user", "content": f"{number}"}], 1)
                for number in range(6)
                for each in asked
            ]
            watch = asyncio.create_task(watched(client))
            await asyncio.gather(*asks)
            watch.cancel()

    async def watched(client: ChatClient) -> None:
        while True:
            most.append(client.in_flight)
            await asyncio.sleep(0.002)

    with Loopback() as policy, Loopback() as one, Loopback() as other:
        servers = (policy, one, other)
        for server in servers:
            server.latency = 0.02
        asyncio.run(ask(servers))
        assert [len(server.asks) for server in servers] == [6, 6, 6]
    assert max(most) == 3


def test_a_slot_that_comes_back_goes_to_the_servers_in_turn() -> None:
    slots, served = Slots(1), []

    def queue(name: str) -> Callable[[], None]:
        def serve() -> None:
            if slots.free:
                slots.take()
                served.append(name)

        return serve

    slots.join(queue("a"))
    slots.join(queue("b"))
    slots.take()
    for _ in range(4):
        slots.release()
    assert sorted(served) == ["a", "a", "b", "b"]


def test_the_journal_tells_roles_apart_and_counts_each(journal: Journal) -> None:
    async def ask(policy: Loopback, one: Loopback, other: Loopback) -> list[list[list[Completion]]]:
        judges = (at(one), at(other))
        async with open_client(policy.url, judge_model=judges, journal=journal) as client:
            first = await asked_by_all(client)
            again = await asked_by_all(client)
        return [first, again]

    with (
        Loopback() as policy,
        Loopback(lambda ask: answer(ask) | {"usage": {"prompt_tokens": 7}}) as one,
        Loopback() as other,
    ):
        first, again = asyncio.run(ask(policy, one, other))
        assert [len(server.asks) for server in (one, other)] == [1, 1]
    assert first[2:] == again[2:]
    counted = journal.totals_of_roles()
    # The writer asks the policy's model the same question: whoever was first has bought it.
    assert set(counted) - {"writer"} == {"policy", "judge1", "judge2"}
    assert (counted["judge1"].prompt_tokens, counted["judge2"].prompt_tokens) == (7, 10)


def test_an_earlier_journal_serves_the_policy_and_a_judge_of_the_same_endpoint(
    journal: Journal,
) -> None:
    sampling = {"temperature": 0.7, "top_p": 0.95, "max_tokens": 1024}
    kept = []

    async def ask(url: str) -> None:
        async with open_client(url, judge_model=("j",), journal=journal) as client:
            kept.extend(await asked_by_all(client))

    with Loopback() as server:
        asyncio.run(ask(server.url))
        asked = len(server.asks)
    for model in ("m", "j"):
        assert journal.get(question_key(model, QUESTION, sampling), 0, 1)
    assert asked >= 2


def test_further_fields_make_another_key(journal: Journal) -> None:
    async def ask(url: str, *fields: str) -> None:
        async with open_client(url, journal=journal, extra_body=fields) as client:
            await client.complete(QUESTION, 1)

    with Loopback() as server:
        for fields in ((), ('{"a":1}',), ('{"a":2}',), ('{"a":1}',)):
            asyncio.run(ask(server.url, *fields))
        assert len(server.asks) == 3


def test_a_journal_of_earlier_versions_counts_no_role(tmp_path: Path) -> None:
    Journal(tmp_path / "completions.sqlite").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "completions.sqlite")) as db, db:
        db.execute("UPDATE totals SET completions = 3, prompt_tokens = 5")
        db.execute("DROP TABLE roles")
    journal = Journal(tmp_path / "completions.sqlite")
    assert (journal.totals(), journal.totals_of_roles()) == (Totals(3, 5, 0), {})
    journal.close()


def test_one_budget_bounds_all_roles(journal: Journal) -> None:
    async def ask(policy: Loopback, judge: Loopback) -> None:
        async with open_client(
            policy.url, judge_model=(at(judge),), journal=journal, token_budget=1700
        ) as client:
            for number in range(40):
                messages = [{"role": "user", "content": f"{number}"}]
                await asyncio.gather(
                    client.complete(messages, 1), client.judges[0].complete(messages, 1)
                )

    with Loopback() as policy, Loopback() as judge:
        with pytest.raises(Exception, match="--token_budget 1700 is spent"):
            asyncio.run(ask(policy, judge))
        assert policy.asks
        assert judge.asks
    assert 0 < journal.totals().billed <= 1700


def test_prices_are_a_roles_own_or_those_of_all() -> None:
    prices = (("", 1.0, 2.0), ("judge", 3.0, 4.0), ("judge2", 5.0, 6.0))
    assert [price_of(prices, role) for role in ("policy", "writer", "judge1", "judge2")] == [
        (1.0, 2.0),
        (1.0, 2.0),
        (3.0, 4.0),
        (5.0, 6.0),
    ]
    assert price_of((1.0, 2.0), "judge1") == (1.0, 2.0)
    assert price_of((("judge", 3.0, 4.0),), "policy") is None
    assert price_of(None, "policy") is None


def test_roles_read_back_from_json_are_the_same() -> None:
    flags = {"extra_body": ('{"a":1}',), "judge_model": ("j@http://h/v1",)}
    settings = settings_for("http://p/v1", **flags)
    again = settings_for("http://p/v1", **json.loads(json.dumps(flags)))
    assert roles_of(again) == roles_of(settings)
