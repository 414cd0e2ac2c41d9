"""What a plan earns and costs by the time that passes, whatever is said. Pure functions.

These items are never booked: no interaction brings them about. The fully loaded statement spreads them over the
interactions by a named key (`Money.allocate` splits to the millionth), and a scenario adds them up for a fleet.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from assistant.ledger import accounts
from assistant.money import Money

if TYPE_CHECKING:
    from assistant.ledger.plan import PricingPlan

DAYS_PER_YEAR: Final = 365
DAYS_PER_MONTH: Final = Fraction(DAYS_PER_YEAR, 12)


@dataclass(frozen=True, kw_only=True)
class PeriodItem:
    """One item of a period."""

    account: str
    """Name in the chart of accounts; income or expense."""
    amount: Money
    """Positive: earned if the account is income, spent if it is an expense."""
    rate: str
    """The rate and what it was applied to, in words."""
    source: str
    """Where the rate comes from."""


def period_items(
    plan: PricingPlan, *, device_days: Fraction | int, subscriber_days: Fraction | int | None = None
) -> tuple[PeriodItem, ...]:
    """What `device_days` days of devices bring and cost; each item to the nearest millionth.

    Args:
        plan: Its subscription, device and overhead; what it lacks is not there.
        device_days: Sum over the devices of the days that each was in use: 2 devices for a week are 14.
        subscriber_days: Likewise for those whose household pays; None means all of them.

    Returns:
        Subscriptions, the device's price and its parts (straight line over its life), overhead; in this order.
    """
    items = []
    days = Fraction(device_days)
    paying = days if subscriber_days is None else Fraction(subscriber_days)
    money = plan.currency
    if plan.subscription:
        price = plan.subscription.price_per_month
        items.append(
            PeriodItem(
                account=accounts.SUBSCRIPTIONS,
                amount=Money.nearest(Fraction(price) * paying / DAYS_PER_MONTH, money),
                rate=f"{price} {money} a month, {float(paying):.2f} days",
                source=plan.subscription.source,
            )
        )
    if plan.device:
        life = Fraction(plan.device.life_years) * DAYS_PER_YEAR
        for account, price in (
            (accounts.DEVICE_SALES, plan.device.price),
            (accounts.DEVICE_PARTS, plan.device.parts),
        ):
            items.append(
                PeriodItem(
                    account=account,
                    amount=Money.nearest(Fraction(price) * days / life, money),
                    rate=f"{price} {money} over {plan.device.life_years} years, {float(days):.2f} days",
                    source=plan.device.source,
                )
            )
    if plan.overhead:
        items.append(
            PeriodItem(
                account=accounts.OVERHEAD,
                amount=Money.nearest(Fraction(plan.overhead.per_month) * days / DAYS_PER_MONTH, money),
                rate=f"{plan.overhead.per_month} {money} a device and month, {float(days):.2f} days",
                source=plan.overhead.source,
            )
        )
    return tuple(items)
