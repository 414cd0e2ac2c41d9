"""`pennyworth ledger orders`, `settle`, `refund`, `chargeback`, `correct`, `balances`: what becomes of bookings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.plans import basis
from assistant.cli.when import When
from assistant.clock import SystemClock
from assistant.errors import LedgerError
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.exchange import load_rates
from assistant.ledger.rules import book_order_event, reverse
from assistant.money import Money
from assistant.records import OrderEvent, OrderState
from assistant.store.store import Store
from assistant.store.totals import plans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assistant.ledger.transactions import Transaction
    from assistant.records import Order


_at = click.option("--at", "at", type=When(), help="When it happened (UTC); now, unless it is given.")
_reason = click.option("--reason", required=True, help="Why; stands in the books.")


@click.command(name="orders")
@click.option(
    "--state", type=click.Choice(get_args(OrderState)), help="Only orders whose last state this is."
)
@json_option
@global_options
@click.pass_obj
def orders(settings: Settings, /, state: OrderState | None, as_json: bool) -> int:
    """Orders with their state, oldest first: what can be settled, refunded or charged back."""
    with Store.open(settings.db_path, mode="read") as store:
        found = [(order, life) for order, life in store.orders() if state in (None, life[-1].state)]
    if as_json:
        click.echo(json.dumps({"simulated": True, "orders": [_order(*each) for each in found]}, indent=2))
        return 0
    title = f"Orders — {basis(sorted({order.plan for order, _ in found}))}"
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("order", "what", "total", "rebate", "state", "since (UTC)"):
        table.add_column(name, overflow="fold")
    for order, life in found:
        table.add_row(
            order.id,
            escape(order.description),
            f"{order.total} {order.total.currency}",
            str(order.rebate),
            life[-1].state,
            f"{life[-1].at:%Y-%m-%d %H:%M}",
        )
    console().print(table if found else "No order fits.")
    return 0


@click.command(name="settle")
@click.argument("order_ids", nargs=-1, metavar="[ORDER]...")
@click.option("--all", "all_", is_flag=True, help="Every order that completed and is not settled yet.")
@_at
@json_option
@global_options
@click.pass_obj
def settle(
    settings: Settings, /, order_ids: tuple[str, ...], all_: bool, at: datetime | None, as_json: bool
) -> int:
    """A partner pays for completed orders (simulated): the claim becomes cash, less the payment fee."""
    with Store.open(settings.db_path) as store:
        if all_ == bool(order_ids):
            raise click.UsageError(
                "name the orders to settle, or --all; `pennyworth ledger orders` lists them"
            )
        if all_:
            order_ids = tuple(order.id for order, life in store.orders() if life[-1].state == "completed")
        return _step(store, order_ids, "settled", "", at, as_json=as_json)


@click.command(name="refund")
@click.argument("order_ids", nargs=-1, required=True, metavar="ORDER...")
@_reason
@_at
@json_option
@global_options
@click.pass_obj
def refund(
    settings: Settings, /, order_ids: tuple[str, ...], reason: str, at: datetime | None, as_json: bool
) -> int:
    """The customer gets the money back (simulated): what was earned is reversed, paid back if it was settled."""
    with Store.open(settings.db_path) as store:
        return _step(store, order_ids, "refunded", reason, at, as_json=as_json)


@click.command(name="chargeback")
@click.argument("order_ids", nargs=-1, required=True, metavar="ORDER...")
@_reason
@_at
@json_option
@global_options
@click.pass_obj
def chargeback(
    settings: Settings, /, order_ids: tuple[str, ...], reason: str, at: datetime | None, as_json: bool
) -> int:
    """The customer's bank takes the money back (simulated): as a refund, with the fees of a dispute."""
    with Store.open(settings.db_path) as store:
        return _step(store, order_ids, "charged_back", reason, at, as_json=as_json)


@click.command(name="correct")
@click.argument("transaction_id", metavar="TRANSACTION")
@_reason
@_at
@json_option
@global_options
@click.pass_obj
def correct(
    settings: Settings, /, transaction_id: str, reason: str, at: datetime | None, as_json: bool
) -> int:
    """Take a transaction back by booking its reverse; nothing is ever changed or deleted."""
    now = SystemClock().now()

    def taken_back(original: Transaction) -> Transaction:
        return reverse(original, reason=reason, at=at or max(now, original.at))

    with Store.open(settings.db_path) as store:
        try:
            booked = store.correct(transaction_id, taken_back)
        except KeyError:
            raise LedgerError(
                f"there is no transaction {transaction_id!r} in {store.path}; `pennyworth log show` and "
                "`pennyworth log show --json` name those of an interaction"
            ) from None
    if as_json:
        click.echo(json.dumps({"simulated": True, "transactions": [_transaction(booked)]}, indent=2))
    else:
        click.echo(f"1 transaction reversed ({basis([booked.plan])}).")
        _print([booked])
    return 0


