"""A push button on a pin of a Raspberry Pi: to mute the microphone, or to be held while speaking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from hardware.gpio import Pull, load, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

BOUNCE_S: Final = 0.02
"""Seconds in which a contact may chatter."""


class Button:
    """A button. What it calls is called in a thread of its own and must be quick."""

    def __init__(
        self,
        pin: int,
        *,
        pressed: Callable[[], object] | None = None,
        released: Callable[[], object] | None = None,
        pull: Pull = "up",
    ) -> None:
        """Watch the pin of this BCM number; raises GpioError if it cannot be had."""
        gpiozero = load()
        try:
            self._button: Any = gpiozero.Button(pin, pull_up=pull == "up", bounce_time=BOUNCE_S)
        except Exception as error:
            raise refused(f"the button on pin {pin}", error) from error
        # gpiozero warns of None, and hands itself to functions that take an argument.
        if pressed is not None:
            self._button.when_pressed = lambda: pressed()
        if released is not None:
            self._button.when_released = lambda: released()

    @property
    def held(self) -> bool:
        """Whether it is pressed now."""
        return bool(self._button.is_pressed)

    def close(self) -> None:
        """Give the pin back; nothing is called any more."""
        self._button.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
