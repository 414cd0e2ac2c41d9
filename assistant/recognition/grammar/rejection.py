"""Whether what was heard is what the grammar forced it to be.

A search under a grammar makes a command of anything. Where the speech was something else, everyday words fit it better
than the path does, and the path's phones last too short or too long. Each phone of the path is judged by a logistic
regression: by the log-likelihood of the path's senones less that of the best path through a loop of everyday words
(`background`), frame by frame, and by its length. An utterance is judged by the mean of that over its phones: what does
not fit at all weighs so much that one foreign word between known ones is seen too. And by how many of them are hurried:
a path that is forced upon other speech squeezes in what it needs. And by how far it leads: what was said is a good
deal likelier than other words of the grammar, what was not has many that are as good.

A large language fits more by chance: more is asked of it, and more is looked at. What is foreign in a sentence is
mostly longer than a word and shorter than the sentence, so that the weakest few words next to each other count, and the
half second that everyday words fit best; and speech that is left over beside the path's words. There the likelihood of
the words counts, too: what is everyday English is a likely sentence of the loop, what is ours is hardly one.

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

from assistant.recognition.grammar.search import RUNNER_UP, scores_along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.background import Everyday
    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path
    from assistant.records import Alternative

WEIGHTS: Final = "rejection.json"

FEATURES: Final = ("beside", "beside above", "length", "length squared", "three frames", "four frames")
"""What a phone is judged by."""

EVIDENCE: Final = (
    "mean",
    "hurried",
    "lead",
    "run",
    "dip",
    "uncovered",
    "behind",
    "fluency",
    "fluency above",
)
"""What an utterance is judged by: the mean over its phones, the share that are `hurried`, what it is ahead (`led`), the
weakest run of `RUN` words, `Phones.dip`, what is `uncovered`, how far it is `behind` everyday words, their `fluency`.
Only the first three under a small language, where the rest took more of all else at the same loss of commands."""

RUN: Final = 4
"""Words next to each other. A sentence with fewer is judged by the evidence of a small language under a large one, too:
what the rest was learnt from was longer, and it took more short words for an answer that were none."""

DIP: Final = 45
"""Frames."""

SURE: Final = 2.0
"""Log odds from which an utterance may order; below, whoever seems to order is asked whether it was meant."""

WEAKEST: Final = -0.4
"""What each word of it has to fit by, too (`Fit.weakest`): one foreign word makes another order, or none.

Of what is no order and was taken for one, `tests/training/rejection.py` counts what passes both.
"""

DOUBT: Final = (-5.0, 6.0)
"""Between these, by the best phone of each frame, everyday words must be searched to decide (`undoubted`)."""

SMALL: Final = 10_000
"""Instances of a network up to which a language is small."""

FAR: Final = 24.0
"""A lead beyond this says no more: a language without rivals leads by nothing that was heard."""

LETTERS: Final = 3
"""Of a word that makes another hypothesis: "a" or "an" is heard in anything, and means as little."""

BEHIND: Final = -15.0
FLUENCY: Final = -1.28
"""What they are of a command, in the middle: what is taken for granted where everyday words are not searched."""

_USUAL_FRAMES: Final = 8.0
_HURRIED: Final = 4
_WORST: Final = -12.0
_BEST: Final = 6.0
_NEAR: Final = -1.0
_FLUENT: Final = -1.25
_LEAST_LOUD: Final = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Logistic regressions of a phone and of an utterance."""

    features: NDArray[np.float64]
    """One for each of `FEATURES`."""
    phone: float
    """Of any phone."""
    small: NDArray[np.float64]
    """Under a small language: of each of `EVIDENCE`, and a constant, so that what is from 0 upwards is taken."""
    large: NDArray[np.float64]
    """The same of `RUN` words at least under a language of `large_size`; in between it goes by the size."""
    short: NDArray[np.float64]
    """The same of fewer words."""
    large_size: float
    """See `size`."""

    def of(self, size: float, words: int) -> NDArray[np.float64]:
        """What the evidence of so many words weighs under a language of that `size`, and the constant."""
        share = min(size / self.large_size, 1.0)
        return (1 - share) * self.small + share * (self.short if words < RUN else self.large)


