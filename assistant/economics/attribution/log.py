"""This device's own log as a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from assistant.economics.attribution.tables import Table, make_history
from assistant.store.touches import rebates, touches

if TYPE_CHECKING:
    from assistant.economics.attribution.history import History
    from assistant.store.store import Store

HOUSEHOLD: Final = "home"
"""A log is one household's, however many devices write to it."""


def log_history(store: Store) -> History:
    """Every interaction a touch of its intent, every rebate earned or taken back a purchase. Rebates, and not what
    the customer paid: they are what is earned here, and so they sum to the income statement's revenue from orders."""
    said, earned = touches(store), rebates(store)
    return make_history(
        Table(data=_table(said, ("id", "time", "kind")), name="the log's interactions"),
        Table(
            data=_table(earned, ("id", "time", "currency", "kind", "touch", "refund_of")).append_column(
                "value_micros", pa.array([row["value_micros"] for row in earned], pa.int64())
            ),
            name="the log's rebates",
        ),
        source=f"the log {store.path}",
        simulated=True,
    )


def _table(rows: list[dict[str, str | None]], names: tuple[str, ...]) -> pa.Table:
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    return pa.table({"household": pa.array([HOUSEHOLD] * len(rows), pa.string()), **columns})
