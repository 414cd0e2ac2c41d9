"""The books as they were written, one transaction after another, in memory that does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from assistant.ledger.transactions import Transaction
from assistant.records import Interaction, Order, OrderEvent, from_stamp, stamp

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from assistant.money import Money
    from assistant.store.store import Store

_HEAD: Final = ("id", "at", "kind", "interaction_id", "order_id", "plan", "description", "reverses")
CHUNK: Final = 1_000
"""Interactions that are read at once."""

_MOVED: Final = "SELECT order_id FROM order_events WHERE at >= :since AND at < :until"
"""Orders that something happened to in a time."""

_LINE: Final = ("account", "amount_micros", "currency")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What one account comes to in one currency."""

    account: str
    """Name in the chart of accounts."""
    amount: Money
    """Debit positive, credit negative."""


def journal(store: Store) -> Generator[Transaction]:
    """Every transaction, in the order of booking; LedgerError when one that is stored does not balance."""
    rows = store.stream(
        f"""
        SELECT {", ".join(f't."{name}"' for name in _HEAD)}, {", ".join(f"p.{name}" for name in _LINE)}
        FROM transactions AS t CROSS JOIN postings AS p ON p.transaction_id = t.id
        ORDER BY t.number, p.line
        """
    )
    heads = len(_HEAD)
    for head, lines in groupby(rows, key=lambda row: row[:heads]):
        yield Transaction.from_rows(
            dict(zip(_HEAD, head, strict=True)),
            [dict(zip(_LINE, line[heads:], strict=True)) for line in lines],
        )


def balances(store: Store) -> list[Balance]:
    """The balance of every account in every currency, as SQLite sums it; by name."""
    return [Balance(account=account, amount=amount) for account, amount in store.balances()]


def span(store: Store) -> tuple[datetime, datetime] | None:
    """The dates of the first and the last booking; None when nothing was booked."""
    (row,) = store.rows('SELECT min(at) AS "first", max(at) AS "last" FROM transactions')
    return (from_stamp(row["first"]), from_stamp(row["last"])) if row["first"] else None


def said(
    store: Store, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Interaction]:
    """Every interaction, in the order of the log; with bounds, those said in that time, and those whose orders had
    something happen to them in it."""
    columns = [name for (name,) in store.stream("SELECT name FROM pragma_table_info('interactions')")]
    where, values = "", {}
    if since or until:
        values = _bounds(since, until)
        where = f"""
            WHERE number IN (
                SELECT number FROM interactions WHERE at >= :since AND at < :until UNION
                SELECT i.number FROM order_events AS e CROSS JOIN interactions AS i ON i.id = e.interaction_id
                WHERE e.order_id IN ({_MOVED})
            )
        """
    for row in store.stream(f"SELECT * FROM interactions {where} ORDER BY number", values):
        yield Interaction.from_row(dict(zip(columns, row, strict=True)))


def ordering(store: Store, *, since: datetime | None = None, until: datetime | None = None) -> set[str]:
    """Ids of the interactions in which something happened to an order that `orders` yields for the same time."""
    bounded = since or until
    rows = store.stream(
        f"""
        SELECT DISTINCT interaction_id FROM order_events
        {f"WHERE order_id IN ({_MOVED})" if bounded else ""}
        """,
        _bounds(since, until) if bounded else {},
    )
    return {id_ for (id_,) in rows}


def corrections(store: Store) -> list[tuple[str, str, str]]:
    """What was taken back: id, time and the id of what it reverses, in the order of booking."""
    # By the index on what is reversed, which is little; the plus keeps SQLite from going through all by number.
    return list(
        store.stream("SELECT id, at, reverses FROM transactions WHERE reverses > '' ORDER BY +number")
    )


def session_turns(store: Store, session: str) -> list[Interaction]:
    """The turns of one conversation, in their order."""
    rows = store.rows("SELECT * FROM interactions WHERE session = ? ORDER BY number", [session])
    return [Interaction.from_row(row) for row in rows]


