"""`pennyworth ledger`: the books."""

from __future__ import annotations

import dataclasses
import json

import click

from assistant.cli.exits import NOT_SO
from assistant.cli.options import Settings, console, global_options
from assistant.store.audit import audit
from assistant.store.store import Store


@click.group(name="ledger")
def command() -> None:
    """The books: double entry, append-only, in millionths."""


@command.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@global_options
@click.pass_obj
def check(settings: Settings, /, as_json: bool) -> int:
    """Prove that the books are in order; exits with 1 and names the place when they are not."""
    with Store.open(settings.db_path, mode="read") as store:
        found = audit(store)
    if as_json:
        document = {"ok": not found.problems, **dataclasses.asdict(found)}
        click.echo(json.dumps(document, indent=2))
    else:
        out = console()
        for problem in found.problems:
            out.print(f"[red]✗[/red] {problem.where}: {problem.what}")
        verdict = (
            f"{len(found.problems)} problem(s)" if found.problems else "balanced, every posting accounted for"
        )
        out.print(f"{found.transactions:,} transactions, {found.postings:,} postings: {verdict}.")
    return NOT_SO if found.problems else 0
