"""`pennyworth log`: the interactions."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import click

from assistant.cli.exits import BAD_INPUT
from assistant.cli.options import Settings, When, console, global_options
from assistant.ledger.transactions import cost, revenue
from assistant.reports.render import interaction_receipt, log_table
from assistant.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.ledger.transactions import Transaction
    from assistant.money import Money
    from assistant.records import Interaction

FOLLOW_EVERY_S: Final = 0.5


@click.group(name="log", invoke_without_command=True)
@click.option("--intent", help='Only this intent; "none" for what was not understood.')
@click.option("--since", type=When(), help="Only from this date or time on (UTC).")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The last so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@global_options
@click.pass_context
def command(
    ctx: click.Context, /, intent: str | None, since: datetime | None, limit: int, as_json: bool
) -> int:
    """What was said, oldest first. `log show ID` shows one interaction whole."""
    if ctx.invoked_subcommand:
        return 0
    settings = ctx.ensure_object(Settings)
    with Store.open(settings.db_path, mode="read") as store:
        found = store.interactions(intent=intent, since=since, limit=limit)
        booked = store.transactions(it.id for it in found)
    if as_json:
        click.echo(json.dumps({"interactions": [_document(it, booked[it.id]) for it in found]}, indent=2))
    elif not found:
        click.echo("Nothing in the log fits.")
    else:
        console().print(log_table(found, {it.id: _money(booked[it.id]) for it in found}))
    return 0


@command.command(name="show")
@click.argument("number_or_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@global_options
@click.pass_obj
def show(settings: Settings, /, number_or_id: str, as_json: bool) -> int:
    """One interaction whole, by its number or its id: each posting with its rate, and the latencies."""
    with Store.open(settings.db_path, mode="read") as store:
        it = store.interaction(number_or_id.lstrip("#"))
        if it is None:
            click.echo(
                f"pennyworth: no interaction {number_or_id} in {store.path}; `pennyworth log` lists them",
                err=True,
            )
            return BAD_INPUT
        booked = store.transactions([it.id])[it.id]
        order = store.order(it.order_id) if it.order_id else None
    if as_json:
        document = _document(it, booked)
        if order:
            document["order"] = {**order[0].to_row(), "life": [event.to_row() for event in order[1]]}
        click.echo(json.dumps(document, indent=2))
    else:
        out = console()
        for part in interaction_receipt(it, booked, order):
            out.print(part)
    return 0


@command.command(name="follow")
@global_options
@click.pass_obj
def follow(settings: Settings, /) -> int:
    """Print interactions as they come in, until Ctrl-C."""
    out = console()
    with Store.open(settings.db_path, mode="read") as store:
        last = max((it.number for it in store.interactions(limit=1)), default=0)
        out.print(f"Following {store.path}; Ctrl-C ends.", soft_wrap=True)
        while True:
            for it in store.interactions(after=last):
                last = it.number
                earned, spent = _money(store.transactions([it.id])[it.id])
                out.print(
                    f"#{it.number} {it.at:%H:%M:%S} {it.intent or 'none'} {it.outcome}: {it.transcript!r}",
                    end="",
                    markup=False,
                )
                out.print(f" → {it.reply}  earned {earned} cost {spent}", markup=False)
            time.sleep(FOLLOW_EVERY_S)


def _money(booked: list[Transaction]) -> tuple[Money, Money]:
    currency = booked[0].postings[0].amount.currency if booked else "XXX"
    return revenue(booked, currency), cost(booked, currency)


def _document(it: Interaction, booked: list[Transaction]) -> dict[str, Any]:
    earned, spent = _money(booked)
    row = it.to_row()
    row |= {name: json.loads(row[name]) for name in ("words", "alternatives", "slots")}
    return {
        "number": it.number,
        **row,
        "revenue": str(earned),
        "cost": str(spent),
        "transactions": [
            {
                "id": transaction.id,
                "at": transaction.to_rows()[0]["at"],
                "kind": transaction.kind,
                "plan": transaction.plan,
                "description": transaction.description,
                "postings": [
                    {"account": p.account, "amount": str(p.amount), "currency": p.amount.currency}
                    for p in transaction.postings
                ],
            }
            for transaction in booked
        ],
    }
