"""`pennyworth log`: the interactions."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from assistant.cli.exits import BAD_INPUT
from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.plans import PlanShelf, basis
from assistant.cli.when import When
from assistant.ledger.transactions import cost, revenue
from assistant.records import stamp
from assistant.reports.render_log import interaction_receipt, log_lines
from assistant.store.journal import money_of, receipts
from assistant.store.store import Store
from assistant.store.totals import plans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from assistant.ledger.transactions import Transaction
    from assistant.money import Money

FOLLOW_EVERY_S: Final = 0.5
MOST: Final = 2**63 - 1
"""No log is longer: SQLite numbers its rows so."""


@click.group(name="log", invoke_without_command=True)
@click.option("--intent", help='Only this intent; "none" for what was not understood.')
@click.option("--since", type=When(), help="Only from this date or time on (UTC).")
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=MOST),
    default=50,
    show_default=True,
    help="The last so many.",
)
@json_option
@global_options
@click.pass_context
def command(
    ctx: click.Context, /, intent: str | None, since: datetime | None, limit: int, as_json: bool
) -> int:
    """What was said, oldest first, with what it earned (simulated) and cost. `log show ID` shows one whole."""
    if ctx.invoked_subcommand:
        return 0
    settings = ctx.ensure_object(Settings)
    with Store.open(settings.db_path, mode="read") as store, store.snapshot():
        if as_json:
            shelf = PlanShelf(settings)
            found = [
                _document(*each, shelf) for each in receipts(store, intent=intent, since=since, limit=limit)
            ]
            click.echo(_pretty({"interactions": found}))
            return 0
        with closing(money_of(store, intent=intent, since=since, limit=limit)) as lines:
            first = next(lines, None)
            if first is None:
                click.echo("Nothing in the log fits.")
                return 0
            for line in log_lines(chain([first], lines), plans=plans(store), width=console().width):
                click.echo(line)
    return 0


@command.command(name="show")
@click.argument("number_or_id")
@json_option
@global_options
@click.pass_obj
def show(settings: Settings, /, number_or_id: str, as_json: bool) -> int:
    """The receipt of one interaction, by its number or its id: each posting (simulated) with its rate and the source
    of it, and every latency."""
    with Store.open(settings.db_path, mode="read") as store, store.snapshot():
        it = store.interaction(number_or_id.lstrip("#"))
        if it is None:
            click.echo(
                f"pennyworth: no interaction {number_or_id} in {store.path}; `pennyworth log` lists them",
                err=True,
            )
            return BAD_INPUT
        booked = store.transactions([it.id])[it.id]
        order = store.order(it.order_id) if it.order_id else None
        reply = store.reply(it.id)
    shelf = PlanShelf(settings)
    if as_json:
        document = _document({"number": it.number, **it.to_row()}, booked, shelf)
        if reply:
            document["spoken"] = reply.to_row()
        if order:
            document["order"] = {**order[0].to_row(), "life": [event.to_row() for event in order[1]]}
        click.echo(_pretty(document))
    else:
        out = console()
        for part in interaction_receipt(it, booked, order, shelf.source, reply):
            out.print(part)
    return 0


@command.command(name="follow")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each interaction.")
@global_options
@click.pass_obj
def follow(settings: Settings, /, as_json: bool) -> int:
    """Print interactions as they come in, until Ctrl-C; what they earned is simulated."""
    shelf = PlanShelf(settings)
    with Store.open(settings.db_path, mode="read") as store:
        last = max((it.number for it in store.interactions(limit=1)), default=0)
        click.echo(f"Following {store.path} ({basis(plans(store))}); Ctrl-C ends.", err=as_json)
        while True:
            found = store.interactions(after=last)
            booked = store.transactions(it.id for it in found)
            for it in found:
                last = it.number
                if as_json:
                    document = _document({"number": it.number, **it.to_row()}, booked[it.id], shelf)
                    click.echo(msgspec.json.encode(document))
                    continue
                earned, spent = (_amounts(booked[it.id], of) for of in (revenue, cost))
                click.echo(
                    f"#{it.number} {it.at:%H:%M:%S} {it.intent or 'none'} {it.outcome}: {it.transcript!r}"
                    f" → {it.reply}  earned {earned} cost {spent}"
                )
            sys.stdout.flush()
            time.sleep(FOLLOW_EVERY_S)


def _amounts(booked: Sequence[Transaction], of: Callable[[Sequence[Transaction], str], Money]) -> str:
    """Amounts in every currency that was booked; of one alone it is not named."""
    held = _currencies(booked)
    amounts = [of(booked, currency) for currency in held]
    return " + ".join(f"{a} {a.currency}" if len(held) > 1 else str(a) for a in amounts) or "0.000000"


def _currencies(booked: Sequence[Transaction]) -> list[str]:
    return list(dict.fromkeys(p.amount.currency for transaction in booked for p in transaction.postings))


def _document(row: Mapping[str, Any], booked: Sequence[Transaction], shelf: PlanShelf) -> dict[str, Any]:
    """One interaction for other programs; where several currencies were booked, revenue and cost are in the first,
    and `amounts` has them all."""
    held = _currencies(booked) or ["XXX"]
    return {
        **row,
        **{name: json.loads(row[name]) for name in ("words", "alternatives", "slots")},
        "simulated": True,
        "revenue": str(revenue(booked, held[0])),
        "cost": str(cost(booked, held[0])),
        "amounts": [
            {"currency": each, "revenue": str(revenue(booked, each)), "cost": str(cost(booked, each))}
            for each in held
        ],
        "transactions": [
            {
                "id": transaction.id,
                "at": stamp(transaction.at),
                "kind": transaction.kind,
                "plan": transaction.plan,
                "description": transaction.description,
                "postings": [
                    {
                        "account": p.account,
                        "amount": str(p.amount),
                        "currency": p.amount.currency,
                        "source": shelf.source(transaction, p),
                    }
                    for p in transaction.postings
                ],
            }
            for transaction in booked
        ],
    }


def _pretty(document: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
