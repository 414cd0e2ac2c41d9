"""What happens to speech on its way to the microphone: rooms, pace, loudness, telephones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile
import soxr

from hardware.audio import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIRECT_TO_REVERBERANT_DB: Final = 0.0
"""Energy of the direct sound against the tail of a made-up room: a speaker some two metres away."""

TELEPHONE_RATE: Final = 8_000
TELEPHONE_HZ: Final = (300.0, 3_400.0)
"""The band of the telephone network (ITU-T G.712)."""

_WINDOW: Final = 512
"""Samples of the pieces that a change of pace is put together from (32 ms): a few periods of a voice."""
_SEARCH: Final = 160
"""Samples by which a piece may be moved to fit the one before it: the longest period of a voice, 10 ms."""


def reverberate(samples: NDArray[np.float64], response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples, shape (n,), in the room of impulse response `response`; as long and as loud as before.

    The direct sound stays where it was, and the tail of the last word goes on only as far as the recording does.
    """
    size = len(samples) + len(response) - 1
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    direct = int(np.argmax(np.abs(response)))
    wet = wet[direct : direct + len(samples)]
    before, after = np.sqrt(np.mean(samples**2)), np.sqrt(np.mean(wet**2))
    return np.asarray(wet * (before / after) if after else wet, np.float64)


def room(reverberation_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """An impulse response whose energy falls by 60 dB in `reverberation_s` (RT60): a direct sound, 3 ms of
    nothing, and a tail of decaying noise. Source: Polack's statistical model of late reverberation.
    """
    length = round(reverberation_s * SAMPLE_RATE)
    time_s = np.arange(length) / SAMPLE_RATE
    response = rng.standard_normal(length) * 10 ** (-3 * time_s / reverberation_s)
    response[: round(0.003 * SAMPLE_RATE)] = 0.0
    response *= np.sqrt(10 ** (-DIRECT_TO_REVERBERANT_DB / 10) / np.sum(response**2))
    response[0] = 1.0
    return response


def change_pace(samples: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Speak `rate` times as fast (over 0) at the same pitch: samples, shape (n,), to about n / rate.

    Waveform-similarity overlap-add: pieces are laid at the new pace, each taken from where it best goes on from
    the one before. Source: Verhelst and Roelands, ICASSP 1993.
    """
    if rate == 1.0 or len(samples) < 2 * (_WINDOW + _SEARCH):
        return samples
    hop = _WINDOW // 2
    window = np.hanning(_WINDOW + 1)[:-1]
    padded = np.concatenate([np.zeros(_SEARCH), samples, np.zeros(_WINDOW + 2 * _SEARCH)])
    count = int(len(samples) / rate / hop)
    out = np.zeros(count * hop + _WINDOW)
    at = _SEARCH
    for index in range(count):
        if index:
            # What would have followed the last piece at the old pace.
            wanted = padded[at + hop : at + hop + _WINDOW]
            nominal = _SEARCH + round(index * hop * rate)
            around = padded[nominal - _SEARCH : nominal + _SEARCH + _WINDOW]
            if len(wanted) < _WINDOW or len(around) < _WINDOW + 2 * _SEARCH:
                break
            at = nominal - _SEARCH + int(np.argmax(np.correlate(around, wanted, mode="valid")))
        out[index * hop : index * hop + _WINDOW] += window * padded[at : at + _WINDOW]
    return out[: round(len(samples) / rate)]


def telephone(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """As heard through the telephone network: 300 to 3,400 Hz, 8,000 samples a second, µ-law (G.711)."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    low, high = TELEPHONE_HZ
    # Edges over 100 Hz: a brick wall would ring.
    band = np.clip((hertz - low + 100) / 100, 0, 1) * np.clip((high + 100 - hertz) / 100, 0, 1)
    narrow = soxr.resample(np.fft.irfft(spectrum * band, len(samples)), SAMPLE_RATE, TELEPHONE_RATE)
    coded = io.BytesIO()
    soundfile.write(coded, np.clip(narrow, -1, 1), TELEPHONE_RATE, format="WAV", subtype="ULAW")
    coded.seek(0)
    decoded, _ = soundfile.read(coded)
    wide = soxr.resample(decoded, TELEPHONE_RATE, SAMPLE_RATE)
    return np.resize(np.asarray(wide, np.float64), len(samples))


def pad(
    samples: NDArray[np.float64], lead_s: float, tail_s: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], slice]:
    """Samples with quiet before and after, and where in it they lie.

    The quiet is white noise as loud as the quietest tenth of the recording's 25 ms frames, at least half a unit
    of 16 bit, so that there is no step at its ends.
    """
    frame = SAMPLE_RATE // 40
    count = len(samples) // frame
    power = np.mean(samples[: count * frame].reshape(count, frame) ** 2, axis=1) if count else np.zeros(1)
    level = max(0.5 / 32_768, float(np.sqrt(np.sort(power)[: max(1, count // 10)].mean())))
    lead, tail = round(lead_s * SAMPLE_RATE), round(tail_s * SAMPLE_RATE)
    quiet = rng.standard_normal(lead + tail) * level
    padded = np.concatenate([quiet[:lead], samples, quiet[lead:]])
    return padded, slice(lead, lead + len(samples))
