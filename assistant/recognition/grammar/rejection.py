"""Whether what was heard is what the grammar forced it to be.

A search under a grammar makes a command of anything. Where the speech was something else, the path's phones fit it
worse than free phones do: frame by frame, take the log-likelihood of the path's senone less that of the best senone of
any context-independent phone. The mean over the frames of speech is near 0 for what was said and far below for what was
not; noise brings the two nearer, so the limit moves with the signal-to-noise ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.recognition.grammar.noise import quietest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path

UTTERANCE_LIMITS: Final = ((17.0, -2.10), (23.0, -2.00), (29.0, -1.80))
"""(signal-to-noise ratio in dB, least mean fit of an utterance); between them, the line."""

WORD_LIMIT: Final = -6.0
"""Least mean fit of a single word, whatever the noise: a word's mean spreads more."""

SHORTEST_WORD: Final = 15
"""Frames below which a word is too short to be judged alone."""

SHARPNESS: Final = 3.0
"""How fast confidence grows with the fit, a nat a frame."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a path fits the sound, in nats a frame against free phones."""

    utterance: float
    """Mean over all frames of speech; minus infinity without any."""
    words: tuple[float, ...]
    """Mean over the frames of each word."""
    limit: float
    """What `utterance` must reach at this signal-to-noise ratio."""
    foreign: bool
    """Whether the utterance, or a word that is long enough to tell, is something else than the path says."""


def fit(path: Path, scores: NDArray[np.float32], network: Network, *, snr_db: float) -> Fit:
    """The fit of `path`, with `scores` of shape (frames, columns) that it was searched in."""
    free = scores[:, : network.phone_senones].max(axis=1)
    differences = np.zeros(len(scores))
    speech = np.zeros(len(scores), dtype=np.bool_)
    for segment in path.segments:
        if network.filler[segment.instance]:
            continue
        frames = np.arange(segment.start, segment.end)
        columns = network.states[list(segment.states), segment.instance]
        differences[frames] = scores[frames, columns] - free[frames]
        speech[frames] = True
    words = tuple(
        float(differences[word.start : word.end][speech[word.start : word.end]].mean()) for word in path.words
    )
    utterance = float(differences[speech].mean()) if speech.any() else -np.inf
    least = float(np.interp(snr_db, *np.transpose(UTTERANCE_LIMITS)))
    foreign_word = any(
        value < WORD_LIMIT and word.end - word.start >= SHORTEST_WORD
        for word, value in zip(path.words, words, strict=True)
    )
    return Fit(utterance=utterance, words=words, limit=least, foreign=utterance < least or foreign_word)


def confidence(value: float, least: float) -> float:
    """In [0, 1]; 0.5 at the limit."""
    return float(1 / (1 + np.exp(np.clip(-SHARPNESS * (value - least), -50, 50))))


def signal_to_noise(mel: NDArray[np.float64]) -> float:
    """Estimate in dB from mel power of shape (frames, 25): the loudest tenth of frames against the quietest fifth."""
    total = mel.sum(axis=1)
    loud = total[total >= np.percentile(total, 90)].mean()
    quiet = np.exp(np.log(total[quietest(mel)]).mean())
    return float(10 * np.log10(max(loud / quiet - 1, 1e-3)))
