"""`pennyworth pnl`: the income statement."""

from __future__ import annotations

import json

import click

from assistant.cli.options import Settings, console, global_options
from assistant.ledger.plan import load_plan
from assistant.reports.render import statement_sentence, statement_table
from assistant.reports.statement import IncomeStatement, income_statement
from assistant.store.store import Store
from assistant.store.totals import GROUPINGS, plans, totals


@click.command(name="pnl")
@click.option(
    "--by", type=click.Choice(GROUPINGS), default="intent", show_default=True, help="What a line is."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@global_options
@click.pass_obj
def command(settings: Settings, /, by: str, as_json: bool) -> int:
    """The income statement: what was said, what it earned (simulated), what it cost."""
    currency = load_plan(settings.load().books.plan).currency
    with Store.open(settings.db_path, mode="read") as store:
        statement = make_statement(store, by=by, currency=currency)
        by_intent = (
            statement if by == "intent" or as_json else make_statement(store, by="intent", currency=currency)
        )
    if as_json:
        click.echo(json.dumps(statement.to_json(), indent=2))
    else:
        out = console()
        out.print(statement_table(statement, width=out.width))
        out.print(statement_sentence(by_intent), markup=False)
    return 0


def make_statement(store: Store, *, by: str, currency: str) -> IncomeStatement:
    """The statement over a whole log."""
    return income_statement(totals(store, by), by=by, plans=plans(store), currency=currency)
