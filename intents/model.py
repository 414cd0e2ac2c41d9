"""The model: how likely a text means each of the intents it was trained for, or none of them.

A network of one small hidden layer over words, their pieces, neighbours and classes (`intents.features`), read from a
data file; numpy alone, a few dozen microseconds a text. It is trained offline by `intents.training`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

import msgspec
import numpy as np

from intents.errors import ModelError
from intents.features import Classes, context_features, without_address, word_features

if TYPE_CHECKING:
    from collections.abc import KeysView, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

NONE: Final = "none"
"""The label of a text that is none of the model's intents."""
FORMAT: Final = 3
"""Version of the layout of model files."""
# Words remembered with their features summed up. Languages are heavy-tailed, so few are enough; a bound, since
# texts come from outside.
_REMEMBERED_WORDS: Final = 8192


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model file says of itself."""

    format: int
    """Version of the file's layout."""
    language: str
    """Language code of the texts it was trained on."""
    labels: tuple[str, ...]
    """What it tells apart; the last is "none"."""
    finer: tuple[int, ...]
    """How many finer labels each of them sums up, which the file's outputs are."""
    thresholds: dict[str, tuple[float, float]]
    """Label to the probabilities from which to ask, and from which to accept."""
    fixed: dict[str, dict[str, str]]
    """Label to the slots that it says as well: music is playing it, and not its volume."""
    evidence: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """Label of an order to the classes of ordering verbs and of things ordered; it is not accepted without both."""
    denial: dict[str, tuple[str, ...]]
    """Label to the words that may deny such a command; with one of them, an order is never accepted at once."""
    questions: dict[str, tuple[str, ...]]
    """Label of an order to phrases that make it a question where they come before the verb; it is then asked about."""
    classes: dict[str, tuple[str, ...]]
    """Class to its words and phrases, normalised."""
    trained_on: dict[str, int]
    """Name of each source to how many of its sentences were used."""
    attribution: str
    """Whose sentences it was trained on, and under which licences."""


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What the model makes of a text."""

    probabilities: Mapping[str, float]
    """Label to probability; they sum to 1."""
    best: str
    """The likeliest label but "none"."""
    ask: float
    """The probability of `best` from which to ask."""
    accept: float
    """The probability of `best` from which to accept, at least `ask`."""

    @property
    def score(self) -> float:
        """Probability of `best`."""
        return self.probabilities[self.best]


@dataclass(frozen=True, kw_only=True)
class Weight:
    """How much one feature of a text spoke for a label."""

    feature: str
    """As `intents.features` writes it."""
    weight: float
    """Its share of the label's log odds against "none", with the finer labels as likely among each other as here."""


