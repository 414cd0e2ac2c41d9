"""The English acoustic model of PocketSphinx: phones, their states, and how likely each state makes a frame sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import numpy as np

from assistant.errors import RecognitionError
from assistant.recognition.grammar.model_files import (
    read_definition,
    read_gaussians,
    read_mixture_weights,
    read_parameters,
    read_transitions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.model_files import ModelDefinition

VARIANCE_FLOOR: Final = 1e-4
"""The library's floor of the variances."""

STREAMS: Final = 3
"""Cepstra, their first and their second differences."""

INSIDE: Final = 0
BEGIN: Final = 1
END: Final = 2
SINGLE: Final = 3
"""Word positions as `mdef` numbers them: inside, first, last, only phone of a word."""

_NEGLIGIBLE: Final = np.float32(-60.0)
_FACTORS: Final = 4

_EXPECTED: Final = {
    "lowerf": "130",
    "upperf": "6800",
    "nfilt": "25",
    "lifter": "22",
    "transform": "dct",
    "feat": "1s_c_d_dd",
    "svspec": "0-12/13-25/26-38",
    "model": "ptm",
}
"""What the front end of ours is made for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AcousticModel:
    """Phonetically tied mixtures: one codebook of Gaussians a phone, weighted anew by each senone."""

    definition: ModelDefinition
    """Phones, triphones and their senones."""
    means: NDArray[np.float64]
    """Shape (codebooks, streams, densities, 13)."""
    variances: NDArray[np.float64]
    """The same shape, floored."""
    weights: NDArray[np.float32]
    """Natural logarithms, shape (streams, densities, senones)."""
    stay: NDArray[np.float32]
    """Log probability of staying in a state, shape (matrices, 3)."""
    leave: NDArray[np.float32]
    """Log probability of going on to the next state, shape (matrices, 3)."""
    silence: int
    """Index of the phone SIL."""

    def phone(self, name: str) -> int:
        """Index of a context-independent phone; raises `KeyError` for none of the model's."""
        try:
            return self.definition.phones.index(name)
        except ValueError:
            raise KeyError(name) from None

    def is_filler(self, phone: int) -> bool:
        """Whether a context-independent phone is silence or noise."""
        return phone == self.silence or self.definition.phones[phone].startswith("+")

    def triphone(self, phone: int, left: int, right: int, position: int) -> int:
        """The triphone, or what the library takes where the model has none: another position, silence beside, none.

        A filler as a neighbour counts as silence; a filler itself has no context.
        """
        if self.is_filler(phone):
            return phone
        left = self.silence if self.is_filler(left) else left
        right = self.silence if self.is_filler(right) else right
        neighbours = [(left, right)]
        if position in (BEGIN, SINGLE):
            neighbours.append((self.silence, right))
        if position in (END, SINGLE):
            neighbours.append((left, self.silence))
        positions = (position, *(p for p in (INSIDE, BEGIN, END, SINGLE) if p != position))
        for l, r in neighbours:  # noqa: E741 - the field's names for left and right context
            for p in positions:
                found = int(self.definition.triphones[phone, l, r, p])
                if found >= 0:
                    return found
        return phone


@dataclass(frozen=True, kw_only=True)
class ModelPlace:
    """Where the wheel keeps its English model."""

    folder: Path
    """The acoustic model's files."""
    dictionary: Path
    """Pronunciations, one a line."""
    version: str
    """The library's version, which is the model's."""


@cache
def bundled_model() -> ModelPlace:
    """The model in the installed wheel, which is found without loading the library."""
    spec = find_spec("pocketsphinx")
    if spec is None or not spec.submodule_search_locations:
        raise RecognitionError(
            "PocketSphinx is not installed, whose acoustic model is needed; "
            "install it with `pip install pocketsphinx`, or use Vosk"
        )
    root = Path(spec.submodule_search_locations[0]) / "model" / "en-us"
    return ModelPlace(
        folder=root / "en-us", dictionary=root / "cmudict-en-us.dict", version=version("pocketsphinx")
    )


# Who listens needs it while a recogniser is made, and not the 13 MB of it after that.
_in_use: Final[WeakValueDictionary[Path, AcousticModel]] = WeakValueDictionary()


def load_acoustic_model(folder: Path) -> AcousticModel:
    """The model in `folder`, one for all who have it at a time.

    Raises `RecognitionError` for a broken one or one of another make.
    """
    model = _in_use.get(folder)
    if model is None:
        model = _in_use[folder] = _read(folder)
    return model


