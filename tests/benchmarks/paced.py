"""A microphone in simulated real time: sound comes in while we work, by the processor time that we take.

On a machine that is busy with something else it takes longer to listen to it, and all else stays the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.clock import SimulatedClock
from hardware.audio import SAMPLE_RATE, AudioChunk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

CHUNK = 512
"""Samples in a chunk, as in `listen`."""


class PacedClock(SimulatedClock):
    """Durations go by the processor time of this process, and by the time that is waited for sound."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._waited_us = 0

    def monotonic_us(self) -> int:
        return self.cpu_us() + self._waited_us

    def wait_until(self, moment_us: int) -> None:
        """Let nothing happen until a moment; one that is over is not waited for."""
        self._waited_us += max(0, moment_us - self.monotonic_us())


def paced(samples: NDArray[np.int16], clock: PacedClock) -> Iterator[AudioChunk]:
    """Mono sound at 16 kHz, shape (n,), as a microphone gives it from now on."""
    begun_us = clock.monotonic_us()
    for at in range(0, len(samples), CHUNK):
        piece = samples[at : at + CHUNK]
        arrives_us = begun_us + round((at + len(piece)) / SAMPLE_RATE * 1e6)
        clock.wait_until(arrives_us)
        yield AudioChunk(samples=piece, start_s=at / SAMPLE_RATE, arrived_at=arrives_us / 1e6)
