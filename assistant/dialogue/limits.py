"""What holds an order back that a yes would place: a limit a day, and the same order just before."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from assistant.dialogue.slots import without_budget
from assistant.money import total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta, tzinfo

    from assistant.dialogue.states import History, Moment, Setting
    from assistant.money import Money
    from assistant.records import Order


def over_limit(price: Money, setting: Setting, moment: Moment) -> str | None:
    """What to say when one more order, of `price`, is more than a day may hold; None when it is not."""
    limits = setting.limits
    if limits.orders_a_day is None and limits.amount_a_day is None:
        return None
    placed = [order for order, _ in moment.history.placed_since(day_begins(moment.now, setting.zone))]
    if limits.orders_a_day is not None and len(placed) >= limits.orders_a_day:
        return setting.replies.say("dialogue.too_many_today", orders=limits.orders_a_day)
    if limits.amount_a_day is None:
        return None
    spent = total((order.total for order in placed), price.currency)
    if (spent + price).micros > limits.amount_a_day.micros:
        return setting.replies.say(
            "dialogue.too_much_today",
            spent=setting.replies.money(spent),
            limit=setting.replies.money(limits.amount_a_day),
        )
    return None


def same_before(
    intent: str,
    slots: Mapping[str, str | int],
    price: Money,
    *,
    history: History,
    now: datetime,
    span: timedelta,
) -> tuple[Order, datetime] | None:
    """The last order of the same for the same price within `span` before `now`, and when it was placed.

    What it might have cost at most makes it no other.
    """
    same = [
        (order, at)
        for order, at in history.placed_since(now - span)
        if (order.intent, without_budget(order.slots), order.total) == (intent, without_budget(slots), price)
    ]
    return same[-1] if same else None


def day_begins(now: datetime, zone: tzinfo) -> datetime:
    """The last midnight of `zone`, in UTC."""
    return datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone).astimezone(UTC)
