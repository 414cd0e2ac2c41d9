"""`pennyworth pin`: the PIN that is asked for before an order is placed."""

from __future__ import annotations

import sys

import click

from assistant.cli.conversation import pin_path
from assistant.cli.options import Settings, global_options
from assistant.dialogue.pin import LONGEST, SHORTEST, Pin, write_pin


@click.group(name="pin")
@global_options
def command() -> None:
    """Ask for a spoken PIN before an order is placed.

    Only a salted hash is kept; what is said when the PIN is asked for does not get into the log.
    """


@command.command(name="set")
@global_options
@click.pass_obj
def set_(settings: Settings, /) -> int:
    """Set or change the PIN: typed in unseen, or the first line of standard input."""
    path = pin_path(settings.load())
    if sys.stdin.isatty():
        digits = click.prompt(
            f"PIN ({SHORTEST} to {LONGEST} digits)",
            hide_input=True,
            confirmation_prompt="Once more",
            err=True,
        )
    else:
        digits = sys.stdin.readline()
    write_pin(Pin.of(digits.strip()), path)
    click.echo(f"From now on an order is placed only after its PIN. Its hash is in {path}.", err=True)
    return 0


@command.command(name="remove")
@global_options
@click.pass_obj
def remove(settings: Settings, /) -> int:
    """Order without a PIN again."""
    path = pin_path(settings.load())
    there = path.exists()
    path.unlink(missing_ok=True)
    click.echo("Orders are placed without a PIN." if there else "There was no PIN.", err=True)
    return 0


@command.command(name="status")
@global_options
@click.pass_obj
def status(settings: Settings, /) -> int:
    """Say whether a PIN is asked for."""
    path = pin_path(settings.load())
    click.echo(f"A PIN is asked for ({path})." if path.exists() else "No PIN is asked for.")
    return 0
