"""`pennyworth listen`: the microphone."""

from __future__ import annotations

import os

import click

from assistant.cli.device import lights, mute_button
from assistant.cli.hear import with_engine
from assistant.cli.options import Settings, global_options
from assistant.cli.session import conduct, open_session
from assistant.clock import SystemClock
from assistant.supervision import Supervisor
from hardware.microphone import MicrophoneSettings
from hardware.mute import mutable_chunks


@click.command(name="listen")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    help="Settings for a kind of machine or board: laptop, raspberry-pi-4, respeaker-2-mic … (may be repeated).",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "vosk", "pocketsphinx"]),
    help="Recogniser (default: as configured).",
)
@global_options
@click.pass_obj
def command(settings: Settings, /, profiles: tuple[str, ...], engine: str | None) -> int:
    """Listen to the microphone until Ctrl-C. Nothing that is heard leaves this machine.

    Sound is kept beside the log if `privacy.keep_audio` in the configuration asks for it, and else not at all.
    """
    config = with_engine(settings.load(profiles), engine)
    device = config.microphone.device
    microphone_settings = MicrophoneSettings(device=None if device == "" else device)
    supervisor = Supervisor(os.environ)
    with (
        lights(config) as status,
        mute_button(config) as switch,
        open_session(config, db=settings.db_path, clock=SystemClock(), quiet=False) as session,
    ):
        listener = session.listener(keep_audio=True)
        with mutable_chunks(
            microphone_settings, switch, told=status.microphone, muted=status.switched_off
        ) as microphone:
            session.out.print(f"Listening with {listener.engine}. Say “play some jazz”; Ctrl-C ends.")
            supervisor.ready(f"listening with {listener.engine}")
            try:
                sound = supervisor.overseeing(microphone)
                conduct(session, listener.listen(sound, source="microphone"), as_json=False)
            finally:
                supervisor.stopping()
    return 0
