"""Whether what was heard is what the grammar forced it to be.

A search under a grammar makes a command of anything. Where the speech was something else, the phones of the path fit
worse than free phones do, and last too short or too long. Each phone of the path is judged by a logistic regression: by
the log-likelihood of the path's senones less that of the best senone of any context-independent phone, frame by frame,
by its length, and by which phone it is. An utterance is judged by the mean of that over its phones and by the sum over
its worst word, so that one foreign word between known ones is seen too.

`tests/training/rejection.py` computes the weights, which say by themselves what noise does to speech: the limit need
not follow it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path

WEIGHTS: Final = "rejection.json"

FEATURES: Final = ("mean", "mean above", "least", "length", "length squared", "three frames", "four frames")
"""What a phone is judged by, beside which phone it is."""

SURE: Final = 2.0
"""Log odds from which an utterance may order; below, whoever seems to order is asked whether it was meant.

Above all that `tests/training/rejection.py` finds of sentences that are no order and were taken for one.
"""

_USUAL_FRAMES: Final = 8.0
_WORST: Final = -12.0
_BEST: Final = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Logistic regressions of a phone and of an utterance, in nats."""

    features: NDArray[np.float64]
    """One for each of `FEATURES`."""
    phones: NDArray[np.float64]
    """One for each context-independent phone."""
    mean: float
    """Of the mean over the phones of an utterance."""
    worst: float
    """Of the sum over the phones of its worst word."""
    constant: float
    """Chosen so that an utterance is taken from 0 upwards."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Phones:
    """The phones of a path that are speech."""

    features: NDArray[np.float64]
    """Shape (n, features)."""
    phones: NDArray[np.int64]
    """Which phone each is, shape (n,)."""
    words: NDArray[np.int64]
    """Number of the word that each is in, shape (n,)."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a path fits the sound."""

    utterance: float
    """Log odds that the utterance is what the path says; what is below 0 is turned down."""
    words: tuple[float, ...]
    """Mean log odds over the phones of each word."""

    @property
    def foreign(self) -> bool:
        """Whether the utterance, or a word in it, is something else than the path says."""
        return self.utterance < 0

    @property
    def doubtful(self) -> bool:
        """Whether it is too little to order by."""
        return self.utterance < SURE


def fit(path: Path, scores: NDArray[np.float32], network: Network) -> Fit:
    """The fit of `path`, with `scores` of shape (frames, columns) that it was searched in."""
    found, weights = phones_of(path, scores, network), load_weights()
    odds = found.features @ weights.features + weights.phones[found.phones]
    count = np.bincount(found.words, minlength=len(path.words))
    sums = np.bincount(found.words, odds, minlength=len(path.words))
    mean, worst = summary(odds, found.words)
    return Fit(
        utterance=float(weights.mean * mean + weights.worst * worst + weights.constant),
        words=tuple((sums / np.maximum(count, 1)).tolist()),
    )


def summary(odds: NDArray[np.float64], words: NDArray[np.int64]) -> tuple[float, float]:
    """Of the log odds of phones, and the word that each is in: their mean, and the least sum over a word."""
    return float(odds.mean()), float(np.bincount(words, odds)[np.unique(words)].min())


def phones_of(path: Path, scores: NDArray[np.float32], network: Network) -> Phones:
    """What each phone of `path`, which holds a word, is judged by."""
    free = scores[:, : network.phone_senones].max(axis=1)
    features, phones, words = [], [], []
    word = 0
    for segment in path.segments:
        if network.filler[segment.instance]:
            continue
        while segment.start >= path.words[word].end and word + 1 < len(path.words):
            word += 1
        frames = np.arange(segment.start, segment.end)
        columns = network.states[list(segment.states), segment.instance]
        differences = scores[frames, columns] - free[frames]
        mean = min(max(float(differences.mean()), _WORST), _BEST)
        length = np.log(len(frames) / _USUAL_FRAMES)
        features.append(
            (
                mean,
                max(mean + 2, 0),
                max(float(differences.min()), _WORST - 3),
                length,
                length**2,
                len(frames) == 3,
                len(frames) <= 4,
            )
        )
        phones.append(int(network.phone[segment.instance]))
        words.append(word)
    return Phones(
        features=np.array(features, dtype=np.float64), phones=np.array(phones), words=np.array(words)
    )


def confidence(odds: float) -> float:
    """In [0, 1]; 0.5 at log odds of 0."""
    return float(1 / (1 + np.exp(np.clip(-odds, -50, 50))))


@cache
def load_weights() -> Weights:
    """The weights that were trained."""
    document = json.loads(
        files("assistant.recognition.grammar").joinpath(WEIGHTS).read_text(encoding="utf-8")
    )
    return Weights(
        features=np.array([document["features"][name] for name in FEATURES]),
        phones=np.array(document["phones"]),
        mean=document["mean"],
        worst=document["worst"],
        constant=document["constant"],
    )
