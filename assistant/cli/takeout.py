"""`pennyworth takeout`: all that is stored, in one archive."""

from __future__ import annotations

from pathlib import Path

import click

from assistant.cli.options import Settings, global_options
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from assistant.store.takeout import write_takeout


@click.command(name="takeout")
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@global_options
@click.pass_obj
def command(settings: Settings, /, archive: Path) -> None:
    """Write everything that is stored to ARCHIVE, a ZIP file: the log as JSON lines, and the recordings."""
    with Store.open(settings.db_path, mode="read") as store:
        write_takeout(store, AudioShelf(settings.db_path), archive)
    click.echo(f"{archive}: {archive.stat().st_size:,} bytes")
