"""An older log is brought up to date whole or not at all, also when the program is killed half-way."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database

from assistant.errors import StoreError
from assistant.ledger.chain import GENESIS
from assistant.store.audit import audit
from assistant.store.schema import NAMES, migrations
from assistant.store.store import Store
from tests.benchmarks.large import write_large_log

if TYPE_CHECKING:
    from pathlib import Path

FIRST = NAMES[0]
OLD_STATES = "('quoted', 'confirmed', 'placed', 'completed', 'cancelled')"
OLD_KINDS = "('compute', 'notification', 'accrual')"


def write_old_log(path: Path, interactions: int) -> None:
    """A log as the first release left it: its schema, and its rows in their order."""
    new = path.with_name("new.db")
    write_large_log(new, interactions)
    with Database(path) as db:
        migrations.apply(db, stop_before=NAMES[1])
        db.conn.execute("PRAGMA foreign_keys = OFF")
        db.conn.execute("ATTACH ? AS new", [str(new)])
        said, orders = (
            ", ".join(f'"{column.name}"' for column in db[table].columns)
            for table in ("interactions", "orders")
        )
        for statement in (
            f"INSERT INTO interactions SELECT {said} FROM new.interactions",
            f"INSERT INTO orders SELECT {orders} FROM new.orders",
            f"INSERT INTO order_events SELECT * FROM new.order_events WHERE state IN {OLD_STATES} ORDER BY rowid",
            f"""
            INSERT INTO transactions SELECT id, at, kind, interaction_id, order_id, "plan", description
            FROM new.transactions WHERE kind IN {OLD_KINDS} ORDER BY number
            """,
            "INSERT INTO postings SELECT * FROM new.postings WHERE transaction_id IN (SELECT id FROM transactions)",
        ):
            db.conn.execute(statement)
        db.conn.commit()


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of an older log and of what becomes of it, as far as both have them."""
    queries = {
        "interactions": "SELECT number, id, at, transcript, words, slots, plan FROM interactions ORDER BY number",
        "orders": "SELECT id, description, total_micros, rebate_micros FROM orders ORDER BY rowid",
        "order_events": "SELECT order_id, state, at, interaction_id, reason FROM order_events ORDER BY rowid",
        "transactions": "SELECT id, at, kind, interaction_id, order_id, plan, description FROM transactions ORDER BY 1",
        "postings": "SELECT * FROM postings ORDER BY transaction_id, line",
    }
    with closing(sqlite3.connect(path)) as db:
        return {table: db.execute(query).fetchall() for table, query in queries.items()}


def applied(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("old") / "old.db"
    write_old_log(path, 2_000)
    return path


def test_an_older_log_keeps_every_row_and_is_chained(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(old, path)
    with pytest.raises(StoreError, match="any writing command updates it"):
        Store.open(path, mode="read")
    before = contents(path)
    with Store.open(path) as store:
        number, head = store.head()
        found = audit(store)
        written = [row["id"] for row in store.rows("SELECT id FROM transactions ORDER BY number")]
        assert store.rows("PRAGMA foreign_keys") == [{"foreign_keys": 1}]
    assert contents(path) == before
    with closing(sqlite3.connect(old)) as db:
        assert written == [id_ for (id_,) in db.execute("SELECT id FROM transactions ORDER BY rowid")]
    assert (number, found.head, found.problems) == (len(before["transactions"]), head, ())
    assert head != GENESIS


def test_an_older_log_with_missing_rows_is_left_as_it_is(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(old, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER orders_no_delete")
        db.execute("DELETE FROM orders WHERE rowid = 1")
        db.commit()
    with pytest.raises(StoreError, match="refer to rows that are missing"):
        Store.open(path)
    assert applied(path) == [FIRST]
    assert contents(path)["orders"]


OPEN = """
import sys
from pathlib import Path
from assistant.store.store import Store
print("ready", flush=True)
Store.open(Path(sys.argv[1])).close()
print("done", flush=True)
"""


def test_killed_while_a_log_is_brought_up_to_date(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(old, path)
    before = contents(path)
    chance = random.Random(7)
    half_way = 0
    longest_s = 0.2
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", OPEN, str(path)], stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, longest_s))
            process.kill()
            done = process.stdout.readline() == "done\n"
        assert contents(path) == before
        if applied(path) == [FIRST]:
            half_way += 1
        elif half_way:
            break
        else:
            # This machine is faster than it was waited for: from the beginning, and sooner.
            assert done or applied(path) == list(NAMES)
            for file in tmp_path.glob("log.db*"):
                file.unlink()
            shutil.copy(old, path)
            longest_s /= 2
    # And left alone it comes to its end.
    with Store.open(path) as store:
        assert audit(store).problems == ()
    assert applied(path) == list(NAMES)
    assert contents(path) == before
    assert half_way
