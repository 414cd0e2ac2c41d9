"""Questions about sound whose answer may never come: each is asked in a process of its own, which can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hardware.audio import SAMPLE_RATE
from hardware.errors import HardwareError, MicrophoneError
from hardware.portaudio import InputDevice, load, query_devices

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

LIST_S: Final = 10.0
"""Seconds that listing the devices may take; slow USB devices take a few."""
RATES: Final = (16_000, 44_100, 48_000)
"""Sample rates that the default microphone is asked for, Hz; ours is the first."""
_TAIL_S: Final = 10.0
"""Seconds that playing may take beyond the length of the sound."""


@dataclass(frozen=True, kw_only=True)
class OutputDevice:
    """A device that sound can go to."""

    number: int
    name: str
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class SoundDevices:
    """What there is to hear and to speak with."""

    library: str
    """Version of PortAudio."""
    inputs: tuple[InputDevice, ...]
    outputs: tuple[OutputDevice, ...]
    rates: tuple[int, ...]
    """Which of `RATES` the default microphone takes, Hz; another is converted."""


def sound_devices() -> SoundDevices:
    """List the devices afresh. Raises HardwareError where PortAudio is missing, fails, or hangs."""
    answer = json.loads(_asked("devices", b"", LIST_S, "list the sound devices"))
    return SoundDevices(
        library=answer["library"],
        inputs=tuple(InputDevice(**device) for device in answer["inputs"]),
        outputs=tuple(OutputDevice(**device) for device in answer["outputs"]),
        rates=tuple(answer["rates"]),
    )


def play(samples: NDArray[np.int16], device: str | int | None = None) -> None:
    """Play mono samples at `SAMPLE_RATE`, on a device by number or name (None: the default), and wait.

    Raises HardwareError where that cannot be.
    """
    question = "play" if device is None else f"play:{device}"
    _asked(question, samples.tobytes(), len(samples) / SAMPLE_RATE + _TAIL_S, "play")


def _asked(question: str, data: bytes, limit_s: float, what: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 — our own module only
            [sys.executable, "-P", "-m", "hardware.soundcheck", question],
            input=data,
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        raise HardwareError(
            f"PortAudio did not {what} within {limit_s:.0f} s; the sound server hangs: restart it"
            " (`systemctl --user restart pipewire pulseaudio`)"
        ) from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it ended without a word"]
        raise HardwareError(last[0].removeprefix("error: "))
    return done.stdout.decode()


def _devices() -> Any:
    sounddevice = load()
    try:
        inputs = query_devices()
        outputs = [device for device in sounddevice.query_devices() if device["max_output_channels"] > 0]
        try:
            default = sounddevice.query_devices(kind="output")["index"]
        except sounddevice.PortAudioError:
            default = None
    except sounddevice.PortAudioError as error:
        raise MicrophoneError(f"the sound devices cannot be listed: {error}") from error
    return {
        "library": sounddevice.get_portaudio_version()[1],
        "rates": [rate for rate in RATES if _takes(sounddevice, rate)],
        "inputs": [device._asdict() for device in inputs],
        "outputs": [
            {"number": device["index"], "name": device["name"], "is_default": device["index"] == default}
            for device in outputs
        ],
    }


def _takes(sounddevice: ModuleType, rate: int) -> bool:
    try:
        sounddevice.check_input_settings(samplerate=rate, channels=1, dtype="int16")
    except (sounddevice.PortAudioError, ValueError):
        return False
    return True


def _play(data: bytes, device: str) -> Any:
    sounddevice = load()
    chosen = int(device) if device.isdigit() else device or None
    try:
        with sounddevice.RawOutputStream(
            samplerate=SAMPLE_RATE, device=chosen, channels=1, dtype="int16"
        ) as stream:
            stream.write(data)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise HardwareError(f"the loudspeaker cannot be used: {error}") from error


def main() -> None:
    """Answer one question: JSON on standard output, or a last line on standard error."""
    out = os.dup(1)
    # Sound libraries print what they like.
    os.dup2(2, 1)
    try:
        question, _, device = sys.argv[1].partition(":")
        answer = _devices() if question == "devices" else _play(sys.stdin.buffer.read(), device)
    except HardwareError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    os.write(out, json.dumps(answer).encode())
    # PortAudio is not asked to end: it may hang.
    os._exit(0)


if __name__ == "__main__":
    main()
