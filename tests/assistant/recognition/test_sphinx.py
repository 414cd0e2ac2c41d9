"""The real PocketSphinx on its bundled English."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.sphinx import MARGIN_S, SphinxRecogniser, loudness, on_noise
from hardware.audio import SAMPLE_RATE, AudioChunk
from tests.assistant.recognition.conftest import SPOKEN
from tests.assistant.recognition.hearing import hear, hiss, household, read, right, silence

if TYPE_CHECKING:
    from pathlib import Path

RECORDINGS = household(SPOKEN)
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the household's recordings are not here")


@needs_recordings
def test_speech_is_heard(sphinx: SphinxRecogniser) -> None:
    assert right(sphinx, RECORDINGS) >= 0.9


@needs_recordings
def test_faint_speech_is_heard(sphinx: SphinxRecogniser) -> None:
    assert right(sphinx, RECORDINGS, gain=0.05) >= 0.9


@needs_recordings
def test_noisy_speech_is_heard(sphinx: SphinxRecogniser) -> None:
    assert right(sphinx, RECORDINGS, deviation=150.0) >= 0.8


@needs_recordings
def test_a_word_between_long_silences_is_heard(sphinx: SphinxRecogniser) -> None:
    for path, text in household(("yes", "no", "yes please")):
        padded = np.concatenate([silence(2.0), read(path), silence(2.0)])
        transcript = hear(sphinx, padded)
        assert transcript.text == text
        assert transcript.words[0].start_s > 1.9


@needs_recordings
def test_what_was_heard_before_changes_nothing(sphinx: SphinxRecogniser) -> None:
    recordings = [read(path) for path, _ in RECORDINGS[:6]]
    forwards = [hear(sphinx, samples) for samples in recordings]
    hear(sphinx, hiss(3.0, 3000.0))
    backwards = [hear(sphinx, samples) for samples in reversed(recordings)]
    assert forwards == backwards[::-1]


@needs_recordings
def test_alternatives_are_distinct_and_without_fillers(sphinx: SphinxRecogniser) -> None:
    found = [hear(sphinx, read(path)) for path, _ in RECORDINGS[::3]]
    assert any(transcript.alternatives for transcript in found)
    for transcript in found:
        assert len({transcript.text, *transcript.alternatives}) == 1 + len(transcript.alternatives)
        assert not set("<>[]()+") & set("".join([transcript.text, *transcript.alternatives]))


@needs_recordings
def test_the_cache_changes_nothing_but_the_time(sphinx: SphinxRecogniser, tmp_path: Path) -> None:
    samples = read(RECORDINGS[0][0])
    expected = hear(sphinx, samples)
    assert hear(SphinxRecogniser(SPOKEN, cache_dir=None), samples) == expected
    for _ in range(2):
        assert hear(SphinxRecogniser(SPOKEN, cache_dir=tmp_path), samples) == expected


@needs_recordings
def test_a_partial_is_kept_while_nothing_comes(sphinx: SphinxRecogniser) -> None:
    path, text = RECORDINGS[0]
    sphinx.accept(AudioChunk(samples=read(path), start_s=0.0))
    assert sphinx.partial() is sphinx.partial()
    assert sphinx.finish().text == text


@pytest.mark.parametrize("phrases", [(), ("",), (" ", "\n")])
def test_no_phrases_are_refused(phrases: tuple[str, ...]) -> None:
    with pytest.raises(
        RecognitionError, match=r"no phrases to listen for; check that the intent definitions"
    ):
        SphinxRecogniser(phrases, cache_dir=None)


def test_unknown_words_are_named_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            SphinxRecogniser(
                ["play some zydeqo", "order a qalzone", "order pizza", "the(2) one"], cache_dir=tmp_path
            )
        (record,) = caplog.records
        assert record.getMessage().endswith("not heard: qalzone, the(2), zydeqo")


def test_only_unknown_words_are_refused() -> None:
    with pytest.raises(RecognitionError, match=r"covers none of the phrases.*qalzone.*Use Vosk"):
        SphinxRecogniser(["qalzone"], cache_dir=None)


def test_one_phrase_of_one_word_is_enough() -> None:
    assert hear(SphinxRecogniser(["yes"], cache_dir=None), silence(0.5)).text == ""


def test_the_noise_is_faint_around_the_samples_and_repeats() -> None:
    margin = round(MARGIN_S * SAMPLE_RATE)
    loud = hiss(1.0, 5000.0)
    heard = on_noise(loud)
    assert heard.dtype == np.int16
    assert len(heard) == len(loud) + 2 * margin
    assert np.array_equal(heard, on_noise(loud))
    added = heard[margin:-margin].astype(int) - loud
    assert 0 < added.std() < 0.01 * 5000
    # The margin is as loud as the quiet parts of what it surrounds.
    assert heard[:margin].std() == pytest.approx(loudness(loud)[0], rel=0.1)


def test_no_digital_silence_is_left_and_full_scale_does_not_wrap() -> None:
    assert on_noise(silence(1.0)).std() > 0.5
    peak = np.full(SAMPLE_RATE, 32767, dtype=np.int16)
    assert on_noise(peak)[SAMPLE_RATE // 2] > 32000
    assert on_noise(-peak - 1)[SAMPLE_RATE // 2] < -32000
