"""The chain of hashes, and what SQLite itself refuses, whoever writes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import LedgerError, StoreError
from assistant.ledger.chain import GENESIS, chained_hash
from assistant.ledger.rules import book_interaction, reverse
from assistant.ledger.transactions import Posting, Transaction
from assistant.money import Money
from assistant.store.audit import audit
from assistant.store.store import Store
from assistant.store.summary import DAYS_FILL, FILL, PIECES_FILL
from tests.assistant.examples import NOW, interaction, plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A log of three interactions."""
    with Store.open(tmp_path / "log.db") as opened:
        for n in range(1, 4):
            append(opened, n)
        yield opened


@pytest.fixture
def shell(store: Store) -> Iterator[sqlite3.Connection]:
    """A SQLite shell beside the program: any settings, no help from our code."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        yield db


def append(store: Store, n: int) -> None:
    it = interaction(id=f"i{n}")
    store.append(it, transactions=book_interaction(it, plan()))


def rehash(path: Path, *statements: str, last: int | None = None) -> None:
    """Forge the books with care: change rows, then work every hash and every sum out again, so that all agrees."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        before = GENESIS
        for row in db.execute("SELECT * FROM transactions ORDER BY number").fetchall():
            if last is not None and row["number"] > last:
                break
            lines = db.execute("SELECT * FROM postings WHERE transaction_id = ? ORDER BY line", [row["id"]])
            before = chained_hash(before, dict(row), [dict(line) for line in lines])
            db.execute("UPDATE transactions SET hash = ? WHERE number = ?", [before, row["number"]])
        db.row_factory = None
        emptied = [f"DELETE FROM statement_{name}" for name in ("pieces", "days", "totals", "cells")]
        for statement in (*emptied, *FILL, DAYS_FILL, PIECES_FILL):
            db.execute(statement)
        for _, sql in triggers:
            db.execute(sql)
        db.commit()


# ---- the chain


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
row_of_transactions = st.fixed_dictionaries(
    {
        **dict.fromkeys(("id", "at", "kind", "interaction_id", "plan", "description"), text),
        **dict.fromkeys(("order_id", "reverses"), st.none() | text),
    }
)
rows_of_postings = st.lists(
    st.fixed_dictionaries(
        {
            "line": st.integers(1, 9),
            "account": text,
            "amount_micros": st.integers(-(2**63), 2**63 - 1),
            "currency": text,
        }
    ),
    max_size=4,
)


@given(row_of_transactions, rows_of_postings)
def test_the_hash_can_be_worked_out_with_the_standard_library_alone(
    row: dict[str, Any], lines: list[dict[str, Any]]
) -> None:
    """As docs/ledger.md says it: somebody who doubts us needs none of our code."""
    fields = ("id", "at", "kind", "interaction_id", "order_id", "plan", "description", "reverses")
    document = [
        GENESIS,
        *(row[name] for name in fields),
        [[line["line"], line["account"], line["amount_micros"], line["currency"]] for line in lines],
    ]
    told = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    assert hashlib.sha256(told).hexdigest() == chained_hash(GENESIS, row, lines)


def test_each_transaction_continues_the_one_before(store: Store) -> None:
    before = GENESIS
    rows = store.rows("SELECT * FROM transactions ORDER BY number")
    for number, row in enumerate(rows, start=1):
        lines = store.rows("SELECT * FROM postings WHERE transaction_id = ? ORDER BY line", [row["id"]])
        before = chained_hash(before, row, lines)
        assert (row["number"], row["hash"]) == (number, before)
    assert store.head() == (3, before)
    assert audit(store).head == before


