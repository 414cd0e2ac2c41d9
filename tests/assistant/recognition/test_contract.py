"""What holds for every recogniser, whichever is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.errors import RecognitionError
from hardware.audio import SAMPLE_RATE, AudioChunk
from tests.assistant.recognition.hearing import hear, hiss, play, silence

if TYPE_CHECKING:
    from tests.assistant.recognition.conftest import Listener


def test_it_names_itself_in_every_transcript(listener: Listener) -> None:
    recogniser = listener.recogniser
    transcript = hear(recogniser, listener.speech[0][1])
    assert transcript.engine == recogniser.engine
    assert transcript.model == recogniser.model
    assert recogniser.model.startswith(recogniser.engine)


def test_it_hears_what_is_said_with_the_words_in_order_inside_the_utterance(listener: Listener) -> None:
    for text, samples in listener.speech:
        transcript = hear(listener.recogniser, samples)
        assert transcript.text == text
        assert [word.text for word in transcript.words] == text.split()
        times = [time for word in transcript.words for time in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= len(samples) / SAMPLE_RATE
        assert all(0 <= (word.confidence or 0) <= 1 for word in transcript.words)
        assert text not in {each.text for each in transcript.alternatives}


def test_chunks_of_any_size_give_the_same_transcript(listener: Listener) -> None:
    text, samples = listener.speech[0]
    play(listener.recogniser, samples, chunk_s=0.32)
    pieces = listener.recogniser.finish()
    assert pieces == hear(listener.recogniser, samples)
    assert pieces.text == text


def test_partials_grow_to_the_whole_and_do_not_leak_into_the_next_utterance(listener: Listener) -> None:
    text, samples = listener.speech[0]
    partials = play(listener.recogniser, samples, chunk_s=0.25)
    assert partials[-1] == listener.recogniser.partial() == text
    assert len(set(partials)) > 1
    listener.recogniser.finish()
    assert listener.recogniser.partial() == ""


def test_the_first_chunk_after_finish_begins_a_new_utterance(listener: Listener) -> None:
    first, second = listener.speech
    alone = hear(listener.recogniser, second[1])
    assert hear(listener.recogniser, first[1]).text == first[0]
    assert hear(listener.recogniser, second[1]) == alone


def test_the_same_sound_gives_the_same_transcript(listener: Listener) -> None:
    _, samples = listener.speech[0]
    assert hear(listener.recogniser, samples) == hear(listener.recogniser, samples)


def test_nothing_said_is_an_empty_transcript(listener: Listener) -> None:
    nothing = listener.recogniser.finish()
    assert (nothing.text, nothing.words, nothing.alternatives) == ("", (), ())
    assert listener.recogniser.finish() == nothing


@pytest.mark.parametrize("samples", [0, 1, 7, 160, 400, 1599, 1601])
def test_a_sound_too_short_for_a_word_is_an_empty_transcript(listener: Listener, samples: int) -> None:
    assert hear(listener.recogniser, np.zeros(samples, dtype=np.int16)).text == ""


@pytest.mark.parametrize(
    "sound", [silence(2.0), hiss(2.0, 5.0), hiss(2.0, 300.0)], ids=["zeros", "faint", "loud"]
)
def test_silence_and_hiss_are_an_empty_transcript(listener: Listener, sound: np.ndarray) -> None:
    assert hear(listener.recogniser, sound).text == ""


def test_the_largest_samples_do_no_harm(listener: Listener) -> None:
    square = np.where(np.arange(SAMPLE_RATE) // 40 % 2, 32767, -32768).astype(np.int16)
    hear(listener.recogniser, square)
    text, samples = listener.speech[0]
    assert hear(listener.recogniser, samples).text == text


def test_samples_may_lie_scattered_in_memory(listener: Listener) -> None:
    text, samples = listener.speech[0]
    stereo = np.stack([samples, np.zeros_like(samples)], axis=1)
    assert hear(listener.recogniser, stereo[:, 0]).text == text


def test_the_callers_buffer_may_be_used_again(listener: Listener) -> None:
    text, samples = listener.speech[0]
    buffer = samples.copy()
    listener.recogniser.accept(AudioChunk(samples=buffer, start_s=0.0))
    buffer[:] = 0
    assert listener.recogniser.finish().text == text


@pytest.mark.parametrize(
    "samples", [np.zeros(1600, np.float32), np.zeros((800, 2), np.int16), np.zeros(1600, np.uint8)]
)
def test_samples_of_another_kind_are_refused(listener: Listener, samples: np.ndarray) -> None:
    with pytest.raises(RecognitionError, match=r"int16 of shape \(n,\)"):
        listener.recogniser.accept(AudioChunk(samples=samples, start_s=0.0))
    assert listener.recogniser.finish().text == ""
