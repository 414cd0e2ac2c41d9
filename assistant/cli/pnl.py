"""`pennyworth pnl`: the income statement, and the funnel."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.plans import PlanShelf
from assistant.cli.shared_options import amounts_options, period_options
from assistant.cli.when import aware
from assistant.economics.attribution.models import MODELS
from assistant.ledger.exchange import load_rates
from assistant.ledger.plan_file import load_plan
from assistant.reports.profit import Terms, log_funnel, make_profit
from assistant.reports.render_statement import funnel_tables, statement_notes, statement_table
from assistant.reports.sentence import statement_sentence
from assistant.store.store import Store
from assistant.store.totals import plans

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from rich.console import Console

    from assistant.economics.attribution.models import ModelName
    from assistant.reports.profit import Profit


@click.command(name="pnl")
@period_options
@click.option(
    "--attribution",
    type=click.Choice(MODELS),
    help="Credit income from orders by this model to what was said before.",
)
@click.option("--plan", help="What if: book the same log again under this plan; nothing is written.")
@amounts_options
@click.option(
    "--funnel", is_flag=True, help="How far each request to buy something came, and how it was lost."
)
@json_option
@global_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    by: str,
    since: datetime | None,
    until: datetime | None,
    zone: tzinfo,
    attribution: ModelName | None,
    plan: str | None,
    allocate: str,
    currency: str | None,
    rates: str | None,
    funnel: bool,
    as_json: bool,
) -> int:
    """The income statement: what was said, what it earned (simulated), what it cost.

    An interaction counts when it was said. Money counts when it was booked: a rebate belongs to the day on which
    its order completed, not to the day of the command. "loaded" is the margin with each line's part of what the
    device and overhead cost in the time.
    """
    if attribution and (plan or funnel):
        raise click.UsageError(
            "--attribution credits what was booked; it does not go with --plan or --funnel"
        )
    if plan and funnel:
        raise click.UsageError("--funnel follows what was booked; it does not go with --plan")
    terms = Terms(
        plan=load_plan(plan) if plan else None,
        what_if=plan is not None,
        since=aware(since, zone),
        until=aware(until, zone),
        zone=zone,
        currency=(currency or "").upper(),
        rates=load_rates(rates) if rates else None,
        attribution=attribution,
        allocate=allocate,
    )
    with Store.open(settings.db_path, mode="read") as store:
        if not plan:
            terms = replace(terms, plan=PlanShelf(settings).plan_of(plans(store)))
        if funnel:
            found = log_funnel(store, terms)
            if as_json:
                click.echo(json.dumps(found.to_json(), indent=2))
            else:
                out = console()
                for part in funnel_tables(found, width=out.width):
                    out.print(part)
            return 0
        profit = make_profit(store, by, terms)
    if as_json:
        sentence = statement_sentence(profit.by_intent, profit.sold)
        click.echo(json.dumps({**profit.statement.to_json(), "sentence": sentence}, indent=2))
    else:
        print_profit(console(), profit)
    return 0


def print_profit(out: Console, profit: Profit) -> None:
    """The table, its notes, and the line that matters."""
    out.print(statement_table(profit.statement, width=out.width))
    for note in statement_notes(profit.statement):
        out.print(note, style="dim", markup=False)
    out.print(statement_sentence(profit.by_intent, profit.sold), style="bold", markup=False)
