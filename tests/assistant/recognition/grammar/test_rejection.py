"""What does not fit is turned down, and one foreign word is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.grammar.rejection import FEATURES, fit, load_weights, phones_of, summary
from intents.word_graph import graph_of_phrases
from tests.assistant.recognition.hearing import hear, household, read

if TYPE_CHECKING:
    from assistant.recognition.grammar.acoustic_model import AcousticModel

ORDER = "order two medium mushroom pizzas"
RECORDINGS = household((ORDER,))
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the household's recordings are not here")


def listening_for(*phrases: str) -> GrammarRecogniser:
    return GrammarRecogniser(compile_grammar(graph_of_phrases(phrases)))


def test_there_is_a_weight_for_each_phone_and_feature(model: AcousticModel) -> None:
    weights = load_weights()
    assert len(weights.features) == len(FEATURES)
    assert len(weights.phones) == len(model.definition.phones)
    # A better fit speaks for it, of a phone, of a word and of the whole.
    assert weights.features[FEATURES.index("mean")] > 0
    assert weights.mean > 0
    assert weights.worst > 0


def test_the_summary_is_the_mean_and_the_sum_of_the_worst_word() -> None:
    found = summary(np.array([1.0, 2.0, -3.0, 0.5, 4.0]), np.array([0, 0, 2, 2, 3]))
    assert found == pytest.approx((0.9, -2.5))


@needs_recordings
def test_each_phone_of_a_path_is_judged_once_and_belongs_to_its_word() -> None:
    recogniser = listening_for(ORDER)
    path, scores = recogniser.search(read(RECORDINGS[0][0]))
    assert path is not None
    found = phones_of(path, scores, recogniser.network)
    speech = [segment for segment in path.segments if not recogniser.network.filler[segment.instance]]
    assert len(found.features) == len(found.phones) == len(speech)
    for segment, word in zip(speech, found.words, strict=True):
        assert path.words[word].start <= segment.start < segment.end <= path.words[word].end
    assert len(fit(path, scores, recogniser.network).words) == len(path.words) == len(ORDER.split())


@needs_recordings
@pytest.mark.parametrize(
    "other",
    [
        "order two medium chocolate pizzas",
        "order two medium mushroom lasagnas",
        "order two dreadful mushroom pizzas",
        "throw two medium mushroom pizzas",
    ],
)
def test_one_foreign_word_is_enough(other: str) -> None:
    samples = read(RECORDINGS[0][0])
    right, wrong = listening_for(ORDER), listening_for(other)
    assert hear(right, samples).text == ORDER
    assert hear(wrong, samples).text == ""


CLUMSY = household(("order a small hawaiian pizza",))


@pytest.mark.skipif(not (RECORDINGS and CLUMSY), reason="the household's recordings are not here")
def test_what_fits_badly_is_doubtful_and_what_fits_well_is_not() -> None:
    well, badly = (
        hear(listening_for(ORDER), read(RECORDINGS[0][0])),
        hear(listening_for(CLUMSY[0][1]), read(CLUMSY[0][0])),
    )
    assert (well.text, well.doubtful) == (ORDER, False)
    assert (badly.text, badly.doubtful) == (CLUMSY[0][1], True)
