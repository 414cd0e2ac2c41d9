"""Writing the log and the books: one interaction with all that belongs to it, in one atomic write."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from sqlite_utils import Database

from assistant.errors import LedgerError, StoreError
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.chain import GENESIS, chained_hash
from assistant.ledger.transactions import Transaction
from assistant.money import Money
from assistant.records import LIFE, Interaction, Order, OrderEvent, Reply, stamp
from assistant.store.schema import NAMES, migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another program's write before it gives up."""


class Store:
    """One database. Not safe to share between threads; several processes may each have one open."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path
        self._finished_up_to = 0
        self._holds_lock = False
        self._accounts: set[str] = set()

    @classmethod
    def open(cls, path: Path, *, mode: Literal["write", "read"] = "write") -> Self:
        """Open the log at `path`; writing creates it and its folder, and brings an older one up to date.

        Raises:
            StoreError: it is missing (reading), locked, read-only, no database, damaged, or of a newer version.
        """
        if mode == "read" and not path.exists():
            raise StoreError(
                f'there is no log at {path} yet; `pennyworth say "play some jazz"` or `pennyworth listen` begins it'
            )
        if path.is_dir():
            raise StoreError(f"{path} is a folder, and a log is a file; write --db {path / 'pennyworth.db'}")
        with _explained(path):
            if mode == "write":
                path.parent.mkdir(parents=True, exist_ok=True)
            db = Database(_connect(path, mode))
        store = cls(db, path)
        try:
            with _explained(path):
                store._prepare(mode)
        except BaseException:
            db.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the last one to close folds the write-ahead log into it."""
        self._db.close()

    # ---- writing

    def append(
        self,
        interaction: Interaction,
        *,
        orders: Sequence[Order] = (),
        events: Sequence[OrderEvent] = (),
        transactions: Sequence[Transaction] = (),
    ) -> int:
        """Write an interaction with its orders, events and transactions, all or nothing, durably.

        Returns:
            The interaction's number. When this returns, the write survives a loss of power.

        Raises:
            StoreError: nothing was written.
        """
        with self.writing():
            number = self.put("interactions", interaction.to_row())
            self._insert(orders, events, transactions)
        return number

    def append_reply(self, reply: Reply) -> None:
        """Write what became of a spoken reply; raises StoreError when nothing was written."""
        with self.writing():
            self.put("replies", reply.to_row())

    def advance_orders(
        self, decide: Callable[[Order, list[OrderEvent]], tuple[Sequence[OrderEvent], Sequence[Transaction]]]
    ) -> list[OrderEvent]:
        """Let every unfinished order go on as `decide` says, all or nothing; returns the events written.

        The orders are read under the write lock, so that two programs never finish the same order twice.
        """
        if not self.unfinished_orders():
            return []
        written: list[OrderEvent] = []
        with _explained(self.path), self._writing():
            unfinished = self.unfinished_orders()
            # What is finished stays finished, so that the next look need not go through the whole history.
            self._finished_up_to = self._before(unfinished[0][0]) if unfinished else self._finished_up_to
            for order, life in unfinished:
                events, transactions = decide(order, life)
                self._insert((), events, transactions)
                written.extend(events)
        return written

    def step_order(
        self,
        order_id: str,
        decide: Callable[[Order, list[OrderEvent]], tuple[OrderEvent, Sequence[Transaction]]],
    ) -> OrderEvent:
        """Take one order a step further as `decide` says, all or nothing.

        Raises:
            KeyError: there is no order of that id.
            LedgerError: the order is not in a state from which that step can be taken, or `decide` says so.
            StoreError: nothing was written.
        """
        with _explained(self.path), self._writing():
            order, life = self.order(order_id)
            event, transactions = decide(order, life)
            last = life[-1].state if life else None
            if event.state not in LIFE[last]:
                allowed = ", ".join(sorted(LIFE[last])) or "nothing more can happen to it"
                raise LedgerError(
                    f"order {order.id} is {last} and cannot be {event.state}; expected: {allowed}"
                )
            if life and event.at < life[-1].at:
                raise LedgerError(
                    f"order {order.id} was {last} at {life[-1].at:%Y-%m-%d %H:%M:%S} UTC and cannot be {event.state} "
                    f"before that, at {event.at:%Y-%m-%d %H:%M:%S}; give a later time"
                )
            self._refuse_reversed(order)
            self._insert((), [event], transactions)
        return event

    def _refuse_reversed(self, order: Order) -> None:
        """What was taken back by a correction must not be taken back, or paid, a second time by the order's life."""
        for row in self.rows(
            "SELECT id FROM transactions WHERE order_id = ? AND +reverses IS NULL", [order.id]
        ):
            correction = self._standing_correction(row["id"])
            if correction:
                raise LedgerError(
                    f"order {order.id}: its transaction {row['id']} was reversed by the correction {correction}; "
                    "reverse the correction first"
                )

    def _standing_correction(self, transaction_id: str) -> str | None:
        """The correction that reverses a transaction, unless it has been reversed itself."""
        for row in self.rows("SELECT id FROM transactions WHERE reverses = ?", [transaction_id]):
            if self._standing_correction(row["id"]) is None:
                return str(row["id"])
        return None

    def correct(self, transaction_id: str, reverse: Callable[[Transaction], Transaction]) -> Transaction:
        """Book the reversing entry that `reverse` makes of a transaction, once.

        Raises:
            KeyError: there is no transaction of that id.
            LedgerError: it has been reversed already, or `reverse` says so.
            StoreError: nothing was written.
        """
        with _explained(self.path), self._writing():
            original = self.transaction(transaction_id)
            done = self.rows("SELECT id FROM transactions WHERE reverses = ?", [transaction_id])
            if done:
                raise LedgerError(
                    f"transaction {transaction_id} has been reversed already, by {done[0]['id']}; reverse that one "
                    "to have the first again"
                )
            correction = reverse(original)
            self._insert((), (), [correction])
        return correction

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write lock: what is read and appended within is one step, and no other program comes in between.

        Raises:
            StoreError: the lock cannot be had, or nothing within was written.
        """
        with _explained(self.path), self._writing():
            yield

    def _before(self, order: Order) -> int:
        """The place of the order before this one; under the write lock, so that none comes in between."""
        (row,) = self.rows("SELECT rowid - 1 AS place FROM orders WHERE id = ?", [order.id])
        return int(row["place"])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self._holds_lock:
            yield
            return
        # IMMEDIATE takes the write lock first; a read that turns into a write later can be refused.
        try:
            self._db.conn.execute("BEGIN IMMEDIATE")
            self._holds_lock = True
            yield
            self._db.conn.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise
        finally:
            self._holds_lock = False

    def _insert(
        self, orders: Iterable[Order], events: Iterable[OrderEvent], transactions: Sequence[Transaction]
    ) -> None:
        for order in orders:
            self.put("orders", order.to_row())
        for event in events:
            self.put("order_events", event.to_row())
        count, before = self.head() if transactions else (0, "")
        for number, transaction in enumerate(transactions, start=count + 1):
            self._check_accounts(transaction)
            row, lines = transaction.to_rows()
            before = chained_hash(before, row, lines)
            # The postings come first: the transaction is the seal on them, and the database refuses it unless they
            # balance. The hash is made under the write lock, so that the chain has one end whoever else writes.
            self.put("postings", *lines)
            self.put("transactions", {"number": number, **row, "hash": before})

    def put(self, table: str, *rows: dict[str, Any]) -> int:
        """Insert rows with the same columns, within `writing()`; returns the rowid of the last.

        Not by sqlite-utils' insert, which looks at the shape of the table and at every value each time: that takes
        longer than the whole of what SQLite does.
        """
        sql = _insert_statement(table, tuple(rows[0]))
        cursor = self._db.conn.cursor()
        for row in rows:
            cursor.execute(sql, tuple(row.values()))
        return cursor.lastrowid or 0

    def _check_accounts(self, transaction: Transaction) -> None:
        for posting in transaction.postings:
            if posting.account in self._accounts:
                continue
            if bundled_chart().find(posting.account) is None:
                raise LedgerError(
                    f"transaction {transaction.id}: the account {posting.account!r} is not in the chart of accounts; "
                    "add it to configs/accounts.toml"
                )
            self._accounts.add(posting.account)

    # ---- reading

    def interactions(
        self,
        *,
        intent: str | None = None,
        since: datetime | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Interaction]:
        """Interactions in their order; with `limit`, the last so many. `intent` "none" means no match."""
        where, values = ["number > :after"], {"after": after, "limit": -1 if limit is None else limit}
        parameters: dict[str, Any] = values
        if intent is not None:
            where.append("coalesce(intent, 'none') = :intent")
            parameters["intent"] = intent
        if since is not None:
            where.append("at >= :since")
            parameters["since"] = stamp(since)
        sql = f"""
            SELECT * FROM (
                SELECT * FROM interactions WHERE {" AND ".join(where)} ORDER BY number DESC LIMIT :limit
            ) ORDER BY number
        """
        return [Interaction.from_row(row) for row in self.rows(sql, parameters)]

    def interaction(self, number_or_id: str) -> Interaction | None:
        """One interaction by its number or its id."""
        # Each by its own index; a number that is too long for one is an id that does not exist.
        numbered = number_or_id.isdecimal() and len(number_or_id) < 19
        column, key = ("number", int(number_or_id)) if numbered else ("id", number_or_id)
        rows = self.rows(f"SELECT * FROM interactions WHERE {column} = ?", [key])
        return Interaction.from_row(rows[0]) if rows else None

    def reply(self, interaction_id: str) -> Reply | None:
        """What became of the reply of an interaction; None when it was not spoken, or is being spoken."""
        rows = self.rows("SELECT * FROM replies WHERE interaction_id = ?", [interaction_id])
        return Reply.from_row(rows[0]) if rows else None

    def transactions(self, interaction_ids: Iterable[str]) -> dict[str, list[Transaction]]:
        """All transactions that go back to these interactions, by interaction; one query for all of them."""
        found: dict[str, list[Transaction]] = {id_: [] for id_ in interaction_ids}
        rows = self.rows(
            """
            SELECT t.*, p.account, p.amount_micros, p.currency
            FROM json_each(:ids) AS wanted
            CROSS JOIN transactions AS t ON t.interaction_id = wanted.value
            CROSS JOIN postings AS p ON p.transaction_id = t.id
            ORDER BY t.number, p.line
            """,
            {"ids": json.dumps(list(found))},
        )
        for _, lines in groupby(rows, key=lambda row: row["number"]):
            first, *others = lines
            found[first["interaction_id"]].append(Transaction.from_rows(first, (first, *others)))
        return found

    def transaction(self, transaction_id: str) -> Transaction:
        """One transaction; KeyError when there is none of that id."""
        rows = self.rows("SELECT * FROM transactions WHERE id = ?", [transaction_id])
        if not rows:
            raise KeyError(transaction_id)
        lines = self.rows("SELECT * FROM postings WHERE transaction_id = ? ORDER BY line", [transaction_id])
        return Transaction.from_rows(rows[0], lines)

    def head(self) -> tuple[int, str]:
        """How many transactions there are, and the hash of the newest: what vouches for all of them."""
        with _explained(self.path):
            newest = self._db.conn.execute(
                "SELECT number, hash FROM transactions ORDER BY number DESC LIMIT 1"
            )
            return newest.fetchone() or (0, GENESIS)

    def order(self, order_id: str) -> tuple[Order, list[OrderEvent]]:
        """An order and its life so far; KeyError when there is none of that id."""
        rows = self.rows("SELECT * FROM orders WHERE id = ?", [order_id])
        if not rows:
            raise KeyError(order_id)
        events = self.rows("SELECT * FROM order_events WHERE order_id = ? ORDER BY rowid", [order_id])
        return Order.from_row(rows[0]), [OrderEvent.from_row(row) for row in events]

    def orders(self) -> list[tuple[Order, list[OrderEvent]]]:
        """All orders with their life so far, oldest first."""
        return [self.order(row["id"]) for row in self.rows("SELECT id FROM orders ORDER BY rowid")]

    def balances(self) -> list[tuple[str, Money]]:
        """The balance of every account that was ever booked to, by name and currency; debits are positive."""
        rows = self.rows(
            """
            SELECT account, currency, sum(amount_micros) AS micros FROM postings
            GROUP BY account, currency ORDER BY account, currency
            """
        )
        return [(row["account"], Money(currency=row["currency"], micros=row["micros"])) for row in rows]

    def unfinished_orders(self) -> list[tuple[Order, list[OrderEvent]]]:
        """Orders that are neither completed nor cancelled, with their life so far, oldest first."""
        rows = self.rows(
            """
            SELECT id FROM orders WHERE rowid > ? AND NOT EXISTS (
                SELECT 1 FROM order_events
                WHERE order_id = orders.id AND state IN ('completed', 'cancelled')
            ) ORDER BY rowid
            """,
            [self._finished_up_to],
        )
        return [self.order(row["id"]) for row in rows]

    def currency(self) -> str | None:
        """The currency that the books are kept in; None while nothing has been booked."""
        rows = self.rows("SELECT currency FROM postings LIMIT 1")
        return rows[0]["currency"] if rows else None

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query; StoreError when the database cannot answer."""
        with _explained(self.path):
            # Not query(): it opens a savepoint, which an interruption would leave open.
            cursor = self._db.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def stream(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, for more of them than should be held in memory."""
        with _explained(self.path):
            # Not `yield from`: that closes the cursor when an interruption leaves this half-way, and a cursor cannot be
            # closed after its database.
            for row in self._db.execute(sql, parameters):  # noqa: UP028
                yield row

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reading within sees the log as it is now, whatever other programs write meanwhile."""
        with _explained(self.path):
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.rollback()

    # ---- opening

    def _prepare(self, mode: Literal["write", "read"]) -> None:
        db = self._db
        db.execute("PRAGMA foreign_keys = ON")
        known = set(NAMES)
        applied = {migration.name for migration in migrations.applied(db)}
        if applied - known:
            raise StoreError(
                f"{self.path} was written by a newer Pennyworth ({', '.join(sorted(applied - known))}); update this one"
            )
        if mode == "read":
            if known - applied:
                raise StoreError(
                    f"{self.path} is no Pennyworth log, or an older one; any writing command updates it"
                )
            return
        self._refuse_foreign_database()
        # WAL lets a report read while the loop writes; FULL makes each commit survive a loss of power.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if known - applied:
            # A table that is made anew must not take along what refers to it; the migrations check the keys themselves.
            db.execute("PRAGMA foreign_keys = OFF")
            # Under the write lock, so that two programs that begin a log together do not both make its tables.
            with self._writing():
                migrations.apply(db)
            db.execute("PRAGMA foreign_keys = ON")

    def _refuse_foreign_database(self) -> None:
        """A database full of somebody else's tables is a mistyped path, not a place for ours."""
        tables = set(self._db.table_names())
        if tables and migrations.migrations_table not in tables:
            raise StoreError(
                f"{self.path} is a database of something else (it has the table {min(tables)!r}); choose another --db"
            )


@lru_cache
def _insert_statement(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _connect(path: Path, mode: Literal["write", "read"]) -> sqlite3.Connection:
    if mode == "write":
        return sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if path.with_name(f"{path.name}-wal").exists() and path.with_name(f"{path.name}-wal").stat().st_size:
            raise
        # Reading a WAL database wants to write its -shm file; where the folder forbids that nobody can be
        # writing the log either, so it may be read as it lies there.
        if error.sqlite_errorname not in {
            "SQLITE_CANTOPEN",
            "SQLITE_READONLY_DIRECTORY",
            "SQLITE_READONLY_CANTINIT",
        }:
            raise
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    return connection


_ADVICE: Final = {
    "SQLITE_BUSY": "another program is writing to it and does not let go; close it and try again",
    "SQLITE_LOCKED": "another program holds it locked; close it and try again",
    "SQLITE_READONLY": "it is read-only; check its permissions and those of its folder, or choose another --db",
    "SQLITE_CANTOPEN": "it cannot be opened; check that it is a file in a folder of yours, or choose another --db",
    "SQLITE_NOTADB": "it is no SQLite database; choose another --db",
    "SQLITE_CORRUPT": "it is damaged; keep a copy, then try `sqlite3 DB .recover`, or choose another --db",
    "SQLITE_FULL": "the disk is full; make room and try again",
    "SQLITE_IOERR": "the disk refuses to be read or written; check that there is room on it and that it is sound",
}


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the file system says into a StoreError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        advice = next((text for prefix, text in _ADVICE.items() if name.startswith(prefix)), str(error))
        raise StoreError(f"the log {path}: {advice}") from error
    except OSError as error:
        raise StoreError(f"the log {path}: {error.strerror}; choose another --db") from error
