"""`pennyworth forget`: sound and words go, money stays without the words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from assistant.cli.options import Settings, global_options
from assistant.cli.when import When, Zone, aware
from assistant.clock import SystemClock
from assistant.errors import StoreError
from assistant.store.audio import AudioShelf
from assistant.store.forget import forget, ids_between
from assistant.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime, tzinfo


@click.command(name="forget")
@click.argument("interactions", nargs=-1, metavar="[NUMBER_OR_ID]...")
@click.option("--day", type=When(None), help="All that was said on this date.")
@click.option("--tz", "zone", type=Zone(), default="local", show_default=True, help="Time zone of the day.")
@click.option("--all-audio", is_flag=True, help="Every recording; the words stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    interactions: tuple[str, ...],
    day: datetime | None,
    zone: tzinfo,
    all_audio: bool,
    yes: bool,
) -> int:
    """Forget what was said: interactions by number or id, a day, or all recordings. It cannot be undone.

    The recording is deleted, and so are the words: what was heard, understood, answered and ordered. What it earned
    and cost stays in the books, with its intent and its time.
    """
    if bool(interactions) + (day is not None) + all_audio != 1:
        raise click.UsageError(
            "name interactions, or a --day, or --all-audio; `pennyworth log` lists what there is"
        )
    with Store.open(settings.db_path, mode="read" if all_audio else "write") as store:
        shelf = AudioShelf(settings.db_path)
        if all_audio:
            recordings = list(shelf.ids())
            if not yes and recordings:
                click.confirm(f"Delete {_counted(len(recordings), 'recording')}?", abort=True, err=True)
            removed = sum(shelf.remove(id_) for id_ in recordings)
            click.echo(f"{_counted(removed, 'recording')} deleted.")
            return 0
        if day is not None:
            begun = aware(day, zone) or day
            ids = ids_between(store, begun, begun + timedelta(days=1))
        else:
            ids = [_id(store, text) for text in interactions]
        if not yes and ids:
            click.confirm(
                f"Forget the words and the sound of {_counted(len(ids), 'interaction')}?",
                abort=True,
                err=True,
            )
        done = forget(store, shelf, ids, now=SystemClock().now())
    click.echo(
        f"{_counted(done.interactions, 'interaction')} forgotten, {_counted(done.recordings, 'recording')} deleted."
    )
    if done.kept:
        click.echo(
            f"pennyworth: {_counted(done.kept, 'interaction')} of orders that have not ended kept their words, "
            "since partners need them; forget them when the order has ended",
            err=True,
        )
    return 0


def _id(store: Store, text: str) -> str:
    it = store.interaction(text.lstrip("#"))
    if it is None:
        raise StoreError(f"no interaction {text} in {store.path}; `pennyworth log` lists them")
    return it.id


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
