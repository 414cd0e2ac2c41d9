"""What a device ordered before, read from the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from assistant.records import Order, from_stamp, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assistant.records import OrderState
    from assistant.store.store import Store


_ENDS: Final[tuple[OrderState, ...]] = ("cancelled", "completed")


class OrderHistory:
    """The orders of one device; each question is answered as the log stands then."""

    def __init__(self, store: Store, device: str) -> None:
        self._store = store
        self._device = device

    def last_ordered(self, intent: str) -> Order | None:
        """The order of `intent` that was placed last and not called off, if there is one that was not forgotten."""
        rows = self._store.rows(
            """
            SELECT o.* FROM orders AS o
            JOIN order_events AS e ON e.order_id = o.id AND e.state = 'placed'
            JOIN interactions AS i ON i.id = o.interaction_id
            WHERE o.intent = ? AND i.device = ? AND o.description <> '' AND NOT EXISTS (
                SELECT 1 FROM order_events WHERE order_id = o.id AND state = 'cancelled'
            ) ORDER BY e.at DESC, o.rowid DESC LIMIT 1
            """,
            [intent, self._device],
        )
        return Order.from_row(rows[0]) if rows else None

    def placed_since(self, since: datetime) -> list[tuple[Order, datetime]]:
        """Orders that were placed at `since` (UTC) or later and not called off, oldest first, with when."""
        return self._placed(since, without=("cancelled",))

    def last_under_way(self, since: datetime, intent: str | None = None) -> Order | None:
        """The order that was placed last, at `since` (UTC) or later, and has not ended; None where there is none.

        Of one `intent`, if it is named.
        """
        placed = self._placed(since, without=_ENDS)
        return next((order for order, _ in reversed(placed) if intent in (None, order.intent)), None)

    def under_way(self, intent: str | None = None) -> list[tuple[Order, datetime]]:
        """Orders that were placed and have not ended, oldest first, with when; of one `intent`, if it is named."""
        return [
            (order, at) for order, at in self._placed(None, without=_ENDS) if intent in (None, order.intent)
        ]

    def _placed(
        self, since: datetime | None, *, without: Sequence[OrderState]
    ) -> list[tuple[Order, datetime]]:
        """Orders placed, all or since then, that never came to one of these states; oldest first, with when."""
        rows = self._store.rows(
            """
            SELECT o.*, e.at AS placed_at FROM order_events AS e
            JOIN orders AS o ON o.id = e.order_id
            JOIN interactions AS i ON i.id = o.interaction_id
            WHERE e.state = 'placed' AND e.at >= ? AND i.device = ? AND NOT EXISTS (
                SELECT 1 FROM order_events WHERE order_id = o.id AND state IN (SELECT value FROM json_each(?))
            ) ORDER BY e.at, e.rowid
            """,
            ["" if since is None else stamp(since), self._device, json.dumps(without)],
        )
        return [(Order.from_row(row), from_stamp(row["placed_at"])) for row in rows]
