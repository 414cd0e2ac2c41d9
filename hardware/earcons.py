"""Short sounds that say what words would take too long to say."""

from __future__ import annotations

from typing import Final

import numpy as np

from hardware.speaker import Sound

_RATE: Final = 22_050
_LEVEL: Final = 0.15


def woken() -> Sound:
    """Two rising tones, a ninth of a second: go on, I am listening."""
    return _tones((660.0, 0.05), (990.0, 0.06))


def _tones(*tones: tuple[float, float]) -> Sound:
    parts = []
    for hertz, seconds in tones:
        time = np.arange(round(seconds * _RATE)) / _RATE
        # Faded in and out, so that it does not click.
        fade = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.005)
        parts.append(_LEVEL * fade * np.sin(2 * np.pi * hertz * time))
    return Sound(samples=np.rint(np.concatenate(parts) * 32767).astype(np.int16), rate=_RATE)
