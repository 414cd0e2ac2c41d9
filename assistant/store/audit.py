"""The audit: what the stored books must be, worked out again from the first transaction to the last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlite_utils import Database

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.chain import GENESIS, seal
from assistant.ledger.exchange import Rates
from assistant.ledger.rules import book_order_event
from assistant.records import LIFE, Order, OrderEvent, stamp
from assistant.store.schema import migrations
from assistant.store.summary import DAY_DISAGREEMENTS, DISAGREEMENTS, PIECES_DISAGREEMENTS
from assistant.store.totals import totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    head: str
    """The hash of the newest transaction. Noted elsewhere, it vouches for all of them."""
    problems: tuple[Problem, ...]
    """Empty when the books are in order."""


@dataclass(kw_only=True)
class _Findings:
    """Problems as they are found; of one kind the first few are kept, and the others counted."""

    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, where: str, what: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= MOST_PROBLEMS:
            self.problems.append(Problem(where=where, what=what))

    def all(self) -> tuple[Problem, ...]:
        more = [
            Problem(where=kind, what=f"{count - MOST_PROBLEMS} more of this kind")
            for kind, count in self.counts.items()
            if count > MOST_PROBLEMS
        ]
        return (*self.problems, *more)


def audit(store: Store, *, head: str | None = None) -> Audit:
    """Check the whole books in one consistent view of them.

    Args:
        store: The log.
        head: The hash of a newest transaction that was noted earlier; it must still be in the chain.

    Raises:
        StoreError: they cannot even be read.
    """
    findings = _Findings()
    with store.snapshot():
        _check_schema(store, findings)
        transactions, postings, newest = _check_transactions(store, findings, head)
        _check_orders(store, findings)
        _check_corrections(store, findings)
        for kind, rule in _RULES.items():
            for where, what in store.stream(rule):
                findings.add(kind, where, what)
    return Audit(transactions=transactions, postings=postings, head=newest, problems=findings.all())


# Each query yields the place and what is wrong there for every row that breaks the rule.
_RULES: Final = {
    # Every interaction has its costs booked, once.
    "interactions without a booking": """
        SELECT 'interaction ' || i.id, 'has no booking of what it cost'
        FROM interactions AS i
        WHERE NOT EXISTS (SELECT 1 FROM transactions AS t WHERE t.id = i.id || ':compute')
    """,
    # The sums that statements are made of are those of the log and the books.
    "sums of statements": DISAGREEMENTS,
    "sums of statements by day": DAY_DISAGREEMENTS,
    "pieces sold": PIECES_DISAGREEMENTS,
    # What belongs together is there.
    "missing rows": """
        SELECT 'table ' || "table", CASE WHEN rowid IS NULL THEN 'a row' ELSE 'row ' || rowid END
            || ' refers to a missing row of ' || parent
        FROM pragma_foreign_key_check
    """,
    "postings without a transaction": """
        SELECT 'posting ' || transaction_id || ' line ' || line, 'belongs to no transaction'
        FROM postings WHERE transaction_id NOT IN (SELECT id FROM transactions)
    """,
    "damage": """
        SELECT 'database file', integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'
    """,
}


def _check_schema(store: Store, findings: _Findings) -> None:
    """Every table, index and guard is as the migrations made it."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    with Database(memory=True) as fresh:
        migrations.apply(fresh)
        expected = {row[:2]: row for row in fresh.execute(query).fetchall()}
    found = {row[:2]: row for row in store.stream(query)}
    tables = {table for _, _, table, _ in expected.values()}
    for key, row in expected.items():
        if found.get(key) != row:
            state = "has been altered" if key in found else "is missing"
            findings.add(
                "guards", " ".join(key), f"{state}; the database no longer guards the books as it was made to"
            )
    for key, (kind, _, table, _) in found.items():
        if kind == "trigger" and table in tables and key not in expected:
            findings.add("guards", " ".join(key), f"is none of ours and acts on the table {table}")