@click.command(name="balances")
@json_option
@global_options
@click.pass_obj
def balances(settings: Settings, /, as_json: bool) -> int:
    """The trial balance: every account with its balance, debits positive; each currency sums to zero."""
    with Store.open(settings.db_path, mode="read") as store:
        found, names = store.balances(), plans(store)
    rows = [
        {
            "account": account,
            "type": line.type if (line := bundled_chart().find(account)) else "unknown",
            "currency": money.currency,
            "balance": str(money),
        }
        for account, money in found
    ]
    sums = {currency: Money.zero(currency) for currency in sorted({money.currency for _, money in found})}
    for _, money in found:
        sums[money.currency] += money
    if as_json:
        document = {
            "simulated": True,
            "plans": names,
            "accounts": rows,
            "totals": {currency: str(money) for currency, money in sums.items()},
        }
        click.echo(json.dumps(document, indent=2))
        return 0
    table = Table(
        title=escape(f"Trial balance — {basis(names)}; debit positive, credit negative"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_footer=True,
    )
    table.add_column("account", "total", no_wrap=True)
    table.add_column(
        "balance",
        "\n".join(f"{money} {currency}" for currency, money in sums.items()) or "-",
        justify="right",
        no_wrap=True,
    )
    for row in rows:
        table.add_row(row["account"], f"{row['balance']} {row['currency']}")
    console().print(table)
    return 0


COMMANDS = (orders, settle, refund, chargeback, correct, balances)


def _step(
    store: Store,
    order_ids: Sequence[str],
    state: OrderState,
    reason: str,
    at: datetime | None,
    *,
    as_json: bool,
) -> int:
    """Take orders one step further, each by itself; the first that cannot go stops, what went before stays."""
    if state != "settled" and not reason.strip():
        raise LedgerError("a refund or a chargeback needs a reason; say why with --reason")
    now = SystemClock().now()
    booked: list[Transaction] = []
    stepped = []

    def decide(order: Order, life: list[OrderEvent]) -> tuple[OrderEvent, Sequence[Transaction]]:
        event = OrderEvent(
            order_id=order.id,
            state=state,
            # Recordings heard faster than they were spoken leave orders a little ahead of the clock.
            at=at or max(now, life[-1].at),
            interaction_id=life[-1].interaction_id,
            reason=reason.strip(),
        )
        rates = load_rates(order.terms.rates) if order.terms.settlement_currency else None
        transactions = book_order_event(order, event, life, rates)
        booked.extend(transactions)
        return event, transactions

    for order_id in order_ids:
        try:
            store.step_order(order_id, decide)
        except KeyError:
            raise LedgerError(
                f"there is no order {order_id!r} in {store.path}; `pennyworth ledger orders` lists them"
            ) from None
        stepped.append(store.order(order_id))
    if as_json:
        document = {
            "simulated": True,
            "orders": [_order(*each) for each in stepped],
            "transactions": [_transaction(each) for each in booked],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        number = f"{len(stepped)} {'order' if len(stepped) == 1 else 'orders'}"
        names = sorted({order.plan for order, _ in stepped})
        click.echo(f"{number} {state.replace('_', ' ')} ({basis(names)}).")
        _print(booked)
    return 0


def _print(booked: Sequence[Transaction]) -> None:
    for transaction in booked:
        click.echo(f"{transaction.id}: {transaction.description}")
        for posting in transaction.postings:
            click.echo(f"   {posting.account:<40} {posting.amount!s:>18} {posting.amount.currency}")


def _order(order: Order, life: Sequence[OrderEvent]) -> dict[str, Any]:
    return {
        "id": order.id,
        "intent": order.intent,
        "description": order.description,
        "state": life[-1].state,
        "total": str(order.total),
        "rebate": str(order.rebate),
        "currency": order.total.currency,
        "plan": order.plan,
        "life": [event.to_row() for event in life],
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    row, _ = transaction.to_rows()
    return {
        **row,
        "postings": [
            {"account": p.account, "amount": str(p.amount), "currency": p.amount.currency}
            for p in transaction.postings
        ],
    }
