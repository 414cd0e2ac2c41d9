"""The wake word: one phrase heard at next to no cost, all the time, by microWakeWord's models."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from hardware.audio import SAMPLE_RATE
from hardware.errors import HardwareError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hardware.audio import AudioChunk

PHRASES: Final = ("okay nabu", "hey jarvis", "hey mycroft", "alexa")
"""What there are models for inside the package."""

_BACK: Final = round(0.4 * SAMPLE_RATE)
_HOP: Final = round(0.02 * SAMPLE_RATE)


class WakeWordError(HardwareError):
    """A wake word that is not installed or not known."""


class WakeWord(Protocol):
    """Listens for one phrase in one stream."""

    def hear(self, chunk: AudioChunk) -> NDArray[np.int16] | None:
        """Take the next chunk; when the phrase has just been said, what was said behind it already, shape (n,)."""
        ...

    def reset(self) -> None:
        """Forget the stream; the next chunk begins another one."""
        ...


class MicroWakeWord:
    """A small network every 30 ms; about 0.2 % of a laptop's core."""

    def __init__(self, phrase: str) -> None:
        """Listen for one of `PHRASES`. Raises WakeWordError if the package is missing or there is no such phrase."""
        if phrase not in PHRASES:
            raise WakeWordError(f"there is no wake word {phrase!r}; there are: {', '.join(PHRASES)}")
        try:
            package = importlib.import_module("pymicro_wakeword")
        except (ImportError, OSError) as error:
            raise WakeWordError(
                f"the wake word cannot be heard ({error}); add it with `pip install 'pennyworth[wake]'`, "
                'or listen without one: `mode` "always" under [hearing]'
            ) from error
        self._model: Any = package.MicroWakeWord.from_builtin(package.Model(phrase.replace(" ", "_")))
        self._features: Any = package.MicroWakeWordFeatures()
        self._recent = np.zeros(0, np.int16)

    def hear(self, chunk: AudioChunk) -> NDArray[np.int16] | None:
        """Take the next chunk; what was said behind the phrase already, when that has just been said.

        It is noticed a fifth of a second late. The phrase is taken to end where it was quietest since then.
        """
        self._recent = np.concatenate([self._recent, chunk.samples])[-_BACK:]
        heard = False
        for features in self._features.process_streaming(chunk.samples.tobytes()):
            heard = bool(self._model.process_streaming(features)) or heard
        if not heard:
            return None
        begin = _quietest(self._recent)
        found = self._recent[begin:].copy()
        self.reset()
        return found

    def reset(self) -> None:
        """Forget the stream."""
        self._model.reset()
        self._features.reset()
        self._recent = np.zeros(0, np.int16)


def _quietest(samples: NDArray[np.int16]) -> int:
    """Index of the middle of the quietest fiftieth of a second."""
    hops = samples[: len(samples) // _HOP * _HOP].reshape(-1, _HOP).astype(np.float64)
    if not len(hops):
        return 0
    return int(np.argmin(hops.std(axis=1))) * _HOP + _HOP // 2
