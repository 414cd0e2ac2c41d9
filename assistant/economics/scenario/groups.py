"""The lines of a year in a few groups, as a manager asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from assistant.ledger import accounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.ledger.arithmetic import Number

Group: TypeAlias = Literal[
    "compute", "people", "devices", "overhead", "orders", "adverts", "subscriptions", "halo"
]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)

_OF: Final[Mapping[str, Group]] = {
    accounts.PEOPLE: "people",
    accounts.SEVERANCE: "people",
    accounts.DEVICE_SALES: "devices",
    accounts.DEVICE_PARTS: "devices",
    accounts.OVERHEAD: "overhead",
    accounts.IDLE_MACHINE: "devices",
    accounts.ADVERTISING: "adverts",
    accounts.DISPLAY: "adverts",
    accounts.SUBSCRIPTIONS: "subscriptions",
    accounts.HALO: "halo",
}


def group_of(account: str) -> Group:
    """Where an account belongs; what an order earns and costs is together."""
    if account.startswith("Expenses:Compute:"):
        return "compute"
    return _OF.get(account, "orders")


def nets(amounts: Mapping[str, Number]) -> dict[Group, Number]:
    """By group, income less expenses: a cost is less than nothing."""
    found: dict[Group, Number] = dict.fromkeys(GROUPS, 0)
    for account, amount in amounts.items():
        sign = 1 if account.startswith("Income:") else -1
        found[group_of(account)] = found[group_of(account)] + sign * amount
    return found
