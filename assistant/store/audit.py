"""The audit: every rule that the stored books must obey, each as a query for what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assistant.store.store import Store

MOST_PROBLEMS: Final = 20
"""So many findings of one kind are listed."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in the books that cannot be right."""

    where: str
    """The row: "transaction …", "order …"."""
    what: str
    """What is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an audit found."""

    transactions: int
    """How many there are."""
    postings: int
    """How many there are."""
    problems: tuple[Problem, ...]
    """Empty when the books are in order."""


# Each query yields `where` and `what` for every row that breaks the rule.
_RULES: Final = (
    # Every transaction sums to zero in each of its currencies.
    """
    SELECT 'transaction ' || transaction_id AS "where",
        'is off by ' || sum(amount_micros) || ' millionths of ' || currency AS what
    FROM postings GROUP BY transaction_id, currency HAVING sum(amount_micros) <> 0
    """,
    # Double entry: at least two postings.
    """
    SELECT 'transaction ' || t.id AS "where", 'has ' || count(p.line) || ' posting(s), needs two' AS what
    FROM transactions AS t LEFT JOIN postings AS p ON p.transaction_id = t.id
    GROUP BY t.id HAVING count(p.line) < 2
    """,
    # Every posting names the interaction and the plan of its transaction.
    """
    SELECT 'posting ' || p.transaction_id || ' line ' || p.line AS "where",
        'names another interaction or plan than its transaction' AS what
    FROM postings AS p JOIN transactions AS t ON t.id = p.transaction_id
    WHERE p.interaction_id <> t.interaction_id OR p."plan" <> t."plan"
    """,
    # A rebate is earned when its order completes, once, and as agreed; nothing else is income.
    """
    SELECT 'order ' || o.id AS "where",
        CASE WHEN e.order_id IS NULL THEN 'earned ' || coalesce(sum(-p.amount_micros), 0)
                || ' millionths without having completed'
            ELSE 'completed and earned ' || coalesce(sum(-p.amount_micros), 0)
                || ' millionths instead of ' || o.rebate_micros END AS what
    FROM orders AS o
    LEFT JOIN order_events AS e ON e.order_id = o.id AND e.state = 'completed'
    LEFT JOIN transactions AS t ON t.order_id = o.id
    LEFT JOIN postings AS p ON p.transaction_id = t.id AND p.account LIKE 'Income:%'
    GROUP BY o.id
    HAVING coalesce(sum(-p.amount_micros), 0) <> CASE WHEN e.order_id IS NULL THEN 0 ELSE o.rebate_micros END
    """,
    """
    SELECT 'transaction ' || t.id AS "where", 'books income without an order' AS what
    FROM transactions AS t JOIN postings AS p ON p.transaction_id = t.id
    WHERE p.account LIKE 'Income:%' AND t.order_id IS NULL
    """,
    # Every interaction has its costs booked, once.
    """
    SELECT 'interaction ' || i.id AS "where", 'has no booking of what it cost' AS what
    FROM interactions AS i
    WHERE NOT EXISTS (SELECT 1 FROM transactions AS t WHERE t.id = i.id || ':compute')
    """,
    # Placing an order costs its messages, once and as agreed; one that was not placed costs none.
    """
    SELECT 'order ' || o.id AS "where",
        'cost ' || coalesce(sum(p.amount_micros), 0) || ' millionths of messages instead of '
            || CASE WHEN e.order_id IS NULL THEN 0 ELSE o.notification_micros END AS what
    FROM orders AS o
    LEFT JOIN order_events AS e ON e.order_id = o.id AND e.state = 'placed'
    LEFT JOIN transactions AS t ON t.order_id = o.id
    LEFT JOIN postings AS p ON p.transaction_id = t.id AND p.account LIKE 'Expenses:Notification:%'
    GROUP BY o.id
    HAVING coalesce(sum(p.amount_micros), 0) <> CASE WHEN e.order_id IS NULL THEN 0 ELSE o.notification_micros END
    """,
    # Nothing happens to an order after it has ended.
    """
    SELECT 'order ' || late.order_id AS "where", 'was ' || late.state || ' after it was ' || done.state AS what
    FROM order_events AS done
    JOIN order_events AS late ON late.order_id = done.order_id AND late.rowid > done.rowid
    WHERE done.state IN ('completed', 'cancelled')
    """,
    # An order lives in sequence: quoted, confirmed, placed, completed.
    """
    SELECT 'order ' || e.order_id AS "where", 'was ' || e.state || ' without having been ' || needs.before AS what
    FROM order_events AS e
    JOIN (
        SELECT 'confirmed' AS state, 'quoted' AS before
        UNION ALL SELECT 'placed', 'confirmed'
        UNION ALL SELECT 'completed', 'placed'
        UNION ALL SELECT 'cancelled', 'quoted'
    ) AS needs ON needs.state = e.state
    WHERE NOT EXISTS (SELECT 1 FROM order_events AS b WHERE b.order_id = e.order_id AND b.state = needs.before)
    """,
    # What belongs together is there.
    """
    SELECT 'table ' || "table" AS "where", 'row ' || rowid || ' refers to a missing row of ' || parent AS what
    FROM pragma_foreign_key_check
    """,
    """
    SELECT 'database file' AS "where", integrity_check AS what
    FROM pragma_integrity_check WHERE integrity_check <> 'ok'
    """,
)


def audit(store: Store) -> Audit:
    """Check the whole books; StoreError when they cannot even be read."""
    problems = [
        Problem(where=row["where"], what=row["what"])
        for rule in _RULES
        for row in store.rows(f"SELECT * FROM ({rule}) LIMIT {MOST_PROBLEMS}")
    ]
    (counts,) = store.rows(
        "SELECT (SELECT count(*) FROM transactions) AS transactions, (SELECT count(*) FROM postings) AS postings"
    )
    return Audit(transactions=counts["transactions"], postings=counts["postings"], problems=tuple(problems))
