"""From sound to features: the front end that the acoustic model was trained with, step by step.

Frames of 410 samples every 160, pre-emphasis, Hamming window, 512-point spectrum, 25 mel filters from 130 to 6800 Hz,
logarithm, DCT-II, liftering, mean off, differences: `fe_sigproc.c`, `fe_noise.c` and `feat.c` of pocketsphinx 5.
What is ours is the noise floor: near-digital silence, which no trained frame has, ruins the log spectrum.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_SHIFT: Final = 160
"""Samples from one frame to the next."""

FRAMES_A_SECOND: Final = SAMPLE_RATE // FRAME_SHIFT
"""The acoustic model's frame rate."""

FRAME_LENGTH: Final = 410
"""Samples in a frame."""

CEPSTRA: Final = 13
"""Coefficients a frame."""

DELTA_REACH: Final = 3
"""Frames before and after that the differences of a frame look at."""

FLOOR_DB: Final = -30.0
"""Level of the white noise laid under an utterance, against the loudest tenth of its frames."""

SPEECH_SHARE: Final = 0.2
"""How far above the quiet tenth of the frames, on the way to the loudest in decibels, speech begins."""

DIGITAL_SILENCE: Final = 11.0
"""`frame_energy` of white noise whose deviation is nine tenths of the last of 16 bits. No microphone is as quiet: what
is below was made so by a gate or the suppression of noise, and tells nothing of the noise in the other frames."""

CALM: Final = 50
"""Frames of the calmest stretch of an utterance; the loudest frame of it says how loud what is not speech may be."""

ABOVE_CALM_DB: Final = 6.0
"""How far speech is to be above that, at least."""

BELOW_LOUDEST_DB: Final = 20.0
"""Where the calmest stretch comes nearer than that to what would pass for speech, only what is less than this below the
loudest frame does: voices in the background would be searched for words, and a grammar has words for everything."""

MARGIN: Final = 30
"""Frames of quiet that are left around speech: weak consonants are in them."""

NOISY_MARGIN: Final = 12
"""The same where something else is as loud as weak consonants: what would be left is mostly that."""

_FFT: Final = 512
_FILTERS: Final = 25
_LOW_HZ: Final = 130.0
_HIGH_HZ: Final = 6800.0
_LIFTER: Final = 22
_PRE_EMPHASIS: Final = 0.97
_LOG_FLOOR: Final = 1e-4

# fe_noise.c
_POWER_DECAY: Final = 0.7
_NOISE_RISE: Final = 0.995
_NOISE_FALL: Final = 0.5
_PEAK_DECAY: Final = 0.85
_MASKED: Final = 0.2
_MOST_GAIN: Final = 20.0
_SMOOTHING: Final = 4
_BLOCK: Final = 128


