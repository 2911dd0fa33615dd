"""What a run has bought and what that cost: in all, and for each role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from evolvemcts4rl.chat.journal import Totals
from evolvemcts4rl.chat.roles import Role
from evolvemcts4rl.flag_groups.role_kinds import POLICY, price_of

NOT_TOLD_APART = "not told apart"  # of lives of earlier versions
COUNTS = ("completions", "prompt_tokens", "completion_tokens")


def spending(
    totals: Totals, of_roles: Mapping[str, Totals], roles: Iterable[Role], prices: Any
) -> dict[str, Any]:
    """Return what summary.json says of all purchases, and of those of each role that made any."""
    models = {role.name: role.model for role in roles}
    rows: dict[str, dict[str, Any]] = {
        name: {"model": models.get(name)} | _counts(of_roles[name])
        for name in dict.fromkeys([*models, *of_roles])
        if name in of_roles
    }
    before = {
        name: count - sum(row[name] for row in rows.values())
        for name, count in _counts(totals).items()
    }
    if any(before.values()):
        rows[NOT_TOLD_APART] = {"model": None, **before}
    return with_money(_counts(totals) | {"roles": rows}, prices)


def with_money(bought: Mapping[str, Any], prices: Any) -> dict[str, Any]:
    """Return what was bought with its cost at these prices; None where a price is missing."""
    counted = {name: bought[name] for name in COUNTS}
    rows = bought.get("roles") or {NOT_TOLD_APART: {"model": None} | counted}
    # What earlier versions bought without telling roles apart is nearly all the policy's.
    costs = [
        _cost(row, price_of(prices, POLICY if name == NOT_TOLD_APART else name))
        for name, row in rows.items()
    ]
    priced = {
        name: row | {"money": None if cost is None else round(cost, 4)}
        for (name, row), cost in zip(rows.items(), costs, strict=True)
    }
    known = [cost for cost in costs if cost is not None]
    total = round(sum(known), 4) if prices and len(known) == len(costs) else None
    return counted | {"money": total, "roles": priced}


def _counts(totals: Totals) -> dict[str, Any]:
    return {name: count for name, count in asdict(totals).items() if name in COUNTS}


def _cost(row: Mapping[str, Any], price: tuple[float, float] | None) -> float | None:
    if price is None:
        return None
    cost: float = (row["prompt_tokens"] * price[0] + row["completion_tokens"] * price[1]) / 1e6
    return cost