def orders(
    store: Store, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[tuple[Order, list[OrderEvent]]]:
    """Every order with its whole life, in the order in which they were quoted; with bounds, those that something
    happened to in that time."""
    bounded = since or until
    order_columns, event_columns = (
        [name for (name,) in store.stream(f"SELECT name FROM pragma_table_info('{table}')")]
        for table in ("orders", "order_events")
    )
    rows = store.stream(
        f"""
        SELECT o.*, e.* FROM orders AS o CROSS JOIN order_events AS e ON e.order_id = o.id
        {f"WHERE o.id IN ({_MOVED})" if bounded else ""} ORDER BY o.rowid, e.rowid
        """,
        _bounds(since, until) if bounded else {},
    )
    width = len(order_columns)
    for head, lines in groupby(rows, key=lambda row: row[:width]):
        yield (
            Order.from_row(dict(zip(order_columns, head, strict=True))),
            [OrderEvent.from_row(dict(zip(event_columns, line[width:], strict=True))) for line in lines],
        )


def money_of(
    store: Store, *, intent: str | None, since: datetime | None, limit: int
) -> Generator[dict[str, Any]]:
    """The last `limit` interactions that fit, oldest first, with what each earned and cost.

    Args:
        store: The log.
        intent: Only this one; "none" for what was not understood.
        since: Only from this time on.
        limit: At most so many.

    Yields:
        Number, id, at, transcript, intent, outcome, currency, revenue and cost in millionths; a row for each currency
        that something was booked in.
    """
    selected, values = _selected(intent, since, limit)
    names = ("number", "id", "at", "transcript", "intent", "outcome", "currency", "revenue", "cost")
    # The sums stand in the outer query, so that SQLite goes through the interactions one after another.
    rows = store.stream(
        f"""
        SELECT {", ".join(f"i.{name}" for name in names[:6])}, p.currency,
            sum(CASE WHEN p.account GLOB 'Income:*' THEN -p.amount_micros ELSE 0 END),
            sum(CASE WHEN p.account GLOB 'Expenses:*' THEN p.amount_micros ELSE 0 END)
        FROM ({selected}) AS i
        LEFT JOIN transactions AS t ON t.interaction_id = i.id
        LEFT JOIN postings AS p ON p.transaction_id = t.id
        GROUP BY i.number, p.currency ORDER BY i.number
        """,
        values,
    )
    for row in rows:
        yield dict(zip(names, row, strict=True))


def receipts(
    store: Store, *, intent: str | None = None, since: datetime | None = None, limit: int = -1
) -> Iterator[tuple[dict[str, Any], list[Transaction]]]:
    """The same interactions whole, each as its row and with its transactions; a few queries for all of them."""
    selected, values = _selected(intent, since, limit)
    columns = [name for (name,) in store.stream("SELECT name FROM pragma_table_info('interactions')")]
    rows = store.stream(f"SELECT * FROM ({selected}) ORDER BY number", values)
    while chunk := [dict(zip(columns, row, strict=True)) for row in islice(rows, CHUNK)]:
        booked = store.transactions(row["id"] for row in chunk)
        for row in chunk:
            yield row, booked[row["id"]]


def _bounds(since: datetime | None, until: datetime | None) -> dict[str, str]:
    return {"since": stamp(since) if since else "0", "until": stamp(until) if until else "9"}


def _selected(intent: str | None, since: datetime | None, limit: int) -> tuple[str, dict[str, Any]]:
    where = ["true"]
    parameters: dict[str, Any] = {"limit": limit}
    if intent is not None:
        where.append("intent IS NULL" if intent == "none" else "intent = :intent")
        parameters["intent"] = intent
    if since is not None:
        where.append("at >= :since")
        parameters["since"] = stamp(since)
    sql = f"SELECT * FROM interactions WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT :limit"
    return sql, parameters
