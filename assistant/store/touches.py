"""The log as tables for attribution: every interaction is a touch, what an order earned is a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assistant.store.store import Store

_KEYS: Final = {
    "intent": "coalesce(intent, 'none')",
    "partner": "CASE WHEN order_id IS NULL OR kind <> 'commerce' THEN 'none' ELSE coalesce(intent, 'none') END",
    **{name: f'"{name}"' for name in ("kind", "outcome", "source", "engine", "device", "plan")},
}
"""What a statement is grouped by, but for times."""

# A purchase is made when the order is placed, by the interaction that placed it; what completes later earns it.
_EARNINGS: Final = """
    SELECT t.id AS id, t.order_id AS order_id, t.at AS booked, t.interaction_id AS touch, o.intent AS kind,
        coalesce(max(placed.at, i.at), t.at) AS time,
        -sum(p.amount_micros) AS value_micros, p.currency AS currency
    FROM transactions AS t
    JOIN postings AS p ON p.transaction_id = t.id AND p.account LIKE 'Income:%'
    JOIN orders AS o ON o.id = t.order_id
    LEFT JOIN order_events AS placed ON placed.order_id = o.id AND placed.state = 'placed'
    LEFT JOIN interactions AS i ON i.id = placed.interaction_id
    GROUP BY t.id, p.currency ORDER BY t.rowid
"""


def touches(store: Store, by: str = "intent") -> list[dict[str, Any]]:
    """Every interaction, oldest first: id, time (ISO 8601, UTC), kind, and its key: the intent ("none" for what was not
    understood), or what else a statement is grouped by; None where that is a time."""
    # The fragment comes from the table above, never from a user.
    return store.rows(
        f'SELECT id, at AS time, kind, {_KEYS.get(by, "NULL")} AS "key" FROM interactions ORDER BY number'
    )


def earnings(store: Store) -> list[dict[str, Any]]:
    """Income from orders, rebates and commissions, in the order of booking: id, time, booked (both ISO 8601, UTC),
    value_micros, currency, kind (the intent), touch (the interaction that placed the order) and refund_of: for a
    transaction that takes income back, the one that earned it."""
    earned: dict[str, str] = {}
    rows = store.rows(_EARNINGS)
    for row in rows:
        order = row.pop("order_id")
        row["refund_of"] = earned.get(order) if row["value_micros"] < 0 else None
        if row["value_micros"] > 0:
            earned.setdefault(order, row["id"])
    return rows
