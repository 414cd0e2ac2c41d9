"""The one way to PortAudio: loaded when first needed, and never waited for without a bound."""

from __future__ import annotations

import atexit
import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from hardware.errors import MicrophoneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_Result = TypeVar("_Result")

OPEN_BOUND_S: Final = 10.0
"""Seconds PortAudio may take to start or to open a device; asking slow USB devices takes a few."""


class InputDevice(NamedTuple):
    """A device that sound can come from."""

    number: int
    """Number PortAudio gives it; changes when devices come and go."""
    name: str
    """Name it goes by."""
    host_api: str
    """What it is reached by, such as "ALSA"."""
    channels: int
    """Channels it can record, at least 1."""
    rate: float
    """Its native sample rate in Hz."""
    is_default: bool
    """Whether it is the one used when none is named."""

    def __str__(self) -> str:
        """One line for a list."""
        return f"{self.number}: {self.name} ({self.host_api}){', the default' if self.is_default else ''}"


def load() -> ModuleType:
    """Import sounddevice, which starts PortAudio. Raises MicrophoneError if the library is missing."""
    try:
        return importlib.import_module("sounddevice")
    except OSError as error:
        raise MicrophoneError(
            f"the PortAudio library cannot be loaded ({error});"
            " add it with `sudo apt install libportaudio2` and start again"
        ) from error


def list_devices() -> list[InputDevice]:
    """The devices that can record, as PortAudio found them when it started.

    Raises MicrophoneError if PortAudio is missing, fails or does not answer.
    """
    return bounded(query_devices, OPEN_BOUND_S, "list the sound devices")


def refresh_devices() -> None:
    """Let PortAudio look afresh, which it never does by itself: needed after a device or server came or went.

    No stream of this process may be open. Raises MicrophoneError if PortAudio is missing, fails or does not
    answer.
    """
    bounded(restart, OPEN_BOUND_S, "look for sound devices")


def restart() -> None:
    """The same as `refresh_devices`, unbounded: for a process that may hang, and for use inside `bounded`."""
    sounddevice = load()
    try:
        sounddevice._terminate()  # noqa: SLF001 — the documented way, in spite of its name
        sounddevice._initialize()  # noqa: SLF001
    except sounddevice.PortAudioError as error:
        raise MicrophoneError(f"PortAudio cannot start again: {error}; is a sound server running?") from error


def query_devices() -> list[InputDevice]:
    """The same as `list_devices`, unbounded: for use inside `bounded`."""
    sounddevice = load()
    try:
        host_apis = sounddevice.query_hostapis()
        devices = sounddevice.query_devices()
        try:
            default = sounddevice.query_devices(kind="input")["index"]
        except sounddevice.PortAudioError:
            default = None
        return [
            InputDevice(
                number=number,
                name=device["name"],
                host_api=host_apis[device["hostapi"]]["name"],
                channels=device["max_input_channels"],
                rate=device["default_samplerate"],
                is_default=number == default,
            )
            for number, device in enumerate(devices)
            if device["max_input_channels"] > 0
        ]
    except sounddevice.PortAudioError as error:
        raise MicrophoneError(f"the sound devices cannot be listed: {error}") from error


def bounded(action: Callable[[], _Result], seconds: float, what: str) -> _Result:
    """Do something with PortAudio that may hang, in a thread of its own, and give its result or its error.

    After `seconds` raises MicrophoneError that PortAudio did not `what`, and leaves the thread behind.
    """
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except BaseException as error:  # noqa: BLE001 — raised again by the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="portaudio", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        if thread.is_alive():
            _leave_behind()
    if thread.is_alive():
        raise MicrophoneError(
            f"PortAudio did not {what} within {seconds:g} s; the sound server hangs: restart it"
            " (`systemctl --user restart pipewire pulseaudio`), then this program"
        )
    if errors:
        raise errors[0]
    return results[0]


def _leave_behind() -> None:
    """Keep Python from ending PortAudio at exit: with a thread inside it that hangs too, or corrupts the heap."""
    handler: Any = getattr(sys.modules.get("sounddevice"), "_exit_handler", None)
    if handler is not None:
        atexit.unregister(handler)
