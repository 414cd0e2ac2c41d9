"""The books as plain-text accounting: beancount and hledger.

Both end with an assertion for every account, so that the other program itself proves that its balances equal ours.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Final

from assistant.errors import ExportError
from assistant.money import Money, total

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.ledger.transactions import Transaction
    from assistant.reports.exports.books import Books

_ACCOUNT: Final = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


def write_beancount(books: Books, out: IO[str]) -> None:
    """A file that `bean-check` passes: options, commodities, accounts, transactions with their interaction, order
    and plan as metadata, and the balances as exact assertions.

    Raises:
        ExportError: an account has a name that beancount refuses.
    """
    out.write(f"; {books.title}. Nothing here was ever bought, sold or paid.\n")
    out.write(f"option {_quoted('title')} {_quoted(books.title)}\n")
    for currency in books.currencies:
        out.write(f'option "operating_currency" "{currency}"\n')
    if books.first is None or books.last is None:
        return
    out.write("\n")
    for currency in books.currencies:
        out.write(f"{books.first} commodity {currency}\n")
    out.write("\n")
    for account, purpose in sorted(books.accounts.items()):
        out.write(f"{books.first} open {_checked(account)}\n")
        if purpose:
            out.write(f"  purpose: {_quoted(purpose)}\n")
    for transaction in books.transactions:
        out.write(
            f"\n{transaction.at.date()} * {_quoted(transaction.kind)} {_quoted(transaction.description)}\n"
        )
        for name, value in _metadata(transaction):
            out.write(f"  {name}: {_quoted(value)}\n")
        for posting in transaction.postings:
            out.write(f"  {posting.account}  {posting.amount} {posting.amount.currency}\n")
    # An assertion holds at the beginning of its day, and covers the accounts below.
    after = books.last + timedelta(days=1)
    out.write("\n")
    for balance in books.balances:
        whole = _with_those_below(books, balance.account, balance.amount.currency)
        out.write(f"{after} balance {balance.account}  {whole} ~ 0 {whole.currency}\n")


def write_hledger(books: Books, out: IO[str]) -> None:
    """A journal that `hledger check` passes: commodities, accounts, transactions with their interaction, order and
    plan as tags, and the balances as exact assertions.

    Raises:
        ExportError: an account has a name that would be read as something else.
    """
    out.write(f"; {books.title}. Nothing here was ever bought, sold or paid.\n\n")
    for currency in books.currencies:
        out.write(f"commodity 1000.000000 {currency}\n")
    out.write("\n")
    for account, purpose in sorted(books.accounts.items()):
        out.write(f"account {_checked(account)}{f'  ; {_one_line(purpose)}' if purpose else ''}\n")
    if books.last is None:
        return
    for transaction in books.transactions:
        # A semicolon begins a comment, and a bar would part payee from note.
        words = _one_line(transaction.description).replace(";", ",").replace("|", "/")
        out.write(f"\n{transaction.at.date()} * {transaction.kind} | {words}\n")
        for name, value in _metadata(transaction):
            # A comma would end the value of the tag.
            out.write(f"    ; {name}: {_one_line(value).replace(',', ' ')}\n")
        for posting in transaction.postings:
            out.write(f"    {posting.account}  {posting.amount} {posting.amount.currency}\n")
    out.write(f"\n{books.last} * balances as Pennyworth sums them\n")
    for balance in books.balances:
        nothing = Money.zero(balance.amount.currency)
        out.write(
            f"    {balance.account}  {nothing} {nothing.currency} = {balance.amount} {balance.amount.currency}\n"
        )


def _metadata(transaction: Transaction) -> Iterable[tuple[str, str]]:
    row, _ = transaction.to_rows()
    yield "transaction", transaction.id
    yield "at", row["at"]
    yield "interaction", transaction.interaction_id
    if transaction.order_id:
        yield "order", transaction.order_id
    yield "plan", transaction.plan


def _with_those_below(books: Books, account: str, currency: str) -> Money:
    return total(
        (
            balance.amount
            for balance in books.balances
            if balance.amount.currency == currency and f"{balance.account}:".startswith(f"{account}:")
        ),
        currency,
    )


def _checked(account: str) -> str:
    if not _ACCOUNT.fullmatch(account):
        raise ExportError(
            f"the account {account!r} cannot be exported: a name is Assets, Liabilities, Equity, Income or Expenses "
            "and then parts of letters, digits and dashes that begin with a capital; use csv, jsonl or parquet"
        )
    return account


def _quoted(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one_line(text: str) -> str:
    return " ".join(text.split())
