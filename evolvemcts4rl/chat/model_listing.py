"""Read the /v1/models of every replica: which models there are, and who owns the one to ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evolvemcts4rl.chat.faults import Fault, Origin, fatal_reason
from evolvemcts4rl.chat.replicas import Replica, Replicas
from evolvemcts4rl.errors import UserError

log = logging.getLogger(__name__)

LISTING_TIMEOUT = 10.0  # seconds; servers have the answer to /v1/models at hand
LISTING_TRIES = 3


async def read_listings(
    replicas: Replicas, timeout: float, backoff: float, origin: Origin
) -> list[Any]:
    """Return the JSON of /v1/models from each replica that serves it, in the replicas' order.

    Replicas need not serve it. Raises UserError if none can be reached, or if all of them refuse
    the key.
    """
    timeout = min(timeout, LISTING_TIMEOUT)
    listings = await asyncio.gather(
        *(
            _listing_or_fault(replicas, replica, timeout, backoff, origin)
            for replica in replicas.all
        )
    )
    faults = [listing for listing in listings if isinstance(listing, Fault)]
    unreachable = [fault for fault in faults if fault.unreachable or fault.timed_out]
    if len(unreachable) == len(listings):
        hosts = ", ".join(replica.host for replica in replicas.all)
        raise UserError(
            f"cannot reach {hosts} ({unreachable[0]}): check {origin.url}, and that the server runs"
        )
    return [listing for listing in listings if not isinstance(listing, Fault)]


def models_and_owner(listing: Any, models: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the names of the models listed, and in lower case who owns the first of these.

    Where none of `models` is listed, the owner is that of the first; None where nothing is listed.
    """
    listed = listing.get("data") if isinstance(listing, dict) else None
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    named = [row for model in models for row in rows if row.get("id") == model] or rows
    owner = str(named[0].get("owned_by") or "").lower() if named else None
    return [str(row.get("id")) for row in rows], owner


async def _listing_or_fault(
    replicas: Replicas, replica: Replica, timeout: float, backoff: float, origin: Origin
) -> Any:
    """Return the JSON of /v1/models, or the Fault of a replica that does not serve it.

    Raises UserError if all replicas refuse the key.
    """
    for tries in range(1, LISTING_TRIES + 1):
        try:
            return await replica.connection.models(timeout)
        except Fault as error:
            fault = error
        if fault.timed_out or not fault.is_transient or tries == LISTING_TRIES:
            break
        await asyncio.sleep(backoff * tries)
    if fault.unreachable or fault.timed_out:
        replicas.faulted(replica, unreachable=True)
    elif fault.is_transient:
        log.warning("%s does not list its models (%s)", replica.host, fault)
    origin = replace(origin, key=replica.connection.key_name)
    if fault.status == 401 and (reason := fatal_reason(fault, replica.host, "", [], origin)):
        replicas.refused(replica)
        if replicas.none_serves():
            raise UserError(reason)
        replicas.set_aside(replica, reason)
    return fault
