"""This device's own log as a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from assistant.economics.attribution.tables import Table, make_history
from assistant.store.totals import plans
from assistant.store.touches import earnings, touches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.attribution.history import History
    from assistant.store.store import Store

HOUSEHOLD: Final = "home"
"""A log is one household's, however many devices write to it."""


def log_history(store: Store) -> History:
    """Every interaction a touch of its intent, all that an order earned or gave back a purchase.

    What is earned here, and not what the customer paid: so purchases sum to the revenue from orders of the income
    statement.
    """
    under = ", ".join(plans(store)) or "none"
    return history_of(touches(store), earnings(store), source=f"the log {store.path}, plan {under}")


def history_of(said: Sequence[dict[str, Any]], earned: Sequence[dict[str, Any]], *, source: str) -> History:
    """The history of rows as `assistant.store.touches` yields them; a touch's kind is its key."""
    return make_history(
        Table(data=_table(said, {"id": "id", "time": "time", "kind": "key"}), name="the log's interactions"),
        Table(
            data=_table(
                earned,
                {name: name for name in ("id", "time", "currency", "kind", "touch", "refund_of")},
            ).append_column("value_micros", pa.array([row["value_micros"] for row in earned], pa.int64())),
            name="the log's earnings",
        ),
        source=source,
        simulated=True,
    )


def _table(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> pa.Table:
    texts = {name: pa.array([row[key] for row in rows], pa.string()) for name, key in columns.items()}
    return pa.table({"household": pa.array([HOUSEHOLD] * len(rows), pa.string()), **texts})
