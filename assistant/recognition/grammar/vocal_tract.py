"""The length of a speaker's vocal tract, and the frequency axis warped by it.

Resonances of a short vocal tract lie higher than those that the acoustic model knows best, of a long one lower. Of a
few warps that one is taken under which the sound is likeliest as speech of anybody, whatever was said (Lee and Rose
1996): by the mixture of Gaussians that noise is compensated by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from assistant.recognition.grammar.front_end import (
    cepstra,
    frame_energy,
    loud,
    mel_power,
    with_floor,
    without_noise,
)
from assistant.recognition.grammar.noise import log_likelihood

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assistant.recognition.grammar.noise import SpeechMixture

WARPS: Final = (0.9, 0.94, 0.97, 1.0, 1.03, 1.06, 1.1)
"""See `front_end.mel_power`."""

PRIOR: Final = 600.0
"""Log-likelihood of an utterance that a warp loses, times the square of how far it is from 1.

A word says little of the speaker, and frames in noise are mostly likeliest under the furthest warp.
"""


def warped_power(spectrum: NDArray[np.float64], mixture: SpeechMixture) -> NDArray[np.float64]:
    """Power of an utterance, shape (frames, 257), to that of the speaker's mel filters with a floor, (frames, 25)."""
    return with_floor(mel_power(spectrum, warp_of(spectrum, mixture)))


def warp_of(spectrum: NDArray[np.float64], mixture: SpeechMixture) -> float:
    """The warp of `WARPS` for the speaker of an utterance, power of shape (frames, 257); 1 where nobody speaks."""
    heard = loud(frame_energy(spectrum))
    if not heard.any():
        return 1.0
    plain = with_floor(mel_power(spectrum))
    # A gain is the mean of many filters': one for all warps will do, and it is what takes the time.
    gain = without_noise(plain) / plain

    def fit(warp: float) -> float:
        coefficients = cepstra(with_floor(mel_power(spectrum, warp)) * gain)
        found = log_likelihood((coefficients - coefficients.mean(axis=0))[heard], mixture)
        return float(found.sum()) - PRIOR * (warp - 1) ** 2

    return max(WARPS, key=fit)
