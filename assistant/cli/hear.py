"""`pennyworth hear`: audio files through the same loop as the microphone."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.characters import valid_unicode
from assistant.cli.exits import DEVICE_FAILED, INTERRUPTED
from assistant.cli.options import Settings, global_options, json_option, no_adapt_option
from assistant.cli.session import conduct, open_session
from assistant.clock import SimulatedClock
from hardware.audiofile import read_chunks
from hardware.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assistant.config import Config
    from assistant.loop import Listener
    from assistant.pipeline import Receipt


@click.command(name="hear")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["auto", "vosk", "pocketsphinx"]),
    help="Recogniser (default: as configured).",
)
@no_adapt_option
@json_option
@global_options
@click.pass_obj
def command(
    settings: Settings, /, files: tuple[Path, ...], engine: str | None, no_adapt: bool, as_json: bool
) -> int:
    """Take audio FILES for what the microphone heard, one after the other, in one conversation.

    WAV, FLAC, OGG and MP3 of any rate and any number of channels. A file that cannot be read is named, and
    the others are still heard.
    """
    failed: list[Path] = []
    config = with_engine(settings.load(), engine, adapted=not no_adapt)
    # The sound is taken for spoken from now on, in its own time.
    clock = SimulatedClock(datetime.now(UTC))
    with open_session(config, db=settings.db_path, clock=clock, quiet=as_json) as session:
        finished = conduct(
            session, _heard(session.listener(keep_audio=True), files, failed, clock), as_json=as_json
        )
    if not finished:
        return INTERRUPTED
    return DEVICE_FAILED if failed else 0


def with_engine(config: Config, engine: str | None, *, adapted: bool = True) -> Config:
    """`config` with another recogniser, when one was asked for, and without adaptation, where none is wanted."""
    recognition = config.recognition
    if engine is not None:
        recognition = dataclasses.replace(recognition, engine=engine)  # type: ignore[arg-type]
    if not adapted:
        recognition = dataclasses.replace(recognition, adapted=False)
    return dataclasses.replace(config, recognition=recognition)


def _heard(
    listener: Listener, files: Iterable[Path], failed: list[Path], clock: SimulatedClock
) -> Iterator[Receipt]:
    """Receipts of all files; a file that cannot be read is named on standard error and remembered in `failed`."""
    for file in files:
        heard_any = False
        try:
            for receipt in listener.listen(
                read_chunks(file), source="file", origin=valid_unicode(file.name), passes=clock.advance
            ):
                heard_any = True
                yield receipt
        except AudioFileError as error:
            failed.append(file)
            click.echo(f"pennyworth: {error}", err=True)
        else:
            if not heard_any:
                click.echo(f"pennyworth: no speech in {file}", err=True)
