"""A log of a million interactions in a minute: the rows that the pipeline would write, without its fsyncs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from assistant.ledger.chain import GENESIS, seal
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import stamp
from assistant.store.store import Store
from assistant.store.summary import DAYS_FILL, FILL, PIECES_FILL
from tests.assistant.examples import NOW, event, interaction, order
from tests.benchmarks.large import effort

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import Transaction
    from assistant.records import OrderState

KINDS: Final = (
    *[("music", "trivial")] * 27,
    *[("weather", "trivial")] * 14,
    *[(None, "none")] * 6,
    *[("pizza", "commerce")] * 2,
    ("ride", "commerce"),
)
"""Of fifty in a row."""
LIFE: Final[tuple[OrderState, ...]] = ("quoted", "confirmed", "placed", "completed", "settled", "refunded")
TEMPLATES: Final = 5_000
AT_ONCE: Final = 20_000


def write_million(path: Path, interactions: int, plan: PricingPlan) -> None:
    """Write so many interactions to `path`, every 31 seconds one, from three devices; `ledger check` passes it.

    Indexes and guards are put back when the rows are there, and the sums filled as for an older log.
    """
    Store.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -200000",
            "foreign_keys = OFF",
        ):
            db.execute(f"PRAGMA {pragma}")
        put_aside = db.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in put_aside:
            db.execute(f"DROP {kind} {name}")
        db.execute("BEGIN")
        _insert(db, interactions, plan)
        for kind, _, sql in sorted(put_aside):
            if kind == "index":
                db.execute(sql)
        for sql in (*FILL, DAYS_FILL, PIECES_FILL):
            db.execute(sql)
        db.execute("INSERT INTO spoken (spoken) VALUES ('rebuild')")
        for kind, _, sql in put_aside:
            if kind == "trigger":
                db.execute(sql)
        db.execute("COMMIT")
        db.execute("ANALYZE")
        db.execute("PRAGMA journal_mode = WAL")


def _insert(db: sqlite3.Connection, interactions: int, plan: PricingPlan) -> None:
    templates = [_template(n, plan) for n in range(TEMPLATES)]
    rows: dict[str, list[tuple[Any, ...]]] = {
        table: [] for table in ("interactions", "orders", "order_events", "postings", "transactions")
    }
    number, before = 0, GENESIS
    for n in range(interactions):
        it, orders, events, booked = templates[n % TEMPLATES]
        at, ident = stamp(NOW + timedelta(seconds=31 * n)), f"{n:08x}"
        rows["interactions"].append((n + 1, *(_dated(value, at, ident) for value in it)))
        for table, found in (("orders", orders), ("order_events", events)):
            rows[table] += [tuple(_dated(value, at, ident) for value in row) for row in found]
        for head, lines in booked:
            number += 1
            head_ = tuple(_dated(value, at, ident) for value in head)
            before = seal(before, head_, lines)
            rows["transactions"].append((number, *head_, before))
            rows["postings"] += [
                (head_[0], line, head_[3], head_[5], account, micros, currency)
                for line, account, micros, currency in lines
            ]
        if n % AT_ONCE == AT_ONCE - 1 or n == interactions - 1:
            for table, values in rows.items():
                if values:
                    marks = ", ".join("?" * len(values[0]))
                    db.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
                    values.clear()


def _dated(value: Any, at: str, ident: str) -> Any:
    """A value of a template, for one interaction."""
    if value is _AT:
        return at
    return value.replace(_ID, ident) if type(value) is str and _ID in value else value


_AT: Final = stamp(NOW)
_ID: Final = "<id>"


def _template(n: int, plan: PricingPlan) -> tuple[Any, Any, Any, Any]:
    """Rows of one interaction: of the log, of its order and that one's life, and of its transactions."""
    intent, kind = KINDS[n % len(KINDS)]
    ordered = kind == "commerce"
    it = interaction(
        id=f"01980000-{_ID}-7000-8000-000000000000",
        session=f"01980000-{_ID}-7000-8000-000000000001",
        intent=intent,
        kind=kind,
        outcome="ordered" if ordered else "answered" if intent else "rejected",
        order_id=f"01980000-{_ID}-7000-8000-000000000002" if ordered else None,
        device=f"speaker {n % 3}",
        effort=effort(n),
        plan=plan.name,
    )
    booked: list[Transaction] = [*book_interaction(it, plan)]
    orders, events = [], []
    if ordered:
        bought = replace(
            order(id=it.order_id, interaction_id=it.id, intent=intent, plan=plan.name),
            rebate=plan.rebate(str(intent), order().total)[0],
        )
        ends = (n // len(KINDS)) % 10
        states = (*LIFE[:3], "cancelled") if ends == 0 else LIFE[: 6 if ends == 1 else 5]
        life = [event(state, order_id=bought.id, interaction_id=it.id) for state in states]
        for place, step in enumerate(life):
            booked += book_order_event(bought, step, life[:place])
        orders, events = [_values(bought.to_row())], [_values(step.to_row()) for step in life]
    transactions = []
    for transaction in booked:
        row, lines = transaction.to_rows()
        transactions.append(
            (
                _values(row),
                [(each["line"], each["account"], each["amount_micros"], each["currency"]) for each in lines],
            )
        )
    return _values(it.to_row()), orders, events, transactions


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    """The values, with the time as the one object that stands for it."""
    return tuple(_AT if value == _AT else value for value in row.values())
