"""What the tests of both engines say and how they play it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hardware.audio import SAMPLE_RATE, AudioChunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recognition.protocol import Recogniser
    from assistant.records import Transcript

HOUSEHOLD: Final = Path(__file__).parents[2] / "audio" / "household"
"""Recordings with a cases.jsonl beside them."""


def play(recogniser: Recogniser, samples: NDArray[np.int16], *, chunk_s: float = 0.1) -> list[str]:
    """Hand over the samples chunk by chunk; returns the partial result after each."""
    step = round(chunk_s * SAMPLE_RATE)
    partials = []
    for start in range(0, len(samples), step):
        recogniser.accept(AudioChunk(samples=samples[start : start + step], start_s=start / SAMPLE_RATE))
        partials.append(recogniser.partial())
    return partials


def hear(recogniser: Recogniser, samples: NDArray[np.int16]) -> Transcript:
    """The transcript of the samples as one chunk."""
    recogniser.accept(AudioChunk(samples=samples, start_s=0.0))
    return recogniser.finish()


def silence(seconds: float) -> NDArray[np.int16]:
    """Digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def hiss(seconds: float, deviation: float) -> NDArray[np.int16]:
    """White noise, always the same."""
    noise = np.random.default_rng(1).normal(0.0, deviation, round(seconds * SAMPLE_RATE))
    return np.clip(np.rint(noise), -32768, 32767).astype(np.int16)


def household(texts: Sequence[str] = ()) -> list[tuple[Path, str]]:
    """The recordings and what is said in them, of `texts` or of all; empty where there are none."""
    listing = HOUSEHOLD / "cases.jsonl"
    if not listing.is_file():
        return []
    cases = [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]
    return [
        (HOUSEHOLD / case["audio"], case["text"])
        for case in cases
        if case.get("audio")
        and (not texts or case["text"] in texts)
        and (HOUSEHOLD / case["audio"]).is_file()
    ]


def read(path: Path) -> NDArray[np.int16]:
    """A recording's samples, which must be mono at `SAMPLE_RATE`."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="int16")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path} has {rate} samples a second and shape {samples.shape}")
    return np.asarray(samples, dtype=np.int16)


def right(
    recogniser: Recogniser,
    recordings: Sequence[tuple[Path, str]],
    *,
    gain: float = 1.0,
    deviation: float = 0.0,
) -> float:
    """The share of every second recording heard exactly, louder by `gain` and with noise of `deviation`."""
    chosen = recordings[::2]
    count = 0
    for path, text in chosen:
        samples = read(path) * gain
        samples += hiss(len(samples) / SAMPLE_RATE, deviation)[: len(samples)]
        count += hear(recogniser, np.clip(samples, -32768, 32767).astype(np.int16)).text == text
    return count / len(chosen)
