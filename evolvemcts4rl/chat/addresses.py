"""Where the model is asked and with which key: what the flags and the environment say about it. No I/O."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
AZURE_API_VERSION = "2024-10-21"  # the newest stable one; OPENAI_API_VERSION names another
NO_KEY = "none"  # what servers without keys are sent: the library insists on one
SHORTEST_SECRET = 8  # characters; a shorter "key" is a word like "none" or "EMPTY", which may stand in any message


@dataclass(frozen=True)
class Address:
    """One replica. Only `host` may be shown: the repr keeps the rest to itself."""

    host: str
    url: str = field(repr=False)  # without user and password
    headers: Mapping[str, str] = field(repr=False)  # what shows that we may ask
    secrets: tuple[str, ...] = field(repr=False)
    azure_version: str | None = None  # set for an Azure resource


def addresses_of(settings: Settings, environment: Mapping[str, str]) -> list[Address]:
    """Every replica that is to be asked. Raises UserError where neither flags nor environment name one, or a key that cannot be."""
    key = _key("OPENAI_API_KEY", environment)
    urls = settings.base_url or tuple(filter(None, [environment.get("OPENAI_BASE_URL")]))
    azure = environment.get("AZURE_OPENAI_ENDPOINT")
    if azure and not urls and not key:
        return [_azure_address(azure, environment)]
    if not urls and not key:
        raise UserError(
            "no model to ask: set OPENAI_API_KEY, name a server with --base_url, or take --model_name smollm2-135m, which needs neither"
        )
    return [_address(url, key or NO_KEY) for url in urls or (OPENAI_URL,)]


def without_user(url: str) -> str:
    """An address without the user and password that may stand in it."""
    parts = urlsplit(url.strip())
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _address(url: str, key: str) -> Address:
    parts = _split(url, "--base_url")
    if parts.username is None:
        return Address(_host(parts), without_user(url), {"Authorization": f"Bearer {key}"}, _long(key))
    # As a header, so that the credentials stand in no URL that a library might log.
    password = parts.password or ""
    pair = f"{unquote(parts.username)}:{unquote(password)}"
    encoded = base64.b64encode(pair.encode()).decode()
    secrets = _long(key, pair, encoded, password, unquote(password), parts.username, unquote(parts.username))
    return Address(_host(parts), without_user(url), {"Authorization": f"Basic {encoded}"}, secrets)


def _azure_address(url: str, environment: Mapping[str, str]) -> Address:
    host = _host(_split(url, "AZURE_OPENAI_ENDPOINT"))
    version = environment.get("OPENAI_API_VERSION") or AZURE_API_VERSION
    key, token = (_key(name, environment) for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"))
    if key:
        return Address(host, url, {"api-key": key}, _long(key), version)
    if token:
        return Address(host, url, {"Authorization": f"Bearer {token}"}, _long(token), version)
    raise UserError("AZURE_OPENAI_ENDPOINT is set without a key: set AZURE_OPENAI_API_KEY as well")


def _key(name: str, environment: Mapping[str, str]) -> str:
    """A key of the environment, without what a file with other line ends may have left around it; "" where it is not set."""
    key = environment.get(name, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UserError(f"{name} has a character that no key has: copy it again")
    return key


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        (parts.hostname or "").encode("idna")
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UserError(f"{name} is no address: give one like http://localhost:8000/v1")
    if parts.query or parts.fragment:
        raise UserError(
            f"{name} has something after its path ('?' or '#'): give the address alone, a key by OPENAI_API_KEY"
        )
    return parts


def _host(parts: SplitResult) -> str:
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _long(*secrets: str) -> tuple[str, ...]:
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
