"""The way to one replica: requests over a pool of sockets, and whatever goes wrong there as a Fault.

The requests are sent with aiohttp and not through the openai library, which works out where they go and with what headers
(chat.py): its own way of sending costs four times as much processor time a request, more than all else that a run does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialect import Fault, fault_of_reply

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT = 10.0  # seconds
# Shorter than the 5 seconds after which uvicorn (vLLM, SGLang) hangs up: a request on a dying connection costs a retry.
KEEP_ALIVE = 4.0


@dataclass(frozen=True)
class Target:
    """Where a replica is and what it wants to see. Only `host` may be shown: the rest may hold a key."""

    host: str
    models_url: str = field(repr=False)
    chat_url: Callable[[str], str] = field(repr=False)  # of a model
    headers: Mapping[str, str] = field(repr=False)
    secrets: Sequence[str] = field(repr=False)


class HttpConnection:
    """One replica, with at most `sockets` connections and `timeout` seconds a request. Its repr names the host and nothing else."""

    def __init__(self, target: Target, sockets: int, timeout: float) -> None:
        self.host = target.host
        self._target = target
        self._sockets = sockets
        self._timeout = timeout
        self._secrets = [secret.encode() for secret in target.secrets]
        self._open: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<connection to {self.host}>"

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """The reply to a chat request. Raises Fault."""
        # Encoded here, since aiohttp would encode it to text first and warn of its size.
        data = json.dumps(body, separators=(",", ":")).encode()
        return await self._call("POST", self._target.chat_url(body["model"]), self._timeout, headers, data)

    async def models(self, timeout: float) -> Any:
        """The JSON of /v1/models. Raises Fault."""
        content = await self._call("GET", self._target.models_url, timeout)
        try:
            return json.loads(content)
        except ValueError:
            raise Fault("the list of models is not JSON") from None

    async def close(self) -> None:
        """Close the sockets."""
        if self._open:
            await self._open.close()

    async def _call(
        self, method: str, url: str, timeout: float, headers: dict[str, str] | None = None, data: bytes | None = None
    ) -> bytes:
        import aiohttp

        # The bound is on the whole reply, not on the wait for each piece: some gateways send blanks meanwhile.
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self._session().request(method, url, data=data, headers=headers, timeout=limits) as reply:
                content = self._clean(await reply.read())
        except (aiohttp.ClientError, OSError) as error:
            raise _fault_of(error) from None
        if not 200 <= reply.status < 300:
            raise fault_of_reply(reply.status, content.decode(errors="replace"), reply.headers)
        return content

    def _session(self) -> aiohttp.ClientSession:
        """The pool, opened with the first request, since it belongs to the event loop."""
        if self._open is None:
            import aiohttp
            import httpx2

            # The openai library's own choice of certificates: aiohttp's are those of the system, which some systems lack.
            trust = httpx2.create_ssl_context() if self._target.models_url.startswith("https:") else True
            connector = aiohttp.TCPConnector(limit=self._sockets, keepalive_timeout=KEEP_ALIVE, ssl=trust)
            self._open = aiohttp.ClientSession(connector=connector, headers=self._target.headers)
        return self._open

    def _clean(self, content: bytes) -> bytes:
        """A reply without the key, which some servers repeat when they refuse it."""
        for secret in self._secrets:
            content = content.replace(secret, b"***")
        return content


def _fault_of(error: BaseException) -> Fault:
    import aiohttp

    if isinstance(error, aiohttp.ClientSSLError):
        return Fault("no connection: an untrusted certificate, or no https at all", unreachable=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Fault(f"no connection: {error.os_error.strerror or error.os_error}", unreachable=True)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Fault("no connection in time", unreachable=True, timed_out=True)
    if isinstance(error, TimeoutError):
        return Fault("no reply in time", timed_out=True)
    return Fault("the connection broke off")
