"""What is exported: the transactions one after another, and what they must come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.store.journal import balances, journal, span
from assistant.store.totals import plans

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import date

    from assistant.ledger.accounts import Chart
    from assistant.ledger.transactions import Transaction
    from assistant.store.journal import Balance
    from assistant.store.store import Store


@dataclass(frozen=True, kw_only=True)
class Books:
    """The books of one log. The transactions can be gone through once."""

    transactions: Generator[Transaction]
    """In the order of booking."""
    balances: Sequence[Balance]
    """Of every account in every currency, as the database sums them; sorted by account."""
    accounts: Mapping[str, str]
    """Account to what it is for: the chart, and every account that was booked to."""
    plans: Sequence[str]
    """The pricing plans that the log was booked under."""
    first: date | None
    """UTC date of the first booking; None when there is none."""
    last: date | None
    """UTC date of the last booking."""

    @property
    def title(self) -> str:
        """What the page is, with its plan."""
        return f"Pennyworth, simulated books, plan {', '.join(self.plans) or 'none'}"

    @property
    def currencies(self) -> list[str]:
        """ISO 4217 codes, sorted."""
        return sorted({balance.amount.currency for balance in self.balances})


def open_books(store: Store, chart: Chart) -> Books:
    """The books of `store`, to be read within one snapshot of it."""
    sums = balances(store)
    known = {account.name: account.purpose for account in chart.accounts if "*" not in account.name}
    for balance in sums:
        line = chart.find(balance.account)
        known[balance.account] = line.purpose if line else ""
    dates = span(store)
    return Books(
        transactions=journal(store),
        balances=sums,
        accounts=known,
        plans=plans(store),
        first=dates[0].date() if dates else None,
        last=dates[1].date() if dates else None,
    )
