"""What a statement is made of, read from the sums that the database keeps up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import StoreError
from assistant.store.local_days import day_starts
from assistant.store.summary import DIMENSIONS, MEASURES, QUARTER_S, QUARTERS_A_DAY

if TYPE_CHECKING:
    from datetime import tzinfo

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


def _each(expression: str) -> str:
    """An expression in SQL for each measure, whose name goes where {0} is."""
    return ", ".join(map(expression.format, MEASURES))


_SUMS: Final = _each("sum({0}) AS {0}")
# CROSS JOIN keeps SQLite to the order of the tables.
_BY_DAY: Final = f"""
    {_HELD}, starts AS MATERIALIZED (
        SELECT quarter, lead(quarter) OVER later AS next, day, lead(day) OVER later AS next_day,
            day * {QUARTERS_A_DAY} AS midnight
        FROM (SELECT json_extract(value, '$[0]') AS quarter, json_extract(value, '$[1]') AS day FROM json_each(:starts))
        WINDOW later AS (ORDER BY quarter)
    ), rest AS MATERIALIZED (
        SELECT s.quarter, t.currency, {_each("sum(iif(s.quarter < s.midnight, -t.{0}, t.{0})) AS {0}")}
        FROM starts AS s CROSS JOIN held AS h CROSS JOIN statement_totals AS t
            ON t.cell = h.cell AND t.currency = h.currency
            AND t.quarter >= min(s.quarter, s.midnight) AND t.quarter < max(s.quarter, s.midnight)
        GROUP BY 1, 2
    ), parts AS (
        SELECT s.quarter, t.currency, {_each("t.{0}")}
        FROM starts AS s CROSS JOIN held AS h CROSS JOIN statement_days AS t
            ON t.cell = h.cell AND t.currency = h.currency AND t.day >= s.day AND t.day < s.next_day
        UNION ALL
        SELECT s.quarter, r.currency, {_each("r.{0}")}
        FROM starts AS s JOIN rest AS r ON r.quarter = s.next
        UNION ALL
        SELECT s.quarter, r.currency, {_each("-r.{0}")}
        FROM starts AS s JOIN rest AS r ON r.quarter = s.quarter WHERE s.next IS NOT NULL
    )
    SELECT NULL AS "key", 'all' AS kind, currency, quarter, {_SUMS} FROM parts GROUP BY quarter, currency
"""


def totals(
    store: Store,
    by: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    dated: bool = False,
    zone: tzinfo = UTC,
) -> list[dict[str, Any]]:
    """Sums of the log and the books.

    Args:
        store: The log.
        by: One of `GROUPINGS`.
        since: From this time on; interactions by when they were said, money by when it was booked.
        until: Up to, and without, this time.
        dated: Keep the days (UTC) apart, as exchange at dated rates needs it.
        zone: Of days and weeks.

    Returns:
        Rows of key, kind, currency, quarter and the measures of the summary. Counts and durations stand in rows of
        no currency. Kind is "all" unless the grouping tells kinds apart. Quarter is of an hour since 1970 (UTC):
        where groups are in time a row has no key yet, and is of that quarter, or of all from it on that are of the same
        day of `zone`; else it is the first of the day, or None where days are not kept apart.

    Raises:
        StoreError: a time is none on which sums begin: they are kept by quarters of an hour.
    """
    bounds = _bounds(since, until)
    if by in {"day", "week"} and not dated:
        return _by_day(store, bounds["since"], bounds["until"], zone)
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
    columns = _each("t.{0}")
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


def _bounds(since: datetime | None, until: datetime | None) -> dict[str, int]:
    return {
        "since": 0 if since is None else quarter_of(since),
        "until": 2**62 if until is None else quarter_of(until),
    }


def _by_day(store: Store, since: int, until: int, zone: tzinfo) -> list[dict[str, Any]]:
    """Sums by day of `zone`, each under its first quarter.

    What came before a quarter is the whole days (UTC) before the midnight nearest to it, which are added up already,
    and what lies between that midnight and the quarter, to be added or taken away; a day is the difference of two.
    """
    span = period(store)
    since = max(since, quarter_of(span[0]) if span else 0)
    until = min(until, quarter_of(span[1]) if span else 0)
    if since >= until:
        return []
    starts = [*day_starts(since, until, zone), until]
    nearest = [(start + QUARTERS_A_DAY // 2) // QUARTERS_A_DAY for start in starts]
    return store.rows(_BY_DAY, {"starts": json.dumps([*zip(starts, nearest, strict=True)])})


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
    from `since` up to `until` and were not given back up to its end; StoreError as `totals` raises it."""
    return {
        row["intent"]: row["kept"]
        for row in store.rows(
            """
            SELECT intent, sum(pieces) AS kept FROM statement_pieces
            WHERE completed >= :since AND completed < :until AND given_back < :until
            GROUP BY intent HAVING kept <> 0
            """,
            _bounds(since, until),
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
