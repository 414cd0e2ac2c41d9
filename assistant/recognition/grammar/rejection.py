"""Whether what was heard is what the grammar forced it to be.

A search under a grammar makes a command of anything. Where the speech was something else, everyday words fit it better
than the path does, and the path's phones last too short or too long. Each phone of the path is judged by a logistic
regression: by the log-likelihood of the path's senones less that of the best path through a loop of everyday words
(`background`), frame by frame, and by its length. An utterance is judged by the mean of that over its phones: what does
not fit at all weighs so much that one foreign word between known ones is seen too. And by how many of them are hurried:
a path that is forced upon other speech squeezes in what it needs. And by how far it leads: what was said is a good
deal likelier than other words of the grammar, what was not has many that are as good. A large language fits more by
chance, and more is asked of it.

Noise, a strange voice or a bad microphone cost both paths alike: the limit need not follow them.
`tests/training/rejection.py` computes the weights.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.recognition.grammar.search import RUNNER_UP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path
    from assistant.records import Alternative

WEIGHTS: Final = "rejection.json"

FEATURES: Final = ("beside", "beside above", "length", "length squared", "three frames", "four frames")
"""What a phone is judged by."""

SURE: Final = 2.0
"""Log odds from which an utterance may order; below, whoever seems to order is asked whether it was meant."""

WEAKEST: Final = -0.4
"""What each word of it has to fit by, too (`Fit.weakest`): one foreign word makes another order, or none.

Of what is no order and was taken for one, `tests/training/rejection.py` counts what passes both.
"""

DOUBT: Final = (-6.0, 7.0)
"""Between these, by the best phone of each frame, everyday words must be searched to decide (`undoubted`)."""

SMALL: Final = 10_000
"""Instances of a network up to which a language is small."""

FAR: Final = 24.0
"""A lead beyond this says no more: a language without rivals leads by nothing that was heard."""

LETTERS: Final = 3
"""Of a word that makes another hypothesis: "a" or "an" is heard in anything, and means as little."""

_USUAL_FRAMES: Final = 8.0
_HURRIED: Final = 4
_WORST: Final = -12.0
_BEST: Final = 6.0
_NEAR: Final = -1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Logistic regressions of a phone and of an utterance."""

    features: NDArray[np.float64]
    """One for each of `FEATURES`."""
    phone: float
    """Of any phone."""
    mean: float
    """Of the mean over the phones of an utterance."""
    hurried: float
    """Of the share of phones that are `hurried`."""
    lead: float
    """Of `led`."""
    size: float
    """Of `size`."""
    constant: float
    """Chosen so that an utterance is taken from 0 upwards."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Phones:
    """The phones of a path that are speech."""

    frames: NDArray[np.int64]
    """How long each lasts, shape (n,)."""
    beside: NDArray[np.float64]
    """Log-likelihood less that of the best path through everyday words, mean over its frames, shape (n,)."""
    words: NDArray[np.int64]
    """Number of the word that each is in, shape (n,)."""

    @property
    def features(self) -> NDArray[np.float64]:
        """What each is judged by, shape (n, features)."""
        beside = np.clip(self.beside, _WORST, _BEST)
        length = np.log(self.frames / _USUAL_FRAMES)
        rows = (
            beside,
            np.maximum(beside - _NEAR, 0),
            length,
            length**2,
            self.frames == 3,
            self.frames <= _HURRIED,
        )
        return np.column_stack(rows).astype(np.float64)

    @property
    def hurried(self) -> float:
        """Share of those with four frames at most: where a path is forced upon other speech, it squeezes phones in."""
        return float((self.frames <= _HURRIED).mean())


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a path fits the sound."""

    utterance: float
    """Log odds that the utterance is what the path says; what is below 0 is turned down."""
    words: tuple[float, ...]
    """Mean log odds over the phones of each word."""
    weakest: float
    """The least sum of log odds over the phones of a word, by one more than they are: a short word says less."""

    @property
    def foreign(self) -> bool:
        """Whether the utterance, or a word in it, is something else than the path says."""
        return self.utterance < 0

    @property
    def doubtful(self) -> bool:
        """Whether it is too little to order by."""
        return self.utterance < SURE or self.weakest < WEAKEST


