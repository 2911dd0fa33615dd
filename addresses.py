"""Where the model is asked and with which key: what the flags and the environment say about it. No I/O."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from records import Settings, UserError

OPENAI_URL = "https://api.openai.com/v1"
AZURE_API_VERSION = "2024-10-21"  # the newest stable one; OPENAI_API_VERSION names another
NO_KEY = "none"  # what servers without keys are sent: the library insists on one
SHORTEST_SECRET = 8  # characters; a shorter "key" is a word like "none" or "EMPTY", which may stand in any message


@dataclass(frozen=True)
class Address:
    """One replica. Only `host` may be shown: the repr keeps the rest to itself."""

    host: str
    url: str = field(repr=False)
    key: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    azure_version: str | None = None  # set for an Azure resource
    is_token: bool = False  # whether the key is an Azure AD token


def addresses_of(settings: Settings, environment: Mapping[str, str]) -> list[Address]:
    """Every replica that is to be asked. Raises UserError where neither flags nor environment name one."""
    key = environment.get("OPENAI_API_KEY")
    urls = settings.base_url or tuple(filter(None, [environment.get("OPENAI_BASE_URL")]))
    azure = environment.get("AZURE_OPENAI_ENDPOINT")
    if azure and not urls and not key:
        return [_azure_address(azure, environment)]
    if not urls and not key:
        raise UserError(
            "no model to ask: set OPENAI_API_KEY, name a server with --base_url, or take --model_name smollm2-135m, which needs neither"
        )
    return [_address(url, key or NO_KEY) for url in urls or (OPENAI_URL,)]


def _address(url: str, key: str) -> Address:
    parts = _split(url, "--base_url")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.password is None:
        return Address(_host(parts), bare, key, secrets=_long(key))
    # As a header, so that the credentials stand in no URL that a library might log.
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password)}"
    encoded = base64.b64encode(pair.encode()).decode()
    secrets = _long(key, pair, encoded, parts.password, unquote(parts.password))
    return Address(_host(parts), bare, key, {"Authorization": f"Basic {encoded}"}, secrets)


def _azure_address(url: str, environment: Mapping[str, str]) -> Address:
    host = _host(_split(url, "AZURE_OPENAI_ENDPOINT"))
    version = environment.get("OPENAI_API_VERSION") or AZURE_API_VERSION
    key, token = environment.get("AZURE_OPENAI_API_KEY"), environment.get("AZURE_OPENAI_AD_TOKEN")
    secret = key or token
    if not secret:
        raise UserError("AZURE_OPENAI_ENDPOINT is set without a key: set AZURE_OPENAI_API_KEY as well")
    return Address(host, url, secret, secrets=_long(secret), azure_version=version, is_token=not key)


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UserError(f"{name} is no address: give one like http://localhost:8000/v1")
    return parts


def _host(parts: SplitResult) -> str:
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _long(*secrets: str) -> tuple[str, ...]:
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
