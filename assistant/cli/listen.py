"""`pennyworth listen`: the microphone."""

from __future__ import annotations

import click

from assistant.cli.hear import with_engine
from assistant.cli.options import Settings, global_options
from assistant.cli.session import conduct, open_session
from assistant.clock import SystemClock
from hardware.microphone import MicrophoneSettings, lasting_chunks


@click.command(name="listen")
@click.option("--profile", help="Settings for a kind of machine: laptop, raspberry-pi.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "vosk", "pocketsphinx", "grammar"]),
    help="Recogniser (default: as configured).",
)
@global_options
@click.pass_obj
def command(settings: Settings, /, profile: str | None, engine: str | None) -> int:
    """Listen to the microphone until Ctrl-C. Nothing that is heard leaves this machine, and no sound is kept."""
    config = with_engine(settings.load(profile), engine)
    device = config.microphone.device
    with open_session(config, db=settings.db_path, clock=SystemClock(), quiet=False) as session:
        listener = session.listener()
        with lasting_chunks(MicrophoneSettings(device=None if device == "" else device)) as microphone:
            session.out.print(f"Listening with {listener.engine}. Say “play some jazz”; Ctrl-C ends.")
            conduct(session, listener.listen(microphone, source="microphone"), as_json=False)
    return 0
