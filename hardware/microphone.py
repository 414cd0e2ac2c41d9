"""The microphone: chunks as they are spoken, with every loss counted and no way to hang for ever."""

from __future__ import annotations

import queue
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.errors import MicrophoneError
from hardware.pcm import FULL_SCALE, MonoStream
from hardware.portaudio import (
    CLOSE_BOUND_S,
    OPEN_BOUND_S,
    InputDevice,
    bounded,
    list_devices,
    load,
    query_devices,
    refresh_devices,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["InputDevice", "MicrophoneSettings", "list_devices", "microphone_chunks", "refresh_devices"]

_POLL_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class MicrophoneSettings:
    """Which microphone, and how it is read. Raises ValueError for values that make no sense."""

    device: str | int | None = None
    """A device's number, its name or words of it in order; None for the system's default."""
    chunk_s: float = 0.08
    """Seconds in a chunk, 0.01 to 1."""
    buffer_s: float = 10.0
    """Seconds kept for a reader who is late before sound is lost, 1 to 60."""
    stall_s: float = 3.0
    """Seconds without any sound, not even silence, until the microphone counts as gone, 2 to 60.

    The first sound takes up to 1.8 s with PulseAudio.
    """

    def __post_init__(self) -> None:
        """Check every value."""
        for name, low, high in (("chunk_s", 0.01, 1), ("buffer_s", 1, 60), ("stall_s", 2, 60)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}: give seconds from {low:g} to {high:g}")
        if isinstance(self.device, int) and self.device < 0:
            raise ValueError(
                f"device is {self.device}: give a number from 0, a name, or none for the default"
            )
        if isinstance(self.device, str) and not self.device.strip():
            raise ValueError("device is an empty name: give a name, a number, or none for the default")


@contextmanager
def microphone_chunks(settings: MicrophoneSettings) -> Iterator[Iterator[AudioChunk]]:
    """Open the microphone; inside `with`, iterate over its chunks without end; on leaving it is closed.

    If the device refuses 16 kHz mono it is opened as it likes best and converted. `lost_frames` of a chunk
    counts samples at `SAMPLE_RATE` whatever the device's rate, and `start_s` leaves room for them; when the
    device itself reports an overflow it does not say of how much, which counts as one chunk.

    Raises MicrophoneError on entering if PortAudio is missing, there is no such device or it cannot be opened,
    and from the iterator when the sound ends or stalls.
    """
    opening = _Opening(settings)
    try:
        source = bounded(opening.open, OPEN_BOUND_S, "open the microphone")
    except BaseException:
        # A thread left behind by Ctrl-C or by the bound must not go on to record for nobody.
        opening.abandoned = True
        raise
    try:
        yield _chunks(source, settings)
    except BaseException:
        # What ended the reading says more than that closing hung, which often is its consequence.
        with suppress(MicrophoneError):
            bounded(source.close, CLOSE_BOUND_S, "close the microphone")
        raise
    else:
        bounded(source.close, CLOSE_BOUND_S, "close the microphone")


class _Block(NamedTuple):
    """What one callback brought."""

    data: bytes
    """Interleaved 16 bit frames."""
    lost: int
    """Frames lost before them."""


class _Source:
    """An open stream and what its callback has brought. The callback runs in PortAudio's own thread."""

    def __init__(self, *, name: str, rate: float, channels: int, block_frames: int, blocks: int) -> None:
        self.name = name
        self.rate = rate
        self.channels = channels
        self.block_frames = block_frames
        self.blocks: queue.Queue[_Block] = queue.Queue(blocks)
        self.last_callback = time.monotonic()
        self.stream: Any = None
        self.closed = False
        self._lost = 0

    def callback(self, data: Any, frames: int, _time: Any, status: Any) -> None:
        """Copy and queue, nothing else: what takes longer here makes the device drop sound."""
        self.last_callback = time.monotonic()
        if status.input_overflow:
            self._lost += self.block_frames
        try:
            self.blocks.put_nowait(_Block(bytes(data), self._lost))
        except queue.Full:
            self._lost += frames
        else:
            self._lost = 0

    def close(self) -> None:
        """Close the stream at once; what the device still holds is dropped. May hang: use `bounded`."""
        # `abort` and not `stop`, which waits for sound that does not come from a silent pipe. Both calls
        # ignore errors by default: a device that is gone cannot be closed properly, nor need it be.
        self.closed = True
        self.stream.abort()
        self.stream.close()


class _Opening:
    """One attempt to open a microphone, which may take place in a thread left behind."""

    def __init__(self, settings: MicrophoneSettings) -> None:
        self._settings = settings
        self.abandoned = False

    def open(self) -> _Source:
        """Open the device at 16 kHz mono or else as it likes, and start it. May hang: use `bounded`."""
        sounddevice = load()
        devices = query_devices()
        device = _choose(sounddevice, self._settings.device, devices)
        refusals: list[str] = []
        for rate in dict.fromkeys([float(SAMPLE_RATE), device.rate]):
            # A raw device takes only the number of channels it has.
            for channels in dict.fromkeys([1, device.channels]):
                try:
                    source = self._start(sounddevice, device, rate, channels)
                except sounddevice.PortAudioError as error:
                    refusals.append(f"{rate:g} Hz with {channels} channel(s): {error}")
                    continue
                if self.abandoned:
                    source.close()
                return source
        raise MicrophoneError(
            f"the microphone {device.name!r} cannot be opened ({refusals[0]});"
            " is another program using it? Otherwise name another device"
        )

    def _start(self, sounddevice: ModuleType, device: InputDevice, rate: float, channels: int) -> _Source:
        block_frames = round(rate * self._settings.chunk_s)
        source = _Source(
            name=device.name,
            rate=rate,
            channels=channels,
            block_frames=block_frames,
            blocks=max(2, round(self._settings.buffer_s / self._settings.chunk_s)),
        )
        source.stream = sounddevice.RawInputStream(
            samplerate=rate,
            blocksize=block_frames,
            device=device.index,
            channels=channels,
            dtype="int16",
            callback=source.callback,
        )
        source.last_callback = time.monotonic()
        try:
            source.stream.start()
        except sounddevice.PortAudioError:
            source.stream.close()
            raise
        return source


def _choose(sounddevice: ModuleType, wanted: str | int | None, devices: list[InputDevice]) -> InputDevice:
    """The device meant by a number, a name or nothing."""
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
        index = sounddevice.query_devices(wanted, "input")["index"]
    except (ValueError, sounddevice.PortAudioError) as error:
        reason = (
            "more than one device fits" if str(error).startswith("Multiple") else "there is no such device"
        )
        raise MicrophoneError(f"microphone {wanted!r}: {reason}; name one of: {there}") from error
    return next(device for device in devices if device.index == index)


def _chunks(source: _Source, settings: MicrophoneSettings) -> Iterator[AudioChunk]:
    stream = MonoStream(source.rate)
    per_frame = SAMPLE_RATE / source.rate
    position = 0
    lost = 0
    while True:
        block = _next_block(source, settings.stall_s)
        lost += round(block.lost * per_frame)
        frames = np.frombuffer(block.data, np.int16).reshape(-1, source.channels)
        samples = stream.convert(frames.astype(np.float32) / np.float32(FULL_SCALE))
        if not len(samples):
            continue
        position += lost
        yield AudioChunk(samples=samples, start_s=position / SAMPLE_RATE, lost_frames=lost)
        position += len(samples)
        lost = 0


def _next_block(source: _Source, stall_s: float) -> _Block:
    while True:
        if source.closed:
            raise MicrophoneError(f"the microphone {source.name!r} was closed; open it again to read on")
        # Asked before the queue: what comes last must still be read after the stream has ended.
        active = bool(source.stream.active)
        try:
            return source.blocks.get(timeout=_POLL_S if active else 0.001)
        except queue.Empty:
            pass
        if not active:
            raise MicrophoneError(
                f"the microphone {source.name!r} went away: it was unplugged, or the sound server ended"
            )
        quiet_s = time.monotonic() - source.last_callback
        if quiet_s > stall_s:
            raise MicrophoneError(
                f"the microphone {source.name!r} stalled: no sound for {quiet_s:.1f} s, although it is open;"
                " the sound server hangs or has suspended it"
            )