def fit(
    path: Path,
    scores: NDArray[np.float32],
    beside: NDArray[np.float32],
    network: Network,
    *,
    ahead: float,
) -> Fit:
    """The fit of `path`, with `scores` of shape (frames, columns) that it was searched in.

    `beside` are the scores along the best path through the background, shape (frames,); `ahead` is its `lead`.
    """
    found, weights = phones_of(path, scores, beside, network), load_weights()
    odds = found.features @ weights.features + weights.phone
    count = np.bincount(found.words, minlength=len(path.words))
    sums = np.bincount(found.words, odds, minlength=len(path.words))
    return Fit(
        utterance=float(
            weights.mean * odds.mean()
            + weights.hurried * found.hurried
            + weights.lead * led(ahead)
            + weights.size * size(network.size)
            + weights.constant
        ),
        words=tuple((sums / np.maximum(count, 1)).tolist()),
        weakest=weakest_of(odds, found.words),
    )


def weakest_of(odds: NDArray[np.float64], words: NDArray[np.int64]) -> float:
    """Of the log odds of phones, shape (n,), and the word that each is in, what `Fit.weakest` is."""
    count = np.bincount(words)
    spoken = count > 0
    return float((np.bincount(words, odds)[spoken] / (count[spoken] + 1)).min())


def undoubted(path: Path, scores: NDArray[np.float32], network: Network, *, ahead: float) -> Fit | None:
    """The fit of `path` beside the best phone of each frame, where that leaves no doubt; None where it does.

    It costs nothing beside the search for everyday words, and where it is sure the two decide alike whether the path is
    turned down. What is no order and fits the best phones that well in every word is next to never found.
    """
    found = fit(path, scores, scores[:, : network.phone_senones].max(axis=1), network, ahead=ahead)
    least, most = DOUBT
    sure = found.utterance < least or (found.utterance > most and not found.doubtful)
    return found if sure else None


def lead(text: str, alternatives: Sequence[Alternative]) -> float:
    """How far `text` is ahead of the first alternative with other words of `LETTERS`; `RUNNER_UP` where none is.

    Natural logarithm, as `Alternative.behind`, in whose order the alternatives are.
    """
    words = Counter(text.split())
    for alternative in alternatives:
        others = Counter(alternative.text.split())
        telling = any(len(word) >= LETTERS for word in (words - others) + (others - words))
        if telling and alternative.behind is not None:
            return min(alternative.behind, RUNNER_UP)
    return RUNNER_UP


def led(ahead: float) -> float:
    """What an utterance with such a `lead` is judged by."""
    return float(np.log1p(min(ahead, FAR)))


def size(instances: int) -> float:
    """How much larger than `SMALL` a network is, on a logarithmic scale; 0 for a small one."""
    return float(np.log(max(instances / SMALL, 1)))


def phones_of(
    path: Path, scores: NDArray[np.float32], beside: NDArray[np.float32], network: Network
) -> Phones:
    """What each phone of `path`, which holds a word, is judged by; see `fit`."""
    lengths, differences, words = [], [], []
    word = 0
    for segment in path.segments:
        if network.filler[segment.instance]:
            continue
        while segment.start >= path.words[word].end and word + 1 < len(path.words):
            word += 1
        frames = np.arange(segment.start, segment.end)
        columns = network.states[list(segment.states), segment.instance]
        lengths.append(len(frames))
        differences.append(float((scores[frames, columns] - beside[frames]).mean()))
        words.append(word)
    return Phones(
        frames=np.array(lengths),
        beside=np.array(differences, dtype=np.float64),
        words=np.array(words),
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
        phone=document["phone"],
        mean=document["mean"],
        hurried=document["hurried"],
        lead=document["lead"],
        size=document["size"],
        constant=document["constant"],
    )
