"""The log as tables for attribution: every interaction is a touch, every rebate a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assistant.store.store import Store

_TOUCHES: Final = "SELECT id, at AS time, coalesce(intent, 'none') AS kind FROM interactions ORDER BY number"

# A purchase is made when the order is placed, by the interaction that placed it; what completes later earns it.
_REBATES: Final = """
    SELECT t.id AS id, t.order_id AS order_id, t.interaction_id AS touch, o.intent AS kind,
        max(coalesce(placed.at, t.at), i.at) AS time,
        -sum(p.amount_micros) AS value_micros, p.currency AS currency
    FROM transactions AS t
    JOIN postings AS p ON p.transaction_id = t.id AND p.account LIKE 'Income:%'
    JOIN orders AS o ON o.id = t.order_id
    JOIN interactions AS i ON i.id = t.interaction_id
    LEFT JOIN order_events AS placed ON placed.order_id = o.id AND placed.state = 'placed'
    GROUP BY t.id, p.currency ORDER BY t.rowid
"""


def touches(store: Store) -> list[dict[str, Any]]:
    """Rows of id, time (ISO 8601, UTC) and kind: the intent, "none" for what was not understood."""
    return store.rows(_TOUCHES)


def rebates(store: Store) -> list[dict[str, Any]]:
    """Rows of id, time, value_micros, currency, kind (the intent), touch (the interaction that placed the order) and
    refund_of: for a transaction that takes income back, the one that earned it."""
    earned: dict[str, str] = {}
    rows = store.rows(_REBATES)
    for row in rows:
        order = row.pop("order_id")
        row["refund_of"] = earned.get(order) if row["value_micros"] < 0 else None
        if row["value_micros"] > 0:
            earned.setdefault(order, row["id"])
    return rows
