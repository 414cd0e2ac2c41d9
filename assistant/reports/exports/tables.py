"""The books as text for tables: CSV and JSON Lines."""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assistant.reports.exports.books import Books

COLUMNS: Final = (
    "transaction",
    "line",
    "at",
    "kind",
    "account",
    "amount",
    "currency",
    "interaction",
    "order",
    "plan",
    "description",
    "simulated",
)
"""Of CSV. A line is a posting; amounts are decimal numbers of currency units, debit positive."""


def write_csv(books: Books, out: IO[str]) -> None:
    """A line a posting under a line of names; what is not there is empty."""
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for transaction in books.transactions:
        stamp = transaction.to_rows()[0]["at"]
        for number, posting in enumerate(transaction.postings, start=1):
            lines.writerow(
                (
                    transaction.id,
                    number,
                    stamp,
                    transaction.kind,
                    posting.account,
                    posting.amount,
                    posting.amount.currency,
                    transaction.interaction_id,
                    transaction.order_id,
                    transaction.plan,
                    transaction.description,
                    "true",
                )
            )


def write_jsonl(books: Books, out: IO[str]) -> None:
    """An object a transaction, with its postings; amounts as decimal strings."""
    for transaction in books.transactions:
        document = {
            "transaction": transaction.id,
            "at": transaction.to_rows()[0]["at"],
            "kind": transaction.kind,
            "interaction": transaction.interaction_id,
            "order": transaction.order_id,
            "plan": transaction.plan,
            "description": transaction.description,
            "simulated": True,
            "postings": [
                {"account": p.account, "amount": str(p.amount), "currency": p.amount.currency}
                for p in transaction.postings
            ],
        }
        out.write(f"{json.dumps(document, ensure_ascii=False)}\n")
