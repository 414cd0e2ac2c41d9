"""The process that plays sound. `hardware.speaker` starts it, sends it sound, and kills it when it hangs.

Frames from the parent: `P` play this (rate in Hz as 32 bits, then 16 bit mono samples), in place of what is being
played; `S` be silent. Frames to the parent: `B` the first sample is on its way (seconds of the monotonic clock, as a
double, when the device plays it); `E` all has been played, or was broken off; `X` it cannot be played, with the reason.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hardware.errors import HardwareError
from hardware.frames import Frame, FrameReader
from hardware.portaudio import load
from hardware.process import output_for_frames

if TYPE_CHECKING:
    from collections.abc import Callable

RATE: Final = struct.Struct("<I")
"""Sample rate before the samples of a sound."""
MOMENT: Final = struct.Struct("<d")
"""When a sound begins, in seconds of the monotonic clock, which all processes share."""

_PIPE_BYTES: Final = 1 << 16
_SAMPLE_BYTES: Final = 2
_USUAL_RATE: Final = 22_050
_PIECE_S: Final = 0.02
"""Seconds of sound handed over at once: so often it is looked whether the parent wants silence."""
_LATENCY_S: Final = 0.05
_MARGIN_S: Final = 0.15
"""Seconds by which a sound server may be later than PortAudio says."""


class Orders:
    """What the parent sends, looked at between two pieces of sound."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self.ended = False
        """Whether the parent is gone."""

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for an order, for ever if `timeout_s` is None; whether there is one, or the parent is gone."""
        if not self._frames and not self.ended and select.select([0], [], [], timeout_s)[0]:
            data = os.read(0, _PIPE_BYTES)
            self.ended = not data
            self._frames.extend(self._reader.feed(data))
        return bool(self._frames) or self.ended

    def take(self) -> Frame:
        """The next one; call `wait` first."""
        return self._frames.popleft()


def play(
    rate: int,
    sound: bytes,
    device: str | int | None,
    *,
    orders: Orders,
    begun: Callable[[float], None],
) -> None:
    """Play a sound until it has been heard or another order comes; `begun` is told when its first sample is heard.

    The sound is written and not fetched by a callback: after an underrun callbacks may never come again.
    Raises HardwareError when the device cannot be opened, or fails.
    """
    sounddevice = load()
    piece = round(rate * _PIECE_S) * _SAMPLE_BYTES
    try:
        stream = sounddevice.RawOutputStream(
            samplerate=rate, device=device, channels=1, dtype="int16", latency=_LATENCY_S
        )
        try:
            stream.start()
            for at in range(0, len(sound), piece):
                stream.write(sound[at : at + piece])
                if not at:
                    begun(time.monotonic() + float(stream.latency))
                if orders.wait(0):
                    break
            else:
                # Draining takes PortAudio seconds with PulseAudio.
                orders.wait(float(stream.latency) + _MARGIN_S)
        finally:
            stream.abort()
            stream.close()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise HardwareError(f"the loudspeaker cannot be used: {error}") from error


def main() -> None:
    """Play what the parent sends, on the device named in the first argument, until the parent is gone."""
    write = output_for_frames()
    orders = Orders()
    name = sys.argv[1]
    device: str | int | None = int(name) if name.isdigit() else name or None
    with suppress(BrokenPipeError):
        with suppress(HardwareError):
            # The first time takes most of a second, and nobody waits for it yet.
            silence = bytes(_USUAL_RATE // 10 * _SAMPLE_BYTES)
            play(_USUAL_RATE, silence, device, orders=orders, begun=lambda _: None)
        while not orders.ended:
            # A long sound comes in several pieces.
            if not orders.wait(None) or orders.ended:
                continue
            order = orders.take()
            if order.kind != b"P":
                continue
            (rate,) = RATE.unpack_from(order.payload)
            try:
                play(
                    rate,
                    order.payload[RATE.size :],
                    device,
                    orders=orders,
                    begun=lambda moment: write(Frame(b"B", MOMENT.pack(moment))),
                )
                write(Frame(b"E"))
            except HardwareError as error:
                write(Frame(b"X", str(error).encode()))
    # PortAudio is not asked to end: it may hang, and the system takes back what we hold.
    os._exit(0)


if __name__ == "__main__":
    main()
