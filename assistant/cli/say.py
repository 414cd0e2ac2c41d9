"""`pennyworth say`: typed commands, each argument one turn of the same conversation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from assistant.characters import valid_unicode
from assistant.cli.exits import INTERRUPTED
from assistant.cli.options import Settings, global_options, json_option
from assistant.cli.session import conduct, open_session
from assistant.clock import SystemClock
from assistant.records import Heard, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assistant.pipeline import Pipeline, Receipt


@click.command(name="say")
@click.argument("text", nargs=-1)
@json_option
@global_options
@click.pass_obj
def command(settings: Settings, /, text: tuple[str, ...], as_json: bool) -> int:
    """Type instead of speaking. Each TEXT is one turn of the same conversation; with none, lines are read
    from standard input.

    Example: pennyworth say "order a large pepperoni pizza" "yes"
    """
    turns = text or _lines()
    with open_session(settings.load(), db=settings.db_path, clock=SystemClock(), quiet=as_json) as session:
        finished = conduct(session, _typed(session.pipeline, turns), as_json=as_json)
    return 0 if finished else INTERRUPTED


def _typed(pipeline: Pipeline, turns: Iterable[str]) -> Iterator[Receipt]:
    for turn in turns:
        yield pipeline.handle(
            Heard(transcript=Transcript(text=valid_unicode(turn), engine="typed"), source="typed")
        )


def _lines() -> Iterator[str]:
    if sys.stdin.isatty():
        click.echo("Type a command and press Enter; Ctrl-D ends.", err=True)
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    for line in sys.stdin:
        if line.strip():
            yield line.strip()
