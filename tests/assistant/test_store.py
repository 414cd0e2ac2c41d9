"""The log: all or nothing, durable, append-only, and clear about what is wrong with a database."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import sqlite3
import tempfile
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Database

from assistant.errors import StoreError
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.store import store as store_module
from assistant.store.audit import audit
from assistant.store.schema import NAMES, migrations
from assistant.store.store import Store
from tests.assistant.examples import NOW, event, interaction, order, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assistant.ledger.transactions import Transaction
    from assistant.records import Order, OrderEvent, OrderState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "log.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def append(store: Store, number: int = 1, **changes: Any) -> int:
    it = interaction(id=f"interaction-{number}", **changes)
    return store.append(it, transactions=book_interaction(it, plan()))


def place_order(store: Store) -> None:
    """One interaction that quotes, confirms and places an order at once."""
    it = interaction(intent="pizza", kind="commerce", outcome="ordered", order_id="order-1")
    events = [event("quoted"), event("confirmed"), event("placed")]
    booked = [*book_interaction(it, plan()), *book_order_event(order(), events[-1])]
    store.append(it, orders=[order()], events=events, transactions=booked)


def complete(found: Order, life: list[OrderEvent]) -> tuple[Sequence[OrderEvent], Sequence[Transaction]]:
    assert [e.state for e in life] == ["quoted", "confirmed", "placed"]
    done = event("completed", at=NOW + timedelta(minutes=30))
    return [done], book_order_event(found, done)


def test_what_is_written_is_read(store: Store) -> None:
    assert [append(store, n) for n in (1, 2, 3)] == [1, 2, 3]
    assert [it.number for it in store.interactions()] == [1, 2, 3]
    assert store.interaction("2") == interaction(number=2, id="interaction-2")
    assert store.interaction("interaction-3") == interaction(number=3, id="interaction-3")
    assert store.interaction("4") is None
    booked = store.transactions(["interaction-1"])["interaction-1"]
    assert tuple(booked) == book_interaction(interaction(), plan())


def test_the_log_is_filtered(store: Store) -> None:
    append(store, 1)
    append(store, 2, intent=None, kind="none", outcome="rejected", at=NOW + timedelta(hours=1))
    append(store, 3, at=NOW + timedelta(hours=2))

    def numbers(**choice: Any) -> list[int]:
        return [it.number for it in store.interactions(**choice)]

    assert numbers(intent="music") == [1, 3]
    assert numbers(intent="none") == [2]
    assert numbers(since=NOW + timedelta(hours=1)) == [2, 3]
    assert numbers(limit=2) == [2, 3]
    assert numbers(after=1) == [2, 3]


def test_an_order_lives_to_its_end_once(store: Store) -> None:
    place_order(store)
    assert [found.id for found, _ in store.unfinished_orders()] == ["order-1"]
    assert [e.state for e in store.advance_orders(complete)] == ["completed"]
    assert store.advance_orders(complete) == []
    assert store.unfinished_orders() == []
    found, life = store.order("order-1")
    assert found == order()
    assert [e.state for e in life] == ["quoted", "confirmed", "placed", "completed"]
    assert audit(store).problems == ()
    with pytest.raises(KeyError):
        store.order("order-2")


def test_two_programs_do_not_finish_an_order_twice(path: Path, store: Store) -> None:
    place_order(store)
    barrier, finished = threading.Barrier(2), []

    def finish() -> None:
        with Store.open(path) as other:
            barrier.wait()
            finished.extend(other.advance_orders(complete))

    threads = [threading.Thread(target=finish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.state for e in finished] == ["completed"]
    assert audit(store).problems == ()


def test_all_or_nothing(store: Store) -> None:
    """The last of the rows is refused, so the first is not there either."""
    it = interaction()
    with pytest.raises(StoreError):
        store.append(
            it, events=[event("quoted", order_id="no such order")], transactions=book_interaction(it, plan())
        )
    assert store.interactions() == []
    assert append(store) == 1


@pytest.mark.parametrize("table", ["transactions", "postings", "order_events"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET interaction_id = 'x'", "DELETE FROM {}"])
def test_the_books_cannot_be_rewritten(store: Store, path: Path, table: str, verb: str) -> None:
    place_order(store)
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(verb.format(table))
    other.close()


def test_the_books_cannot_be_replaced(store: Store, path: Path) -> None:
    """SQLite's REPLACE deletes without firing delete triggers."""
    place_order(store)
    with sqlite3.connect(path) as other:
        for table in ("orders", "transactions", "postings", "order_events"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(f"REPLACE INTO {table} SELECT * FROM {table}")
    other.close()


@pytest.mark.parametrize("late", ["confirmed", "placed", "completed", "cancelled"])
def test_nothing_happens_to_an_order_out_of_sequence(store: Store, late: OrderState) -> None:
    it = interaction(intent="pizza", kind="commerce", outcome="asked", order_id="order-1")
    store.append(it, orders=[order()], events=[event("quoted"), event("cancelled")])
    with pytest.raises(StoreError):
        store.append(interaction(id="interaction-2"), events=[event(late)])
    assert len(store.interactions()) == 1


# ---- audit


def tamper(path: Path, *statements: str) -> None:
    """Change the database behind the store's back, the way a person with a SQLite shell would, and hide the traces."""
    with sqlite3.connect(path) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert db.execute(statement).rowcount == 1
        for _, sql in triggers:
            db.execute(sql)
    db.close()


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        (
            "UPDATE postings SET amount_micros = amount_micros + 1 WHERE account LIKE 'Income:%'",
            "transaction order-1:accrual",
            "off by 1 millionths of USD",
        ),
        (
            "UPDATE postings SET currency = 'EUR' WHERE account LIKE 'Income:%'",
            "transaction order-1:accrual",
            "off by 999000 millionths of USD",
        ),
        (
            "UPDATE postings SET account = 'Income:Rebates:Ride' WHERE account LIKE 'Income:%'",
            "transaction order-1:accrual",
            "is not what was booked as number 3: its hash does not fit",
        ),
        (
            "UPDATE postings SET account = 'Income:Gifts' WHERE account LIKE 'Income:%'",
            "posting order-1:accrual line 2",
            "Income:Gifts is not in the chart of accounts",
        ),
        (
            "UPDATE transactions SET description = 'a gift' WHERE kind = 'accrual'",
            "transaction order-1:accrual",
            "is not what was booked as number 3: its hash does not fit",
        ),
        (
            "UPDATE transactions SET hash = replace(hash, '0', '1') WHERE number = 2",
            "transaction order-1:notification",
            "its hash does not fit",
        ),
        (
            "DELETE FROM postings WHERE account = 'Assets:Receivable:Pizza'",
            "transaction order-1:accrual",
            "has 1 posting(s)",
        ),
        (
            "UPDATE postings SET plan = 'other' WHERE account LIKE 'Income:%'",
            "posting order-1:accrual line 2",
            "another interaction or plan",
        ),
        (
            "UPDATE postings SET line = 3 WHERE account LIKE 'Income:%'",
            "posting order-1:accrual line 3",
            "is out of place",
        ),
        (
            "DELETE FROM order_events WHERE state = 'completed'",
            "order order-1",
            "(2026-01-05T19:00:15.123456Z, interaction-1, home); by the terms and the life of the order it is nothing",
        ),
        (
            "DELETE FROM order_events WHERE state = 'confirmed'",
            "order order-1",
            "was placed without having been confirmed",
        ),
        (
            "UPDATE orders SET rebate_micros = 5",
            "order order-1",
            "by the terms and the life of the order it is Assets:Receivable:Pizza 5 USD, Income:Rebates:Pizza -5 USD",
        ),
        ("UPDATE orders SET slots = '[]', terms = '[1]'", "order order-1", "cannot be read"),
        (
            "DELETE FROM transactions WHERE kind = 'notification'",
            "transaction order-1:accrual",
            "is number 3 and follows number 1: what was between is gone",
        ),
        (
            "DELETE FROM transactions WHERE kind = 'accrual'",
            "posting order-1:accrual line 1",
            "belongs to no transaction",
        ),
        ("DELETE FROM orders", "table order_events", "missing row of orders"),
        (
            "DELETE FROM transactions WHERE kind = 'compute'",
            "interaction interaction-1",
            "no booking of what it cost",
        ),
        ("DELETE FROM interactions", "table transactions", "missing row of interactions"),
        (
            "DELETE FROM postings WHERE account LIKE 'Expenses:Notification:%'",
            "order order-1",
            "order-1:notification is Liabilities:Payable:Messaging -7500 USD (2026-",
        ),
        (
            "UPDATE order_events SET rowid = 100 WHERE state = 'placed'",
            "order order-1",
            "was completed without having been placed just before: quoted, confirmed, completed, placed",
        ),
        (
            "UPDATE transactions SET reverses = 'order-1:accrual' WHERE number = 1",
            "transaction interaction-1:compute",
            "is not the reverse of order-1:accrual",
        ),
    ],
)
def test_tampering_is_found_and_its_place_named(
    path: Path, store: Store, statement: str, where: str, what: str
) -> None:
    place_order(store)
    store.advance_orders(complete)
    assert audit(store).problems == ()
    tamper(path, statement)
    problems = audit(store).problems
    assert any(p.where == where and what in p.what for p in problems), problems


