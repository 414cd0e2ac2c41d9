"""What an engine is given to hear: checked before it reaches a native library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import RecognitionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hardware.audio import AudioChunk


def pcm(chunk: AudioChunk) -> NDArray[np.int16]:
    """The chunk's samples, shape (n,), contiguous 16-bit; raises `RecognitionError` for anything else.

    Both libraries take bare bytes: samples of another type or shape would be heard as noise, not refused.
    """
    samples = chunk.samples
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise RecognitionError(
            f"samples of type {samples.dtype} and shape {samples.shape} were handed to a recogniser; "
            "expected int16 of shape (n,): convert them where they are read"
        )
    return np.ascontiguousarray(samples)
