"""Noise to mix under speech: white, pink, babble, or any sound file. All of it repeats exactly for the same seed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import ConfigError
from assistant.resources import household_dir
from hardware.audiofile import read_chunks
from hardware.pcm import FULL_SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KINDS: Final = ("white", "pink", "babble")
"""Noises that need no file."""

TALKERS: Final = 8
"""Voices at once in babble."""

ENERGY_FRAME: Final = 2048
"""Samples in the frames whose largest energy is the level of speech and of noise."""

PEAK: Final = 0.5
"""Of full scale: where the loudest sample of a mix ends up."""


def read_samples(path: Path) -> NDArray[np.float64]:
    """A sound file whole, shape (n,), full scale 1; AudioFileError when it cannot be read."""
    samples = np.concatenate([chunk.samples for chunk in read_chunks(path, chunk_s=10.0)])
    return np.asarray(samples, np.float64) / FULL_SCALE


def noise_of(path: Path) -> NDArray[np.float64]:
    """A recording of noise whole, shape (n,), full scale 1.

    Raises:
        AudioFileError: it cannot be read.
        ConfigError: it is silent.
    """
    return _loud(path, "noise; name a recording of noise")


def response_of(path: Path) -> NDArray[np.float64]:
    """The impulse response of a room, shape (n,), full scale 1; raises what `noise_of` does."""
    return _loud(path, "impulse response; name a recording of one")


def _loud(path: Path, what: str) -> NDArray[np.float64]:
    samples = _recording(path)
    if not np.any(samples):
        raise ConfigError(f"{path} is silent, so it is no {what}")
    return samples


def make_noise(
    kind_or_file: str, length: int, rng: np.random.Generator, *, but: str = ""
) -> NDArray[np.float64]:
    """`length` samples of noise, shape (length,), at any level.

    A file is cut at a random place, and goes on from its beginning where it is too short. Babble is `TALKERS`
    of the bundled recordings at once, never the one named `but`.

    Raises:
        AudioFileError: the file cannot be read.
        ConfigError: it is silent.
    """
    if kind_or_file == "white":
        return rng.standard_normal(length)
    if kind_or_file == "pink":
        return _pink(length, rng)
    if kind_or_file == "babble":
        return _babble(length, rng, but)
    samples = noise_of(Path(kind_or_file))
    if len(samples) > length:
        start = int(rng.integers(0, len(samples) - length))
        return samples[start : start + length]
    return _around(samples, length, rng)


def mix(
    speech: NDArray[np.float64], noise: NDArray[np.float64], snr_db: float, *, spoken: slice
) -> NDArray[np.float64]:
    """Speech with noise of the same length at `snr_db`, scaled so that the loudest sample is `PEAK`.

    The levels are the largest energies of a 2,048-sample frame within `spoken`, where the recording lies in its
    padding. Source: mixer of the Picovoice speech-to-intent benchmark.
    """
    energy = _largest_energy(noise[spoken])
    scale = np.sqrt(_largest_energy(speech[spoken]) / (energy * 10 ** (snr_db / 10))) if energy else 0.0
    mixed = speech + scale * noise
    loudest = np.max(np.abs(mixed), initial=0.0)
    return mixed * (PEAK / loudest) if loudest else mixed


def _largest_energy(samples: NDArray[np.float64]) -> float:
    if len(samples) < ENERGY_FRAME:
        return float(np.sum(samples**2))
    count = len(samples) // ENERGY_FRAME
    frames = samples[: count * ENERGY_FRAME].reshape(count, ENERGY_FRAME)
    return float(np.max(np.sum(frames**2, axis=1)))


def _pink(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Power falls by 3 dB an octave: white noise weighted by 1/√f, down to the lowest bin."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    bins = np.arange(len(spectrum), dtype=np.float64)
    spectrum[1:] /= np.sqrt(bins[1:])
    spectrum[0] = 0.0
    return np.asarray(np.fft.irfft(spectrum, length), np.float64)


@lru_cache(maxsize=64)
def _recording(path: Path) -> NDArray[np.float64]:
    """Kept, since the same noise goes under every recording."""
    samples = read_samples(path)
    samples.setflags(write=False)
    return samples


def _babble(length: int, rng: np.random.Generator, but: str) -> NDArray[np.float64]:
    recordings: Sequence[Path] = sorted(path for path in household_dir().glob("*.flac") if path.name != but)
    noise = np.zeros(length)
    for index in rng.choice(len(recordings), size=TALKERS, replace=False):
        samples = _recording(recordings[index])
        noise += _around(samples / np.sqrt(np.mean(samples**2)), length, rng)
    return noise


def _around(samples: NDArray[np.float64], length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    start = int(rng.integers(0, len(samples)))
    return np.resize(np.roll(samples, -start), length)
