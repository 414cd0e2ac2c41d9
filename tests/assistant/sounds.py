"""What is said to the device in tests: synthetic voices, bundled recordings, and pauses of a known length."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from assistant.resources import household_dir
from hardware.audio import SAMPLE_RATE
from hardware.audiofile import read_chunks
from hardware.pcm import MonoStream
from hardware.voice import EspeakVoice

if TYPE_CHECKING:
    from numpy.typing import NDArray

VOICE: Final = "en-us+m3"


@cache
def spoken(text: str) -> NDArray[np.int16]:
    """A text without the silence around it, mono at 16 kHz, shape (n,)."""
    sound = EspeakVoice(VOICE, words_a_minute=150).say(text)
    samples = MonoStream(sound.rate).convert((sound.samples / 32768).astype(np.float32)[:, None])
    return _loud(samples)


def recorded(name: str) -> NDArray[np.int16]:
    """The same of a bundled recording, by the words in its file's name; of several the first."""
    path = min(household_dir().glob(f"*-{name}.flac"))
    return _loud(np.concatenate([chunk.samples for chunk in read_chunks(path)]))


def hiss(seconds: float) -> NDArray[np.int16]:
    """A quiet room."""
    return np.random.default_rng(0).normal(0, 8, round(seconds * SAMPLE_RATE)).astype(np.int16)


def with_pauses(parts: list[str], pause_s: float) -> NDArray[np.int16]:
    """Texts that are spoken one after the other, in a quiet room."""
    sound = [hiss(1)]
    for part in parts:
        sound += [spoken(part), hiss(pause_s)]
    return np.concatenate([*sound[:-1], hiss(2)])


def _loud(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 200)
    return samples[loud[0] : loud[-1] + 1]
