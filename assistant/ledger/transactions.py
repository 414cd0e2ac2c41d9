"""Transactions and their postings: made balanced, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from assistant.errors import LedgerError
from assistant.money import Money
from assistant.records import from_stamp, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

TransactionKind: TypeAlias = Literal[
    "compute",
    "advertising",
    "notification",
    "support",
    "accrual",
    "fulfilment",
    "settlement",
    "refund",
    "chargeback",
    "handling",
    "correction",
]


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One line of a transaction."""

    account: str
    """Name in the chart of accounts."""
    amount: Money
    """Debit positive, credit negative."""


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """Postings that sum to zero in each currency."""

    id: str
    """Made from what caused it, so that nothing can be booked twice: "<interaction>:compute", "<order>:accrual"."""
    at: datetime
    """Date of the booking, UTC."""
    kind: TransactionKind
    """What it books."""
    interaction_id: str
    """The interaction that it goes back to."""
    order_id: str | None
    """The order, if it is about one."""
    plan: str
    """The pricing plan whose rates it used."""
    description: str
    """In words, with the rate."""
    postings: tuple[Posting, ...]
    """At least two."""
    reverses: str | None = None
    """The transaction that it takes back, if it is a correction."""

    def __post_init__(self) -> None:
        if len(self.postings) < 2:
            raise LedgerError(
                f"transaction {self.id} has {len(self.postings)} posting(s); double entry needs two"
            )
        for currency, micros in imbalance(self.postings).items():
            raise LedgerError(f"transaction {self.id} is off by {micros} millionths of {currency}")

    def to_rows(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """As a row of `transactions` and rows of `postings`."""
        row = {
            "id": self.id,
            "at": stamp(self.at),
            "kind": self.kind,
            "interaction_id": self.interaction_id,
            "order_id": self.order_id,
            "plan": self.plan,
            "description": self.description,
            "reverses": self.reverses,
        }
        lines = [
            {
                "transaction_id": self.id,
                "line": number,
                "interaction_id": self.interaction_id,
                "plan": self.plan,
                "account": posting.account,
                "amount_micros": posting.amount.micros,
                "currency": posting.amount.currency,
            }
            for number, posting in enumerate(self.postings, start=1)
        ]
        return row, lines

    @classmethod
    def from_rows(cls, row: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> Transaction:
        """Back from `to_rows`; LedgerError when what is stored does not balance."""
        return cls(
            id=row["id"],
            at=from_stamp(row["at"]),
            kind=row["kind"],
            interaction_id=row["interaction_id"],
            order_id=row["order_id"],
            plan=row["plan"],
            description=row["description"],
            reverses=row["reverses"],
            postings=tuple(
                Posting(
                    account=line["account"],
                    amount=Money(currency=line["currency"], micros=line["amount_micros"]),
                )
                for line in lines
            ),
        )


def imbalance(postings: Iterable[Posting]) -> dict[str, int]:
    """Currencies in which the postings do not sum to zero, with the sum in millionths."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.amount.currency] = sums.get(posting.amount.currency, 0) + posting.amount.micros
    return {currency: micros for currency, micros in sums.items() if micros}


def revenue(transactions: Iterable[Transaction], currency: str) -> Money:
    """What the transactions earned: credits to income."""
    return -_sum(transactions, "Income:", currency)


def cost(transactions: Iterable[Transaction], currency: str) -> Money:
    """What the transactions cost: debits to expenses."""
    return _sum(transactions, "Expenses:", currency)


def _sum(transactions: Iterable[Transaction], prefix: str, currency: str) -> Money:
    return Money(
        currency=currency,
        micros=sum(
            posting.amount.micros
            for transaction in transactions
            for posting in transaction.postings
            if posting.account.startswith(prefix) and posting.amount.currency == currency
        ),
    )
