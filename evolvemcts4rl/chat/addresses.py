"""Read from flags and environment which addresses to ask, and with which key. No I/O."""

from __future__ import annotations

import base64
import ipaddress
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
AZURE_API_VERSION = "2024-10-21"  # the newest stable one; OPENAI_API_VERSION names another
NO_KEY = "none"  # the key for servers without keys: the library insists on one
SHORTEST_SECRET = 8  # characters; a shorter "key" is a word like "none", common in messages
CHAT_PATH = "/chat/completions"
HOST_SIGNS = frozenset(string.ascii_letters + string.digits + "-_")


@dataclass(frozen=True)
class Address:
    """The address of one replica. Its repr shows the host alone: the rest may hold a key."""

    host: str
    # Where its API may begin, the likeliest first; without user and password.
    roots: tuple[SplitResult, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # those with the key
    secrets: tuple[str, ...] = field(repr=False)
    azure_version: str | None = None  # set for an Azure resource


def addresses_of(settings: Settings, environment: Mapping[str, str]) -> list[Address]:
    """Return the address of every replica.

    Raises UserError where neither flags nor environment name one, or where an address or a key is
    invalid.
    """
    key = _key("OPENAI_API_KEY", environment)
    name = "--base_url" if settings.model.base_url else "OPENAI_BASE_URL"
    urls = settings.model.base_url or tuple(filter(None, [environment.get("OPENAI_BASE_URL")]))
    azure = environment.get("AZURE_OPENAI_ENDPOINT")
    if azure and not urls and not key:
        return [_azure_address(azure, environment)]
    if not urls and not key:
        raise UserError(
            "no model to ask: set OPENAI_API_KEY, name a server with --base_url, "
            "or take --model_name smollm2-135m, which needs neither"
        )
    return [_address(url, name, key or NO_KEY) for url in urls or (OPENAI_URL,)]


def url_under(root: SplitResult, path: str, query: str = "") -> str:
    """Return the URL of a path below a root; the host is never changed."""
    return root._replace(path=f"{root.path}/{path}", query=query).geturl()


def without_user(url: str) -> str:
    """Return an address without its user and password, if it has any."""
    parts = urlsplit(url.strip())
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _address(url: str, name: str, key: str) -> Address:
    parts = _split(url, name)
    host, roots = _host(parts), _roots(parts)
    if parts.username is None:
        return Address(host, roots, {"Authorization": f"Bearer {key}"}, _long(key))
    # In a header, since a library might log the URL.
    password = parts.password or ""
    pair = f"{unquote(parts.username)}:{unquote(password)}"
    encoded = base64.b64encode(pair.encode()).decode()
    secrets = _long(
        key, pair, encoded, password, unquote(password), parts.username, unquote(parts.username)
    )
    return Address(host, roots, {"Authorization": f"Basic {encoded}"}, secrets)


def _azure_address(url: str, environment: Mapping[str, str]) -> Address:
    parts = _split(url, "AZURE_OPENAI_ENDPOINT")
    path = parts.path.rstrip("/").removesuffix("/openai")
    host, roots = _host(parts), (_root(parts, f"{path}/openai"),)
    version = environment.get("OPENAI_API_VERSION") or AZURE_API_VERSION
    key, token = (
        _key(name, environment) for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN")
    )
    if key:
        return Address(host, roots, {"api-key": key}, _long(key), version)
    if token:
        return Address(host, roots, {"Authorization": f"Bearer {token}"}, _long(token), version)
    raise UserError("AZURE_OPENAI_ENDPOINT is set without a key: set AZURE_OPENAI_API_KEY as well")


def _key(name: str, environment: Mapping[str, str]) -> str:
    """Return a key from the environment, stripped of white space; "" where it is not set."""
    key = environment.get(name, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UserError(f"{name} has a character that no key has: copy it again")
    return key


def _split(url: str, name: str) -> SplitResult:
    """Return the parts of an address. Raises UserError unless all libraries read it alike."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and _names_host(parts) and parts.port != 0
    except ValueError:
        known = False
    # Some libraries read a backslash as a slash, and some drop white space.
    if (
        not known
        or "\\" in url
        or not all(sign.isprintable() and not sign.isspace() for sign in url)
    ):
        raise UserError(f"{name} is no valid address: give one like http://localhost:8000/v1")
    if parts.query or parts.fragment:
        raise UserError(
            f"{name} has something after its path ('?' or '#'): give a key by OPENAI_API_KEY"
        )
    return parts


def _names_host(parts: SplitResult) -> bool:
    """Return whether its host is an ASCII name, an IPv4 address or an IPv6 one without a zone."""
    name = parts.hostname or ""
    if "[" in parts.netloc.rpartition("@")[2]:
        return "%" not in name and bool(ipaddress.IPv6Address(name))
    labels = name.removesuffix(".").split(".")
    return len(name) < 254 and all(
        0 < len(label) < 64 and HOST_SIGNS.issuperset(label) for label in labels
    )


def _roots(parts: SplitResult) -> tuple[SplitResult, ...]:
    """Return where the API may begin: the path given or, without one, /v1 and the bare host."""
    given = parts.path.rstrip("/")
    path = given.removesuffix(CHAT_PATH).rstrip("/")  # some paste the address of chat requests
    paths = (path,) if given else ("/v1", "")
    return tuple(_root(parts, path) for path in paths)


def _root(parts: SplitResult, path: str) -> SplitResult:
    return SplitResult(parts.scheme, _host(parts), path, "", "")


def _host(parts: SplitResult) -> str:
    host = str(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def _long(*secrets: str) -> tuple[str, ...]:
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