def test_an_empty_log_has_the_head_that_every_chain_begins_with(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new.db") as store:
        found = audit(store, head=GENESIS)
    assert (found.transactions, found.postings, found.head, found.problems) == (0, 0, GENESIS, ())


def test_a_noted_head_vouches_for_everything_up_to_it_and_the_log_may_grow(store: Store) -> None:
    noted = audit(store).head
    append(store, 4)
    grown = audit(store, head=noted)
    assert grown.problems == ()
    assert grown.head != noted


def test_books_that_were_forged_and_chained_anew_betray_themselves_only_by_a_noted_head(store: Store) -> None:
    """What a chain without an outside anchor cannot prove, the documentation says so too."""
    noted = audit(store).head
    rehash(
        store.path,
        "UPDATE postings SET amount_micros = 9 * amount_micros WHERE transaction_id = 'i2:compute'",
    )
    assert audit(store).problems == ()
    (problem,) = audit(store, head=noted).problems
    assert (problem.where, "rewritten or cut short" in problem.what) == ("chain", True)


def test_books_that_were_cut_short_betray_themselves_only_by_a_noted_head(store: Store) -> None:
    noted = audit(store).head
    rehash(
        store.path,
        "DELETE FROM postings WHERE transaction_id = 'i3:compute'",
        "DELETE FROM transactions WHERE id = 'i3:compute'",
        "DELETE FROM interactions WHERE id = 'i3'",
    )
    assert audit(store).problems == ()
    assert [problem.where for problem in audit(store, head=noted).problems] == ["chain"]


def test_a_forger_who_chains_a_part_anew_is_caught_where_the_part_ends(store: Store) -> None:
    rehash(
        store.path,
        "UPDATE postings SET amount_micros = 9 * amount_micros WHERE transaction_id = 'i1:compute'",
        last=2,
    )
    (problem,) = audit(store).problems
    assert problem.where == "transaction i3:compute"


def test_a_table_that_was_made_anew_without_its_types_is_named_and_so_is_what_stands_in_it(
    store: Store,
) -> None:
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("CREATE TABLE forged AS SELECT * FROM postings")
        db.execute(
            "UPDATE forged SET amount_micros = 'much' WHERE transaction_id = 'i2:compute' AND line = 1"
        )
        db.execute("DROP TABLE postings")
        db.execute("CREATE TABLE postings AS SELECT * FROM forged")
        db.commit()
    where = {problem.where for problem in audit(store).problems}
    assert {"table postings", "posting i2:compute line 1", "transaction i2:compute"} <= where


def test_two_transactions_that_change_places_are_found(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("DROP TRIGGER transactions_no_update")
        for number, place in ((1, -1), (2, 1), (-1, 2)):
            db.execute("UPDATE transactions SET number = ? WHERE number = ?", (place, number))
        db.commit()
    where = {problem.where for problem in audit(store).problems}
    assert {"transaction i1:compute", "transaction i2:compute", "trigger transactions_no_update"} <= where


def test_many_findings_of_one_kind_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "log.db") as store:
        for n in range(40):
            append(store, n)
        rehash(store.path, "UPDATE postings SET amount_micros = 1 + amount_micros WHERE amount_micros < 0")
        problems = audit(store).problems
    assert len(problems) == 21
    assert (problems[-1].where, problems[-1].what) == ("balance", "20 more of this kind")


WRITER = """
import sys
from pathlib import Path
from assistant.ledger.rules import book_interaction
from assistant.store.store import Store
from tests.assistant.examples import interaction, plan

with Store.open(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(40):
        it = interaction(id=f"{sys.argv[2]}-{n}")
        store.append(it, transactions=book_interaction(it, plan()))
        # Nobody is done before all have begun, so that they do write in turns.
        while n == 9 and len({each.id[0] for each in store.interactions()}) < 3:
            pass
"""


def test_what_several_processes_append_is_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with Store.open(path) as store:
        found = audit(store)
        order = [row["id"][0] for row in store.rows("SELECT id FROM transactions ORDER BY number")]
    assert (found.transactions, found.problems) == (120, ())
    assert order != sorted(order), "they took turns"


# ---- what the database refuses


POSTINGS = "INSERT INTO postings VALUES ('t', {}, 'i1', 'home', '{}', {}, '{}')"
SEAL = "INSERT INTO transactions VALUES ({}, 't', '2026', 'compute', 'i1', NULL, 'home', '', NULL, '{}')"


def post(shell: sqlite3.Connection, *lines: tuple[str, int, str], verb: str = "INSERT") -> None:
    for number, line in enumerate(lines, start=1):
        shell.execute(POSTINGS.format(number, *line).replace("INSERT", verb))


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL"])
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([("A", 5, "USD"), ("B", -4, "USD")], "balances in each currency"),
        ([("A", 5, "USD"), ("B", -5, "EUR")], "balances in each currency"),
        ([("A", 5, "USD"), ("B", -5, "USD"), ("C", 1, "EUR")], "balances in each currency"),
        ([("A", 0, "USD")], "at least two postings"),
        ([], "at least two postings"),
        ([("A", 2**63 - 1, "USD"), ("B", 1, "USD")], "overflow"),
    ],
)
def test_a_transaction_that_does_not_balance_is_refused(
    store: Store, shell: sqlite3.Connection, verb: str, lines: list[tuple[str, int, str]], message: str
) -> None:
    shell.execute("BEGIN")
    post(shell, *lines)
    with pytest.raises(sqlite3.DatabaseError, match=message):
        shell.execute(SEAL.format(4, "0" * 64).replace("INSERT", verb))
    shell.execute("ROLLBACK")
    assert audit(store).problems == ()


