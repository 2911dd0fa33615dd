"""--token_budget: the server never counts more, and little of it is left over."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from evolvemcts4rl.chat.client import ChatClient
from evolvemcts4rl.errors import BudgetSpent, UserError
from tests.support.chat_client import open_client, settings_for
from tests.support.fast import slow_but
from tests.support.forked import Starter
from tests.support.loopback import Ask, Loopback, Reply, chat_reply, error_reply
from tests.support.spending import spend, spend_at_once


class Till:
    """A server that counts its tokens: one per three bytes of a prompt, and its template."""

    def __init__(
        self, seed: int, template: int = 20, takes_n: bool = True, faults: float = 0.0
    ) -> None:
        self.chance = random.Random(seed)
        self.template, self.takes_n, self.faults = template, takes_n, faults
        self.sold = 0

    def __call__(self, ask: Ask) -> Reply:
        if self.chance.random() < self.faults:
            return self.chance.choice(
                [error_reply(429, "slow down"), error_reply(500, "oh"), Reply(fault="reset")]
            )
        most = ask.body["max_tokens"]
        # Now and then as many as there may be, of a token a byte.
        lengths = [
            most if self.chance.random() < 0.1 else self.chance.randint(1, most)
            for _ in range(ask.body.get("n", 1) if self.takes_n else 1)
        ]
        body = chat_reply(*("x" * length for length in lengths), tokens=sum(lengths))
        body["usage"]["prompt_tokens"] = self.template + sum(
            len(message["content"].encode()) // 3 for message in ask.body["messages"]
        )
        self.sold += body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
        broken = self.chance.random() < self.faults / 4
        return Reply(
            body=body, delay=self.chance.random() * 0.005, fault="truncate" if broken else None
        )


@pytest.mark.parametrize("seed", slow_but([3, 4], range(24)))
def test_no_budget_is_overshot_over_all_lives_of_a_run(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    budget = chance.randint(1000, 30_000)
    till = Till(seed, chance.choice([5, 20, 150]), chance.random() < 0.7, chance.choice([0.0, 0.1]))
    with Loopback(till) as server:
        where = tmp_path / "completions.sqlite"
        for life, share in enumerate((0.4, 1.0, 1.0)):
            sold = till.sold
            ended = spend(
                server.url,
                where,
                int(budget * share),
                probe=life == 0,
                concurrency=chance.choice([1, 8, 64]),
            )
            assert ended
            assert till.sold <= budget * share
        assert till.sold - sold <= 250  # the third life found next to nothing left
    if till.faults == 0.0:
        assert (
            till.sold > budget - 600
        )  # which is less than one choice, its prompt reckoned by its bytes


@pytest.mark.slow
def test_what_was_under_way_at_kill_9_counts_as_spent(starter: Starter, tmp_path: Path) -> None:
    chance, budget, kills = random.Random(1), 40_000, 0
    till = Till(2)
    with Loopback(lambda ask: Reply(body=till(ask).body, delay=0.05)) as server:
        where = tmp_path / "completions.sqlite"
        for _ in range(4):
            asked = len(server.asks)
            process = starter.call(spend_at_once, server.url, str(where), budget)
            while len(server.asks) < asked + chance.randint(3, 20) and process.poll() is None:
                time.sleep(0.002)
            if process.poll() is None:
                process.kill()
                kills += 1
        assert kills >= 2
        assert spend(server.url, where, budget, probe=False)
    assert till.sold <= budget


@pytest.mark.parametrize("budget", slow_but([10_000], [10_000, 100_000]))
def test_hardly_anything_of_a_budget_is_left_over(tmp_path: Path, budget: int) -> None:
    till = Till(3)
    with Loopback(till) as server:
        assert spend(server.url, tmp_path / "completions.sqlite", budget, count=1000, choices=16)
    print(f"{till.sold / budget:.1%} of {budget} tokens used")
    assert budget * 0.95 < till.sold <= budget


def test_fewer_choices_are_asked_for_where_all_of_them_would_cost_too_much(tmp_path: Path) -> None:
    async def ask(url: str) -> None:
        async with open_client(url, token_budget=700, max_tokens=100) as client:
            with pytest.raises(BudgetSpent, match="--token_budget 700 is spent"):
                await client.complete([{"role": "user", "content": "Why?"}], 16)

    with Loopback(
        lambda ask: chat_reply(*["x"] * ask.body.get("n", 1), tokens=100 * ask.body.get("n", 1))
    ) as server:
        asyncio.run(ask(server.url))
    assert [ask.body.get("n", 1) for ask in server.asks] == [4, 2]


def test_a_budget_too_small_for_one_completion_is_refused_before_anything_is_bought() -> None:
    client = ChatClient(settings_for("http://127.0.0.1:9/v1", token_budget=1000), None)
    with pytest.raises(
        UserError, match=r"--token_budget 1000 does not pay for a single solution, .* --max_tokens"
    ):
        client.check_budget([{"role": "user", "content": "Why?"}])