def _check_transactions(store: Store, findings: _Findings, noted: str | None) -> tuple[int, int, str]:
    """One pass over all transactions in the order of the chain; returns their number, that of postings, the head."""
    postings, number, before = 0, 0, GENESIS
    seen = noted in (None, GENESIS)
    earned: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    chart = bundled_chart()
    known: set[str] = set()
    transactions = 0
    for (number_, *rest), lines in _transactions(store):
        *head, stored = rest
        id_, _, kind, interaction_id, order_id, plan, _, _ = head
        where = f"transaction {id_}"
        transactions += 1
        if number_ != number + 1:
            findings.add(
                "gaps", where, f"is number {number_} and follows number {number}: what was between is gone"
            )
        number = number_
        if len(lines) < 2:
            findings.add("single entry", where, f"has {len(lines)} posting(s), needs two")
        sums: dict[str, int] = {}
        for place, (line, account, micros, currency, its_interaction, its_plan) in enumerate(lines, start=1):
            if not isinstance(micros, int) or not isinstance(account, str):
                # STRICT forbids it, as long as the table is the one that was made.
                findings.add(
                    "postings", f"posting {id_} line {line}", f"{account!r} {micros!r} is no posting"
                )
                continue
            sums[currency] = sums.get(currency, 0) + micros
            if line != place or its_interaction != interaction_id or its_plan != plan:
                what = (
                    "is out of place"
                    if line != place
                    else "names another interaction or plan than its transaction"
                )
                findings.add("postings", f"posting {id_} line {line}", what)
            if account not in known:
                if chart.find(account) is None:
                    findings.add(
                        "accounts", f"posting {id_} line {line}", f"{account} is not in the chart of accounts"
                    )
                else:
                    known.add(account)
            if account.startswith("Expenses:"):
                spent[currency] += micros
            elif account.startswith("Income:"):
                earned[currency] -= micros
                if order_id is None and kind not in {"advertising", "correction"}:
                    findings.add("income", where, "books income without an order")
        for currency, micros in sums.items():
            if micros:
                findings.add("balance", where, f"is off by {micros} millionths of {currency}")
        postings += len(lines)
        if seal(before, tuple(head), [line[:4] for line in lines]) != stored:
            findings.add("chain", where, f"is not what was booked as number {number_}: its hash does not fit")
        # What follows is judged by what is stored, so that only the place itself is named.
        before = stored
        seen = seen or stored == noted
    if not seen:
        findings.add(
            "head",
            "chain",
            f"no transaction has the noted hash {noted}: the books that it vouched for were rewritten or cut short",
        )
    _check_statement(store, findings, earned, spent)
    return transactions, postings, before


def _transactions(store: Store) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
    rows = store.stream(
        """
        SELECT t.number, t.id, t.at, t.kind, t.interaction_id, t.order_id, t."plan", t.description, t.reverses, t.hash,
            p.line, p.account, p.amount_micros, p.currency, p.interaction_id, p."plan"
        FROM transactions AS t LEFT JOIN postings AS p ON p.transaction_id = t.id ORDER BY t.number, p.line
        """
    )
    for _, group in groupby(rows, key=lambda row: row[0]):
        lines = list(group)
        yield lines[0][:10], [line[10:] for line in lines if line[10] is not None]


def _check_statement(store: Store, findings: _Findings, earned: Counter[str], spent: Counter[str]) -> None:
    """The statement is the sum of the postings, in each currency."""
    stated_earned: Counter[str] = Counter()
    stated_spent: Counter[str] = Counter()
    for line in totals(store, "kind"):
        currency = str(line["currency"])
        stated_earned[currency] += int(str(line["revenue_micros"]))
        stated_spent[currency] += int(str(line["cost_micros"]))
    for name, stated, posted in (("revenue", stated_earned, earned), ("cost", stated_spent, spent)):
        for currency in sorted(posted.keys() | stated.keys()):
            if stated[currency] != posted[currency]:
                findings.add(
                    "statement",
                    f"statement in {currency or 'no currency'}",
                    f"states a {name} of {stated[currency]} millionths; the postings come to {posted[currency]}",
                )


def _check_orders(store: Store, findings: _Findings) -> None:
    """Every order lived in sequence, and booked at each step what its terms say: worked out again, and compared."""
    for order_id, events in _lives(store):
        where = f"order {order_id}"
        state = None
        for event in events:
            if event["state"] not in LIFE[state]:
                findings.add(
                    "life of orders", where, _out_of_sequence(event["state"], [e["state"] for e in events])
                )
            state = event["state"]
        booked = _booked(store, order_id)
        rows = store.rows("SELECT * FROM orders WHERE id = ?", [order_id])
        if not rows:
            continue  # Named as a missing row.
        try:
            order, life = Order.from_row(rows[0]), [OrderEvent.from_row(event) for event in events]
            expected = _expected(order, life)
        except (ValueError, TypeError, KeyError, AttributeError, LedgerError) as error:
            findings.add("orders", where, f"cannot be read: {error}")
            continue
        for id_ in sorted(expected.keys() | booked.keys()):
            # What an exchange came to depends on rates that the log does not hold.
            without = {accounts.CASH, accounts.CONVERSION} if order.terms.settlement_currency else set()
            found, due = (each.get(id_, _Booking()).but(without) for each in (booked, expected))
            if found != due:
                what = f"{id_} is {found}; by the terms and the life of the order it is {due}"
                findings.add("bookings of orders", where, what)