class Model:
    """A model in memory. Remembers words it has seen; may be shared by threads."""

    def __init__(
        self,
        *,
        header: Header,
        features: Sequence[str],
        inner: NDArray[np.float32],
        idf: NDArray[np.float32],
        inner_bias: NDArray[np.float32],
        outer: NDArray[np.float32],
        outer_bias: NDArray[np.float32],
    ) -> None:
        """`inner` (features, hidden) is scaled by `idf` (features,) already; `outer` is (hidden, finer labels)."""
        self.header = header
        sizes = np.array(header.finer, np.intp)
        ends = np.cumsum(sizes)
        self._starts = ends - sizes
        self._finer = dict(zip(header.labels, map(slice, self._starts, ends), strict=True))
        self._rows = dict(zip(features, range(len(features)), strict=True))
        # One row a feature: its weights, and last its square, so that one sum does for both.
        self._table = np.concatenate([inner, idf[:, None] ** 2], axis=1, dtype=np.float32)
        self._inner_bias = np.append(inner_bias, np.float32(0))
        self._outer = np.concatenate([outer, outer_bias[None]], dtype=np.float32)
        self._classes = Classes(header.classes)
        self._of_word = lru_cache(maxsize=_REMEMBERED_WORDS)(self._sum_word)

    @property
    def features(self) -> KeysView[str]:
        """Every feature that has weights, whole words among them."""
        return self._rows.keys()

    def believe(self, text: str) -> Belief:
        """How likely the normalised `text` means each label."""
        words = without_address(text).split()
        total = self._sum(context_features(words, self._classes))
        for word in words:
            total += self._of_word(word)
        total *= _inverse_root(float(total[-1]))
        # In place of the squares a one, so that the product adds the bias as well.
        total[-1] = 1.0
        total += self._inner_bias
        np.maximum(total, 0, out=total)
        logits = total @ self._outer
        logits -= logits.max()
        return self._belief(np.add.reduceat(np.exp(logits, dtype=np.float64), self._starts).tolist())

    def explain(self, text: str, label: str, *, limit: int = 8) -> list[Weight]:
        """The features of the normalised `text` that spoke most for or against `label`, the heaviest first."""
        words = without_address(text).split()
        features = [feature for word in words for feature in word_features(word)]
        features += context_features(words, self._classes)
        known = [(feature, self._rows[feature]) for feature in features if feature in self._rows]
        if not known:
            return []
        rows = np.array([row for _, row in known])
        vectors = self._table[rows, :-1] * _inverse_root(float(self._table[rows, -1].sum()))
        hidden = np.maximum(np.append(vectors.sum(axis=0), np.float32(1)) + self._inner_bias, 0)
        logits = hidden @ self._outer
        direction = ((self._mean(label, logits) - self._mean(NONE, logits)) * (hidden > 0))[:-1]
        weights: dict[str, float] = {}
        for (feature, _), weight in zip(known, (vectors @ direction).tolist(), strict=True):
            weights[feature] = weights.get(feature, 0.0) + weight
        heaviest = sorted(weights, key=lambda feature: (-abs(weights[feature]), feature))
        return [Weight(feature=feature, weight=weights[feature]) for feature in heaviest[:limit]]

    def _belief(self, shares: Sequence[float]) -> Belief:
        whole = sum(shares)
        probabilities = {
            label: share / whole for label, share in zip(self.header.labels, shares, strict=True)
        }
        best = max(self.header.labels[:-1], key=probabilities.__getitem__)
        ask, accept = self.header.thresholds[best]
        return Belief(probabilities=probabilities, best=best, ask=ask, accept=accept)

    def _mean(self, label: str, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """(hidden + 1,) the weights and bias of the finer labels of `label`, each by how likely it is among them."""
        part = self._finer[label]
        shares = np.exp(logits[part] - logits[part].max())
        return np.asarray(self._outer[:, part] @ (shares / shares.sum()))

    def _sum_word(self, word: str) -> NDArray[np.float32]:
        return self._sum(word_features(word))

    def _sum(self, features: Sequence[str]) -> NDArray[np.float32]:
        """(hidden + 1,) the sum of the rows of the features that have one; a new array."""
        rows = [row for row in map(self._rows.get, features) if row is not None]
        return np.asarray(np.add.reduce(self._table.take(np.array(rows, np.intp), axis=0), axis=0))


def _inverse_root(squares: float) -> np.float32:
    return np.float32(squares**-0.5 if squares else 0.0)


def load_model(language: str) -> Model | None:
    """The bundled model of `language`; None if there is none. Raises `ModelError` for a broken file."""
    path = files("intents").joinpath("models", f"{language}.npz")
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return read_model(file, str(path))


# What NumPy, zipfile and the decoder raise for what is no such file, or for a damaged one.
_NO_MODEL: Final = (
    *(OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, NotImplementedError, RuntimeError),
    *(BadZipFile, zlib.error, msgspec.DecodeError),
)


def read_model(file: IO[bytes], name: str) -> Model:
    """The model in an open `file`; `name` is for messages. Raises `ModelError` for what is no model of this format."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            header = msgspec.json.decode(arrays["header"].tobytes(), type=Header)
            features = arrays["features"].tobytes().decode().split("\n")
            scale = arrays["scale"].astype(np.float32)
            inner = arrays["inner"].astype(np.float32)
            rest = {
                key: arrays[key].astype(np.float32) for key in ("idf", "inner_bias", "outer", "outer_bias")
            }
    except _NO_MODEL as error:
        raise ModelError(
            f"{name}: is no model of format {FORMAT} ({error}); make one with `pennyworth intents train`"
        ) from error
    hidden, outputs = rest["inner_bias"].size, sum(header.finer)
    shapes = {"inner": (len(features), hidden), "scale": (len(features),), "idf": (len(features),)}
    shapes |= {"inner_bias": (hidden,), "outer": (hidden, outputs), "outer_bias": (outputs,)}
    found = {"inner": inner, "scale": scale, **rest}
    fits = {
        key: found[key].shape == shape and bool(np.isfinite(found[key]).all())
        for key, shape in shapes.items()
    }
    if not all(fits.values()) or not _holds_together(header):
        raise ModelError(
            f"{name}: format {header.format}; its header and its arrays do not belong together"
            f"{''.join(f', {key} has shape {found[key].shape}' for key, fit in fits.items() if not fit)}; expected "
            f"format {FORMAT}; make the file again with `pennyworth intents train`"
        )
    return Model(header=header, features=features, inner=inner * scale[:, None], **rest)


def _holds_together(header: Header) -> bool:
    *labels, last = header.labels or ("",)
    return (
        header.format == FORMAT
        and last == NONE
        and set(header.thresholds) == set(labels)
        and all(0 < ask <= accept <= 1 for ask, accept in header.thresholds.values())
        and len(header.finer) == len(header.labels)
        and min(header.finer) > 0
    )


def write_model(
    path: Path,
    *,
    header: Header,
    features: Sequence[str],
    inner: NDArray[np.float32],
    idf: NDArray[np.float32],
    inner_bias: NDArray[np.float32],
    outer: NDArray[np.float32],
    outer_bias: NDArray[np.float32],
) -> None:
    """Write a model file; `inner` in 8 bits with one scale a row. The same bytes for the same arguments."""
    scale = (np.maximum(np.abs(inner).max(axis=1), 1e-6) / 127).astype(np.float16)
    whole = np.rint(inner / scale.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            header=np.frombuffer(msgspec.json.encode(header), np.uint8),
            features=np.frombuffer("\n".join(features).encode(), np.uint8),
            inner=whole,
            scale=scale,
            idf=idf.astype(np.float16),
            inner_bias=inner_bias,
            outer=outer.astype(np.float16),
            outer_bias=outer_bias,
        )
