"""What the funnel is made of: every turn that may belong to an order, with what it earned and cost."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from assistant.records import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from assistant.store.store import Store


class Step(NamedTuple):
    """What the funnel needs to know of a step in the life of an order."""

    state: str
    """As in `assistant.records.OrderEvent`."""
    reason: str
    """Why it was cancelled or given back; else empty."""


def order_lives(store: Store, *, since: datetime | None = None) -> Iterator[tuple[str, list[Step]]]:
    """Orders that something happened to from `since` on, in the order in which they were quoted.

    Yields:
        The id of the interaction that it goes back to, and its whole life.
    """
    rows = store.stream(
        f"""
        SELECT o.id, o.interaction_id, e.state, e.reason
        FROM orders AS o CROSS JOIN order_events AS e ON e.order_id = o.id
        {"WHERE o.id IN (SELECT order_id FROM order_events WHERE at >= :since)" if since else ""}
        ORDER BY o.rowid, e.rowid
        """,
        {"since": stamp(since)} if since else {},
    )
    for (_, interaction_id), steps in groupby(rows, key=lambda row: row[:2]):
        yield interaction_id, [Step(*row[2:]) for row in steps]


def commerce_turns(
    store: Store, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Interactions of the kinds "commerce" and "none" that were said from `since` up to `until`, in their order.

    Yields:
        Number, id, session, at, intent, kind, outcome, runner_up, and `booked`: a list of (currency, day in UTC,
        revenue, cost), amounts in millionths.
    """
    names = ("number", "id", "session", "at", "intent", "kind", "outcome", "runner_up")
    rows = store.stream(
        f"""
        SELECT {", ".join(f"i.{name}" for name in names)}, p.currency, substr(t.at, 1, 10) AS day,
            sum(CASE WHEN p.account GLOB 'Income:*' THEN -p.amount_micros ELSE 0 END),
            sum(CASE WHEN p.account GLOB 'Expenses:*' THEN p.amount_micros ELSE 0 END)
        FROM interactions AS i
        CROSS JOIN transactions AS t ON t.interaction_id = i.id
        CROSS JOIN postings AS p ON p.transaction_id = t.id
        WHERE i.kind <> 'trivial' AND i.at >= :since AND i.at < :until
        GROUP BY i.number, p.currency, day ORDER BY i.number
        """,
        {"since": stamp(since) if since else "0", "until": stamp(until) if until else "9"},
    )
    turn: dict[str, Any] = {}
    for row in rows:
        if turn.get("number") != row[0]:
            if turn:
                yield turn
            turn = {**dict(zip(names, row, strict=False)), "booked": []}
        turn["booked"].append(row[len(names) :])
    if turn:
        yield turn
