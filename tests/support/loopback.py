"""A real HTTP server on loopback that plays a chat endpoint: a handler says what each request is answered with.

A handler is a plain function from an Ask to a Reply (or to the JSON of a reply with status 200). The server runs its own
event loop in a thread, or, as `python -m tests.support.loopback --latency 0.05`, in a process of its own for benchmarks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass
class Ask:
    """One request as the server saw it; `number` counts the chat requests from 0."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    number: int = 0


@dataclass
class Reply:
    """What the server answers: JSON (a dict), or text as it is; `delay` in seconds; `fault` is "reset" or "truncate"."""

    status: int = 200
    body: dict[str, Any] | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: str | None = None


Handler = Callable[[Ask], "Reply | dict[str, Any]"]


def chat_reply(
    *texts: str | None, finish_reason: str = "stop", tokens: int | None = None, **message: Any
) -> dict[str, Any]:
    """The body of a chat completion with one choice for each text."""
    choices = [
        {"index": i, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        for i, text in enumerate(texts)
    ]
    written = sum(len(text or "") // 4 + 1 for text in texts) if tokens is None else tokens
    usage = {"prompt_tokens": 10, "completion_tokens": written, "total_tokens": 10 + written}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": choices, "usage": usage}


def error_reply(
    status: int, message: str, delay: float = 0.0, headers: dict[str, str] | None = None, **fields: Any
) -> Reply:
    """A refusal in OpenAI's form: {"error": {"message": …}}."""
    return Reply(status, {"error": {"message": message, **fields}}, headers=headers or {}, delay=delay)


def answer(ask: Ask) -> dict[str, Any]:
    """The plain handler: as many choices as were asked for, each naming its request and its index."""
    return chat_reply(*(f"reply {ask.number} choice {i}" for i in range(ask.body.get("n", 1))))


class Loopback:
    """The server, as a context manager. `asks` holds every chat request; `most_in_flight` the highest load seen."""

    def __init__(self, handler: Handler = answer, owned_by: str | None = "openai", models: Reply | None = None) -> None:
        listing = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owned_by}]}
        self.models = models or Reply(body=listing)
        self.handler = handler
        self.asks: list[Ask] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.latency = 0.0
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Loopback:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self.start())
        self._loop.call_soon(started.set)
        self._loop.run_forever()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def start(self, port: int = 0) -> asyncio.Server:
        """Listen on loopback, on a free port unless one is given (or was held before)."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port or self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, or the server is stopped
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET":
            reply = (
                self.models
                if path.split("?")[0].endswith("/models")
                else Reply(404, {"error": {"message": "no such page"}})
            )
        else:
            reply = self._answer(Ask(path, headers, json.loads(raw), len(self.asks)))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if delay := reply.delay or (self.latency if method == "POST" else 0.0):
                await asyncio.sleep(delay)
        finally:
            self.in_flight -= 1
        return _send(writer, reply)

    def _answer(self, ask: Ask) -> Reply:
        self.asks.append(ask)
        reply = self.handler(ask)
        return reply if isinstance(reply, Reply) else Reply(body=reply)


def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Write the reply; gives whether the connection stays open."""
    if reply.fault == "reset":
        # Lingering for no time makes close() send a reset instead of an orderly end.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    is_json = isinstance(reply.body, dict)
    body = (json.dumps(reply.body) if is_json else str(reply.body)).encode()
    lines = {
        "content-type": "application/json" if is_json else "text/html",
        "content-length": str(len(body)),
        **reply.headers,
    }
    head = f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    if reply.fault == "truncate":
        writer.write(head.encode() + body[: len(body) // 2])
        return False
    writer.write(head.encode() + body)
    return True


async def _forever(latency: float, port: int) -> None:
    server = Loopback()
    server.latency = latency
    listener = await server.start(port)
    print(server.url, flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Serve chat completions on loopback for benchmarks; prints the base URL."
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    flags = parser.parse_args()
    asyncio.run(_forever(flags.latency, flags.port))
