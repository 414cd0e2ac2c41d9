"""`pennyworth ledger export`: the books in the formats of other programs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from assistant.cli.options import Settings, global_options
from assistant.ledger.accounts import bundled_chart
from assistant.reports.exports.books import open_books
from assistant.reports.exports.files import FORMATS, export
from assistant.store.store import Store


@click.command(name="export")
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="For which program.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write to this file, whole or not at all (default: standard output).",
)
@global_options
@click.pass_obj
def command(settings: Settings, /, kind: str, output: Path | None) -> int:
    """The whole books (simulated), every transaction with its interaction, order and plan.

    beancount and hledger files end with the balance of every account as an assertion, so that `bean-check` or
    `hledger check` proves that they equal ours. CSV and Parquet have a line a posting, JSON Lines an object a
    transaction. Amounts are exact.
    """
    with Store.open(settings.db_path, mode="read") as store, store.snapshot():
        books = open_books(store, bundled_chart())
        with closing(books.transactions):
            export(books, kind, output)
    return 0