@dataclass(frozen=True, kw_only=True)
class _Booking:
    """What is compared of a transaction: not its words, which a later version may put differently."""

    head: tuple[str, str, str] = ("", "", "")
    """Time, interaction, plan."""
    lines: tuple[tuple[str, int, str], ...] = ()
    """Account, millionths, currency."""

    def but(self, accounts_: set[str]) -> _Booking:
        """Without the postings to some accounts."""
        return _Booking(head=self.head, lines=tuple(line for line in self.lines if line[0] not in accounts_))

    def __str__(self) -> str:
        lines = ", ".join(f"{account} {micros} {currency}" for account, micros, currency in self.lines)
        return f"{lines} ({', '.join(self.head)})" if lines else "nothing"


def _lives(store: Store) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    names = ("order_id", "state", "at", "interaction_id", "reason")
    rows = store.stream(
        """
        SELECT o.id, e.state, e.at, e.interaction_id, e.reason
        FROM (SELECT id FROM orders UNION SELECT order_id FROM order_events UNION
            SELECT order_id FROM transactions WHERE order_id IS NOT NULL) AS o
        LEFT JOIN order_events AS e ON e.order_id = o.id ORDER BY o.id, e.rowid
        """
    )
    for order_id, group in groupby(rows, key=lambda row: row[0]):
        yield order_id, [dict(zip(names, row, strict=True)) for row in group if row[1] is not None]


def _booked(store: Store, order_id: str) -> dict[str, _Booking]:
    """What an order booked, by transaction, without corrections: those are judged by themselves."""
    # The plus keeps SQLite from looking for all that reverses nothing, which is nearly everything.
    rows = store.stream(
        """
        SELECT t.id, t.at, t.interaction_id, t."plan", p.account, p.amount_micros, p.currency
        FROM transactions AS t LEFT JOIN postings AS p ON p.transaction_id = t.id
        WHERE t.order_id = ? AND +t.reverses IS NULL ORDER BY t.number, p.line
        """,
        [order_id],
    )
    return {
        head[0]: _Booking(head=head[1:], lines=tuple(line[4:] for line in lines if line[4] is not None))
        for head, lines in groupby(rows, key=lambda row: row[:4])
    }


def _expected(order: Order, life: Sequence[OrderEvent]) -> dict[str, _Booking]:
    """What the order's terms and life call for, by transaction."""
    # At par, since the log does not hold the rates; what was exchanged is not compared.
    par_ = {order.terms.settlement_currency: {date.min.isoformat(): Decimal(1)}}
    par = Rates(name="par", base=order.total.currency, source="", per_base=par_)
    return {
        transaction.id: _Booking(
            head=(stamp(transaction.at), transaction.interaction_id, transaction.plan),
            lines=tuple((p.account, p.amount.micros, p.amount.currency) for p in transaction.postings),
        )
        for number, event in enumerate(life)
        for transaction in book_order_event(order, event, life[:number], par)
    }


def _out_of_sequence(state: str, states: Sequence[str]) -> str:
    needed = " or ".join(before or "" for before, after in LIFE.items() if before and state in after)
    return f"was {state} without having been {needed} just before: {', '.join(states)}"


def _check_corrections(store: Store, findings: _Findings) -> None:
    """Every correction is the exact opposite of what it reverses, and nothing else is one."""
    for id_, kind, reverses in store.stream(
        "SELECT id, kind, reverses FROM transactions WHERE reverses IS NOT NULL OR kind = 'correction' ORDER BY number"
    ):
        mine, theirs = (
            [
                (account, micros * sign, currency)
                for account, micros, currency in store.stream(
                    "SELECT account, amount_micros, currency FROM postings WHERE transaction_id = ? ORDER BY line",
                    [key],
                )
            ]
            for key, sign in ((id_, -1), (reverses, 1))
        )
        if kind != "correction" or mine != theirs:
            findings.add("corrections", f"transaction {id_}", f"is not the reverse of {reverses}")
