"""The loudspeaker: sounds played in the background, and no way to hang for ever."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardware.frames import Frame
from hardware.playback import MOMENT, RATE
from hardware.process import HelperProcess, ProcessEndedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_LATENCY_MS: Final = 60
"""Below PortAudio's own buffer (see `hardware.playback`) PulseAudio takes nothing at all."""
_BEGIN_S: Final = 5.0
_END_S: Final = 3.0
"""Seconds a sound may take to begin, and to end after it should have, before the device counts as hung."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound:
    """Something to play."""

    samples: NDArray[np.int16]
    """Mono PCM, shape (n,)."""
    rate: int
    """Samples a second."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of a sound."""

    begun_at: float | None
    """When its first sample was heard, in seconds of the monotonic clock; None when it was never heard."""
    ended_at: float
    """When it ended or was broken off, likewise."""
    stopped: bool
    """Whether it was broken off."""


class Speaker:
    """Plays one sound at a time. What cannot be played is logged, and nobody waits for it. For one thread only."""

    def __init__(self, device: str | int | None = None) -> None:
        """Play on a device by number or name, None for the system's default; it is opened for each sound."""
        self._device = "" if device is None else str(device)
        self._process: HelperProcess | None = None
        self._sound: Sound | None = None
        self._due = 0.0
        self._begun_at: float | None = None
        self._stopped = False
        self._broken_off = 0
        """How many sounds whose end was not told yet are of no interest any more."""
        self._complained = False
        self.last: Played | None = None
        """What became of the last sound; None while it is played."""

    def prepare(self) -> None:
        """Start what plays, so that the first sound need not wait for it."""
        if self._process is None:
            self._process = HelperProcess("hardware.playback", self._device, latency_ms=_LATENCY_MS)

    def play(self, sound: Sound) -> None:
        """Begin to play; what is being played is broken off. Returns at once."""
        if self.busy:
            # The end of the other sound must not be taken for the end of this one.
            self._broken_off += 1
        self._sound, self._begun_at, self._stopped, self.last = sound, None, False, None
        self._due = time.monotonic() + _BEGIN_S
        data = RATE.pack(sound.rate) + sound.samples.tobytes()
        try:
            self.prepare()
            assert self._process is not None  # noqa: S101 — prepared above
            self._process.send(Frame(b"P", data))
        except (ProcessEndedError, OSError) as error:
            self._give_up(str(error))

    @property
    def busy(self) -> bool:
        """Whether a sound is being played, or is about to be."""
        while self._sound is not None and self._process is not None:
            try:
                frame = self._process.receive(0)
            except ProcessEndedError as error:
                self._give_up(str(error))
                break
            if frame is None:
                if time.monotonic() > self._due:
                    self._give_up("it hangs")
                break
            if self._broken_off:
                self._broken_off -= frame.kind != b"B"
            elif frame.kind == b"B":
                (self._begun_at,) = MOMENT.unpack(frame.payload)
                self._due = time.monotonic() + self._sound.duration_s + _END_S
            elif frame.kind == b"E":
                self._ended()
            else:
                self._give_up(frame.payload.decode())
        return self._sound is not None

    def stop(self) -> None:
        """Break off what is being played."""
        if self.busy and self._process is not None:
            self._stopped = True
            self._due = time.monotonic() + _END_S
            try:
                self._process.send(Frame(b"S"))
            except ProcessEndedError as error:
                self._give_up(str(error))

    def wait(self) -> None:
        """Wait until all has been played."""
        while self.busy:
            time.sleep(0.01)

    def close(self) -> None:
        """End the process; what is being played is broken off. Never hangs."""
        if self._process is not None:
            self._process.end()
            self._process = None
        if self._sound is not None:
            self._stopped = True
            self._ended()

    def _ended(self) -> None:
        self._complained = False
        self._sound = None
        self.last = Played(begun_at=self._begun_at, ended_at=time.monotonic(), stopped=self._stopped)

    def _give_up(self, reason: str) -> None:
        if not self._complained:
            logger.warning("the reply cannot be heard: %s", reason)
        self._discard()
        self._complained = True

    def _discard(self) -> None:
        """Drop the process with what it plays; the next sound gets another one, with a fresh PortAudio."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._broken_off = 0
        self._stopped = True
        self._ended()
