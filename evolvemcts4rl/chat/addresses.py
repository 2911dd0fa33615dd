"""Read from flags and environment which addresses to ask, and with which key. No I/O."""

from __future__ import annotations

import base64
import ipaddress
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, unquote, urlsplit

from evolvemcts4rl.chat.roles import Role
from evolvemcts4rl.errors import UserError
from evolvemcts4rl.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
AZURE_API_VERSION = "2024-10-21"  # the newest stable one; the environment may name another
NO_KEY = "none"  # the key for servers without keys: the library insists on one
SHORTEST_SECRET = 8  # characters; a shorter "key" is a word like "none", common in messages
KEY = "OPENAI_API_KEY"
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
    key_name: str = KEY  # of the variable to set for another key


def addresses_of(settings: Settings, environment: Mapping[str, str]) -> list[Address]:
    """Return the address of every replica of the policy.

    Raises UserError where neither flags nor environment name one, or where an address or a key is
    invalid.
    """
    key = _key(KEY, environment)
    name = "--base_url" if settings.model.base_url else "OPENAI_BASE_URL"
    urls = settings.model.base_url or tuple(filter(None, [environment.get("OPENAI_BASE_URL")]))
    azure = environment.get("AZURE_OPENAI_ENDPOINT")
    if azure and not urls and not key:
        return [_azure_address(azure, environment)]
    if not urls and not key and not _own_key("api.openai.com", environment)[0]:
        raise UserError(
            "no model to ask: set OPENAI_API_KEY, name a server with --base_url, "
            "or take --model_name smollm2-135m, which needs neither"
        )
    return [_address(url, name, environment, (key, KEY)) for url in urls or (OPENAI_URL,)]


def addresses_of_role(
    role: Role, settings: Settings, environment: Mapping[str, str]
) -> list[Address]:
    """Return the address of every replica that a role is asked at, with the role's headers.

    OPENAI_API_KEY is the key of the policy's hosts; the key of another host is in a variable of its
    own. Raises UserError as `addresses_of` does.
    """
    found = addresses_of(settings, environment)
    if role.urls:
        hosts = {address.host for address in found if address.azure_version is None}
        found = []
        for url in role.urls:
            host = _host(_split(url, role.flag))
            common = (_key(KEY, environment), KEY) if host in hosts else ("", key_names(host)[0])
            found.append(_address(url, role.flag, environment, common))
    return [_with_headers(address, role.headers) for address in found]


def key_names(host: str) -> list[str]:
    """Return the names of the variables that may hold a host's key, the closest first.

    They are made of its name and port, or of its name alone, in capitals, with _ for other signs.
    """
    return [
        f"{KEY}_" + "".join(sign if sign.isalnum() else "_" for sign in each.upper())
        for each in dict.fromkeys((host, _without_port(host)))
    ]


def refuse_shared_keys(hosts: Iterable[str], environment: Mapping[str, str]) -> None:
    """Raise UserError where one variable would give its key to hosts of different names."""
    owners: dict[str, str] = {}
    for host in hosts:
        name = _without_port(host)
        for variable in key_names(host):
            owner = owners.setdefault(variable, name)
            if owner != name and environment.get(variable):
                raise UserError(
                    f"{variable} would go to {owner} and to {name}: a key is for one host, so "
                    "put the two servers behind names that differ by more than their signs"
                )


def url_under(root: SplitResult, path: str, query: str = "") -> str:
    """Return the URL of a path below a root; the host is never changed."""
    return root._replace(path=f"{root.path}/{path}", query=query).geturl()


def without_user(url: str) -> str:
    """Return an address without its user and password, if it has any."""
    parts = urlsplit(url.strip())
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _address(
    url: str, name: str, environment: Mapping[str, str], common: tuple[str, str]
) -> Address:
    """Return an address with its host's own key, or else the `common` one of key and name."""
    parts = _split(url, name)
    host, roots = _host(parts), _roots(parts)
    own = _own_key(host, environment)
    key, key_name = own if own[0] else common
    key = key or NO_KEY
    if parts.username is None:
        headers = {"Authorization": f"Bearer {key}"}
        return Address(host, roots, headers, _long(key), key_name=key_name)
    # In a header, since a library might log the URL.
    password = parts.password or ""
    pair = f"{unquote(parts.username)}:{unquote(password)}"
    encoded = base64.b64encode(pair.encode()).decode()
    secrets = _long(
        key, pair, encoded, password, unquote(password), parts.username, unquote(parts.username)
    )
    headers = {"Authorization": f"Basic {encoded}"}
    return Address(host, roots, headers, secrets, key_name=key_name)


def _own_key(host: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the key that the environment holds for this host alone, and its variable's name."""
    for name in key_names(host):
        if key := _key(name, environment):
            return key, name
    return "", key_names(host)[0]


def _with_headers(address: Address, headers: Mapping[str, str]) -> Address:
    """Return the address with further headers, which take the place of those of the same name."""
    if not headers:
        return address
    kept = {name: value for name, value in address.headers.items() if name.lower() not in headers}
    secrets = address.secrets + _long(*headers.values())
    return replace(address, headers=kept | dict(headers), secrets=secrets)


def _azure_address(url: str, environment: Mapping[str, str]) -> Address:
    parts = _split(url, "AZURE_OPENAI_ENDPOINT")
    path = parts.path.rstrip("/").removesuffix("/openai")
    host, roots = _host(parts), (_root(parts, f"{path}/openai"),)
    version = next(
        filter(None, map(environment.get, ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"))),
        AZURE_API_VERSION,
    )
    key, token = (
        _key(name, environment) for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN")
    )
    if key:
        headers = {"api-key": key}
        return Address(host, roots, headers, _long(key), version, "AZURE_OPENAI_API_KEY")
    if token:
        headers = {"Authorization": f"Bearer {token}"}
        return Address(host, roots, headers, _long(token), version, "AZURE_OPENAI_AD_TOKEN")
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


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _long(*secrets: str) -> tuple[str, ...]:
    return tuple(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
