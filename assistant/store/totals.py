"""Sums over the log, grouped in SQL: what the income statement is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assistant.store.store import Store

_KEYS: Final = {
    "intent": "coalesce(i.intent, 'none')",
    "kind": "i.kind",
    "outcome": "i.outcome",
    "source": "i.source",
    "engine": "i.engine",
    "device": "i.device",
    "hour": "substr(i.at, 12, 2) || ':00'",
    "day": "substr(i.at, 1, 10)",
    # ISO 8601: a week belongs to the year of its Thursday.
    "week": """strftime('%Y', date(i.at, '-3 days', 'weekday 4')) || '-W'
        || printf('%02d', (strftime('%j', date(i.at, '-3 days', 'weekday 4')) - 1) / 7 + 1)""",
    "plan": "i.plan",
}

GROUPINGS: Final = tuple(_KEYS)
"""What a statement may be grouped by; hours, days and weeks are UTC."""

_SQL: Final = """
    WITH money AS (
        SELECT interaction_id, currency,
            sum(CASE WHEN account LIKE 'Income:%' THEN -amount_micros ELSE 0 END) AS revenue,
            sum(CASE WHEN account LIKE 'Expenses:%' THEN amount_micros ELSE 0 END) AS cost
        FROM postings GROUP BY interaction_id, currency
    ),
    completed AS (
        SELECT interaction_id, count(*) AS orders
        FROM order_events WHERE state = 'completed' GROUP BY interaction_id
    )
    SELECT {key} AS key, {kind} AS kind, money.currency AS currency,
        count(*) AS interactions,
        coalesce(sum(completed.orders), 0) AS orders_completed,
        coalesce(sum(money.revenue), 0) AS revenue_micros,
        coalesce(sum(money.cost), 0) AS cost_micros
    FROM interactions AS i
    LEFT JOIN money ON money.interaction_id = i.id
    LEFT JOIN completed ON completed.interaction_id = i.id
    GROUP BY 1, 2, 3
"""


def totals(store: Store, by: str) -> list[dict[str, object]]:
    """Rows of key, kind, currency (None where nothing was booked), interactions, orders_completed, revenue_micros
    and cost_micros; `by` is one of `GROUPINGS`. Kind is "all" unless the grouping tells kinds apart."""
    kind = "i.kind" if by in {"intent", "kind"} else "'all'"
    # Both fragments come from the tables above, never from a user.
    return store.rows(_SQL.format(key=_KEYS[by], kind=kind))


def plans(store: Store) -> list[str]:
    """The pricing plans that the log was booked under, sorted."""
    return [row["plan"] for row in store.rows('SELECT DISTINCT "plan" FROM interactions ORDER BY 1')]
