"""Talk to one replica over HTTP, by the openai library's client; all errors become Faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, quote, urlencode

import re2

from evolvemcts4rl.chat.addresses import NO_KEY, Address, url_under
from evolvemcts4rl.chat.faults import Fault, fault_of_reply
from evolvemcts4rl.settings import Settings

if TYPE_CHECKING:
    import ssl

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0  # seconds
# Shorter than the 5 seconds after which uvicorn (vLLM, SGLang) hangs up: a request on a connection
# that is being closed costs a retry.
KEEP_ALIVE = 4.0

MEGABYTE = 1_000_000
MOST_REPLY_BYTES = 64 * MEGABYTE
REPLY_SLACK_BYTES = 8 * MEGABYTE  # what a reply may hold beside the tokens that were asked for
MOST_BYTES_PER_TOKEN = 100  # of JSON that escapes what is not ASCII; several times what is seen
UNBOUNDED_TOKENS = 131_072  # of a choice whose request names no limit: a model's whole context
MOST_LISTING_BYTES = 16 * MEGABYTE  # some gateways list hundreds of models with their descriptions
MOST_REFUSAL_BYTES = 256_000
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # variables that name others than the system's

T = TypeVar("T")


class NotJson(Fault):
    """The list of models is not JSON: perhaps a web page, with the API elsewhere on this host."""


class HttpConnection:
    """The way to one replica. Its repr shows the host alone, since the rest may hold a key."""

    def __init__(
        self, address: Address, http: Any, headers: Mapping[str, str], timeout: float
    ) -> None:
        self.host = address.host
        self.key_name = address.key_name
        self._roots = address.roots  # one, once a request has shown where the API begins
        self._query = (
            urlencode({"api-version": address.azure_version}) if address.azure_version else ""
        )
        self._http = http
        own = {name.lower() for name in address.headers}
        kept = {name: value for name, value in headers.items() if name.lower() not in own}
        self._headers = kept | dict(address.headers)
        self._secrets = [_as_in_json(secret) for secret in address.secrets]
        self._timeout = timeout
        self._limits = {"timeout": http.timeout.as_dict()}

    def __repr__(self) -> str:
        return f"<connection to {self.host}>"

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        """Return the reply to a chat request. Raises Fault."""
        deployment = f"deployments/{quote(body['model'], safe='')}/" if self._query else ""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            errors="replace"
        )

        async def ask(root: SplitResult) -> bytes:
            """Return the reply from the API that begins at this root."""
            url = url_under(root, f"{deployment}chat/completions", self._query)
            what = {"content": content, "headers": self._headers | headers}
            return await self._exchange("POST", url, self._timeout, most_bytes(body), **what)

        return await self._first_served(ask)

    async def models(self, timeout: float) -> Any:
        """Return the JSON of /v1/models. Raises Fault."""

        async def ask(root: SplitResult) -> Any:
            """Return the list of the API that begins at this root."""
            url = url_under(root, "models", self._query)
            content = await self._exchange(
                "GET", url, timeout, MOST_LISTING_BYTES, headers=self._headers
            )
            try:
                return json.loads(content)
            except (ValueError, RecursionError):
                raise NotJson("the list of models is not JSON") from None

        return await self._first_served(ask)

    async def close(self) -> None:
        """Close the sockets."""
        await self._http.aclose()

    async def _first_served(self, ask: Callable[[SplitResult], Awaitable[T]]) -> T:
        """Return the reply of the first root that serves the request, and keep to that root."""
        faults: list[Fault] = []
        for root in self._roots:
            try:
                reply = await ask(root)
            except Fault as fault:
                if fault.status not in (404, 405) and not isinstance(fault, NotJson):
                    raise
                faults.append(fault)
            else:
                if len(self._roots) > 1:
                    self._roots = (root,)
                    log.warning("%s has no path: it answers at %s", self.host, root.geturl())
                return reply
        raise faults[0]

    async def _exchange(
        self, method: str, url: str, timeout: float, most: int, **what: Any
    ) -> bytes:
        """Return the body of a good reply of at most `most` bytes. Raises Fault for others."""
        import aiohttp
        import httpx2

        request = httpx2.Request(method, url, extensions=self._limits, **what)
        try:
            # The library bounds the wait for each piece of a reply, not for the whole; some
            # gateways send blanks while a model writes.
            async with asyncio.timeout(timeout):
                # No redirects: the key is for this address alone.
                reply = await self._http.send(request, stream=True, follow_redirects=False)
                try:
                    content = await _read(reply, most if reply.is_success else MOST_REFUSAL_BYTES)
                finally:
                    await reply.aclose()  # drops the connection if something is left unread
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            fault = self._fault_of_connection(error)
        else:
            content = self._clean(content)
            if not reply.is_success:
                fault = fault_of_reply(
                    reply.status_code, content.decode(errors="replace"), reply.headers
                )
            elif len(content) > most:
                fault = Fault(
                    f"a reply of more than {most / MEGABYTE:.0f} MB was dropped", oversized=True
                )
            else:
                return content
        raise fault from None

    def _fault_of_connection(self, error: BaseException) -> Fault:
        import aiohttp

        causes: list[BaseException] = [error]
        while cause := causes[-1].__cause__ or causes[-1].__context__:
            causes.append(cause)
        # The aiohttp transport reports most errors as timeouts: their causes tell what they were.
        for cause in causes:
            if isinstance(cause, aiohttp.ClientSSLError):
                return Fault(
                    "no connection: an untrusted certificate, or no https at all", unreachable=True
                )
            if isinstance(cause, aiohttp.ClientConnectorError):
                return Fault(
                    f"no connection: {cause.os_error.strerror or cause.os_error}", unreachable=True
                )
        if any(isinstance(cause, aiohttp.ConnectionTimeoutError) for cause in causes):
            return Fault("no connection in time", unreachable=True, timed_out=True)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Fault("no reply in time", timed_out=True)
        return Fault("the connection broke off")

    def _clean(self, content: bytes) -> bytes:
        """Return a reply without our keys, which some servers repeat when they refuse them."""
        for secret in self._secrets:
            if secret.search(content):
                content = secret.sub(b"***", content)
        return content


def most_bytes(body: Mapping[str, Any]) -> int:
    """Return the most bytes that a sound reply to a chat request has."""
    tokens = body.get("max_tokens") or body.get("max_completion_tokens") or UNBOUNDED_TOKENS
    written = int(body.get("n", 1) * tokens * MOST_BYTES_PER_TOKEN)
    return min(MOST_REPLY_BYTES, REPLY_SLACK_BYTES + written)


async def _read(reply: Any, most: int) -> bytes:
    """Return a reply's decompressed body, read no further than just beyond `most` bytes."""
    pieces, size = [], 0
    async with contextlib.aclosing(reply.aiter_bytes()) as read:
        async for piece in read:
            pieces.append(piece)
            size += len(piece)
            if size > most:
                break
    return b"".join(pieces)


