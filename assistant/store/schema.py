"""The tables, as named migrations: each is applied once, in a transaction, and never edited afterwards."""

from __future__ import annotations

from typing import Final

from sqlite_utils import Database, Migrations

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

NAMES: Final = tuple(migration.name for migration in migrations.pending(Database(memory=True)))
"""All migrations there are, in order."""
