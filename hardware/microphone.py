"""The microphone: chunks as they are spoken, every loss counted, whatever becomes of the device or its server."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn

import numpy as np

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.capture import BLOCK_HEAD, lasting_name
from hardware.errors import MicrophoneError
from hardware.pcm import FULL_SCALE, MonoStream
from hardware.portaudio import OPEN_BOUND_S, InputDevice, list_devices, refresh_devices
from hardware.process import HelperProcess, ProcessEndedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from hardware.frames import Frame

__all__ = [
    "InputDevice",
    "MicrophoneNews",
    "MicrophoneSettings",
    "lasting_chunks",
    "list_devices",
    "microphone_chunks",
    "refresh_devices",
]

logger = logging.getLogger(__name__)

BEAT_S: Final = 0.5
"""Seconds after which a microphone that gives nothing gives an empty chunk, so that time goes on behind it."""
_LATENCY_MS: Final = 10
"""What PulseAudio is asked for: half of it is added to every answer."""
_MAY_BE_MUTED_S: Final = 5.0
"""Seconds of nothing but zeros, which no microphone gives that is on."""


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


@dataclass(frozen=True, kw_only=True)
class MicrophoneNews:
    """What has become of the microphone."""

    kind: Literal["opened", "lost", "muted", "unmuted"]
    """It can be heard (again); it cannot; it gives nothing but zeros; it gives sound again."""
    name: str
    """The device; empty before one was opened."""
    reason: str = ""
    """Why it was lost, for the user."""


@contextmanager
def microphone_chunks(settings: MicrophoneSettings) -> Iterator[Iterator[AudioChunk]]:
    """Open the microphone; inside `with`, iterate over its chunks without end; on leaving it is closed.

    If the device refuses 16 kHz mono it is opened as it likes best and converted. `lost_frames` of a chunk
    counts samples at `SAMPLE_RATE` whatever the device's rate, and `start_s` leaves room for them; when the
    device itself reports an overflow it does not say of how much, which counts as one chunk.

    Raises MicrophoneError on entering if PortAudio is missing, there is no such device or it cannot be opened,
    and from the iterator when the sound ends or stalls.
    """
    with _recording(settings) as recording:
        yield recording.chunks()


@contextmanager
def lasting_chunks(
    settings: MicrophoneSettings, told: Callable[[MicrophoneNews], object] = lambda _: None
) -> Iterator[Iterator[AudioChunk]]:
    """The same, but the iterator goes on when the microphone goes away, and gives sound again when it is back.

    While there is none an empty chunk comes every `BEAT_S`, whose `lost_frames` say how much was missed, as that of the
    first chunk afterwards does. What happens is logged, and `told`.

    Raises MicrophoneError on entering only, as `microphone_chunks` does.
    """
    with _recording(settings) as recording:
        yield recording.lasting(told)


@contextmanager
def _recording(settings: MicrophoneSettings) -> Iterator[_Recording]:
    recording = _Recording(settings)
    try:
        recording.open()
        yield recording
    finally:
        recording.close()


class _Recording:
    """A process that records, replaced by another one when it hangs."""

    def __init__(self, settings: MicrophoneSettings) -> None:
        self._settings = settings
        self._wanted = settings.device
        self._name = ""
        self._closed = False
        self._heard = self._lost = 0
        """Samples that came, and that did not."""
        self._stream = Converter(SAMPLE_RATE, 1)
        self._process = self._started()

    def _started(self) -> HelperProcess:
        settings = self._settings
        options = {
            "device": self._wanted,
            "rate": float(SAMPLE_RATE),
            "chunk_s": settings.chunk_s,
            "buffer_s": settings.buffer_s,
        }
        return HelperProcess("hardware.capture", json.dumps(options), latency_ms=_LATENCY_MS)

    def open(self) -> None:
        """Wait until the microphone is open; raises MicrophoneError if it cannot be."""
        try:
            frame = self._process.receive(OPEN_BOUND_S)
        except ProcessEndedError as error:
            raise MicrophoneError(f"the microphone cannot be opened: {error}") from None
        if frame is None:
            raise MicrophoneError(
                f"PortAudio did not open the microphone within {OPEN_BOUND_S:g} s; the sound server hangs:"
                " restart it (`systemctl --user restart pipewire pulseaudio`), then this program"
            )
        if frame.kind != b"O":
            raise MicrophoneError(frame.payload.decode())
        self._opened(frame)

    def _opened(self, frame: Frame) -> None:
        about = json.loads(frame.payload)
        self._name = about["name"]
        self._stream = Converter(about["rate"], about["channels"])

    def close(self) -> None:
        """End the process; never hangs."""
        if not self._closed and self._heard:
            logger.info(
                "the microphone %r gave %.0f s of sound; %d samples were lost",
                self._name,
                self._heard / SAMPLE_RATE,
                self._lost,
            )
        self._closed = True
        self._process.end()

    def chunks(self) -> Iterator[AudioChunk]:
        """Chunks until the microphone goes away, which raises MicrophoneError."""
        line = TimeLine()
        while True:
            if self._closed:
                raise MicrophoneError(f"the microphone {self._name!r} was closed; open it again to read on")
            try:
                frame = self._process.receive(self._settings.stall_s)
            except ProcessEndedError as error:
                self._went_away(str(error))
            if frame is None:
                raise MicrophoneError(f"the microphone {self._name!r} {self._stalled()}")
            if frame.kind != b"B":
                self._went_away(frame.payload.decode())
            samples, lost, arrived_at = self._stream.convert(frame.payload)
            yield from self._counted(line.chunks(samples, lost, arrived_at))

    def _counted(self, chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
        for chunk in chunks:
            self._heard += len(chunk.samples)
            self._lost += chunk.lost_frames
            yield chunk

    def _stalled(self) -> str:
        return (
            f"stalled: no sound for {self._settings.stall_s:.1f} s, although it is open;"
            " the sound server hangs or has suspended it"
        )

    def _went_away(self, reason: str) -> NoReturn:
        raise MicrophoneError(f"the microphone {self._name!r} went away: {reason}")

    def lasting(self, told: Callable[[MicrophoneNews], object]) -> Iterator[AudioChunk]:
        """Chunks without end, empty ones while there is no microphone."""
        state = _State(told, self._name)
        line = TimeLine()
        heard = well = time.monotonic()
        patience_s = self._settings.stall_s
        while not self._closed:
            frame = None
            try:
                frame = self._process.receive(BEAT_S)
            except ProcessEndedError as error:
                state.lost(str(error))
                # Not at once: what ends at its start would otherwise be started all the time.
                time.sleep(BEAT_S)
                self._replace()
                well = time.monotonic()
            now = time.monotonic()
            if frame is None:
                if now - well > patience_s:
                    state.lost(self._stalled())
                    self._replace()
                    # A server that hangs may do so for long; the new process waits inside it, and goes on with it.
                    well, patience_s = time.monotonic(), OPEN_BOUND_S
            else:
                well = now
                if frame.kind == b"O":
                    self._opened(frame)
                elif frame.kind != b"B":
                    state.lost(frame.payload.decode())
            if frame is not None and frame.kind == b"B":
                samples, lost, arrived_at = self._stream.convert(frame.payload)
                if state.is_lost:
                    lost += max(0, round((now - heard) * SAMPLE_RATE) - len(samples))
                    patience_s = self._settings.stall_s
                state.heard(self._name, samples)
                yield from self._counted(line.chunks(samples, lost, arrived_at))
                heard = now
            elif state.is_lost and now - heard >= BEAT_S:
                yield from self._counted([line.gap(round((now - heard) * SAMPLE_RATE))])
                heard = now

    def _replace(self) -> None:
        if isinstance(self._wanted, int) or (self._wanted or "").strip().isdigit():
            # Numbers change when devices come and go.
            self._wanted = lasting_name(self._name)
        self._process.kill()
        self._process = self._started()


class _State:
    """Whether the microphone can be heard, told and logged when it changes."""

    def __init__(self, told: Callable[[MicrophoneNews], object], name: str) -> None:
        self._told = told
        self._name = name
        self.is_lost = False
        self._zeros = 0
        self._muted = False

    def lost(self, reason: str) -> None:
        """It cannot be heard; said once, however often it is tried again."""
        if not self.is_lost:
            self.is_lost = True
            self._zeros, self._muted = 0, False
            logger.warning("the microphone %r is gone: %s; waiting for it", self._name, reason)
            self._told(MicrophoneNews(kind="lost", name=self._name, reason=reason))

    def heard(self, name: str, samples: NDArray[np.int16]) -> None:
        """It gave something."""
        if self.is_lost:
            self.is_lost = False
            self._name = name
            logger.warning("the microphone %r is back", name)
            self._told(MicrophoneNews(kind="opened", name=name))
        self._zeros = 0 if samples.any() else self._zeros + len(samples)
        muted = self._zeros >= _MAY_BE_MUTED_S * SAMPLE_RATE
        if muted != self._muted:
            self._muted = muted
            if muted:
                logger.warning("the microphone %r gives nothing but zeros; it seems to be muted", name)
            else:
                logger.info("the microphone %r gives sound again", name)
            self._told(MicrophoneNews(kind="muted" if muted else "unmuted", name=name))


class Converter:
    """Blocks of one open stream as samples of ours."""

    def __init__(self, rate: float, channels: int) -> None:
        self._channels = channels
        self._per_frame = SAMPLE_RATE / rate
        # Most devices give what we ask for; it is all day long that nothing is then to be done.
        self._stream = None if rate == SAMPLE_RATE and channels == 1 else MonoStream(rate)

    def convert(self, payload: bytes) -> tuple[NDArray[np.int16], int, float]:
        """The samples of a block, shape (n,), n may be 0; how many were lost before them; when they came."""
        arrived_at, lost = BLOCK_HEAD.unpack_from(payload)
        samples = np.frombuffer(payload, np.int16, offset=BLOCK_HEAD.size)
        if self._stream is not None:
            frames = samples.reshape(-1, self._channels)
            samples = self._stream.convert(frames.astype(np.float32) / np.float32(FULL_SCALE))
        return samples, round(lost * self._per_frame), arrived_at


class TimeLine:
    """Where in time each chunk lies, with room for what was lost."""

    def __init__(self) -> None:
        self._position = 0
        self._lost = 0

    def chunks(self, samples: NDArray[np.int16], lost: int, arrived_at: float) -> Iterator[AudioChunk]:
        """The chunk of these samples; none while a filter holds them back."""
        self._lost += lost
        if len(samples):
            yield self._chunk(samples, arrived_at)

    def gap(self, lost: int) -> AudioChunk:
        """An empty chunk behind so many lost samples."""
        self._lost += lost
        return self._chunk(np.zeros(0, np.int16), time.monotonic())

    def _chunk(self, samples: NDArray[np.int16], arrived_at: float) -> AudioChunk:
        start = self._position + self._lost
        chunk = AudioChunk(
            samples=samples,
            start_s=start / SAMPLE_RATE,
            lost_frames=self._lost,
            arrived_at=arrived_at,
        )
        self._position, self._lost = start + len(samples), 0
        return chunk