def _as_in_json(secret: str) -> Any:
    """Return a pattern that matches the secret, in plain text and in JSON.

    JSON may escape any character that is neither letter nor digit.
    """
    signs = (
        re2.escape(sign) if sign.isalnum() else rf"\\*(?:{re2.escape(sign)}|(?i:u{ord(sign):04x}))"
        for sign in secret
    )
    return re2.compile("".join(signs).encode())


@cache
def _trusted(*_: str | None) -> ssl.SSLContext:
    """Return what to trust, which takes a while to load: once for all connections.

    It is loaded anew where the variables that say whence it comes have other values.
    """
    import httpx2

    return httpx2.create_ssl_context()


def connect(address: Address, settings: Settings) -> HttpConnection:
    """Return the connection to one replica, with a socket for every slot of the run."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    # It would log every request: noise that takes time.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    sockets = settings.model.concurrency + 1
    limits = httpx2.Limits(
        max_connections=sockets, max_keepalive_connections=sockets, keepalive_expiry=KEEP_ALIVE
    )
    timeout = httpx2.Timeout(settings.model.timeout, connect=CONNECT_TIMEOUT, pool=None)
    # A request on aiohttp takes half the CPU of one on the library's own transport.
    trusted = _trusted(*(os.environ.get(name) for name in CERTIFICATES))
    http = DefaultAioHttpClient(limits=limits, timeout=timeout, verify=trusted)
    root = url_under(address.roots[0], "")
    # Used for the headers that the environment asks for only: sending by the library's methods
    # takes several times the CPU (docs/decisions.md).
    library = AsyncOpenAI(base_url=root, api_key=NO_KEY, http_client=http)
    # Headers that only describe the library are left out: each costs time with every request.
    headers = {
        name: value
        for name, value in library.default_headers.items()
        if isinstance(value, str) and not name.startswith("X-Stainless")
    }
    return HttpConnection(address, http, headers, settings.model.timeout)
