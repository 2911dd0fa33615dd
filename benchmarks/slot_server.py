"""Serve an endpoint with so many slots, for benchmarks.

    python benchmarks/slot_server.py --slots 64 --ms_per_token 1

A choice takes one slot for a time that grows with its tokens, and a request with n choices takes n
of them, as with vLLM and llama.cpp; choices queue while no slot is free. The replies are a function
of the request alone, put together from sentences made beforehand, so that serving costs little
beside what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import heapq
import json
import random
import re
import resource
import time
from dataclasses import dataclass, field
from typing import Any

LISTING = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "vllm"}]}
BYTES_PER_TOKEN = 4
SLIPS = (0.0, 0.02, 0.05, 0.08, 0.12, 0.2)  # chance of a slip per step, by problem
SILENT, ANNOUNCED = 0.03, 0.04  # chances per step to correct a slip: tacitly, and saying so
SYMBOLIC = 5  # the answer of every 5th problem is an expression, which no number compares
ROUND = 10_000_000  # is added to a problem's number for its child
_QUESTION = re.compile(r"Account (\d+) is kept for (\d+) days")
_STEP = re.compile(r"Day (\d+): .* The total is (\d+)\.\s*$")
_WORDS = (
    "we add what came in that day and take off what went out so the sum moves on by this much more "
    "or less"
)
_SENTENCES = [" ".join(random.Random(i).choices(_WORDS.split(), k=8 + i % 23)) for i in range(256)]


def question_of(number: int, days: int | None = None) -> str:
    """Return a problem in words of its own, of 4 to 8 days by default."""
    rng = random.Random(number)
    story = " ".join("".join(rng.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(50))
    days = rng.randint(4, 8) if days is None else days
    return f"Once {story}. Account {number} is kept for {days} days. What is the last total?"


def answer_of(number: int, total: int, form: int = 0) -> str:
    """Return the final answer for a total, in one of the two forms that it may be written in."""
    if number % SYMBOLIC:
        return str(total)
    return (f"{total}+\\sqrt{{2}}", f"\\sqrt{{2}}+{total}")[form % 2]


def right_total(number: int, day: int) -> int:
    """Return the total after a day."""
    return (number * 7919 + day * day * 31) % 997 + 1


def days_of(question: str) -> tuple[int, int]:
    """Return number and days of the problem in a text; 0 days where there is none."""
    found = _QUESTION.search(question)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def write(messages: list[dict[str, str]], rng: random.Random) -> str:
    """Write one choice: a new problem if one is asked for, else a solution.

    The solution continues the prefix, if one is given.
    """
    asked = messages[0]["content"]
    number, days = days_of(asked)
    if "<problem>" in asked:
        return f"<problem>{question_of(number + ROUND)}</problem>"
    last = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
    found = _STEP.search(last.rstrip().rpartition("\n\n")[2])
    day, error = (
        (int(found[1]), int(found[2]) - right_total(number, int(found[1]))) if found else (0, 0)
    )
    slip, steps = SLIPS[number // SYMBOLIC % len(SLIPS)], []
    while day < days:
        day += 1
        chance, opening = rng.random(), ""
        if error and chance < SILENT + ANNOUNCED:
            error, opening = 0, "Wait, I made a mistake above. " if chance < ANNOUNCED else ""
        elif chance > 1 - slip:
            error += rng.choice((-2, -1, 1, 2))
        total = right_total(number, day) + error
        steps.append(f"{opening}Day {day}: {_SENTENCES[rng.getrandbits(8)]}. The total is {total}.")
    answer = answer_of(number, right_total(number, days) + error, rng.getrandbits(1))
    return "\n\n".join([*steps, f"\\boxed{{{answer}}}"])


@dataclass
class SlotServer:
    """The slots, and what was served.

    A slot is kept as the time at which it is free again; the earliest is taken first.
    """

    slots: int
    ms_per_token: float
    keep: bool = True  # what was asked, so that it can be asked again
    refused: float = 0.0  # share of the requests that are answered with 429, whatever the load
    free_at: list[float] = field(default_factory=list)
    asks: list[tuple[str, str]] = field(default_factory=list)  # idempotency key and body
    stats: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with every slot free."""
        self._chance = random.Random(0)
        self.reset()

    def reset(self) -> None:
        """Forget what was counted."""
        self.free_at = [0.0] * self.slots
        self.stats = dict.fromkeys(
            ("requests", "completions", "tokens", "first_at", "last_at", "cpu", "refused"), 0.0
        )

    def serve(self, key: str, raw: str) -> tuple[dict[str, Any], float]:
        """Return the reply to a chat request, and when it is done."""
        if self._chance.random() < self.refused:
            self.stats["refused"] += 1
            return {"error": {"message": "slow down"}}, 0.0
        body = json.loads(raw)
        messages, count = body["messages"], body.get("n") or 1
        if not days_of(messages[0]["content"])[1]:
            return _reply(["OK"], 1), 0.0  # the probe
        texts = []
        for i in range(count):
            seed = hashlib.blake2b(f"{key} {i}".encode(), digest_size=8).digest()
            texts.append(write(messages, random.Random(int.from_bytes(seed, "big"))))
        tokens = [len(text) // BYTES_PER_TOKEN + 1 for text in texts]
        self._count(tokens, (key, raw))
        return _reply(texts, sum(tokens)), max(map(self._take_slot, tokens))

    def _take_slot(self, tokens: int) -> float:
        end = max(time.monotonic(), self.free_at[0]) + tokens * self.ms_per_token / 1000
        heapq.heapreplace(self.free_at, end)
        return end

    def _count(self, tokens: list[int], ask: tuple[str, str]) -> None:
        if self.keep:
            self.asks.append(ask)
        self.stats["first_at"] = self.stats["first_at"] or time.monotonic()
        self.stats["requests"] += 1
        self.stats["completions"] += len(tokens)
        self.stats["tokens"] += sum(tokens)

    def report(self) -> dict[str, Any]:
        """Return what was served since the last reset, and reset."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        stats = self.stats | {"last_at": max(self.free_at), "cpu": used.ru_utime + used.ru_stime}
        self.reset()
        return stats


def _reply(texts: list[str], tokens: int) -> dict[str, Any]:
    choices = [
        {"index": i, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        for i, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 200, "completion_tokens": tokens, "total_tokens": 200 + tokens}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": choices,
        "usage": usage,
    }


class _Http(asyncio.Protocol):
    """HTTP/1.1 on one connection, as much of it as is needed here."""

    def __init__(self, server: SlotServer) -> None:
        self._server = server
        self._bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what the replies are written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request once all of it is there."""
        self._bytes += data
        head, found, rest = self._bytes.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        if len(rest) < int(headers.get("content-length", 0)):
            return
        self._bytes = b""
        path, done_at = lines[0].split(" ")[1], 0.0
        answer: Any = LISTING
        if lines[0].startswith("POST"):
            answer, done_at = self._server.serve(headers.get("idempotency-key", ""), rest.decode())
        elif path == "/report":
            answer = self._server.report()
        elif path == "/asks":
            answer, self._server.asks = self._server.asks, []
        body = json.dumps(answer).encode()
        status = b"429 Too Many Requests" if "error" in answer else b"200 OK"
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (
            status,
            len(body),
        )
        asyncio.get_running_loop().call_later(
            max(0.0, done_at - time.monotonic()), self._transport.write, head + body
        )


async def run(server: SlotServer) -> None:
    """Serve on a free port of loopback for ever; prints the base URL."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: _Http(server), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Serve toy completions on loopback, so many at a time."
    )
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--ms_per_token", type=float, default=1.0)
    parser.add_argument("--forget", action="store_true", help="do not keep what was asked")
    parser.add_argument(
        "--refused",
        type=float,
        default=0.0,
        help="share of the requests that are answered with 429",
    )
    flags = parser.parse_args()
    asyncio.run(run(SlotServer(flags.slots, flags.ms_per_token, not flags.forget, flags.refused)))
