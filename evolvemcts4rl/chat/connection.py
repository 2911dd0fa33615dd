"""One replica, asked by the openai library's HTTP client; what goes wrong becomes a Fault."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any
from urllib.parse import quote

from evolvemcts4rl.chat.addresses import NO_KEY, Address
from evolvemcts4rl.chat.faults import Fault, fault_of_reply
from evolvemcts4rl.settings import Settings

CONNECT_TIMEOUT = 10.0  # seconds


# Shorter than the 5 seconds after which uvicorn (vLLM, SGLang) hangs up: a request on a dying connection costs a retry.
KEEP_ALIVE = 4.0


class _Connection:
    """One replica, asked by the openai library's HTTP client; what goes wrong becomes a Fault. Its repr names the host alone."""

    def __init__(self, address: Address, client: Any, http: Any, timeout: float) -> None:
        self.host = address.host
        self._client = client  # knows the base URL and its own headers …
        self._http = http  # … and this one sends: the rest of the library would double what a request costs
        self._secrets = [_as_in_json(secret) for secret in address.secrets]
        self._timeout = timeout
        self._azure = address.azure_version
        own = {**client.default_headers, **address.headers}
        # Each header costs time with every request: those that only describe the library stay away.
        self._headers = {k: v for k, v in own.items() if isinstance(v, str) and not k.startswith("X-Stainless")}
        self._limits = {"timeout": http.timeout.as_dict()}

    def __repr__(self) -> str:
        return f"<connection to {self.host}>"

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> bytes:
        path = f"deployments/{quote(body['model'], safe='')}/chat/completions" if self._azure else "chat/completions"
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        return await self._ask("POST", path, self._timeout, content=content, headers=self._headers | headers)

    async def models(self, timeout: float) -> Any:
        content = await self._ask("GET", "models", timeout, headers=self._headers)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise Fault("the list of models is not JSON") from None

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, method: str, path: str, timeout: float, **what: Any) -> bytes:
        import aiohttp
        import httpx2

        version = f"?api-version={self._azure}" if self._azure else ""
        try:
            url = f"{self._client.base_url}{path}{version}"
            request = httpx2.Request(method, url, extensions=self._limits, **what)
            # The library bounds the wait for each piece of a reply, not for the whole: some gateways send blanks meanwhile.
            async with asyncio.timeout(timeout):
                # Not elsewhere, should the reply say so: the key is for this address.
                reply = await self._http.send(request, follow_redirects=False)
        except (httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            fault = self._fault_of_connection(error)
        else:
            content = self._clean(reply.content)
            if reply.is_success:
                return content
            fault = fault_of_reply(reply.status_code, content.decode(errors="replace"), reply.headers)
        raise fault from None

    def _fault_of_connection(self, error: BaseException) -> Fault:
        import aiohttp

        causes: list[BaseException] = [error]
        while cause := causes[-1].__cause__ or causes[-1].__context__:
            causes.append(cause)
        # The aiohttp transport calls most of its errors timeouts, so what it was is read from the cause.
        for cause in causes:
            if isinstance(cause, aiohttp.ClientSSLError):
                return Fault("no connection: an untrusted certificate, or no https at all", unreachable=True)
            if isinstance(cause, aiohttp.ClientConnectorError):
                return Fault(f"no connection: {cause.os_error.strerror or cause.os_error}", unreachable=True)
        if any(isinstance(cause, aiohttp.ConnectionTimeoutError) for cause in causes):
            return Fault("no connection in time", unreachable=True, timed_out=True)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Fault("no reply in time", timed_out=True)
        return Fault("the connection broke off")

    def _clean(self, content: bytes) -> bytes:
        """A reply without the key, which some servers repeat when they refuse it."""
        for secret in self._secrets:
            content = secret.sub(b"***", content)
        return content


def _as_in_json(secret: str) -> re.Pattern[bytes]:
    """The secret as it stands in plain text or in JSON, whose writers may escape whatever is neither letter nor digit."""
    signs = (
        re.escape(sign) if sign.isalnum() else rf"\\*(?:{re.escape(sign)}|(?i:u{ord(sign):04x}))" for sign in secret
    )
    return re.compile("".join(signs).encode())


def _connect(address: Address, settings: Settings) -> _Connection:
    """The connection to one replica, with a socket for every slot of the run."""
    import httpx2
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient

    # It logs every request with its address, which is noise, and takes time.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    sockets = settings.concurrency + 1
    limits = httpx2.Limits(max_connections=sockets, max_keepalive_connections=sockets, keepalive_expiry=KEEP_ALIVE)
    timeout = httpx2.Timeout(settings.timeout, connect=CONNECT_TIMEOUT, pool=None)
    # On aiohttp a request costs half of what it does on the library's own transport.
    http = DefaultAioHttpClient(limits=limits, timeout=timeout)
    client: Any
    if address.azure_version:
        client = AsyncAzureOpenAI(
            azure_endpoint=address.url, api_version=address.azure_version, api_key=NO_KEY, http_client=http
        )
    else:
        client = AsyncOpenAI(base_url=address.url, api_key=NO_KEY, http_client=http)
    return _Connection(address, client, http, settings.timeout)
