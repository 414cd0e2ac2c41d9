"""The lights, the buttons and the voice of a device, as the configuration has them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.cli.options import data_dir
from assistant.errors import ConfigError
from hardware.errors import GpioError
from hardware.gpio import NO_PIN
from hardware.indicator import IndicatorSettings, NoIndicator, open_indicator
from hardware.mute import MuteSwitch
from hardware.piper import PiperVoice, find_voice
from hardware.status import Status
from hardware.voice import EspeakVoice, VoiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assistant.config import Config, IndicatorConfig
    from hardware.voice import Voice

logger = logging.getLogger(__name__)


def indicator_settings(config: IndicatorConfig) -> IndicatorSettings:
    """The lights that the configuration asks for; ConfigError where it contradicts itself."""
    try:
        return IndicatorSettings(
            kind=config.kind, pins=config.pins, pixels=config.pixels, brightness=config.brightness
        )
    except ValueError as error:
        raise ConfigError(f"indicator: {error}") from None


@contextmanager
def lights(config: Config) -> Iterator[Status]:
    """The lights, off again afterwards. Where they are not to be had that is said, and nothing is lit."""
    settings = indicator_settings(config.indicator)
    try:
        indicator = open_indicator(settings)
    except GpioError as error:
        logger.warning("no lights: %s", error)
        indicator = NoIndicator()
    status = Status(indicator)
    try:
        yield status
    finally:
        status.close()


def mute_file() -> Path:
    """What is there while the microphone is switched off by its button."""
    return data_dir() / "muted"


@contextmanager
def mute_button(config: Config) -> Iterator[MuteSwitch]:
    """The switch of the microphone, with the button, where there is one, that turns it.

    Raises:
        GpioError: the button is not to be had. Unlike a light it is relied upon, so that this ends the program.
    """
    if config.button.mute == NO_PIN:
        # Without a button nobody could switch it on again.
        yield MuteSwitch()
        return
    from hardware.button import Button

    switch = MuteSwitch(kept=mute_file())
    with Button(config.button.mute, pressed=switch.toggle, pull=config.button.pull):
        yield switch


@contextmanager
def talk_button(config: Config, pressed: Callable[[], object]) -> Iterator[None]:
    """Have `pressed` called whenever the button that is pressed to be heard is, where there is one.

    Raises:
        GpioError: the button is not to be had.
    """
    if config.button.talk == NO_PIN:
        yield
        return
    from hardware.button import Button

    with Button(config.button.talk, pressed=pressed, pull=config.button.pull):
        yield


def voices_dir() -> Path:
    """Where voices for Piper are looked for."""
    return data_dir() / "voices"


def open_voice(config: Config) -> Voice:
    """The voice that the configuration names; VoiceError where it is not installed.

    `auto` takes eSpeak NG where a voice for Piper is there and Piper itself is not, and says so.
    """
    voice = config.voice
    if voice.engine in ("auto", "piper"):
        found = find_voice(voice.name, config.language, voices_dir())
        if found is None and voice.engine == "piper":
            wanted = repr(voice.name) if voice.name else f"of the language {config.language!r}"
            raise VoiceError(
                f"there is no voice {wanted} for Piper in {voices_dir()}; put its two files there "
                "(NAME.onnx, NAME.onnx.json), or name the first by its path as `name` under [voice]"
            )
        if found is not None:
            try:
                return PiperVoice(found, words_a_minute=voice.words_a_minute)
            except VoiceError as error:
                if voice.engine == "piper" or voice.name:
                    raise
                logger.warning("%s; replies are spoken by eSpeak NG", error)
    name = voice.name or {"en": "en-us"}.get(config.language, config.language)
    return EspeakVoice(name, words_a_minute=voice.words_a_minute)
