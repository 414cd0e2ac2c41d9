"""Sounds made by arithmetic, for tests that need to know every sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hardware.audio import SAMPLE_RATE, AudioChunk

if TYPE_CHECKING:
    from numpy.typing import NDArray


def tone(
    seconds: float, *, hertz: float = 440.0, rate: int = SAMPLE_RATE, peak: float = 0.5
) -> NDArray[np.float32]:
    """A sine, shape (n,)."""
    times = np.arange(round(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def noise(
    seconds: float, *, rate: int = SAMPLE_RATE, level: float = 0.001, seed: int = 1
) -> NDArray[np.float32]:
    """White noise of a given standard deviation, shape (n,)."""
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """The same in 16 bit."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def chunked(samples: NDArray[np.int16], length: int = 1280) -> list[AudioChunk]:
    """A stream of chunks of one length, the last one shorter."""
    return [
        AudioChunk(samples=samples[at : at + length], start_s=at / SAMPLE_RATE)
        for at in range(0, len(samples), length)
    ]


def level_db(samples: NDArray[np.int16], against: NDArray[np.int16]) -> float:
    """How much louder one sound is than another, in decibels."""
    return float(20 * np.log10(max(float(np.std(samples)), 1e-3) / float(np.std(against))))