# ---- databases that are not as they should be


def test_reading_a_log_that_is_not_there_says_how_to_begin_one(path: Path) -> None:
    with pytest.raises(StoreError, match="pennyworth say"):
        Store.open(path, mode="read")
    assert not path.exists()


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is no database, but it is long enough to look at" * 50)
    with pytest.raises(StoreError, match=r"x\.db: it is no SQLite database"):
        Store.open(tmp_path / "x.db")
    for mode in ("write", "read"):
        with pytest.raises(
            StoreError, match=r"is a folder, and a log is a file; write --db .*/pennyworth\.db"
        ):
            Store.open(tmp_path, mode=mode)


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    with Database(tmp_path / "x.db") as db:
        db.table("recipes").insert({"id": 1})
    before = (tmp_path / "x.db").read_bytes()
    for mode in ("write", "read"):
        with pytest.raises(StoreError, match="Pennyworth|recipes"):
            Store.open(tmp_path / "x.db", mode=mode)
    assert (tmp_path / "x.db").read_bytes() == before


def test_a_newer_log_is_left_alone(path: Path) -> None:
    Store.open(path).close()
    with Database(path) as db:
        db.table("_sqlite_migrations").insert(
            {"migration_set": "pennyworth", "name": "the_future", "applied_at": "2030"}
        )
    with pytest.raises(StoreError, match=r"newer Pennyworth \(the_future\)"):
        Store.open(path)