@dataclass(frozen=True, kw_only=True, eq=False)
class Phones:
    """The phones of a path that are speech."""

    frames: NDArray[np.int64]
    """How long each lasts, shape (n,)."""
    beside: NDArray[np.float64]
    """Log-likelihood less that of the best path through everyday words, mean over its frames, shape (n,)."""
    words: NDArray[np.int64]
    """Number of the word that each is in, shape (n,)."""
    dip: float
    """The same over the `DIP` frames of the path, silence and noise with them, in which it is least."""

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
class Standing:
    """Where a path stands among what else could have been said."""

    lead: float
    """See `lead`."""
    uncovered: float
    """See `uncovered`."""
    behind: float = BEHIND
    """See `behind`."""
    fluency: float = FLUENCY
    """See `fluency`."""


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
    standing: Standing,
) -> Fit:
    """The fit of `path`, with `scores` of shape (frames, columns) that it was searched in.

    `beside` are the scores along the best path through the background, shape (frames,).
    """
    found, weights = phones_of(path, scores, beside, network), load_weights()
    odds = found.features @ weights.features + weights.phone
    count = np.bincount(found.words, minlength=len(path.words))
    sums = np.bincount(found.words, odds, minlength=len(path.words))
    return Fit(
        utterance=float(
            weights.of(size(network.size), len(path.words)) @ [*evidence(found, odds, standing), 1.0]
        ),
        words=tuple((sums / np.maximum(count, 1)).tolist()),
        weakest=weakest_of(odds, found.words),
    )


def evidence(found: Phones, odds: NDArray[np.float64], standing: Standing) -> tuple[float, ...]:
    """`EVIDENCE` of an utterance, whose phones have the log odds `odds`."""
    return (
        float(odds.mean()),
        found.hurried,
        led(standing.lead),
        weakest_run(odds, found.words, RUN),
        found.dip,
        standing.uncovered,
        standing.behind,
        standing.fluency,
        max(standing.fluency - _FLUENT, 0.0),
    )


def weakest_run(odds: NDArray[np.float64], words: NDArray[np.int64], length: int) -> float:
    """What `weakest_of` is, over `length` words next to each other, or all where there are fewer."""
    count = np.bincount(words)
    spoken = count > 0
    sums, counts = np.bincount(words, odds)[spoken], count[spoken]
    run = np.ones(min(length, len(sums)))
    return float((np.convolve(sums, run, "valid") / (np.convolve(counts, run, "valid") + 1)).min())


def weakest_of(odds: NDArray[np.float64], words: NDArray[np.int64]) -> float:
    """Of the log odds of phones, shape (n,), and the word that each is in, what `Fit.weakest` is."""
    return weakest_run(odds, words, 1)


def uncovered(path: Path, loud: NDArray[np.bool_], network: Network) -> float:
    """Share of the frames that are as loud as speech, shape (frames,), in which the path has no word."""
    covered = np.zeros(len(loud), dtype=np.bool_)
    for segment in path.segments:
        covered[segment.start : segment.end] = not network.filler[segment.instance]
    return float((loud & ~covered).sum() / max(loud.sum(), 1))


def behind(path: Path, everyday: Everyday) -> float:
    """How much likelier `path` is than the best one through everyday words, for each word of that; natural logarithm.

    Below 0: whatever is said, the loop has more to choose from.
    """
    return (path.score - everyday.score) / max(everyday.words, 1)


def fluency(everyday: Everyday, loud: NDArray[np.bool_]) -> float:
    """What the words of the loop cost for each of the frames that are `loud`, shape (frames,); natural logarithm.

    Nearer to 0 the longer and commoner the words are by which what was said is everyday English.
    """
    return everyday.cost / max(int(loud.sum()), _LEAST_LOUD)


def undoubted(path: Path, scores: NDArray[np.float32], network: Network, standing: Standing) -> Fit | None:
    """The fit of `path` beside the best phone of each frame, where that leaves no doubt; None where it does.

    It costs nothing beside the search for everyday words, of which `standing` holds what is usual of a command. Where
    it is sure the two decide alike whether the path is turned down. What is no order and fits the best phones that well
    in every word is next to never found.
    """
    best = scores[:, : network.phone_senones].max(axis=1)
    found = fit(path, scores, best, network, standing)
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
    difference = scores_along(path, scores, network) - beside
    lengths, differences, words = [], [], []
    word = 0
    for segment in path.segments:
        if network.filler[segment.instance]:
            continue
        while segment.start >= path.words[word].end and word + 1 < len(path.words):
            word += 1
        lengths.append(segment.end - segment.start)
        differences.append(float(difference[segment.start : segment.end].mean()))
        words.append(word)
    window = min(DIP, len(difference))
    sums = np.concatenate([[0.0], np.clip(difference, _WORST, _BEST).cumsum(dtype=np.float64)])
    return Phones(
        frames=np.array(lengths),
        beside=np.array(differences, dtype=np.float64),
        words=np.array(words),
        dip=float((sums[window:] - sums[:-window]).min() / window),
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
        small=_weighed(document["small"]),
        large=_weighed(document["large"]),
        short=_weighed(document["short"]),
        large_size=document["large size"],
    )


def _weighed(weights: dict[str, float]) -> NDArray[np.float64]:
    """In the order of `EVIDENCE`, the constant last; what is not looked at weighs nothing."""
    return np.array([weights.get(name, 0.0) for name in (*EVIDENCE, "constant")])
