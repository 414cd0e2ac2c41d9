"""Lights on the pins of a Raspberry Pi: plain LEDs, and APA102 ones as on the ReSpeaker boards."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hardware.gpio import load, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardware.indicator import State

logger = logging.getLogger(__name__)


class Rhythm(NamedTuple):
    """How an LED blinks."""

    on_s: float
    off_s: float
    """0 for a light that is steady."""


RHYTHMS: Final[Mapping[State, Rhythm]] = {
    "idle": Rhythm(0.05, 3.0),
    "hearing": Rhythm(1.0, 0.0),
    "thinking": Rhythm(0.1, 0.1),
    "speaking": Rhythm(0.4, 0.4),
    "error": Rhythm(0.15, 0.85),
    "muted": Rhythm(1.5, 0.5),
}
"""All differ, so that one LED can show everything."""

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each."""

_OFF: Final = (0, 0, 0)
_BLUE: Final = (0, 60, 255)
_AMBER: Final = (255, 120, 0)
_GREEN: Final = (0, 255, 60)
_RED: Final = (255, 0, 0)
_WHITE: Final = (80, 80, 80)

PATTERNS: Final[Mapping[State, tuple[Colour, Colour, Colour]]] = {
    "idle": (_OFF, _WHITE, _OFF),
    "hearing": (_BLUE, _BLUE, _BLUE),
    "thinking": (_AMBER, _OFF, _AMBER),
    "speaking": (_OFF, _GREEN, _GREEN),
    "error": (_RED, _RED, _OFF),
    "muted": (_RED, _OFF, _OFF),
}
"""Three LEDs of a chain and so on from there. The places differ as well as the colours, which not everybody sees."""

_DATA_PIN: Final = 10
_CLOCK_PIN: Final = 11
_UNUSED_IN_PIN: Final = 9
_UNUSED_SELECT_PIN: Final = 7
"""The boards do not connect it; the other one may belong to something else."""


class _Steady:
    """What both kinds have in common: one state at a time, and a complaint instead of an error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: State | None = None
        self._complained = False

    def show(self, state: State, /) -> None:
        """Show this from now on."""
        with self._lock:
            if state == self._state:
                return
            self._state = state
            try:
                self._light(state)
            except Exception as error:  # noqa: BLE001 — each pin library raises errors of its own
                if not self._complained:
                    logger.warning("the lights cannot be set (%s); going on without", error)
                self._complained = True

    def _light(self, state: State) -> None:
        raise NotImplementedError


class LedIndicator(_Steady):
    """Plain LEDs, each with the states it shows; the rhythm says which of them."""

    def __init__(self, pins: Mapping[State, int]) -> None:
        """Take the pins (BCM numbers); raises GpioError if they cannot be had."""
        super().__init__()
        gpiozero = load()
        self._leds: dict[int, Any] = {}
        self._pins = dict(pins)
        try:
            for pin in dict.fromkeys(pins.values()):
                self._leds[pin] = gpiozero.LED(pin)
        except Exception as error:
            self.close()
            raise refused(f"the LED on pin {pin}", error) from error

    def _light(self, state: State) -> None:
        wanted = self._pins.get(state)
        for pin, led in self._leds.items():
            if pin != wanted:
                led.off()
        if wanted is not None:
            rhythm = RHYTHMS[state]
            if rhythm.off_s:
                self._leds[wanted].blink(rhythm.on_s, rhythm.off_s)
            else:
                self._leds[wanted].on()

    def close(self) -> None:
        """All off, pins given back."""
        with self._lock:
            for led in self._leds.values():
                led.close()
            self._leds.clear()
            self._pins.clear()


class PixelIndicator(_Steady):
    """A chain of APA102 LEDs on the first SPI bus."""

    def __init__(self, *, pixels: int, brightness: float) -> None:
        """Take the bus; raises GpioError if it cannot be had."""
        super().__init__()
        gpiozero = load()
        self._pixels = pixels
        self._brightness = brightness
        try:
            self._bus: Any = gpiozero.Device.pin_factory.spi(
                clock_pin=_CLOCK_PIN,
                mosi_pin=_DATA_PIN,
                miso_pin=_UNUSED_IN_PIN,
                select_pin=_UNUSED_SELECT_PIN,
            )
        except Exception as error:
            raise refused("the SPI bus of the lights (`sudo raspi-config nonint do_spi 0`)", error) from error

    def _light(self, state: State) -> None:
        self._send([PATTERNS[state][at % 3] for at in range(self._pixels)])

    def _send(self, colours: list[Colour]) -> None:
        if self._bus is not None:
            self._bus.transfer(apa102_message(colours, self._brightness))

    def close(self) -> None:
        """All off, the bus given back."""
        with self._lock:
            if self._bus is not None:
                try:
                    self._send([_OFF] * self._pixels)
                finally:
                    self._bus.close()
                    self._bus = None


def apa102_message(colours: list[Colour], brightness: float) -> list[int]:
    """The bytes that make a chain of LEDs show these colours, the first LED first.

    A start of 32 zero bits; for each LED three ones, five bits of brightness, then blue, green and red; and an end
    long enough to clock the last bits through the chain, half a bit for each LED. Source: APA102C data sheet.
    """
    level = max(1, round(31 * brightness))
    message = [0, 0, 0, 0]
    for red, green, blue in colours:
        message += [0b1110_0000 | level, blue, green, red]
    return message + [0] * max(4, -(-len(colours) // 16))
