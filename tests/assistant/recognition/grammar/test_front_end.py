"""Features: the library's where they should be, and steadier where silence would ruin them."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.audiotest.noise import make_noise, mix
from assistant.recognition.grammar.front_end import (
    DELTA_REACH,
    FRAME_LENGTH,
    FRAME_SHIFT,
    MARGIN,
    GrowingUtterance,
    NoiseRemoval,
    cepstra,
    frame_energy,
    from_cepstra,
    loud,
    mel_filters,
    mel_power,
    power_spectrum,
    speech_span,
    spoken,
    to_cepstra,
    with_differences,
    with_floor,
    without_noise,
)
from assistant.recognition.grammar.noise import GAUSSIANS, compensated, speech_mixture
from hardware.audio import SAMPLE_RATE
from hardware.pcm import FULL_SCALE, to_int16
from tests.assistant.recognition.hearing import hiss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from tests.assistant.recognition.grammar.conftest import Oracle


def test_cepstra_are_the_librarys(jazz: NDArray[np.int16], oracle: Oracle) -> None:
    ours = cepstra(without_noise(mel_power(power_spectrum(jazz))))
    # The library pads the last frame, which is not whole.
    assert len(oracle.cepstra) - len(ours) in (0, 1)
    assert np.abs(ours - oracle.cepstra[: len(ours)]).max() < 1e-3


def test_frames_are_counted_as_they_fit() -> None:
    for length, frames in ((0, 0), (FRAME_LENGTH - 1, 0), (FRAME_LENGTH, 1), (FRAME_LENGTH + FRAME_SHIFT, 2)):
        assert power_spectrum(np.ones(length, dtype=np.int16)).shape == (frames, 257)


def test_differences_reach_three_frames() -> None:
    ramp = np.arange(20.0)[:, None] * np.ones(13)
    features = with_differences(ramp)
    assert features.shape == (20, 3, 13)
    assert np.all(features[3:-3, 1] == 4)
    assert np.all(features[3:-3, 2] == 0)


def test_the_way_back_from_cepstra_smooths_and_no_more() -> None:
    assert np.allclose(from_cepstra() @ to_cepstra(), np.eye(13))


def test_a_warp_moves_the_filters() -> None:
    lines = np.arange(257)
    centre = (lines @ mel_filters()) / mel_filters().sum(axis=0)
    higher = (lines @ mel_filters(1.1)) / mel_filters(1.1).sum(axis=0)
    assert np.all(higher[3:-1] > centre[3:-1])


def test_the_floor_bounds_what_silence_does(jazz: NDArray[np.int16]) -> None:
    # Silence around and in it: without the floor the mean of the cepstra is that of zeros.
    cut = np.where(np.abs(jazz.astype(np.int32)) < 120, 0, jazz).astype(np.int16)
    plain = [cepstra(mel_power(power_spectrum(x))) for x in (jazz, cut)]
    floored = [cepstra(with_floor(mel_power(power_spectrum(x)))) for x in (jazz, cut)]

    def distance(pair: list[NDArray[np.float64]]) -> float:
        first, second = ((x - x.mean(axis=0)) for x in pair)
        return float(np.abs(first - second).mean())

    assert distance(floored) < 0.3 * distance(plain)


def test_compensation_brings_noisy_speech_nearer_to_clean(
    model: AcousticModel, jazz: NDArray[np.int16]
) -> None:
    noisy = jazz + hiss(len(jazz) / 16_000, 600.0)[: len(jazz)].astype(np.float64)
    clean_mel, noisy_mel = (with_floor(mel_power(power_spectrum(x))) for x in (jazz, noisy))
    clean = cepstra(clean_mel)
    clean -= clean.mean(axis=0)
    raw = cepstra(noisy_mel)
    raw -= raw.mean(axis=0)
    channel = cepstra(without_noise(noisy_mel)).mean(axis=0)
    better = compensated(noisy_mel, channel, speech_mixture(model))
    better -= better.mean(axis=0)
    loud = clean_mel.sum(axis=1) > np.median(clean_mel.sum(axis=1))
    assert np.abs(better - clean)[loud].mean() < 0.95 * np.abs(raw - clean)[loud].mean()


def test_the_mixture_is_made_with_one_matrix_of_distances(model: AcousticModel) -> None:
    matrix = len(model.definition.phones) * model.means.shape[2] * GAUSSIANS * 8
    tracemalloc.start()
    try:
        speech_mixture(model)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert matrix <= peak < 1.5 * matrix


def test_quiet_around_speech_is_left_out_but_for_a_margin(jazz: NDArray[np.int16]) -> None:
    start, end = speech_span(jazz)
    padded = np.concatenate([hiss(2.0, 9.0), jazz, hiss(3.0, 9.0)])
    first, last = speech_span(padded)
    lead = 2 * SAMPLE_RATE
    assert abs(first - lead - start) <= (MARGIN + 5) * FRAME_SHIFT
    assert abs(last - lead - end) <= (MARGIN + 5) * FRAME_SHIFT


@pytest.mark.parametrize("deviation", [0.0, 0.3])
def test_digital_silence_says_nothing_of_the_noise_in_the_speech(
    jazz: NDArray[np.int16], deviation: float
) -> None:
    noisy = jazz + np.random.default_rng(2).normal(0.0, 20.0, len(jazz))
    beside = np.random.default_rng(3).normal(0.0, deviation, SAMPLE_RATE)
    padded = np.concatenate([beside, noisy, beside])

    def found(samples: NDArray[np.float64]) -> int:
        return int(loud(frame_energy(power_spectrum(np.rint(samples).astype(np.int16)))).sum())

    assert abs(found(padded) - found(noisy)) <= 10


def test_words_may_be_anywhere_but_where_only_voices_in_the_background_are(jazz: NDArray[np.int16]) -> None:
    start, end = speech_span(jazz)
    lead, tail = 2 * SAMPLE_RATE, 3 * SAMPLE_RATE
    alone = np.concatenate([hiss(2.0, 9.0), jazz, hiss(3.0, 9.0)]) / FULL_SCALE
    assert spoken(frame_energy(power_spectrum(to_int16(alone.astype(np.float32))))).all()
    babble = make_noise("babble", len(alone), np.random.default_rng(3))
    among_others = to_int16(
        mix(alone, babble, 24.0, spoken=slice(lead, len(alone) - tail)).astype(np.float32)
    )
    assert speech_span(among_others)[1] - speech_span(among_others)[0] > len(jazz) + 2 * SAMPLE_RATE
    (frames,) = np.nonzero(spoken(frame_energy(power_spectrum(among_others))))
    # Not a word is cut off, and little of the five seconds beside them is left.
    assert frames[0] * FRAME_SHIFT <= lead + start + MARGIN * FRAME_SHIFT
    assert frames[-1] * FRAME_SHIFT >= lead + end - MARGIN * FRAME_SHIFT
    assert len(frames) * FRAME_SHIFT < end - start + SAMPLE_RATE / 2


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.int16), np.zeros(300, np.int16), np.zeros(8000, np.int16)]
)
def test_where_nothing_stands_out_nothing_is_left_out(samples: NDArray[np.int16]) -> None:
    assert speech_span(samples) == (0, len(samples))


@pytest.mark.parametrize("step", [1, 7, 100])
def test_noise_is_removed_alike_however_the_frames_come(jazz: NDArray[np.int16], step: int) -> None:
    mel = with_floor(mel_power(power_spectrum(jazz)))
    removal = NoiseRemoval()
    pieces = [removal.remove(mel[start : start + step]) for start in range(0, len(mel), step)]
    assert np.concatenate(pieces) == pytest.approx(without_noise(mel), rel=1e-12)


@pytest.mark.parametrize("step", [80, 1600, 100_000])
def test_a_growing_utterance_gives_each_frame_once(jazz: NDArray[np.int16], step: int) -> None:
    growing = GrowingUtterance()
    given = [growing.features(jazz[: end + step]) for end in range(0, len(jazz), step)]
    features = np.concatenate(given)
    coefficients = cepstra(without_noise(with_floor(mel_power(power_spectrum(jazz)))))
    whole = with_differences(coefficients - coefficients.mean(axis=0))[: len(features)]
    assert len(features) == growing.given == len(coefficients) - DELTA_REACH
    if step >= len(jazz):
        assert features == pytest.approx(whole, abs=1e-5)
    # Once the loudest has been heard the differences, which no mean touches, are those of the whole utterance.
    late = len(features) * 3 // 4
    assert np.abs(features[late:, 1:] - whole[late:, 1:]).mean() < 0.1 * np.abs(whole[:, 1:]).mean()
