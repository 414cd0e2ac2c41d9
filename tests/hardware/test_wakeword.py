"""The wake word in synthetic voices, by the real model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hardware.audio import SAMPLE_RATE, AudioChunk
from hardware.audiofile import read_chunks
from hardware.pcm import MonoStream
from hardware.voice import EspeakVoice
from hardware.wakeword import PHRASES, MicroWakeWord, WakeWordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

pytest.importorskip("pymicro_wakeword", reason="needs the extra `wake`")
RECORDINGS = sorted((Path(__file__).parents[1] / "audio" / "household").glob("*.flac"))


def spoken(text: str, voice: str) -> NDArray[np.int16]:
    """A text without the silence around it."""
    sound = EspeakVoice(voice, words_a_minute=150).say(text)
    stream = MonoStream(sound.rate)
    samples = stream.convert((sound.samples / 32768).astype(np.float32)[:, None])
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 300)
    return samples[loud[0] : loud[-1] + 1]


def chunks(samples: NDArray[np.int16]) -> Iterator[AudioChunk]:
    for at in range(0, len(samples) - 511, 512):
        yield AudioChunk(samples=samples[at : at + 512], start_s=at / SAMPLE_RATE)


def hiss(seconds: float) -> NDArray[np.int16]:
    return np.random.default_rng(0).normal(0, 8, round(seconds * SAMPLE_RATE)).astype(np.int16)


@pytest.mark.parametrize("voice", ["en-us", "en-us+m3", "en-us+john"])
def test_it_is_heard_and_what_follows_it_is_not_cut(voice: str) -> None:
    pytest.importorskip("espeakng_loader", reason="needs the extra `voice`")
    name, command = spoken("okay nabu", voice), spoken("play some jazz", voice)
    wake_word = MicroWakeWord("okay nabu")
    # Twice, with silence between: it is ready for the next time.
    for pause_s in (0.3, 0.5):
        stream = np.concatenate([hiss(1), name, hiss(pause_s), command, hiss(1)])
        found = []
        for chunk in chunks(stream):
            behind = wake_word.hear(chunk)
            if behind is not None:
                found.append(round(chunk.end_s * SAMPLE_RATE) - len(behind))
        assert len(found) == 1
        end = SAMPLE_RATE + len(name)
        assert end - 0.05 * SAMPLE_RATE <= found[0] <= end + pause_s * SAMPLE_RATE


@pytest.mark.parametrize("phrase", PHRASES)
def test_commands_and_silence_do_not_wake_it(phrase: str) -> None:
    wake_word = MicroWakeWord(phrase)
    for path in RECORDINGS:
        assert all(wake_word.hear(chunk) is None for chunk in read_chunks(path)), path.name
    assert all(wake_word.hear(chunk) is None for chunk in chunks(np.zeros(5 * SAMPLE_RATE, np.int16)))


def test_an_unknown_phrase_and_a_missing_package_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WakeWordError, match="no wake word 'computer'; there are: okay nabu, "):
        MicroWakeWord("computer")
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(WakeWordError, match=r"pip install 'pennyworth\[wake\]'"):
        MicroWakeWord("okay nabu")
