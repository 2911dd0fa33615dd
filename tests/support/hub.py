"""A hub of data sets on loopback: it takes what is sent and hands it out again."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Hub:
    """The server, as a context manager; `files` are those that were sent, by their names."""

    key: str = "hf_key"
    may_write: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Hub:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._start())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        body = await request.read()
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Invalid credentials"}, status=401)
        if request.path.endswith("/whoami-v2"):
            return web.json_response({"name": "me", "type": "user"})
        if request.method == "GET":
            missing = {"X-Error-Code": "RepoNotFound"}
            return web.json_response({"error": "Not found"}, status=404, headers=missing)
        if not self.may_write:
            return web.json_response({"error": "Forbidden"}, status=403)
        if request.path == "/api/repos/create":
            self.made.append(json.loads(body))
            return web.json_response({"url": f"{self.url}/datasets/me/data"})
        if "/preupload/" in request.path:
            kinds = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            return web.json_response({"files": kinds})
        if "/commit/" in request.path:
            for line in body.splitlines():
                part = json.loads(line)
                if part["key"] == "file":
                    value = part["value"]
                    self.files[value["path"]] = base64.b64decode(value["content"])
            return web.json_response(
                {"commitUrl": f"{self.url}/datasets/me/data/commit/a", "commitOid": "a"}
            )
        return web.json_response({"errors": [], "warnings": []})
