"""The tables, as named migrations: each is applied once, in a transaction, and never edited afterwards."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import Final

from sqlite_utils import Database, Migrations

from assistant.ledger.chain import GENESIS, seal
from assistant.store.summary import DAYS_SETUP, PIECES_SETUP, SETUP

migrations: Final = Migrations("pennyworth")


@migrations()
def log_and_books(db: Database) -> None:
    """Interactions, orders and their events, transactions and their postings."""
    # STRICT, so that SQLite itself refuses a text or a float where an integer belongs.
    for statement in _LOG_AND_BOOKS:
        db.execute(statement)


_LOG_AND_BOOKS: Final = (
    """
    CREATE TABLE interactions (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        session TEXT NOT NULL,
        at TEXT NOT NULL,
        device TEXT NOT NULL,
        source TEXT NOT NULL CHECK (source IN ('microphone', 'file', 'typed')),
        origin TEXT NOT NULL,
        engine TEXT NOT NULL,
        model TEXT NOT NULL,
        transcript TEXT NOT NULL,
        words TEXT NOT NULL CHECK (json_valid(words)),
        alternatives TEXT NOT NULL CHECK (json_valid(alternatives)),
        truncated INTEGER NOT NULL,
        intent TEXT,
        kind TEXT NOT NULL CHECK (kind IN ('trivial', 'commerce', 'none')),
        slots TEXT NOT NULL CHECK (json_valid(slots)),
        step TEXT NOT NULL,
        score REAL NOT NULL,
        runner_up TEXT,
        runner_up_score REAL NOT NULL,
        outcome TEXT NOT NULL CHECK (
            outcome IN ('answered', 'asked', 'ordered', 'cancelled', 'rejected', 'failed')
        ),
        reply TEXT NOT NULL,
        order_id TEXT REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
        audio_us INTEGER NOT NULL,
        listening_cpu_us INTEGER NOT NULL,
        recognition_cpu_us INTEGER NOT NULL,
        understanding_cpu_us INTEGER NOT NULL,
        endpoint_us INTEGER NOT NULL,
        recognition_us INTEGER NOT NULL,
        understanding_us INTEGER NOT NULL,
        lost_frames INTEGER NOT NULL,
        catalogue TEXT NOT NULL,
        software TEXT NOT NULL,
        plan TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX interactions_at ON interactions (at)",
    "CREATE INDEX interactions_intent ON interactions (intent)",
    """
    CREATE TABLE orders (
        id TEXT PRIMARY KEY,
        intent TEXT NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        description TEXT NOT NULL,
        slots TEXT NOT NULL CHECK (json_valid(slots)),
        total_micros INTEGER NOT NULL,
        currency TEXT NOT NULL,
        quoted_at TEXT NOT NULL,
        plan TEXT NOT NULL,
        rebate_micros INTEGER NOT NULL,
        rebate_terms TEXT NOT NULL,
        notification_micros INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE order_events (
        order_id TEXT NOT NULL REFERENCES orders (id),
        state TEXT NOT NULL CHECK (
            state IN ('quoted', 'confirmed', 'placed', 'completed', 'cancelled')
        ),
        at TEXT NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        reason TEXT NOT NULL,
        PRIMARY KEY (order_id, state)
    ) STRICT
    """,
    # An order ends once: it is never both completed and cancelled.
    """
    CREATE UNIQUE INDEX order_ends_once ON order_events (order_id)
        WHERE state IN ('completed', 'cancelled')
    """,
    "CREATE INDEX order_events_interaction ON order_events (interaction_id)",
    """
    CREATE TABLE transactions (
        id TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        order_id TEXT REFERENCES orders (id),
        "plan" TEXT NOT NULL,
        description TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX transactions_interaction ON transactions (interaction_id)",
    """
    CREATE TABLE postings (
        transaction_id TEXT NOT NULL REFERENCES transactions (id),
        line INTEGER NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        "plan" TEXT NOT NULL,
        account TEXT NOT NULL,
        amount_micros INTEGER NOT NULL,
        currency TEXT NOT NULL,
        PRIMARY KEY (transaction_id, line)
    ) STRICT
    """,
    "CREATE INDEX postings_interaction ON postings (interaction_id)",
    # The books and the log are append-only: a correction is a new transaction.
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END
        """
        for table in ("orders", "transactions", "postings", "order_events")
        for verb in ("UPDATE", "DELETE")
    ),
    # REPLACE deletes without firing delete triggers, so a key that is there is refused before it comes to that.
    *(
        f"""
        CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE ({key}) = ({new}))
        BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END
        """
        for table, key, new in (
            ("orders", "id", "NEW.id"),
            ("transactions", "id", "NEW.id"),
            ("postings", "transaction_id, line", "NEW.transaction_id, NEW.line"),
            ("order_events", "order_id, state", "NEW.order_id, NEW.state"),
        )
    ),
    # Nothing happens to an order that has ended, and nothing is placed that was not confirmed.
    """
    CREATE TRIGGER order_events_in_sequence BEFORE INSERT ON order_events
    WHEN NEW.state <> 'quoted' AND coalesce(
        (SELECT state FROM order_events WHERE order_id = NEW.order_id ORDER BY rowid DESC LIMIT 1), 'none'
    ) || ' ' || NEW.state NOT IN (
        'quoted confirmed', 'confirmed placed', 'placed completed', 'placed cancelled', 'quoted cancelled'
    )
    BEGIN SELECT RAISE(ABORT, 'an order is quoted, confirmed, placed, and then ends once'); END
    """,
)


