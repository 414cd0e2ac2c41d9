"""What the hardware hands on: chunks of sound, and utterances cut out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
"""Samples a second of everything behind the devices: what recognisers and voice activity detection want."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AudioChunk:
    """A short, contiguous piece of a stream of sound."""

    samples: NDArray[np.int16]
    """Mono PCM at `SAMPLE_RATE`, shape (n,)."""
    start_s: float
    """Seconds from the beginning of the stream to the first sample."""
    lost_frames: int = 0
    """Samples at `SAMPLE_RATE` that the device dropped just before this chunk (0 for files)."""
    arrived_at: float | None = None
    """When its last sample came, in seconds of the monotonic clock; None for files."""

    @property
    def end_s(self) -> float:
        """Seconds from the beginning of the stream to the end of the last sample."""
        return self.start_s + len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, kw_only=True, eq=False)
class Utterance:
    """One stretch of speech with a little of what was around it, from onset to endpoint."""

    samples: NDArray[np.int16]
    """Mono PCM at `SAMPLE_RATE`, shape (n,), the padding before and after the speech included."""
    start_s: float
    """Seconds from the beginning of the stream to the first sample."""
    speech_start_s: float
    """Seconds from the beginning of the stream to the onset of speech."""
    speech_end_s: float
    """Seconds from the beginning of the stream to the end of speech (the endpoint was declared later)."""
    truncated: bool = False
    """True when the hard limit on length ended it, not silence."""
    lost_frames: int = 0
    """Samples at `SAMPLE_RATE` that the device dropped inside it."""

    @property
    def duration_s(self) -> float:
        """Length in seconds, padding included."""
        return len(self.samples) / SAMPLE_RATE
