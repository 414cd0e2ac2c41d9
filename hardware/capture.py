"""The process that records. `hardware.microphone` starts it, reads it, and kills it when it hangs.

PortAudio never notices that devices come or go, and with a sound server that hangs it does not come back from any
call. Here one thread alone calls it, nothing else waits for it, and a fresh process gets a fresh PortAudio.

Frames to the parent: `O` the microphone is open (JSON: name, rate, channels); `B` a block (when it came, in seconds of
the monotonic clock; frames lost before it; then interleaved 16 bit frames); `L` it went away; `U` there is none to
open, we keep trying (both with the reason). NumPy is not loaded, so that the process stays small.
"""

from __future__ import annotations

import json
import os
import queue
import re
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hardware.errors import MicrophoneError
from hardware.frames import Frame
from hardware.portaudio import InputDevice, load, query_devices, restart
from hardware.process import end_with_parent, output_for_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

RETRY_S: Final = 0.5
"""Seconds until a microphone that is not there is looked for again."""
BLOCK_HEAD: Final = struct.Struct("<dI")
"""When a block came, and how many frames were lost before it."""

_POLL_S: Final = 0.1
_ALSA_PLACE: Final = re.compile(r" \(hw:\d+,\d+\)$")


class Block(NamedTuple):
    """What one callback brought."""

    data: bytes
    """Interleaved 16 bit frames."""
    lost: int
    """Frames lost before them."""
    arrived_at: float
    """When they came, in seconds of the monotonic clock."""


class Source:
    """An open stream and what its callback has brought. The callback runs in PortAudio's own thread."""

    def __init__(self, *, name: str, rate: float, channels: int, block_frames: int, blocks: int) -> None:
        self.name = name
        self.rate = rate
        self.channels = channels
        self.block_frames = block_frames
        self.blocks: queue.Queue[Block] = queue.Queue(blocks)
        self.stream: Any = None
        self._lost = 0

    def callback(self, data: Any, frames: int, _time: Any, status: Any) -> None:
        """Copy and queue, nothing else: what takes longer here makes the device drop sound."""
        if status.input_overflow:
            self._lost += self.block_frames
        try:
            self.blocks.put_nowait(Block(bytes(data), self._lost, time.monotonic()))
        except queue.Full:
            self._lost += frames
        else:
            self._lost = 0

    def read(self) -> Iterator[Block]:
        """Blocks until the stream ends, as it does when the device or its server goes away."""
        while True:
            # Asked before the queue: what comes last must still be read after the stream has ended.
            active = bool(self.stream.active)
            try:
                yield self.blocks.get(timeout=_POLL_S if active else 0.001)
            except queue.Empty:
                if not active:
                    return


def choose(sounddevice: ModuleType, wanted: str | int | None, devices: list[InputDevice]) -> InputDevice:
    """The device meant by a number, a name, words of it in order, or nothing; MicrophoneError names those there are."""
    there = "; ".join(map(str, devices))
    if not devices:
        raise MicrophoneError(
            "there is no microphone: plug one in, or start the sound server, and try `arecord -l`"
        )
    if isinstance(wanted, str) and wanted.strip().isdigit() and wanted not in {item.name for item in devices}:
        # Settings and command lines hand on numbers as text.
        wanted = int(wanted)
    if wanted is None:
        default = next((device for device in devices if device.is_default), None)
        if default is None:
            raise MicrophoneError(f"the system has no default microphone; name one of: {there}")
        return default
    try:
        number = sounddevice.query_devices(wanted, "input")["index"]
    except (ValueError, sounddevice.PortAudioError) as error:
        reason = (
            "more than one device fits" if str(error).startswith("Multiple") else "there is no such device"
        )
        raise MicrophoneError(f"microphone {wanted!r}: {reason}; name one of: {there}") from error
    return next(device for device in devices if device.number == number)


def lasting_name(name: str) -> str:
    """A device's name without ALSA's place of it, which is another one when it is plugged in again."""
    return _ALSA_PLACE.sub("", name)


def open_source(wanted: str | int | None, *, rate: float, chunk_s: float, buffer_s: float) -> Source:
    """Open a device at `rate` in Hz and mono or else as it likes, and start it; raises MicrophoneError. May hang."""
    sounddevice = load()
    device = choose(sounddevice, wanted, query_devices())
    refusals: list[str] = []
    for tried in dict.fromkeys([rate, device.rate]):
        # A raw device takes only the number of channels it has.
        for channels in dict.fromkeys([1, device.channels]):
            source = Source(
                name=device.name,
                rate=tried,
                channels=channels,
                block_frames=round(tried * chunk_s),
                blocks=max(2, round(buffer_s / chunk_s)),
            )
            try:
                _start(sounddevice, source, device.number)
            except sounddevice.PortAudioError as error:
                refusals.append(f"{tried:g} Hz with {channels} channel(s): {error}")
            else:
                return source
    raise MicrophoneError(
        f"the microphone {device.name!r} cannot be opened ({refusals[0]});"
        " is another program using it? Otherwise name another device"
    )


def _start(sounddevice: ModuleType, source: Source, index: int) -> None:
    source.stream = sounddevice.RawInputStream(
        samplerate=source.rate,
        blocksize=source.block_frames,
        device=index,
        channels=source.channels,
        dtype="int16",
        latency="low",
        callback=source.callback,
    )
    try:
        source.stream.start()
    except sounddevice.PortAudioError:
        source.stream.close()
        raise


def record(
    write: Callable[[Frame], None], wanted: str | int | None, *, rate: float, chunk_s: float, buffer_s: float
) -> None:
    """Record without end, from the microphone that is wanted whenever it is there, at `rate` in Hz if it can."""
    while True:
        try:
            source = open_source(wanted, rate=rate, chunk_s=chunk_s, buffer_s=buffer_s)
        except MicrophoneError as error:
            write(Frame(b"U", str(error).encode()))
        else:
            if isinstance(wanted, int) or (wanted or "").strip().isdigit():
                # Numbers change when devices come and go.
                wanted = lasting_name(source.name)
            about = {"name": source.name, "rate": source.rate, "channels": source.channels}
            write(Frame(b"O", json.dumps(about).encode()))
            for block in source.read():
                write(Frame(b"B", BLOCK_HEAD.pack(block.arrived_at, block.lost) + block.data))
            # `abort` and not `stop`, which waits for sound that does not come from a silent pipe.
            source.stream.abort()
            source.stream.close()
            write(Frame(b"L", b"it was unplugged, or the sound server ended"))
        time.sleep(RETRY_S)
        try:
            restart()
        except MicrophoneError as error:
            write(Frame(b"U", str(error).encode()))


def main() -> None:
    """Record what the JSON in the first argument asks for, until the parent is gone."""
    options = json.loads(sys.argv[1])
    write = output_for_frames()
    end_with_parent()
    try:
        record(
            write,
            options["device"],
            rate=options["rate"],
            chunk_s=options["chunk_s"],
            buffer_s=options["buffer_s"],
        )
    except BrokenPipeError:
        # Nobody listens any more; PortAudio is not asked, since it may hang.
        os._exit(0)


if __name__ == "__main__":
    main()
