"""The one way to the pins of a Raspberry Pi: gpiozero, loaded when lights or a button are wanted."""

from __future__ import annotations

import importlib
import os
import tempfile
import warnings
from typing import TYPE_CHECKING, Final, Literal

from hardware.errors import GpioError

if TYPE_CHECKING:
    from types import ModuleType

NO_PIN: Final = -1
"""What a setting says that names no pin."""

Pull = Literal["up", "down"]
"""Which way a button's pin is pulled while nobody presses; the button connects it to the other side."""


def load() -> ModuleType:
    """gpiozero, with a way to the pins behind it. Raises GpioError where there is none."""
    # lgpio keeps pipes in the working directory, if it is not told of a place where they may be.
    os.environ.setdefault("LG_WD", os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    try:
        gpiozero = importlib.import_module("gpiozero")
    except ImportError as error:
        raise GpioError(
            f"lights and buttons need gpiozero ({error}): `pip install gpiozero lgpio`, or take `[indicator]` and "
            "`[button]` out of your settings"
        ) from None
    with warnings.catch_warnings():
        # It tries one library after another and warns of each that is not there; what counts is whether one is.
        warnings.simplefilter("ignore")
        try:
            gpiozero.Device.ensure_pin_factory()
        except Exception as error:  # noqa: BLE001 — each library behind it raises errors of its own
            raise GpioError(
                f"this machine's pins cannot be reached ({error}); it must be a Raspberry Pi, and you must be in the "
                "group gpio: `sudo usermod -aG gpio $USER`, then log in again"
            ) from None
    return gpiozero


def refused(what: str, error: Exception) -> GpioError:
    """The error to raise when a pin is not to be had: in use, not there, or no such number."""
    return GpioError(f"{what} cannot be used: {error}; is the number a BCM one, and is the pin free?")
