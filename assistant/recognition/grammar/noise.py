"""A second front end for noise: vector Taylor series compensation (Moreno 1996), on the features.

Clean speech is a mixture of Gaussians of cepstra; noise and channel move each of them by a known amount to first order,
log(exp(speech) + exp(noise)) in the log mel domain. What a frame is expected to be without noise is its own value
less the movement of the Gaussians it fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.recognition.grammar.front_end import (
    CEPSTRA,
    cepstra,
    from_cepstra,
    to_cepstra,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel

GAUSSIANS: Final = 512
"""Size of the mixture that the model's codebooks are reduced to."""

QUIET_SHARE: Final = 0.2
"""Share of the frames, the quietest, that the noise is taken from."""

ITERATIONS: Final = 2
"""Re-estimations of the channel."""

_ROUNDS: Final = 4
_SILENCE_WEIGHT: Final = 4.0
_SMOOTHED: Final = 5
_LEAST_VARIANCE: Final = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeechMixture:
    """Clean speech as a Gaussian mixture of cepstra, mean off."""

    means: NDArray[np.float64]
    """Shape (k, 13)."""
    variances: NDArray[np.float64]
    """Shape (k, 13)."""
    log_weights: NDArray[np.float64]
    """Shape (k,)."""


def speech_mixture(model: AcousticModel, size: int = GAUSSIANS) -> SpeechMixture:
    """The cepstral Gaussians of all codebooks, clustered to `size` by k-means with moments kept."""
    definition = model.definition
    phones = len(definition.phones)
    weights = np.concatenate(
        [
            np.exp(model.weights[0][:, definition.senones[definition.sequence_of[phone]]]).mean(axis=1)
            * (_SILENCE_WEIGHT if phone == model.silence else 1.0)
            for phone in range(phones)
        ]
    )
    means = model.means[:, 0].reshape(-1, CEPSTRA)
    variances = model.variances[:, 0].reshape(-1, CEPSTRA)
    scale = np.sqrt(variances.mean(axis=0))
    rng = np.random.default_rng(0)
    centres = means[rng.choice(len(means), size, replace=False, p=weights / weights.sum())]
    points = means / scale
    for _ in range(_ROUNDS):
        ends = centres / scale
        nearest = _nearest(points, ends)
        mass = np.bincount(nearest, weights, size)
        held = mass > 0
        sums = np.stack([np.bincount(nearest, weights * means[:, d], size) for d in range(CEPSTRA)], axis=1)
        centres[held] = sums[held] / mass[held, None]
    second = np.stack(
        [np.bincount(nearest, weights * (variances + means**2)[:, d], size) for d in range(CEPSTRA)], axis=1
    )
    return SpeechMixture(
        means=centres[held],
        variances=second[held] / mass[held, None] - centres[held] ** 2,
        log_weights=np.log(mass[held] / mass.sum()),
    )


def _nearest(points: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.intp]:
    """The nearest of the `ends`, shape (k, d), to each of the points, shape (n, d)."""
    distances = 2 * points @ ends.T
    # In place: a second matrix of that size would be the most memory that a start takes.
    np.subtract((ends**2).sum(axis=1), distances, out=distances)
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return nearest


def compensated(
    mel: NDArray[np.float64], channel: NDArray[np.float64], mixture: SpeechMixture
) -> NDArray[np.float64]:
    """Mel power of shape (frames, 25), at least one, to cepstra of shape (frames, 13) less noise and channel.

    `channel`, of shape (13,), is where its estimation begins: the mean of the cepstra without noise.
    """
    heard = cepstra(mel)
    quiet = quietest(mel)
    noise = np.log(mel[quiet] + 1e-4).mean(axis=0)
    noise_variance = np.maximum(heard[quiet].var(axis=0), _LEAST_VARIANCE)
    back, to, slopes = from_cepstra(), to_cepstra(), _slopes()
    spread = mixture.variances + noise_variance
    squared = np.concatenate([heard, heard**2], axis=1).T
    for iteration in range(ITERATIONS + 1):
        difference = noise - (mixture.means + channel) @ back
        # By one exponential the logarithm of a sum and its derivative.
        ratio = np.exp(-np.abs(difference))
        shift = (np.maximum(difference, 0.0) + np.log1p(ratio)) @ to
        gain = np.where(difference > 0, ratio, 1.0) / (1.0 + ratio)
        jacobian = (gain @ slopes).reshape(-1, CEPSTRA, CEPSTRA)
        # Of speech by the Jacobian, of noise by what is left of one.
        variance = noise_variance * (1 - 2 * jacobian[:, range(CEPSTRA), range(CEPSTRA)])
        variance += (jacobian**2 * spread[:, :, None]).sum(axis=1)
        mean = mixture.means + channel + shift
        posterior = _weighed(mean, variance, mixture.log_weights, squared)
        posterior -= posterior.max(axis=0)
        np.exp(posterior, out=posterior)
        posterior /= posterior.sum(axis=0)
        if iteration < ITERATIONS:
            channel = channel + heard.mean(axis=0) - posterior.mean(axis=1) @ mean
    return np.asarray(heard - channel - posterior.T @ shift)


def log_likelihood(coefficients: NDArray[np.float64], mixture: SpeechMixture) -> NDArray[np.float64]:
    """How likely cepstra with their mean off, shape (frames, 13), are speech; natural logarithms, shape (frames,)."""
    squared = np.concatenate([coefficients, coefficients**2], axis=1).T
    logs = _weighed(mixture.means, mixture.variances, mixture.log_weights, squared)
    best = logs.max(axis=0)
    logs -= best
    np.exp(logs, out=logs)
    return np.asarray(best + np.log(logs.sum(axis=0)))


def _weighed(
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    log_weights: NDArray[np.float64],
    squared: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log densities of Gaussians, shape (k, 13) and with their weights, but for a constant; shape (k, frames).

    `squared` are the frames' coefficients and below them their squares, shape (26, frames). What is taken over the
    Gaussians runs along memory.
    """
    inverse = 1.0 / variances
    logs: NDArray[np.float64] = np.concatenate([means * inverse, -0.5 * inverse], axis=1) @ squared
    logs += (log_weights - 0.5 * (np.log(variances) + means**2 * inverse).sum(axis=1))[:, None]
    return logs


@cache
def _slopes() -> NDArray[np.float64]:
    """What each mel filter's gain moves of each coefficient by each other; shape (25, 13 * 13)."""
    slopes = from_cepstra().T[:, :, None] * to_cepstra()[:, None, :]
    return np.asarray(slopes.reshape(len(slopes), -1))


def quietest(mel: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames are the quietest, by smoothed energy."""
    energy = np.log(mel.sum(axis=1))
    smoothed = np.convolve(
        np.pad(energy, _SMOOTHED // 2, mode="edge"), np.full(_SMOOTHED, 1 / _SMOOTHED), mode="valid"
    )
    return np.asarray(smoothed <= np.quantile(smoothed, QUIET_SHARE))
