"""`pennyworth ledger`: the books."""

from __future__ import annotations

import dataclasses
import json
import re

import click

from assistant.cli.exits import NOT_SO
from assistant.cli.export import command as export
from assistant.cli.options import Settings, console, global_options, json_option
from assistant.cli.orders import COMMANDS
from assistant.store.audit import audit
from assistant.store.store import Store


@click.group(name="ledger")
def command() -> None:
    """The books: double entry, append-only, in millionths."""


for each in (*COMMANDS, export):
    command.add_command(each)


@command.command(name="check")
@click.option(
    "--head", help="The hash that an earlier check printed: proves that nothing before it was changed."
)
@json_option
@global_options
@click.pass_obj
def check(settings: Settings, /, head: str | None, as_json: bool) -> int:
    """Prove that the books are in order; exits with 1 and names the place when they are not.

    Prints the hash of the newest transaction. Note it where nobody who can write to the log can change it, and give
    it to a later check with --head: only so can it be found out if the whole log was made anew or cut short.
    """
    if head is not None and not re.fullmatch("[0-9a-f]{64}", head := head.strip().lower()):
        raise click.BadParameter(
            "expected the 64 hexadecimal digits that an earlier check printed", param_hint="--head"
        )
    with Store.open(settings.db_path, mode="read") as store:
        found = audit(store, head=head)
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
        click.echo(f"head: {found.head}")
    return NOT_SO if found.problems else 0