@migrations()
def chain_and_settlement(db: Database) -> None:
    """Transactions are numbered, chained by hashes and sealed when they balance; orders are settled or given back.

    SQLite cannot change a CHECK or a key in place, so three tables are made anew. Foreign keys are off meanwhile.
    """
    for statement in _CHAIN_AND_SETTLEMENT:
        db.execute(statement)
    before = GENESIS
    # Read in the order in which they were written; the postings of each in the order of their lines.
    rows = db.execute(
        """
        SELECT t.rowid, t.id, t.at, t.kind, t.interaction_id, t.order_id, t."plan", t.description, NULL,
            p.line, p.account, p.amount_micros, p.currency
        FROM transactions AS t JOIN postings AS p ON p.transaction_id = t.id ORDER BY t.rowid, p.line
        """
    )
    insert = f"INSERT INTO new_transactions VALUES ({', '.join('?' * 10)})"
    for number, (head, lines) in enumerate(groupby(rows, key=lambda row: row[1:9]), start=1):
        before = seal(before, head, [line[9:] for line in lines])
        db.execute(insert, (number, *head, before))
    for statement in _CHAIN_AND_SETTLEMENT_GUARDS:
        db.execute(statement)
    if db.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.IntegrityError(
            "rows refer to rows that are missing; `ledger check` of the older version names them"
        )


@migrations()
def statement_sums(db: Database) -> None:
    """The sums of statements, kept up by triggers."""
    for statement in SETUP:
        db.execute(statement)


@migrations()
def review(db: Database) -> None:
    """Verdicts on what was understood, what was forgotten, and the words of the log to be searched."""
    for statement in _REVIEW:
        db.execute(statement)


@migrations()
def spoken_replies(db: Database) -> None:
    """What became of replies that were to be spoken."""
    for statement in _SPOKEN_REPLIES:
        db.execute(statement)


_SPOKEN_REPLIES: Final = (
    """
    CREATE TABLE replies (
        interaction_id TEXT PRIMARY KEY REFERENCES interactions (id),
        voice TEXT NOT NULL,
        synthesis_us INTEGER NOT NULL,
        length_us INTEGER NOT NULL,
        start_us INTEGER,
        silence_us INTEGER,
        stopped INTEGER NOT NULL
    ) STRICT
    """,
)


@migrations()
def order_times(db: Database) -> None:
    """What happened to orders in a time is found without going through all that ever did."""
    db.execute("CREATE INDEX order_events_at ON order_events (at)")


@migrations()
def statement_sums_by_day(db: Database) -> None:
    """The sums of statements by day, kept up by triggers on those by quarter of an hour."""
    for statement in DAYS_SETUP:
        db.execute(statement)


@migrations()
def open_questions(db: Database) -> None:
    """What a question that was open made likely, so that it can be seen later why something was understood so."""
    db.execute(
        "ALTER TABLE interactions ADD COLUMN expected TEXT CHECK (expected IS NULL OR json_valid(expected))"
    )


@migrations()
def pieces_sold(db: Database) -> None:
    """The pieces sold, kept up by a trigger on what happens to orders."""
    for statement in PIECES_SETUP:
        db.execute(statement)


