"""`pennyworth listen`: the microphone, and replies aloud."""

from __future__ import annotations

import ctypes
import dataclasses
import logging
import os
import sys
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import click

from assistant.cli.device import lights, mute_button, open_voice, talk_button
from assistant.cli.hear import with_engine
from assistant.cli.options import Settings, global_options, no_adapt_option
from assistant.cli.session import conduct, open_session
from assistant.clock import SystemClock
from assistant.errors import ConfigError
from assistant.live import Live
from assistant.supervision import Supervisor
from hardware.gate import Button
from hardware.gpio import NO_PIN
from hardware.microphone import MicrophoneSettings
from hardware.mute import mutable_chunks
from hardware.speaker import Speaker
from hardware.voice import VoiceError
from hardware.wakeword import MicroWakeWord, WakeWordError

if TYPE_CHECKING:
    from assistant.config import Config
    from assistant.pipeline import Receipt
    from hardware.voice import Voice
    from hardware.wakeword import WakeWord

logger = logging.getLogger(__name__)

CHUNK_S = 0.032
"""Seconds of sound in a chunk: a frame of the voice activity detector, so that nothing waits for another frame."""


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
@click.option(
    "--mode",
    type=click.Choice(["always", "wake", "push"]),
    help="Hear everything, what follows the wake word, or what follows the Enter key (default: as configured).",
)
@no_adapt_option
@click.option("--quiet", is_flag=True, help="Print replies and do not speak them.")
@global_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    profiles: tuple[str, ...],
    engine: str | None,
    mode: str | None,
    no_adapt: bool,
    quiet: bool,
) -> int:
    """Listen to the microphone until Ctrl-C. Nothing that is heard leaves this machine.

    Sound is kept beside the log if `privacy.keep_audio` in the configuration asks for it, and else not at all.
    """
    config = with_engine(settings.load(profiles), engine, adapted=not no_adapt)
    if mode:
        config = dataclasses.replace(config, hearing=dataclasses.replace(config.hearing, mode=mode))  # type: ignore[arg-type]
    voice = None if quiet else _voice(config)
    wake_word = _wake_word(config)
    device = config.microphone.device
    speaker = None if quiet else Speaker(None if config.voice.device == "" else config.voice.device)
    chosen = MicrophoneSettings(device=None if device == "" else device, chunk_s=CHUNK_S)
    supervisor, button = Supervisor(os.environ), Button()
    with (
        lights(config) as status,
        mute_button(config) as switch,
        talk_button(config, button.press),
        open_session(config, db=settings.db_path, clock=SystemClock(), quiet=False) as session,
    ):
        listener = session.listener(keep_audio=True, patience=session.patience(), indicator=status)
        _give_back_memory()
        live = Live(
            listener=listener,
            pipeline=session.pipeline,
            mode=config.hearing.mode,
            awake_s=config.hearing.awake_s,
            spoken=session.store.append_reply,
            voice=voice,
            speaker=speaker,
            wake_word=wake_word,
            button=button,
            indicator=status,
            with_earcons=config.voice.earcons,
        )
        with mutable_chunks(chosen, switch, told=status.microphone, muted=status.switched_off) as microphone:
            if speaker:
                speaker.prepare()
            session.out.print(
                f"Listening with {listener.engine}. {_invitation(config)} Ctrl-C ends.", soft_wrap=True
            )
            if config.hearing.mode == "push" and (config.button.talk == NO_PIN or sys.stdin.isatty()):
                _press_with_enter(button)
            supervisor.ready(f"listening with {listener.engine}")
            try:
                with closing(live.run(supervisor.overseeing(microphone))) as receipts:
                    conduct(session, map(_leaner, receipts), as_json=False)
            finally:
                supervisor.stopping()
    return 0


def _invitation(config: Config) -> str:
    first = {
        "always": "Say",
        "wake": f"Say “{config.hearing.wake_word}” and then",
        "push": "Press Enter and say",
    }
    return f"{first[config.hearing.mode]} “play some jazz”;"


def _voice(config: Config) -> Voice | None:
    """The voice that the configuration asks for; None for silence."""
    if config.voice.engine == "none":
        return None
    try:
        return open_voice(config)
    except VoiceError as error:
        if config.voice.engine != "auto":
            raise
        logger.warning("%s", error)
        return None


def _wake_word(config: Config) -> WakeWord | None:
    """The wake word that the configuration asks for; where it only stops replies it may be missing."""
    if not config.hearing.wake_word:
        if config.hearing.mode == "wake":
            raise ConfigError(
                'hearing.mode is "wake" and hearing.wake_word is empty; name one, such as "okay nabu"'
            )
        return None
    try:
        return MicroWakeWord(config.hearing.wake_word)
    except WakeWordError as error:
        if config.hearing.mode == "wake":
            raise
        logger.info("%s", error)
        return None


def _leaner(receipt: Receipt) -> Receipt:
    """The same, with what hearing it took given back."""
    _give_back_memory()
    return receipt


def _give_back_memory() -> None:
    """Give back what is free: the C library would keep what a start and each utterance took, some 50 MB, for good."""
    # Only glibc has it.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _press_with_enter(button: Button) -> None:
    """Press the button whenever the Enter key is pressed."""
    if not sys.stdin.isatty():
        logger.warning("push to talk waits for lines on the standard input, which is no terminal")

    def read() -> None:
        for _ in sys.stdin:
            button.press()

    threading.Thread(target=read, name="enter key", daemon=True).start()
