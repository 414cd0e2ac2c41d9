"""Samples as numbers: float to 16 bit without wrap-around, channels to one, any rate to `SAMPLE_RATE`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL_SCALE: Final = 32_768
"""What 1.0 is in 16 bit samples; 16 bit files come back bit for bit."""


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples in [-1, 1] of any shape as 16 bit ones; what lies outside is clipped."""
    scaled = np.rint(samples * np.float32(FULL_SCALE))
    clipped: NDArray[np.int16] = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return clipped


def to_mono(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the channels, shape (n, channels) to (n,), within [-1, 1].

    Not-a-number becomes silence and infinity full scale: one bad sample would otherwise spread through the
    resampler's filter over its neighbours.
    """
    tame = np.clip(np.nan_to_num(frames, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    mono: NDArray[np.float32] = tame[:, 0] if tame.shape[1] == 1 else tame.mean(axis=1, dtype=np.float32)
    return mono


class MonoStream:
    """A stream of frames at any rate and number of channels, turned into 16 bit mono at `SAMPLE_RATE`."""

    def __init__(self, rate: float) -> None:
        """Take frames at `rate` a second, over 0."""
        # int16 in soxr would be quicker, but the mean of several channels is not a whole number.
        same = rate == SAMPLE_RATE
        self._resampler = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def convert(self, frames: NDArray[np.float32]) -> NDArray[np.int16]:
        """Take frames, shape (n, channels); give the samples that are ready, shape (m,), m may be 0."""
        return self._resample(to_mono(frames), last=False)

    def finish(self) -> NDArray[np.int16]:
        """Give what the filter still holds, shape (m,); nothing may be converted afterwards."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, mono: NDArray[np.float32], *, last: bool) -> NDArray[np.int16]:
        if self._resampler is None:
            return to_int16(mono)
        return to_int16(self._resampler.resample_chunk(np.ascontiguousarray(mono), last=last))