def test_postings_without_their_transaction_cannot_be_committed(
    store: Store, shell: sqlite3.Connection
) -> None:
    shell.execute("PRAGMA foreign_keys = ON")
    shell.execute("BEGIN")
    post(shell, ("A", 5, "USD"), ("B", -5, "USD"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        shell.execute("COMMIT")
    shell.execute("ROLLBACK")
    assert audit(store).problems == ()


def test_where_foreign_keys_are_off_the_audit_finds_postings_without_a_transaction(
    store: Store, shell: sqlite3.Connection
) -> None:
    post(shell, ("A", 5, "USD"), ("B", -5, "USD"))
    assert "posting t line 1" in {problem.where for problem in audit(store).problems}


@pytest.mark.parametrize("verb", ["INSERT", "REPLACE", "INSERT OR IGNORE"])
def test_nothing_can_be_added_to_a_transaction(shell: sqlite3.Connection, verb: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(f"{verb} INTO postings VALUES ('i1:compute', 9, 'i1', 'home', 'A', 0, 'USD')")


@pytest.mark.parametrize("number", [1, 5, 0, -1])
def test_a_transaction_is_refused_anywhere_but_at_the_end(shell: sqlite3.Connection, number: int) -> None:
    shell.execute("BEGIN")
    post(shell, ("A", 5, "USD"), ("B", -5, "USD"))
    with pytest.raises(sqlite3.IntegrityError, match="append-only|without a gap"):
        shell.execute(SEAL.format(number, "0" * 64))
    with pytest.raises(sqlite3.IntegrityError, match="length"):
        shell.execute(SEAL.format(4, "0"))
    shell.execute("ROLLBACK")


@pytest.mark.parametrize("other", [("i2", "home"), ("i1", "laptop")])
def test_a_posting_of_another_interaction_or_plan_is_refused(
    shell: sqlite3.Connection, other: tuple[str, str]
) -> None:
    shell.execute("BEGIN")
    post(shell, ("A", 5, "USD"))
    shell.execute("INSERT INTO postings VALUES ('t', 2, ?, ?, 'B', -5, 'USD')", other)
    with pytest.raises(sqlite3.IntegrityError, match="the interaction and the plan of its transaction"):
        shell.execute(SEAL.format(4, "0" * 64))
    shell.execute("ROLLBACK")


@pytest.mark.parametrize("table", ["transactions", "postings"])
@pytest.mark.parametrize(
    "verb", ["UPDATE OR IGNORE {} SET plan = 'x'", "UPDATE OR REPLACE {} SET plan = 'x'"]
)
def test_a_conflict_clause_opens_no_way_round_the_guards(
    shell: sqlite3.Connection, table: str, verb: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(verb.format(table))


def test_an_upsert_opens_no_way_round_the_guards(shell: sqlite3.Connection) -> None:
    row = shell.execute("SELECT * FROM postings").fetchone()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET amount_micros = amount_micros + 1",
            row,
        )


# ---- what the store refuses


def test_an_account_that_is_not_in_the_chart_cannot_be_booked_to(store: Store) -> None:
    it = interaction(id="i4")
    one = Money.of("1", "USD")
    odd = Transaction(
        id="i4:compute",
        at=NOW,
        kind="compute",
        interaction_id="i4",
        order_id=None,
        plan="home",
        description="",
        postings=(
            Posting(account="Expenses:Bribes", amount=one),
            Posting(account="Assets:Cash", amount=-one),
        ),
    )
    with pytest.raises(LedgerError, match="'Expenses:Bribes' is not in the chart of accounts"):
        store.append(it, transactions=[odd])
    assert len(store.interactions()) == 3


def test_a_correction_is_a_new_transaction_with_its_reason(store: Store) -> None:
    original, before = store.transaction("i2:compute"), store.balances()
    correction = store.correct("i2:compute", lambda t: reverse(t, reason="measured twice", at=NOW))
    assert correction.description == "reverses i2:compute: measured twice"
    assert store.transactions(["i2"])["i2"] == [original, correction]
    # Three interactions that cost the same, and one of them taken back.
    assert {account: money.micros for account, money in store.balances()} == {
        account: 2 * money.micros // 3 for account, money in before
    }
    with pytest.raises(LedgerError, match="has been reversed already, by i2:compute:reversed"):
        store.correct("i2:compute", lambda t: reverse(t, reason="again", at=NOW))
    with pytest.raises(LedgerError, match="needs a reason"):
        store.correct("i1:compute", lambda t: reverse(t, reason=" ", at=NOW))
    with pytest.raises(KeyError):
        store.correct("i9:compute", lambda t: reverse(t, reason="gone", at=NOW))
    # What was taken back by mistake is had again by taking the correction back.
    store.correct("i2:compute:reversed", lambda t: reverse(t, reason="it was right", at=NOW))
    assert audit(store).problems == ()


def test_a_correction_that_is_not_the_reverse_of_anything_is_found(store: Store) -> None:
    store.correct("i2:compute", lambda t: reverse(t, reason="measured twice", at=NOW))
    rehash(
        store.path,
        "UPDATE transactions SET reverses = 'i1:compute' WHERE reverses IS NOT NULL",
        "UPDATE postings SET amount_micros = 5 * amount_micros WHERE transaction_id = 'i2:compute:reversed'",
    )
    (problem,) = audit(store).problems
    assert (problem.where, problem.what) == (
        "transaction i2:compute:reversed",
        "is not the reverse of i1:compute",
    )


def test_a_store_error_names_what_the_database_refused(store: Store) -> None:
    it = interaction(id="i1")
    with pytest.raises(StoreError, match="interactions.id|append-only"):
        store.append(it, transactions=book_interaction(it, plan()))
