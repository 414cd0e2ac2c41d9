"""The vocal tract: which warp fits a speaker, and what it brings for voices that are unlike the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr

from assistant.recognition.grammar import vocal_tract
from assistant.recognition.grammar.front_end import mel_power, power_spectrum, with_floor
from assistant.recognition.grammar.noise import log_likelihood, speech_mixture
from assistant.recognition.grammar.vocal_tract import WARPS, warp_of, warped_power
from hardware.audio import SAMPLE_RATE
from tests.assistant.recognition.conftest import SPOKEN
from tests.assistant.recognition.hearing import hear, household, read, silence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.noise import SpeechMixture
    from assistant.recognition.grammar.recogniser import GrammarRecogniser

pytestmark = pytest.mark.skipif(not household(), reason="the household's recordings are not here")


@pytest.fixture(scope="module")
def mixture(model: AcousticModel) -> SpeechMixture:
    return speech_mixture(model)


def of_a_throat(samples: NDArray[np.int16], shorter: float) -> NDArray[np.int16]:
    """The same said by somebody whose throat is `shorter` by that factor, and who is as much quicker."""
    return np.asarray(soxr.resample(samples, SAMPLE_RATE * shorter, SAMPLE_RATE))


def test_a_shorter_throat_is_warped_further(mixture: SpeechMixture) -> None:
    recordings = [read(path) for path, _ in household()[::4]]
    mean = {
        shorter: np.mean([warp_of(power_spectrum(of_a_throat(x, shorter)), mixture) for x in recordings])
        for shorter in (0.9, 1.0, 1.1)
    }
    assert mean[0.9] + 0.03 < mean[1.0] < mean[1.1] - 0.03


def test_where_nobody_speaks_nothing_is_warped(mixture: SpeechMixture, jazz: NDArray[np.int16]) -> None:
    for samples in (silence(0.0), silence(1.0)):
        spectrum = power_spectrum(samples)
        assert warp_of(spectrum, mixture) == 1.0
        assert np.array_equal(warped_power(spectrum, mixture), with_floor(mel_power(spectrum)))
    warp = warp_of(power_spectrum(jazz), mixture)
    assert warp in WARPS
    assert np.array_equal(
        warped_power(power_spectrum(jazz), mixture), with_floor(mel_power(power_spectrum(jazz), warp))
    )


def test_the_likelihood_is_that_of_the_mixture(mixture: SpeechMixture) -> None:
    coefficients = np.random.default_rng(2).normal(size=(3, 13))
    distances = (coefficients[:, None] - mixture.means) ** 2 / mixture.variances
    densities = np.exp(-0.5 * distances).prod(axis=2) / np.sqrt(mixture.variances.prod(axis=1))
    expected = np.log(densities @ np.exp(mixture.log_weights))
    assert np.allclose(log_likelihood(coefficients, mixture), expected)


@pytest.mark.parametrize("shorter", [0.8, 1.2])
def test_voices_unlike_the_models_are_heard_better(
    grammar: GrammarRecogniser, monkeypatch: pytest.MonkeyPatch, shorter: float
) -> None:
    said = [(of_a_throat(read(path), shorter), text) for path, text in household(SPOKEN)]

    def heard() -> float:
        return sum(hear(grammar, samples).text == text for samples, text in said) / len(said)

    by_warps = heard()
    monkeypatch.setattr(vocal_tract, "WARPS", (1.0,))
    assert by_warps >= 0.85
    assert heard() <= 0.75
