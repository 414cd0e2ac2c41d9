"""What a statement is made of, read from the sums that the database keeps up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import StoreError
from assistant.records import stamp
from assistant.store.summary import DIMENSIONS, MEASURES, QUARTER_S, QUARTERS_A_DAY

if TYPE_CHECKING:
    from assistant.store.store import Store

TIMES: Final = ("hour", "day", "week")
"""Groupings in time: the hour of the day, the day, the week of ISO 8601."""

GROUPINGS: Final = (*DIMENSIONS, *TIMES)
"""What a statement may be grouped by."""

# The currencies of each cell, one look-up in the index each: going through the sums takes long after a year.
_HELD: Final = """
    WITH RECURSIVE held (cell, currency) AS (
        SELECT c.id, (SELECT min(currency) FROM statement_totals AS t WHERE t.cell = c.id) FROM statement_cells AS c
        UNION ALL
        SELECT h.cell,
            (SELECT min(currency) FROM statement_totals AS t WHERE t.cell = h.cell AND t.currency > h.currency)
        FROM held AS h WHERE h.currency IS NOT NULL
    )
"""
_SUMS: Final = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)


def totals(
    store: Store,
    by: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    dated: bool = False,
) -> list[dict[str, Any]]:
    """Sums of the log and the books.

    Args:
        store: The log.
        by: One of `GROUPINGS`.
        since: From this time on; interactions by when they were said, money by when it was booked.
        until: Up to, and without, this time.
        dated: Keep the days (UTC) apart, as exchange at dated rates needs it.

    Returns:
        Rows of key, kind, currency, quarter and the measures of the summary. Counts and durations stand in rows of
        no currency. Kind is "all" unless the grouping tells kinds apart. Quarter is of an hour since 1970 (UTC):
        where groups are in time each row is of one quarter and has no key yet; else it is the first of the day, or
        None where days are not kept apart.

    Raises:
        StoreError: a time is none on which sums begin: they are kept by quarters of an hour.
    """
    bounds = {
        "since": 0 if since is None else quarter_of(since),
        "until": 2**62 if until is None else quarter_of(until),
    }
    # In this order, and by its key: once there are statistics, SQLite would read all of a table into a filter first.
    within_cells = (
        "statement_cells AS c CROSS JOIN {} AS t ON t.cell = c.id AND t.currency IN currencies AND t.{}"
    )
    whole, edge = (
        within_cells.format("statement_days", "day"),
        within_cells.format("statement_totals", "quarter"),
    )
    read = f"{_HELD}, currencies AS (SELECT DISTINCT currency FROM held WHERE currency IS NOT NULL)"
    # Every fragment comes from the tables above, never from a user.
    if by in TIMES:
        return store.rows(
            f"""
            {read} SELECT NULL AS "key", 'all' AS kind, t.currency, t.quarter, {_SUMS}
            FROM {edge} >= :since AND t.quarter < :until GROUP BY t.quarter, t.currency
            """,
            bounds,
        )
    kind = "c.kind" if by in {"intent", "kind"} else "'all'"
    # Whole days (UTC) are added up already; what lies before the first and after the last is added up here.
    first = -(-bounds["since"] // QUARTERS_A_DAY)
    bounds |= {"first": first, "last": max(first, bounds["until"] // QUARTERS_A_DAY)}
    days = f"day * {QUARTERS_A_DAY}"
    quarters = f"t.quarter / {QUARTERS_A_DAY} * {QUARTERS_A_DAY}"
    columns = ", ".join(f"t.{name}" for name in MEASURES)
    return store.rows(
        f"""
        {read}, parts AS (
            SELECT t.cell, t.currency, {days} AS quarter, {columns}
            FROM {whole} >= :first AND t.day < :last
            UNION ALL
            SELECT t.cell, t.currency, {quarters}, {columns}
            FROM {edge} >= :since AND t.quarter < min(:until, :first * {QUARTERS_A_DAY})
            UNION ALL
            SELECT t.cell, t.currency, {quarters}, {columns}
            FROM {edge} >= max(:since, :last * {QUARTERS_A_DAY}) AND t.quarter < :until
        )
        SELECT c."{by}" AS "key", {kind} AS kind, s.currency, s.quarter, {_SUMS}
        FROM (
            SELECT cell, currency, {"quarter" if dated else "NULL"} AS quarter, {_SUMS}
            FROM parts GROUP BY 1, 2, 3
        ) AS s JOIN statement_cells AS c ON c.id = s.cell
        GROUP BY 1, 2, 3, 4
        """,
        bounds,
    )


def currencies(store: Store) -> list[str]:
    """The currencies that anything was booked in, sorted."""
    rows = store.rows(f"{_HELD} SELECT DISTINCT currency FROM held WHERE currency > '' ORDER BY 1")
    return [row["currency"] for row in rows]


def plans(store: Store) -> list[str]:
    """The pricing plans that the log was booked under, sorted."""
    return [row["plan"] for row in store.rows('SELECT DISTINCT "plan" FROM statement_cells ORDER BY 1')]


def devices(store: Store) -> list[str]:
    """The machines that wrote the log, sorted."""
    return [row["device"] for row in store.rows("SELECT DISTINCT device FROM statement_cells ORDER BY 1")]


def period(store: Store) -> tuple[datetime, datetime] | None:
    """From the quarter of an hour of the first thing in the log to the end of that of the last; None when empty."""
    (row,) = store.rows(
        f"""
        {_HELD} SELECT
            min((SELECT min(quarter) FROM statement_totals AS t WHERE t.cell = h.cell AND t.currency = h.currency))
                AS "first",
            max((SELECT max(quarter) FROM statement_totals AS t WHERE t.cell = h.cell AND t.currency = h.currency)) + 1
                AS "end"
        FROM held AS h
        """
    )
    if row["first"] is None:
        return None
    first, end = (datetime.fromtimestamp(row[name] * QUARTER_S, UTC) for name in ("first", "end"))
    return first, end


def sold(store: Store, *, since: datetime | None = None, until: datetime | None = None) -> dict[str, int]:
    """How many things were bought and kept, by intent: the quantities of the orders that completed in the time
    from `since` up to `until` and were not given back in it."""
    return {
        row["intent"]: row["pieces"]
        for row in store.rows(
            """
            SELECT o.intent, sum(coalesce(json_extract(o.slots, '$.quantity'), 1)) AS pieces
            FROM order_events AS e JOIN orders AS o ON o.id = e.order_id
            WHERE e.state = 'completed' AND e.at >= :since AND e.at < :until AND NOT EXISTS (
                SELECT 1 FROM order_events AS r
                WHERE r.order_id = e.order_id AND r.state IN ('refunded', 'charged_back') AND r.at < :until
            ) GROUP BY o.intent
            """,
            {"since": _text(since, "0"), "until": _text(until, "9")},
        )
    }


def quarter_of(when: datetime) -> int:
    """The quarter of an hour since 1970 (UTC) that begins at `when`; StoreError when none does."""
    seconds = when.timestamp()
    if seconds % QUARTER_S:
        raise StoreError(
            f"statements are kept by quarters of an hour, and {when:%Y-%m-%d %H:%M:%S %z} is none; "
            f"write a time like {when:%Y-%m-%d}T{when:%H}:{when.minute // 15 * 15:02d}"
        )
    return int(seconds) // QUARTER_S


def _text(when: datetime | None, otherwise: str) -> str:
    return otherwise if when is None else stamp(when)
