"""The acoustic model adapted to a speaker and a room: means moved by what was heard of them.

Maximum a posteriori adaptation (Gauvain and Lee 1994): every mean goes from where it is towards the mean of the frames
that it explains, the further the more of them there are. What is seldom heard stays as it was. Variances, weights and
transitions stay as well, and so does the mixture that noise is compensated by.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.errors import RecognitionError
from assistant.files import whole_file
from assistant.recognition.grammar import front_end, noise, vocal_tract
from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.model_files import read_gaussians

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path as FoundPath

logger = logging.getLogger(__name__)

PRIOR: Final = 10.0
"""Frames that the model's own mean weighs as much as; the tau of the literature."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics:
    """What was heard of each density; of two sets of recordings it is the sum."""

    frames: NDArray[np.float64]
    """Expected number of frames, shape (codebooks, streams, densities)."""
    sums: NDArray[np.float64]
    """Sum of those frames, shape (codebooks, streams, densities, 13)."""

    @classmethod
    def none(cls, model: AcousticModel) -> Statistics:
        """Of no recording."""
        return cls(frames=np.zeros(model.means.shape[:3]), sums=np.zeros(model.means.shape))

    def add(self, other: Statistics) -> None:
        """Add those of other recordings, in place."""
        np.add(self.frames, other.frames, out=self.frames)
        np.add(self.sums, other.sums, out=self.sums)


@dataclass(frozen=True, kw_only=True, eq=False)
class Adaptation:
    """Means to take in place of the model's, and where they come from."""

    means: NDArray[np.float32]
    """The shape of the model's."""
    recordings: int
    """How many it was made of."""
    made: str
    """When, ISO 8601, UTC."""
    version: str
    """Of the model and the front end that it belongs to; see `model_version`."""

    @property
    def name(self) -> str:
        """Eight digits that tell it from others, for the log."""
        return hashlib.sha256(self.means.tobytes()).hexdigest()[:8]


def gather(
    streams: Sequence[NDArray[np.float32]], senones: NDArray[np.int32], model: AcousticModel
) -> Statistics:
    """What frames say of the densities.

    Args:
        streams: Features of shape (frames, streams, 13) by each front end; they weigh the same.
        senones: The senone that each frame is of, shape (frames,); -1 leaves a frame out.
        model: Says which density of the senone's codebook a frame is likely of.
    """
    found = Statistics.none(model)
    inverse = 1.0 / model.variances
    books = np.where(senones >= 0, model.definition.base_of[senones], -1)
    for features in streams:
        for book in np.unique(books[books >= 0]).tolist():
            frames = np.flatnonzero(books == book)
            for stream in range(model.means.shape[1]):
                heard = features[frames, stream].astype(np.float64)
                mean, precision = model.means[book, stream], inverse[book, stream]
                logs = heard @ (mean * precision).T - 0.5 * heard**2 @ precision.T
                logs -= 0.5 * (mean**2 * precision - np.log(precision)).sum(axis=1)
                logs += model.weights[stream][:, senones[frames]].T
                logs -= logs.max(axis=1, keepdims=True)
                share = np.exp(logs)
                share /= share.sum(axis=1, keepdims=True) * len(streams)
                found.frames[book, stream] += share.sum(axis=0)
                found.sums[book, stream] += share.T @ heard
    return found


def senones_of(path: FoundPath, network: Network) -> NDArray[np.int32]:
    """The senone of each frame on a path through a network, shape (frames,)."""
    return np.concatenate(
        [network.senones[network.states[list(it.states), it.instance]] for it in path.segments]
    )


def adapted(model: AcousticModel, heard: Statistics, *, prior: float = PRIOR) -> NDArray[np.float32]:
    """The means after what was heard; `prior` is a number of frames, over 0."""
    moved = (prior * model.means + heard.sums) / (prior + heard.frames)[..., None]
    return moved.astype(np.float32)


def with_adaptation(model: AcousticModel, adaptation: Adaptation | None) -> AcousticModel:
    """The model with other means; the model itself where there is no adaptation."""
    return model if adaptation is None else replace(model, means=adaptation.means.astype(np.float64))


def model_version() -> str:
    """Changes with every file of the model and with the features: means for others would be means of something else."""
    digest = hashlib.sha256()
    for path in sorted(bundled_model().folder.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for module in (front_end, noise, vocal_tract):
        digest.update(Path(module.__file__ or "").read_bytes())
    return digest.hexdigest()


def save_adaptation(adaptation: Adaptation, path: Path) -> None:
    """Write it whole, or leave what was there before.

    Raises:
        RecognitionError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink(missing_ok=True)
        # What a voice sounds like is its owner's business.
        with whole_file(path, private=True) as file:
            arrays = {field.name: np.asarray(getattr(adaptation, field.name)) for field in fields(Adaptation)}
            np.savez(file, allow_pickle=False, **arrays)
    except OSError as error:
        raise RecognitionError(f"cannot keep the adaptation in {path}: {error.strerror}") from error


def read_adaptation(path: Path) -> Adaptation | None:
    """What is kept in a file, if it is there; one that is damaged or of another model is said so once and not used."""
    again = "PocketSphinx listens unadapted; run `pennyworth adapt` again, or `pennyworth adapt --remove`"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = Adaptation(
                means=arrays["means"],
                recordings=int(arrays["recordings"]),
                made=str(arrays["made"]),
                version=str(arrays["version"]),
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged (%s); %s", path, error, again)
        return None
    if found.version != model_version():
        logger.warning("%s belongs to another acoustic model or front end; %s", path, again)
        return None
    if (
        found.means.shape != read_gaussians(bundled_model().folder / "means").shape
        or not np.isfinite(found.means).all()
    ):
        logger.warning("%s holds no means of this model; %s", path, again)
        return None
    return found


def remove_adaptation(path: Path) -> bool:
    """Delete it; whether there was one."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise RecognitionError(f"cannot remove {path}: {error.strerror}") from error
    return True
