"""The lights and the button of a device, as the configuration has them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.errors import ConfigError
from hardware.errors import GpioError
from hardware.gpio import NO_PIN
from hardware.indicator import IndicatorSettings, NoIndicator, open_indicator
from hardware.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.config import Config, IndicatorConfig
    from hardware.mute import MuteSwitch

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


@contextmanager
def mute_button(config: Config, switch: MuteSwitch) -> Iterator[None]:
    """Let the button, where there is one, switch the microphone off and on.

    Raises:
        GpioError: the button is not to be had. Unlike a light it is relied upon, so that this ends the program.
    """
    if config.button.mute == NO_PIN:
        yield
        return
    from hardware.button import Button

    with Button(config.button.mute, pressed=switch.toggle, pull=config.button.pull):
        yield