_CHAIN_AND_SETTLEMENT: Final = (
    # What else the plan grants and charges on an order.
    "ALTER TABLE orders ADD COLUMN terms TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(terms))",
    # Made aside, filled, and renamed when the old one is gone: renaming an old one would take along what refers to it.
    """
    CREATE TABLE new_order_events (
        order_id TEXT NOT NULL REFERENCES orders (id),
        state TEXT NOT NULL CHECK (
            state IN (
                'quoted', 'confirmed', 'placed', 'completed', 'cancelled', 'settled', 'refunded', 'charged_back'
            )
        ),
        at TEXT NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        reason TEXT NOT NULL,
        PRIMARY KEY (order_id, state)
    ) STRICT
    """,
    """
    INSERT INTO new_order_events (rowid, order_id, state, at, interaction_id, reason)
        SELECT rowid, order_id, state, at, interaction_id, reason FROM order_events ORDER BY rowid
    """,
    "DROP TABLE order_events",
    "ALTER TABLE new_order_events RENAME TO order_events",
    """
    CREATE UNIQUE INDEX order_ends_once ON order_events (order_id)
        WHERE state IN ('completed', 'cancelled')
    """,
    """
    CREATE UNIQUE INDEX order_is_given_back_once ON order_events (order_id)
        WHERE state IN ('refunded', 'charged_back')
    """,
    "CREATE INDEX order_events_interaction ON order_events (interaction_id)",
    """
    CREATE TABLE new_postings (
        transaction_id TEXT NOT NULL REFERENCES transactions (id) DEFERRABLE INITIALLY DEFERRED,
        line INTEGER NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        "plan" TEXT NOT NULL,
        account TEXT NOT NULL,
        amount_micros INTEGER NOT NULL,
        currency TEXT NOT NULL,
        PRIMARY KEY (transaction_id, line)
    ) STRICT, WITHOUT ROWID
    """,
    "INSERT INTO new_postings SELECT * FROM postings ORDER BY transaction_id, line",
    "DROP TABLE postings",
    "ALTER TABLE new_postings RENAME TO postings",
    "CREATE INDEX postings_interaction ON postings (interaction_id)",
    """
    CREATE TABLE new_transactions (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        order_id TEXT REFERENCES orders (id),
        "plan" TEXT NOT NULL,
        description TEXT NOT NULL,
        reverses TEXT UNIQUE REFERENCES transactions (id),
        hash TEXT NOT NULL CHECK (length(hash) = 64)
    ) STRICT
    """,
)

