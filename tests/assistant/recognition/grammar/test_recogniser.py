"""The grammar's recogniser on the household's recordings."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from hardware.audio import SAMPLE_RATE, AudioChunk
from intents.word_graph import graph_of_phrases
from tests.assistant.recognition.conftest import SPOKEN
from tests.assistant.recognition.hearing import hear, hiss, household, play, read, right, silence

RECORDINGS = household(SPOKEN)
pytestmark = pytest.mark.skipif(not RECORDINGS, reason="the household's recordings are not here")


def test_speech_is_heard(grammar: GrammarRecogniser) -> None:
    assert right(grammar, RECORDINGS) >= 0.9


def test_faint_speech_is_heard(grammar: GrammarRecogniser) -> None:
    assert right(grammar, RECORDINGS, gain=0.05) >= 0.9


def test_noisy_speech_is_heard(grammar: GrammarRecogniser) -> None:
    assert right(grammar, RECORDINGS, deviation=150.0) >= 0.8


def test_a_word_between_long_silences_is_heard(grammar: GrammarRecogniser) -> None:
    for path, text in household(("yes", "no", "yes please")):
        padded = np.concatenate([silence(2.0), read(path), silence(2.0)])
        transcript = hear(grammar, padded)
        assert transcript.text == text
        assert transcript.words[0].start_s > 1.9


def test_what_was_heard_before_changes_nothing(grammar: GrammarRecogniser) -> None:
    recordings = [read(path) for path, _ in RECORDINGS[:6]]
    forwards = [hear(grammar, samples) for samples in recordings]
    hear(grammar, hiss(3.0, 3000.0))
    backwards = [hear(grammar, samples) for samples in reversed(recordings)]
    assert forwards == backwards[::-1]


def test_partials_come_while_one_speaks_and_each_frame_is_searched_once(grammar: GrammarRecogniser) -> None:
    path, text = RECORDINGS[0]
    samples = read(path)
    partials = play(grammar, samples, chunk_s=0.1)
    assert len(set(partials)) >= len(text.split()) - 1
    grammar.accept(AudioChunk(samples=samples[:1], start_s=len(samples) / SAMPLE_RATE))
    assert grammar.partial() is grammar.partial()
    assert grammar.finish().text == text


def test_speech_that_the_grammar_does_not_hold_is_turned_down(grammar: GrammarRecogniser) -> None:
    foreign = [(path, text) for path, text in household() if text[:8] not in {known[:8] for known in SPOKEN}]
    assert len(foreign) >= 10
    heard = [hear(grammar, read(path)) for path, _ in foreign]
    assert sum(transcript.text == "" for transcript in heard) >= 0.9 * len(heard)
    # What it was nearest to is kept for the log.
    assert any(transcript.alternatives for transcript in heard if not transcript.text)


def test_a_grammar_of_nothing_is_refused() -> None:
    with pytest.raises(
        RecognitionError, match=r"no phrases to listen for; check that the intent definitions"
    ):
        compile_grammar(graph_of_phrases(["", " "]))


def test_one_phrase_of_one_word_is_enough() -> None:
    assert hear(GrammarRecogniser(compile_grammar(graph_of_phrases(["yes"]))), silence(0.5)).text == ""