def power_spectrum(samples: NDArray[np.int16] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples of shape (n,) on the scale of 16 bits to power of shape (frames, 257); no frame below `FRAME_LENGTH`."""
    signal = samples.astype(np.float64)
    if len(signal) < FRAME_LENGTH:
        return np.empty((0, _FFT // 2 + 1))
    emphasised = signal.copy()
    emphasised[1:] -= _PRE_EMPHASIS * signal[:-1]
    frames = sliding_window_view(emphasised, FRAME_LENGTH)[::FRAME_SHIFT]
    return np.asarray(np.abs(np.fft.rfft(frames * _window(), _FFT)) ** 2)


def speech_span(samples: NDArray[np.int16]) -> tuple[int, int]:
    """First sample, and the one after the last, of the speech in an utterance with `MARGIN` frames around it.

    The means that channel and noise are known by are means over speech: a long quiet beside it would move them.
    """
    (found,) = loud(frame_energy(power_spectrum(samples))).nonzero()
    if not len(found):
        return 0, len(samples)
    first, last = int(found[0]) - MARGIN, int(found[-1]) + MARGIN
    return max(first, 0) * FRAME_SHIFT, min(last * FRAME_SHIFT + FRAME_LENGTH, len(samples))


def loud(energy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames are as loud as speech, by the `frame_energy` of an utterance."""
    return energy > _above_quiet(energy) if len(energy) else np.zeros(0, dtype=np.bool_)


def spoken(energy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames of an utterance words may be in, by the `frame_energy` of all: all, unless there is noise beside."""
    found = np.ones(len(energy), dtype=np.bool_)
    if not len(energy):
        return found
    calm = sliding_window_view(energy, min(CALM, len(energy))).max(axis=1).min()
    decibel = np.log(10) / 10
    limit, raised = _above_quiet(energy), energy.max() - BELOW_LOUDEST_DB * decibel
    if calm + ABOVE_CALM_DB * decibel > limit and raised > limit:
        (above,) = np.nonzero(energy > raised)
        found[: max(int(above[0]) - NOISY_MARGIN, 0)] = False
        found[int(above[-1]) + NOISY_MARGIN :] = False
    return found


def frame_energy(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of power of shape (frames, 257), smoothed over five frames, shape (frames,)."""
    if not len(spectrum):
        return np.empty(0)
    energy = np.log(spectrum.sum(axis=1) + 1)
    return np.convolve(np.pad(energy, 2, mode="edge"), np.full(5, 0.2), mode="valid")


def _above_quiet(energy: NDArray[np.float64]) -> float:
    sounding = energy[energy > DIGITAL_SILENCE]
    quiet, loudest = np.quantile(sounding if len(sounding) else energy, 0.1), energy.max()
    return float(quiet + SPEECH_SHARE * (loudest - quiet))


def mel_power(spectrum: NDArray[np.float64], warp: float = 1.0) -> NDArray[np.float64]:
    """Power of shape (frames, 257) to that of the mel filters, shape (frames, 25).

    `warp` stretches the frequency axis: above 1 for a shorter vocal tract than the one expected, below for a longer.
    """
    return np.asarray(spectrum @ mel_filters(warp))


def with_floor(mel: NDArray[np.float64], floor_db: float = FLOOR_DB) -> NDArray[np.float64]:
    """Mel power with that of white noise added, `floor_db` against the mean of the loudest tenth of the frames."""
    if not len(mel):
        return mel
    return mel + floor_of(mel, floor_db)


def floor_of(mel: NDArray[np.float64], floor_db: float = FLOOR_DB) -> NDArray[np.float64]:
    """Mel power, shape (25,), of the noise that `with_floor` adds."""
    total = mel.sum(axis=1)
    loud = mel[total >= np.percentile(total, 90)].mean(axis=0).sum()
    return np.asarray(white_noise() * max(float(loud), 1.0) * 10 ** (floor_db / 10))


def cepstra(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel power of shape (frames, 25) to liftered cepstra of shape (frames, 13)."""
    return np.asarray(np.log(mel + _LOG_FLOOR) @ to_cepstra())


def with_differences(coefficients: NDArray[np.float64]) -> NDArray[np.float32]:
    """Cepstra of shape (frames, 13) to the three streams, shape (frames, 3, 13); the ends are repeated."""
    frames = len(coefficients)
    padded = np.pad(coefficients, ((DELTA_REACH, DELTA_REACH), (0, 0)), mode="edge")

    def at(offset: int) -> NDArray[np.float64]:
        return padded[DELTA_REACH + offset : DELTA_REACH + offset + frames]

    first = at(2) - at(-2)
    second = (at(3) - at(-1)) - (at(1) - at(-3))
    return np.stack([coefficients, first, second], axis=1).astype(np.float32)


def without_noise(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mel power with its slowly changing part taken off, by a smoothed gain: the library's `remove_noise`."""
    return NoiseRemoval().remove(mel)


class NoiseRemoval:
    """The library's `remove_noise`, for frames that come a few at a time."""

    def __init__(self) -> None:
        self._state: tuple[NDArray[np.float64], ...] | None = None

    def remove(self, mel: NDArray[np.float64]) -> NDArray[np.float64]:
        """The next frames, mel power of shape (frames, 25), without the noise that those up to each of them show."""
        if not len(mel):
            return np.empty_like(mel)
        if self._state is None:
            self._state = mel[0], mel[0] / _MOST_GAIN, mel[0] / _MOST_GAIN, np.zeros(mel.shape[1])
        power, noise, floor, peak = self._state
        powers = _smoothed(mel, power)
        noises = _envelope(powers, noise)
        signals = np.maximum(powers - noises, 1.0)
        floors = _envelope(signals, floor)
        decayed = np.empty_like(mel)
        for signal, kept in zip(signals, decayed, strict=True):
            np.multiply(peak, _PEAK_DECAY, out=kept)
            peak = np.maximum(kept, signal)
        masked = np.where(signals < _PEAK_DECAY * decayed, decayed * _MASKED, signals)
        gains = np.clip(np.maximum(masked, floors) / powers, 1 / _MOST_GAIN, _MOST_GAIN)
        self._state = powers[-1], noises[-1], floors[-1], peak
        return mel * (gains @ _smoothing(mel.shape[1]))


class GrowingUtterance:
    """The first front end for an utterance that is still being spoken: each frame is worked on once.

    The floor of noise and the mean are those of what was heard up to then, so that the features come near to those of
    the whole utterance and are not the same.
    """

    def __init__(self) -> None:
        self._mel = np.empty((0, _FILTERS))
        self._cepstra = np.empty((0, CEPSTRA))
        self._noise = NoiseRemoval()
        self.given = 0
        """Frames that `features` has given."""

    def features(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Of the frames that are new in `samples`, all of the utterance up to now; shape (frames, streams, 13).

        The last frames wait for those that their differences look at.
        """
        known = len(self._mel)
        # From a frame earlier: the pre-emphasis looks back by a sample.
        begin = max(0, known - 1)
        fresh = mel_power(power_spectrum(samples[begin * FRAME_SHIFT :]))[known - begin :]
        self._mel = np.concatenate([self._mel, fresh])
        if len(fresh):
            removed = self._noise.remove(fresh + floor_of(self._mel))
            self._cepstra = np.concatenate([self._cepstra, cepstra(removed)])
        ready = len(self._cepstra) - DELTA_REACH
        if ready <= self.given:
            return np.empty((0, 3, CEPSTRA), dtype=np.float32)
        first = max(0, self.given - DELTA_REACH)
        near = with_differences(self._cepstra[first:] - self._cepstra.mean(axis=0))
        given = near[self.given - first : ready - first]
        self.given = ready
        return given


def _smoothed(mel: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each frame with what is left of those before it, which `last` holds of the time before; shape (frames, 25)."""
    smoothed = np.empty_like(mel)
    decay = _decay()
    for start in range(0, len(mel), len(decay)):
        block = mel[start : start + len(decay)]
        size = len(block)
        # The first row of a decay is what a frame takes of the one before it.
        smoothed[start : start + size] = decay[:size, 1 : size + 1] @ block + decay[:size, :1] * last
        last = smoothed[start + size - 1]
    return smoothed


@cache
def _decay() -> NDArray[np.float64]:
    """Shares of the frames of a block in each of them, behind that of the one before the block."""
    age = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)
    shares = np.where(age >= 0, (1 - _POWER_DECAY) * _POWER_DECAY ** np.maximum(age, 0), 0.0)
    return np.concatenate([_POWER_DECAY ** np.arange(1.0, _BLOCK + 1)[:, None], shares], axis=1)


def _envelope(values: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """A lower envelope of values of shape (frames, 25), from `last` on: it rises slowly and falls fast."""
    envelope = np.empty_like(values)
    falling = np.empty_like(last)
    # A rise is the smaller of the two where the value is above, a fall where it is below.
    for rise, fall, now in zip(values * (1 - _NOISE_RISE), values * (1 - _NOISE_FALL), envelope, strict=True):
        np.multiply(last, _NOISE_RISE, out=now)
        now += rise
        np.multiply(last, _NOISE_FALL, out=falling)
        falling += fall
        np.minimum(now, falling, out=now)
        last = now
    return envelope


@cache
def mel_filters(warp: float = 1.0) -> NDArray[np.float64]:
    """Triangular filters of unit area, shape (257, 25), their corners on the lines of the spectrum."""

    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    corners = 700 * (10 ** (np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), _FILTERS + 2) / 2595) - 1)
    step = SAMPLE_RATE / _FFT
    corners = np.minimum(np.floor(corners * warp / step + 0.5) * step, SAMPLE_RATE / 2)
    lines = np.arange(_FFT // 2 + 1) * step
    filters = np.zeros((len(lines), _FILTERS))
    for i, (left, centre, right) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        height = 2 / (right - left)
        rising = (lines - left) / (centre - left)
        falling = (right - lines) / (right - centre)
        filters[:, i] = np.clip(np.minimum(rising, falling), 0, None) * height
    return filters


@cache
def to_cepstra() -> NDArray[np.float64]:
    """The matrix from log mel power to liftered cepstra, shape (25, 13)."""
    orders = np.arange(CEPSTRA)
    basis = np.cos(np.pi / _FILTERS * orders[:, None] * (np.arange(_FILTERS) + 0.5)) * np.sqrt(2 / _FILTERS)
    basis[0] = np.sqrt(1 / _FILTERS)
    return np.asarray((basis * _lifter()[:, None]).T)


@cache
def from_cepstra() -> NDArray[np.float64]:
    """The matrix back from liftered cepstra to smoothed log mel power, shape (13, 25)."""
    basis = to_cepstra() / _lifter()
    return np.asarray((basis / _lifter()).T)


def _lifter() -> NDArray[np.float64]:
    return np.asarray(1 + _LIFTER / 2 * np.sin(np.arange(CEPSTRA) * np.pi / _LIFTER))


@cache
def white_noise() -> NDArray[np.float64]:
    """Mel power of white noise behind the pre-emphasis, of total 1, shape (25,)."""
    # |1 - z|^2 on the unit circle: pre-emphasis by nearly 1.
    shape = 4 * np.sin(np.pi * np.arange(_FFT // 2 + 1) / _FFT) ** 2 @ mel_filters()
    return np.asarray(shape / shape.sum())


@cache
def _window() -> NDArray[np.float64]:
    return np.asarray(0.54 - 0.46 * np.cos(2 * np.pi * np.arange(FRAME_LENGTH) / (FRAME_LENGTH - 1)))


@cache
def _smoothing(filters: int) -> NDArray[np.float64]:
    """Each filter's gain is the mean of its neighbours'; shape (filters, filters), columns sum to 1."""
    weights = np.zeros((filters, filters))
    for i in range(filters):
        first, last = max(i - _SMOOTHING, 0), min(i + _SMOOTHING, filters - 1)
        weights[first : last + 1, i] = 1 / (last - first + 1)
    return weights
