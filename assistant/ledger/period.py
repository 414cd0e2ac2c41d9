"""What a plan earns and costs by the time that passes, whatever is said. Pure functions.

These items are never booked: no interaction brings them about. The fully loaded statement spreads them over the
interactions by a named key (`Money.allocate` splits to the millionth), and a scenario adds them up for a fleet.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from assistant.ledger import accounts
from assistant.ledger.arithmetic import exact
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.ledger.arithmetic import Number
    from assistant.ledger.plan import PricingPlan

DAYS_PER_YEAR: Final = 365
MONTHS_PER_YEAR: Final = 12


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
    days = Fraction(device_days)
    paying = days if subscriber_days is None else Fraction(subscriber_days)
    rates = _rates_in_words(plan, days, paying)
    sources = {
        accounts.SUBSCRIPTIONS: plan.subscription,
        accounts.DEVICE_SALES: plan.device,
        accounts.DEVICE_PARTS: plan.device,
        accounts.OVERHEAD: plan.overhead,
    }
    return tuple(
        PeriodItem(
            account=account,
            amount=Money.nearest(amount, plan.currency),
            rate=rates[account],
            source=terms.source if (terms := sources[account]) else "",
        )
        for account, amount in period_amounts(plan, device_days=days, subscriber_days=paying)
    )


def period_amounts(
    plan: PricingPlan, *, device_days: Number, subscriber_days: Number
) -> Iterator[tuple[str, Number]]:
    """The same by account and not rounded, in exact fractions or in arrays of drawn numbers."""
    if plan.subscription:
        price = exact(plan.subscription.price_per_month)
        yield accounts.SUBSCRIPTIONS, price * subscriber_days * MONTHS_PER_YEAR / DAYS_PER_YEAR
    if plan.device:
        life_days = exact(plan.device.life_years) * DAYS_PER_YEAR
        yield accounts.DEVICE_SALES, exact(plan.device.price) * device_days / life_days
        yield accounts.DEVICE_PARTS, exact(plan.device.parts) * device_days / life_days
    if plan.overhead:
        yield (
            accounts.OVERHEAD,
            exact(plan.overhead.per_month) * device_days * MONTHS_PER_YEAR / DAYS_PER_YEAR,
        )


def _rates_in_words(plan: PricingPlan, days: Fraction, paying: Fraction) -> dict[str, str]:
    words, money = {}, plan.currency
    if plan.subscription:
        price = plan.subscription.price_per_month
        words[accounts.SUBSCRIPTIONS] = f"{price} {money} a month, {float(paying):.2f} days"
    if plan.device:
        for account, price in (
            (accounts.DEVICE_SALES, plan.device.price),
            (accounts.DEVICE_PARTS, plan.device.parts),
        ):
            words[account] = f"{price} {money} over {plan.device.life_years} years, {float(days):.2f} days"
    if plan.overhead:
        words[accounts.OVERHEAD] = (
            f"{plan.overhead.per_month} {money} a device and month, {float(days):.2f} days"
        )
    return words
