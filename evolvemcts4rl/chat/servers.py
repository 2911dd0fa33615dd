"""Make an endpoint for each server of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evolvemcts4rl.chat.addresses import addresses_of_role, refuse_shared_keys
from evolvemcts4rl.chat.connection import connect
from evolvemcts4rl.chat.endpoint import Endpoint, Shared
from evolvemcts4rl.chat.roles import Role, without_servers
from evolvemcts4rl.settings import Settings


def endpoints_of(
    roles: Sequence[Role],
    settings: Settings,
    environment: Mapping[str, str],
    shared: Shared,
    backoff: float,
) -> dict[str, Endpoint]:
    """Return the endpoint of each role, by its name; roles of one server and headers share one.

    Raises UserError where an address or a key is missing or invalid.
    """
    servers: dict[Any, list[Role]] = {}
    for role in roles:
        servers.setdefault((role.urls, tuple(sorted(role.headers.items()))), []).append(role)
    addresses = [addresses_of_role(same[0], settings, environment) for same in servers.values()]
    refuse_shared_keys([each.host for found in addresses for each in found], environment)
    kept = without_servers(settings)
    endpoints: dict[str, Endpoint] = {}
    for same, found in zip(servers.values(), addresses, strict=True):
        connections = [connect(address, settings) for address in found]
        endpoint = Endpoint(kept, connections, same, shared, backoff)
        endpoints |= {role.name: endpoint for role in same}
    return endpoints
