"""What the time of a statement brings and costs, whatever is said: from the plan, and from the log's own span."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from assistant.ledger import accounts
from assistant.ledger.period import DAYS_PER_YEAR, PeriodItem, period_items
from assistant.money import Money
from assistant.reports.statement import Loading

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.ledger.plan import PricingPlan

SECONDS_PER_DAY: Final = 86_400


def loading(
    plan: PricingPlan, *, since: datetime, until: datetime, devices: int, wear: Money, by: str
) -> Loading:
    """The items of the time from `since` to `until` under `plan`.

    Args:
        plan: Its subscription, device and overhead, and the machine it runs on.
        since: Beginning.
        until: End.
        devices: Machines that were there all the time.
        wear: What the statement's interactions have borne of the machine already, by their use of it.
        by: The key by which it is to be shared out.

    Returns:
        Where the plan has no device of its own (the maker's view of it), the machine is the device: what it loses in
        value in the time, straight line over its life, less `wear`, so that nothing is counted twice.
    """
    device_days = Fraction((until - since).total_seconds()) / SECONDS_PER_DAY * devices
    items = period_items(plan, device_days=device_days)
    if plan.device is None:
        machine = plan.machine
        life_days = Fraction(machine.life_years) * DAYS_PER_YEAR
        whole = Money.nearest(Fraction(machine.price) * device_days / life_days, plan.currency)
        items = (
            PeriodItem(
                account=accounts.IDLE_MACHINE,
                amount=max(whole - wear, Money.zero(plan.currency)),
                rate=(
                    f"{machine.price} {plan.currency} over {machine.life_years} years, {float(device_days):.2f} days: "
                    f"{whole}, less {wear} that use has borne"
                ),
                source=machine.source,
            ),
            *items,
        )
    return Loading(since=since, until=until, devices=devices, items=items, by=by)
