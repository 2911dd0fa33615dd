"""A real HTTP server on loopback that plays a chat endpoint: a handler gives the replies.

A handler is a plain function from an Ask to a Reply (or to the JSON of a reply with status 200).
The server runs its own event loop in a thread.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Ask:
    """One request as the server saw it; `number` counts the chat requests from 0."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    number: int = 0


@dataclass
class Reply:
    """What the server answers.

    `body` is JSON (a dict), text or bytes as they are, or pieces that are streamed in turn. `delay`
    is in seconds. `fault` is "reset" or "truncate".
    """

    status: int = 200
    body: dict[str, Any] | str | bytes | Iterable[bytes] = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: str | None = None


Handler = Callable[[Ask], "Reply | dict[str, Any]"]


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def chat_reply(
    *texts: str | None, finish_reason: object = "stop", tokens: int | None = None, **message: Any
) -> dict[str, Any]:
    """Return the body of a chat completion with one choice for each text."""
    choices = [
        {
            "index": i,
            "finish_reason": finish_reason,
            "message": {"role": "assistant", "content": text, **message},
        }
        for i, text in enumerate(texts)
    ]
    written = sum(len(text or "") // 4 + 1 for text in texts) if tokens is None else tokens
    usage = {"prompt_tokens": 10, "completion_tokens": written, "total_tokens": 10 + written}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": choices,
        "usage": usage,
    }


def error_reply(
    status: int,
    message: str,
    delay: float = 0.0,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Reply:
    """Return a refusal in OpenAI's form: {"error": {"message": …}}."""
    return Reply(
        status, {"error": {"message": message, **fields}}, headers=headers or {}, delay=delay
    )


def answer(ask: Ask) -> dict[str, Any]:
    """Return as many choices as were asked for, each naming its request and its index."""
    return chat_reply(*(f"reply {ask.number} choice {i}" for i in range(ask.body.get("n", 1))))


class Loopback:
    """The server, as a context manager.

    `asks` holds every chat request, `paths` the path of every request, `most_in_flight` the highest
    load seen. Where `root` is given, the API is served below that path and nowhere else.
    """

    def __init__(
        self,
        handler: Handler = answer,
        owned_by: str | None = "openai",
        models: Reply | None = None,
        root: str | None = None,
    ) -> None:
        listing = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owned_by}]}
        self.models = models or Reply(body=listing)
        self.handler = handler
        self.root = root
        self.asks: list[Ask] = []
        self.paths: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.latency = 0.0
        self.port = 0

    @property
    def url(self) -> str:
        """Return the base URL for the client."""
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
        http, listener = self._loop.run_until_complete(self._start())
        self._loop.call_soon(started.set)
        self._loop.run_forever()
        listener.close()
        for connection in http.connections:  # a server that dies, and does not wait for its replies
            if connection.transport:
                connection.transport.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _start(self) -> tuple[web.Server, asyncio.Server]:
        """Listen on loopback, on the port that was held before or else a free one."""
        http = web.Server(self._serve, access_log=None)
        listener = await self._loop.create_server(http, "127.0.0.1", self.port, backlog=1024)
        self.port = listener.sockets[0].getsockname()[1]
        return http, listener

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.content.read()
        self.paths.append(request.raw_path)
        reply = self._reply_to(request, raw)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if delay := reply.delay or (self.latency if request.method == "POST" else 0.0):
                await asyncio.sleep(delay)
        finally:
            self.in_flight -= 1
        return await _send(request, reply)

    def _reply_to(self, request: web.BaseRequest, raw: bytes) -> Reply:
        served = (f"{self.root}/models", f"{self.root}/chat/completions")
        found = self.root is None or request.path in served
        if found and request.method == "GET" and request.path.endswith("/models"):
            return self.models
        if not found or request.method == "GET":
            return Reply(404, {"error": {"message": "no such page"}})
        headers = {name.lower(): value for name, value in request.headers.items()}
        ask = Ask(request.raw_path, headers, json.loads(raw), len(self.asks))
        self.asks.append(ask)
        reply = self.handler(ask)
        return reply if isinstance(reply, Reply) else Reply(body=reply)


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = {
        "content-type": "application/json" if isinstance(reply.body, dict) else "text/html",
        **reply.headers,
    }
    if not isinstance(reply.body, dict | str | bytes):
        stream = web.StreamResponse(status=reply.status, headers=headers)
        await stream.prepare(request)
        for piece in reply.body:
            await stream.write(piece)
        return stream
    body = json.dumps(reply.body) if isinstance(reply.body, dict) else reply.body
    content = body.encode() if isinstance(body, str) else body
    if reply.fault:
        _break(request, content, reply.fault)
    return web.Response(status=reply.status, body=content, headers=headers)


def _break(request: web.BaseRequest, content: bytes, fault: str) -> None:
    """Do what no server should: the response sent afterwards finds the connection closed."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        return
    if fault == "reset":
        # Lingering for no time makes close() send a reset instead of an orderly end.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        return
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n"
    transport.write(head.encode() + content[: len(content) // 2])
    transport.close()
