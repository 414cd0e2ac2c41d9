"""What the funnel is made of: every turn that may belong to an order, with what it earned and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.records import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from assistant.store.store import Store


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