def _read(folder: Path) -> AcousticModel:
    parameters = read_parameters(folder / "feat.params")
    for name, value in _EXPECTED.items():
        if parameters.get(name) != value:
            raise RecognitionError(
                f"{folder / 'feat.params'}: {name} is {parameters.get(name)!r}, expected {value!r}; "
                "only the English model in PocketSphinx's wheel is understood: reinstall it with "
                "`pip install --force-reinstall pocketsphinx`"
            )
    definition = read_definition(folder / "mdef")
    means = read_gaussians(folder / "means")
    variances = np.maximum(read_gaussians(folder / "variances"), VARIANCE_FLOOR)
    weights = read_mixture_weights(folder / "sendump", streams=STREAMS, densities=means.shape[2])
    transitions = read_transitions(folder / "transition_matrices")
    expected = (len(definition.phones), STREAMS, weights.shape[1], 13)
    if means.shape != expected or variances.shape != expected or weights.shape[2] != definition.senone_count:
        raise RecognitionError(
            f"{folder}: means {means.shape}, variances {variances.shape} and weights {weights.shape} do not belong "
            f"together, expected {expected}; reinstall it with `pip install --force-reinstall pocketsphinx`"
        )
    states = np.arange(transitions.shape[1])
    with np.errstate(divide="ignore"):
        logs = np.log(transitions).astype(np.float32)
    return AcousticModel(
        definition=definition,
        means=means,
        variances=variances,
        weights=weights,
        stay=logs[:, states, states],
        leave=logs[:, states, states + 1],
        silence=definition.phones.index("SIL"),
    )


class SenoneScorer:
    """Log-likelihoods of some senones. All densities of a codebook count, not the library's best four."""

    def __init__(self, model: AcousticModel, senones: Sequence[int] | NDArray[np.integer]) -> None:
        """`senones` are scored, in this order."""
        self.senones = np.asarray(senones, dtype=np.int32)
        inverse = 1.0 / model.variances
        constants = -0.5 * (np.log(2 * np.pi * model.variances) + model.means**2 * inverse).sum(axis=-1)
        # The quadratic form expanded, so that a codebook is one matrix product.
        self._forms = np.concatenate(
            [-0.5 * inverse, model.means * inverse, constants[..., None]], axis=-1
        ).astype(np.float32)
        books = model.definition.base_of[self.senones]
        # Sorted by codebook, so that each writes a slice.
        self._order = np.argsort(books, kind="stable")
        self._back = np.argsort(self._order, kind="stable")
        self._books: list[tuple[int, slice, NDArray[np.float32]]] = []
        found, starts, counts = np.unique(books[self._order], return_index=True, return_counts=True)
        for book, start, count in zip(found.tolist(), starts.tolist(), counts.tolist(), strict=True):
            columns = self._order[start : start + count]
            weights = np.exp(model.weights[:, :, self.senones[columns]]).astype(np.float32)
            self._books.append((book, slice(start, start + count), weights))

    def score(
        self, *features: NDArray[np.float32], stream_weights: Sequence[float] = (1.0, 1.0, 1.0)
    ) -> NDArray[np.float32]:
        """Features of shape (frames, streams, 13) to natural logarithms of shape (frames, senones).

        Of the same frames by several front ends it is the mean.
        """
        frames = len(features[0])
        # Shape (streams, 27, front ends * frames): what is taken over the densities runs along memory.
        values = np.concatenate(features).astype(np.float32).transpose(1, 2, 0)
        terms = np.concatenate([values * values, values, np.ones_like(values[:, :1])], axis=1)
        scores = np.empty((frames, len(self.senones)), dtype=np.float32)
        for book, place, weights in self._books:
            offset = np.zeros(len(features) * frames, dtype=np.float32)
            logs = _Logarithms(frames, weights.shape[2])
            for stream, weight in enumerate(stream_weights):
                densities = self._forms[book, stream] @ terms[stream]
                best = densities.max(axis=0)
                densities -= best
                # Below, a density adds nothing in single precision; denormal numbers would cost twice the time.
                np.maximum(densities, _NEGLIGIBLE, out=densities)
                np.exp(densities, out=densities)
                best *= np.float32(weight)
                offset += best
                for own in np.split(densities, len(features), axis=1):
                    logs.add(own.T @ weights[stream], weight)
            total = logs.total()
            total += offset.reshape(len(features), frames).sum(axis=0)[:, None]
            total *= np.float32(1 / len(features))
            scores[:, place] = total
        return scores[:, self._back]


class _Logarithms:
    """A weighted sum of logarithms of mixtures: those of the same weight are multiplied first, of four one is taken.

    A mixture holds its best density at full height, and the model's least weight is 1e-7: four do not underflow.
    """

    def __init__(self, frames: int, senones: int) -> None:
        self._products: dict[float, tuple[int, NDArray[np.float32]]] = {}
        self._total = np.zeros((frames, senones), dtype=np.float32)

    def add(self, mixed: NDArray[np.float32], weight: float) -> None:
        """Take the next, which is written over."""
        count, product = self._products.pop(weight, (0, mixed))
        if count:
            product *= mixed
        if count + 1 < _FACTORS:
            self._products[weight] = count + 1, product
        else:
            self._take(product, weight)

    def total(self) -> NDArray[np.float32]:
        """The sum of all."""
        for weight, (_, product) in self._products.items():
            self._take(product, weight)
        return self._total

    def _take(self, product: NDArray[np.float32], weight: float) -> None:
        np.log(product, out=product)
        if weight != 1.0:
            product *= np.float32(weight)
        self._total += product