def test_a_damaged_log_is_named(path: Path) -> None:
    with Store.open(path) as store:
        for n in range(1, 200):
            append(store, n)
    data = bytearray(path.read_bytes())
    data[4096 : len(data) - 4096] = os.urandom(len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged|no SQLite database"), Store.open(path) as store:
        append(store, 1000)
        audit(store)


def test_a_locked_log_is_named_and_nothing_is_written(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store.open(path) as waiting:
        with pytest.raises(StoreError, match="another program is writing"):
            append(waiting)
        other.execute("ROLLBACK")
        assert append(waiting) == 1
    other.close()
    assert len(store.interactions()) == 1


@contextmanager
def without_root() -> Iterator[None]:
    """Give up root's power over permissions for a while."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder with a log of one interaction, that everybody may read and nobody may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(folder / "log.db") as store:
            append(store)
        (folder / "log.db").chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_read_only_log_can_be_read_and_not_written(shelf: Path) -> None:
    with without_root():
        with Store.open(shelf / "log.db", mode="read") as store:
            assert len(store.interactions()) == 1
        with (
            pytest.raises(StoreError, match="read-only|cannot be opened"),
            Store.open(shelf / "log.db") as store,
        ):
            append(store, 2)
        with pytest.raises(StoreError, match="cannot be opened"):
            Store.open(shelf / "other.db")
        with pytest.raises(StoreError, match="Permission denied"):
            Store.open(shelf / "folder" / "log.db")


def test_reading_never_writes(path: Path, store: Store) -> None:
    append(store)
    with Store.open(path, mode="read") as reader, pytest.raises(StoreError, match="read-only"):
        append(reader, 2)


def test_a_full_disk_is_named_and_nothing_is_half_written(path: Path) -> None:
    with Store.open(path) as store:
        append(store, 1)
        (pages,) = store.rows("SELECT page_count FROM pragma_page_count")
        store.rows(f"PRAGMA max_page_count = {pages['page_count']}")
        with pytest.raises(StoreError, match="the disk is full"):
            for n in range(2, 1000):
                append(store, n, transcript="x" * 1000)
        written = len(store.interactions())
        assert audit(store).problems == ()
        store.rows("PRAGMA max_page_count = 1000000")
        assert append(store, 5000) == written + 1


def test_a_disk_that_refuses_a_write_is_named_and_nothing_is_half_written(path: Path) -> None:
    with Store.open(path) as store:
        append(store, 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (path.with_name("log.db-wal").stat().st_size + 10_000, hard)
        )
        try:
            with pytest.raises(StoreError, match="the disk refuses"):
                for n in range(2, 1000):
                    append(store, n)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
        acknowledged = len(store.interactions())
        assert append(store, 5000) == acknowledged + 1
    with Store.open(path, mode="read") as store:
        assert len(store.interactions()) == acknowledged + 1
        assert audit(store).problems == ()


def test_migrations_are_applied_once_and_stay_as_they_are(path: Path) -> None:
    """A migration that has shipped is never edited: its schema is compared with what it was."""
    Store.open(path).close()
    with Store.open(path) as store:
        applied = [row["name"] for row in store.rows("SELECT name FROM _sqlite_migrations ORDER BY rowid")]
    assert tuple(applied) == NAMES
    digests = {}
    for name, following in zip(NAMES, [*NAMES[1:], ()], strict=True):
        with Database(memory=True) as db:
            migrations.apply(db, stop_before=following)
            schema = db.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            ).fetchall()
        text = " ".join(" ".join(sql.split()) for (sql,) in schema)
        digests[name] = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert digests == {
        "log_and_books": "e56f3b646de2",
        "chain_and_settlement": "21acb6416177",
        "statement_sums": "1f71dfc28d15",
        "review": "a13e02f5b6f2",
        "spoken_replies": "abcbc1f34d41",
        "order_times": "9b06216118d2",
        "statement_sums_by_day": "07948452f207",
        "open_questions": "9eec9514410e",
        "pieces_sold": "cee1424aedc7",
    }


def test_two_programs_begin_a_log_together(path: Path) -> None:
    path.parent.mkdir()
    barrier = threading.Barrier(8)
    numbers: list[int] = []

    def begin(n: int) -> None:
        barrier.wait()
        with Store.open(path) as store:
            numbers.append(append(store, n))

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 9))
