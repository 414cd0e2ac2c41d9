"""What the assistant is doing, shown by lights; and the lights of a machine that has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

State: TypeAlias = Literal["idle", "hearing", "thinking", "speaking", "error", "muted"]
"""idle: it waits; hearing: somebody speaks to it; thinking; speaking; error: it cannot hear; muted: it may not."""
STATES: Final[tuple[State, ...]] = get_args(State)


class Indicator(Protocol):
    """Shows a state until it is told another. Never raises and never waits: lights are no reason to stop hearing."""

    def show(self, state: State, /) -> None:
        """Show this from now on; from any thread."""
        ...

    def close(self) -> None:
        """All lights off, pins given back."""
        ...


class NoIndicator:
    """No lights."""

    def show(self, state: State, /) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class IndicatorSettings:
    """Which lights there are. Raises ValueError for values that make no sense."""

    kind: Literal["none", "leds", "apa102"] = "none"
    """leds: plain ones on pins; apa102: a chain of coloured ones on the first SPI bus, as on ReSpeaker boards."""
    pins: Mapping[State, int] = field(default_factory=dict)
    """Of plain LEDs: the BCM number of the pin that shows a state; several states may share one."""
    pixels: int = 3
    """How many APA102 LEDs are in the chain, 1 to 64."""
    brightness: float = 0.1
    """Of APA102 LEDs, over 0, up to 1; full brightness hurts the eye."""

    def __post_init__(self) -> None:
        """Check every value."""
        if not 1 <= self.pixels <= 64:
            raise ValueError(f"pixels is {self.pixels}: give a number from 1 to 64")
        if not 0 < self.brightness <= 1:
            raise ValueError(f"brightness is {self.brightness}: give a number over 0, up to 1")
        if self.kind == "leds" and not self.pins:
            raise ValueError(
                "plain LEDs need the pin of at least one state, such as pins = { hearing = 23, error = 24 }"
            )
        unknown = [state for state in self.pins if state not in STATES]
        if unknown:
            raise ValueError(f"pins names the state {unknown[0]!r}: there are {', '.join(STATES)}")
        for state, pin in self.pins.items():
            if not 0 <= pin <= 27:
                raise ValueError(f"pins: {state} is on {pin}: give a BCM number from 0 to 27")


def open_indicator(settings: IndicatorSettings) -> Indicator:
    """The lights that the settings name.

    Raises:
        GpioError: they cannot be reached.
    """
    if settings.kind == "none":
        return NoIndicator()
    # Only now: a laptop needs no gpiozero.
    from hardware.indicator_gpio import LedIndicator, PixelIndicator

    if settings.kind == "leds":
        return LedIndicator(settings.pins)
    return PixelIndicator(pixels=settings.pixels, brightness=settings.brightness)
