"""The level of a recording, against signals whose level is known."""

from __future__ import annotations

import numpy as np
import pytest

from hardware.audio import SAMPLE_RATE
from hardware.level import FRAME, SILENCE_DBFS, measure

SECOND = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def sine(amplitude: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.rint(amplitude * 32767 * np.sin(2 * np.pi * 401 * SECOND)).astype(np.int16)


def test_a_sine_wave_has_the_level_of_the_books() -> None:
    level = measure(sine(0.1))
    assert level.peak_dbfs == pytest.approx(-20, abs=0.05)
    assert level.level_dbfs == pytest.approx(-23.01, abs=0.05)
    assert level.floor_dbfs == pytest.approx(-23.01, abs=0.05)
    assert level.clipped == 0


def test_speech_over_noise_has_a_level_and_a_floor() -> None:
    noise = np.random.default_rng(0).normal(0, 32.768, SAMPLE_RATE * 2).astype(np.int16)
    noise[8000:24000] += sine(0.2)
    level = measure(noise)
    assert level.floor_dbfs == pytest.approx(-60, abs=1)
    assert level.level_dbfs == pytest.approx(-17, abs=0.2)


def test_clipping_and_silence_are_counted() -> None:
    clipped = np.clip(sine(1.0).astype(np.int32) * 2, -32768, 32767).astype(np.int16)
    # A sine of twice the scale is beyond it for two thirds of the time.
    assert measure(clipped).clipped == pytest.approx(2 / 3, abs=0.01)
    assert measure(np.full(FRAME, -32768, np.int16)).peak_dbfs == 0
    silent = measure(np.zeros(SAMPLE_RATE, np.int16))
    assert (silent.zeros, silent.peak_dbfs, silent.floor_dbfs) == (1, SILENCE_DBFS, SILENCE_DBFS)


def test_too_little_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="319 samples are too few"):
        measure(np.zeros(FRAME - 1, np.int16))
