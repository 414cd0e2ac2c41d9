"""How loud a recording is: peak, level, noise floor and clipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hardware.audio import SAMPLE_RATE
from hardware.pcm import FULL_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME: Final = SAMPLE_RATE // 50
"""Samples of the frames whose loudness is taken: 20 ms."""
SILENCE_DBFS: Final = -96.0
"""What 16 bit samples can tell from nothing."""
_FLOOR_PERCENTILE: Final = 10
_LEVEL_PERCENTILE: Final = 95
_CLIPPED: Final = FULL_SCALE - 8
"""From here on a sample counts as clipped; converters often stop a little short of full scale."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Loudness in dB relative to full scale, by which a sine wave that just does not clip has -3."""

    peak_dbfs: float
    """The loudest sample."""
    level_dbfs: float
    """Of the loud frames, root mean square: the 95th percentile, which is speech where somebody spoke."""
    floor_dbfs: float
    """Of the quiet frames: the 10th percentile, which is the noise between words."""
    clipped: float
    """Share of the samples that are at the end of the scale, 0 to 1."""
    zeros: float
    """Share of the samples that are exactly zero, 0 to 1."""


def measure(samples: NDArray[np.int16]) -> Level:
    """The level of mono samples, shape (n,) with at least a frame; ValueError for fewer."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    if not len(frames):
        raise ValueError(f"{len(samples)} samples are too few to measure; give at least {FRAME}")
    loudness = np.sqrt(np.mean(frames**2, axis=1))
    wide = samples.astype(np.int32)
    return Level(
        peak_dbfs=_dbfs(float(np.max(np.abs(wide)))),
        level_dbfs=_dbfs(float(np.percentile(loudness, _LEVEL_PERCENTILE))),
        floor_dbfs=_dbfs(float(np.percentile(loudness, _FLOOR_PERCENTILE))),
        clipped=float(np.mean(np.abs(wide) >= _CLIPPED)),
        zeros=float(np.mean(wide == 0)),
    )


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20 * float(np.log10(max(amplitude, 1e-9) / FULL_SCALE)))
