"""What a device ordered before, read from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.records import Order, from_stamp, stamp

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.store.store import Store


class OrderHistory:
    """The orders of one device; each question is answered as the log stands then."""

    def __init__(self, store: Store, device: str) -> None:
        self._store = store
        self._device = device

    def last_completed(self, intent: str) -> Order | None:
        """The order of `intent` that completed last, if one ever did that was not forgotten."""
        rows = self._store.rows(
            """
            SELECT o.* FROM orders AS o
            JOIN order_events AS e ON e.order_id = o.id AND e.state = 'completed'
            JOIN interactions AS i ON i.id = o.interaction_id
            WHERE o.intent = ? AND i.device = ? AND o.description <> '' ORDER BY e.at DESC, o.rowid DESC LIMIT 1
            """,
            [intent, self._device],
        )
        return Order.from_row(rows[0]) if rows else None

    def placed_since(self, since: datetime) -> list[tuple[Order, datetime]]:
        """Orders that were placed at `since` (UTC) or later and not called off, oldest first, with when."""
        rows = self._store.rows(
            """
            SELECT o.*, e.at AS placed_at FROM order_events AS e
            JOIN orders AS o ON o.id = e.order_id
            JOIN interactions AS i ON i.id = o.interaction_id
            WHERE e.state = 'placed' AND e.at >= ? AND i.device = ? AND NOT EXISTS (
                SELECT 1 FROM order_events WHERE order_id = o.id AND state = 'cancelled'
            ) ORDER BY e.at, e.rowid
            """,
            [stamp(since), self._device],
        )
        return [(Order.from_row(row), from_stamp(row["placed_at"])) for row in rows]

    def last_under_way(self, since: datetime) -> Order | None:
        """The order that was placed last, at `since` (UTC) or later, and has not ended; None where there is none."""
        rows = self._store.rows(
            """
            SELECT o.* FROM order_events AS e
            JOIN orders AS o ON o.id = e.order_id
            JOIN interactions AS i ON i.id = o.interaction_id
            WHERE e.state = 'placed' AND e.at >= ? AND i.device = ? AND NOT EXISTS (
                SELECT 1 FROM order_events WHERE order_id = o.id AND state IN ('completed', 'cancelled')
            ) ORDER BY e.at DESC, e.rowid DESC LIMIT 1
            """,
            [stamp(since), self._device],
        )
        return Order.from_row(rows[0]) if rows else None