_CHAIN_AND_SETTLEMENT_GUARDS: Final = (
    "DROP TABLE transactions",
    "ALTER TABLE new_transactions RENAME TO transactions",
    "CREATE INDEX transactions_interaction ON transactions (interaction_id)",
    "CREATE INDEX transactions_order ON transactions (order_id) WHERE order_id IS NOT NULL",
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END
        """
        for table in ("transactions", "postings", "order_events")
        for verb in ("UPDATE", "DELETE")
    ),
    # Postings come first. The transaction is the seal on them: it is refused unless they balance in each
    # currency, and nothing can be added to it afterwards. A posting without a transaction cannot be committed.
    """
    CREATE TRIGGER postings_no_replace BEFORE INSERT ON postings
    WHEN EXISTS (SELECT 1 FROM transactions WHERE id = NEW.transaction_id)
        OR EXISTS (SELECT 1 FROM postings WHERE transaction_id = NEW.transaction_id AND line = NEW.line)
    BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END
    """,
    """
    CREATE TRIGGER transactions_sealed BEFORE INSERT ON transactions
    BEGIN
        SELECT RAISE(ABORT, 'transactions are append-only')
            WHERE EXISTS (SELECT 1 FROM transactions WHERE id = NEW.id OR number = NEW.number);
        SELECT RAISE(ABORT, 'transactions are numbered without a gap')
            WHERE NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM transactions);
        SELECT RAISE(ABORT, 'a transaction has at least two postings')
            WHERE (SELECT count(*) FROM postings WHERE transaction_id = NEW.id) < 2;
        SELECT RAISE(ABORT, 'a transaction balances in each currency')
            WHERE EXISTS (
                SELECT 1 FROM postings WHERE transaction_id = NEW.id
                GROUP BY currency HAVING sum(amount_micros) <> 0
            );
        SELECT RAISE(ABORT, 'a posting has the interaction and the plan of its transaction')
            WHERE EXISTS (
                SELECT 1 FROM postings WHERE transaction_id = NEW.id
                AND (interaction_id <> NEW.interaction_id OR "plan" <> NEW."plan")
            );
    END
    """,
    # Nothing happens to an order twice, nor out of sequence.
    """
    CREATE TRIGGER order_events_in_sequence BEFORE INSERT ON order_events
    BEGIN
        SELECT RAISE(ABORT, 'order_events are append-only')
            WHERE EXISTS (SELECT 1 FROM order_events WHERE order_id = NEW.order_id AND state = NEW.state);
        SELECT RAISE(ABORT, 'an order is quoted, confirmed, placed, ended; then settled, refunded, charged back')
            WHERE coalesce(
                (SELECT state FROM order_events WHERE order_id = NEW.order_id ORDER BY rowid DESC LIMIT 1), 'none'
            ) || ' ' || NEW.state NOT IN (
                'none quoted', 'quoted confirmed', 'confirmed placed', 'placed completed', 'placed cancelled',
                'quoted cancelled', 'completed settled', 'completed refunded', 'completed charged_back',
                'settled refunded', 'settled charged_back'
            );
    END
    """,
)

_REVIEW: Final = (
    """
    CREATE TABLE verdicts (
        number INTEGER PRIMARY KEY,
        interaction_id TEXT NOT NULL REFERENCES interactions (id),
        verdict TEXT NOT NULL CHECK (verdict IN ('right', 'wrong')),
        said TEXT NOT NULL,
        intent TEXT,
        slots TEXT NOT NULL CHECK (json_valid(slots)),
        reviewer TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX verdicts_interaction ON verdicts (interaction_id)",
    "CREATE INDEX interactions_session ON interactions (session)",
    """
    CREATE TABLE forgotten (
        interaction_id TEXT PRIMARY KEY REFERENCES interactions (id),
        at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts
    BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END
    """,
    """
    CREATE TRIGGER verdicts_no_replace BEFORE INSERT ON verdicts
    WHEN EXISTS (SELECT 1 FROM verdicts WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END
    """,
    # Forgetting takes the words, and nothing else.
    """
    CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts
    WHEN NOT (
        NEW.said = '' AND NEW.slots = '{}' AND (NEW.number, NEW.interaction_id, NEW.verdict, NEW.reviewer, NEW.at)
            = (OLD.number, OLD.interaction_id, OLD.verdict, OLD.reviewer, OLD.at) AND NEW.intent IS OLD.intent
    )
    BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END
    """,
    "DROP TRIGGER orders_no_update",
    """
    CREATE TRIGGER orders_no_update BEFORE UPDATE ON orders
    WHEN NOT (
        NEW.description = '' AND NEW.slots IN ('{}', json_object('quantity', json_extract(OLD.slots, '$.quantity')))
        AND (
            NEW.rowid, NEW.id, NEW.intent, NEW.interaction_id, NEW.total_micros, NEW.currency, NEW.quoted_at,
            NEW."plan", NEW.rebate_micros, NEW.rebate_terms, NEW.notification_micros, NEW.terms
        ) = (
            OLD.rowid, OLD.id, OLD.intent, OLD.interaction_id, OLD.total_micros, OLD.currency, OLD.quoted_at,
            OLD."plan", OLD.rebate_micros, OLD.rebate_terms, OLD.notification_micros, OLD.terms
        )
    )
    BEGIN SELECT RAISE(ABORT, 'orders are append-only'); END
    """,
    """
    CREATE VIRTUAL TABLE spoken USING fts5(
        transcript, content='interactions', content_rowid='number', tokenize='unicode61 remove_diacritics 2'
    )
    """,
    "INSERT INTO spoken (spoken) VALUES ('rebuild')",
    """
    CREATE TRIGGER interactions_spoken AFTER INSERT ON interactions
    BEGIN INSERT INTO spoken (rowid, transcript) VALUES (NEW.number, NEW.transcript); END
    """,
    """
    CREATE TRIGGER interactions_unspoken AFTER UPDATE OF transcript ON interactions
    BEGIN
        INSERT INTO spoken (spoken, rowid, transcript) VALUES ('delete', OLD.number, OLD.transcript);
        INSERT INTO spoken (rowid, transcript) VALUES (NEW.number, NEW.transcript);
    END
    """,
)

NAMES: Final = tuple(migration.name for migration in migrations.pending(Database(memory=True)))
"""All migrations there are, in order."""
