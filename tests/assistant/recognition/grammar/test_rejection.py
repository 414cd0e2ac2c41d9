"""What does not fit is turned down, and one foreign word is enough."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from assistant.recognition.grammar.background import Everyday
from assistant.recognition.grammar.compiled import compile_grammar
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from assistant.recognition.grammar.rejection import (
    DIP,
    EVIDENCE,
    FEATURES,
    RUN,
    SURE,
    WEAKEST,
    Fit,
    Standing,
    behind,
    fit,
    fluency,
    lead,
    load_weights,
    phones_of,
    undoubted,
    weakest_of,
    weakest_run,
)
from assistant.recognition.grammar.search import RUNNER_UP, Path, scores_along
from assistant.records import Alternative
from hardware.audio import SAMPLE_RATE
from hardware.pcm import FULL_SCALE
from intents.catalogue import load_catalogue
from intents.word_graph import graph_of_phrases, word_graph
from tests.assistant.recognition.hearing import hear, household, read, silence
from tests.audio.make_household import ROOM_TONE, Voice, synthesise

ORDER = "order two medium mushroom pizzas"
RECORDINGS = household((ORDER,))
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the household's recordings are not here")


@pytest.fixture(scope="module")
def bundled() -> GrammarRecogniser:
    """Who listens for everything that the assistant understands."""
    return GrammarRecogniser(compile_grammar(word_graph(load_catalogue())))


def listening_for(*phrases: str) -> GrammarRecogniser:
    return GrammarRecogniser(compile_grammar(graph_of_phrases(phrases)))


def test_there_is_a_weight_for_each_feature_and_a_better_fit_speaks_for_an_utterance() -> None:
    weights = load_weights()
    assert len(weights.features) == len(FEATURES)
    assert weights.features[FEATURES.index("beside")] > 0
    for each in (weights.small, weights.large):
        assert len(each) == len(EVIDENCE) + 1
        assert each[EVIDENCE.index("mean")] > 0


def test_a_language_between_small_and_large_weighs_between_and_a_larger_one_as_a_large_one() -> None:
    weights = load_weights()
    large = weights.large_size
    assert large > 0
    assert weights.of(0.0, RUN).tolist() == weights.small.tolist()
    assert weights.of(large / 2, RUN).tolist() == pytest.approx(
        ((weights.small + weights.large) / 2).tolist()
    )
    assert weights.of(large, RUN).tolist() == weights.of(2 * large, RUN).tolist() == weights.large.tolist()
    # Few words are judged by the evidence of a small language, of which more is asked under a large one.
    few = weights.of(large, RUN - 1)
    assert few[:-1].tolist() == weights.small[:-1].tolist()
    assert few[-1] < weights.small[-1]
    # What is left over, and words next to each other, count under a large language only, and for what they should.
    signs = {name: (weights.small[i], weights.large[i]) for i, name in enumerate(EVIDENCE)}
    assert [signs[name][0] for name in ("run", "dip", "uncovered", "behind")] == [0.0] * 4
    for name in ("run", "dip", "behind"):
        assert signs[name][1] > 0
    assert signs["uncovered"][1] < 0


@needs_recordings
def test_each_phone_of_a_path_is_judged_once_and_belongs_to_its_word() -> None:
    recogniser = listening_for(ORDER)
    path, scores = recogniser.search(read(RECORDINGS[0][0]))
    assert path is not None
    beside = recogniser.everyday(scores).along
    found = phones_of(path, scores, beside, recogniser.network)
    speech = [segment for segment in path.segments if not recogniser.network.filler[segment.instance]]
    assert len(found.features) == len(found.words) == len(speech)
    for segment, word in zip(speech, found.words, strict=True):
        assert path.words[word].start <= segment.start < segment.end <= path.words[word].end
    fitted = fit(path, scores, beside, recogniser.network, Standing(lead=0.0, uncovered=0.0))
    assert len(fitted.words) == len(path.words) == len(ORDER.split())


@needs_recordings
@pytest.mark.parametrize("deviation", [0.0, 0.3])
def test_a_command_between_digital_silence_is_taken(bundled: GrammarRecogniser, deviation: float) -> None:
    # As a gate or the suppression of noise leaves it: the room is in the recording, and not beside it, where it would
    # tell how loud what is no speech may be.
    told = [
        "what's the weather like today",
        "what time is it",
        "what's the weather like this weekend",
        "wake me up at seven tomorrow morning",
    ]
    recordings = household(told)
    assert len(recordings) == len(told)
    for number, (path, text) in enumerate(recordings):
        samples = np.concatenate([silence(0.2), read(path), silence(0.4)])
        faint = np.random.default_rng(number).normal(0.0, deviation, len(samples))
        assert hear(bundled, np.rint(samples + faint).astype(np.int16)).text == text


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


@needs_recordings
def test_a_path_that_hurries_fits_worse() -> None:
    recogniser = listening_for(ORDER)
    path, scores = recogniser.search(read(RECORDINGS[0][0]))
    assert path is not None
    found = phones_of(path, scores, recogniser.everyday(scores).along, recogniser.network)
    lengths = [s.end - s.start for s in path.segments if not recogniser.network.filler[s.instance]]
    assert found.hurried == np.mean([length <= 4 for length in lengths])
    for weights in (load_weights().small, load_weights().large):
        assert weights[EVIDENCE.index("hurried")] < 0


@needs_recordings
def test_the_dip_is_the_stretch_that_everyday_words_fit_best() -> None:
    samples, fits = read(RECORDINGS[0][0]), []
    for text in (ORDER, "order two medium mushroom lasagnas"):
        recogniser = listening_for(text)
        path, scores = recogniser.search(samples)
        assert path is not None
        found = phones_of(path, scores, recogniser.everyday(scores).along, recogniser.network)
        assert found.dip <= found.beside.mean()
        fits.append(found.dip)
    assert fits[1] < fits[0]
    # Beside what is as good in every frame there is none.
    assert path is not None
    along = scores_along(path, scores, recogniser.network)
    assert phones_of(path, scores, along, recogniser.network).dip == 0.0
    worse = along.copy()
    worse[20 : 20 + DIP] += 2.0
    assert phones_of(path, scores, worse, recogniser.network).dip == pytest.approx(-2.0, abs=1e-4)


@needs_recordings
def test_speech_that_no_word_covers_is_left_over() -> None:
    samples = read(RECORDINGS[0][0])
    whole, half = listening_for(ORDER), listening_for("order two medium")
    left = []
    for recogniser in (whole, half):
        path, _ = recogniser.search(samples)
        assert path is not None
        left.append(recogniser.standing(path, ()).uncovered)
    assert 0 <= left[0] < 0.2
    assert left[1] > left[0] + 0.1


@needs_recordings
def test_everyday_words_are_likelier_beside_what_the_grammar_does_not_hold() -> None:
    samples, ways, fluent = read(RECORDINGS[0][0]), [], set()
    for text in (ORDER, "order two medium mushroom lasagnas", "play some jazz in the kitchen"):
        recogniser = listening_for(text)
        path, scores = recogniser.search(samples)
        assert path is not None
        everyday = recogniser.everyday(scores)
        standing = recogniser.standing(path, (), everyday)
        assert standing.behind * everyday.words == pytest.approx(path.score - everyday.score)
        ways.append(standing.behind)
        fluent.add(round(standing.fluency, 2))
    assert ways[0] > ways[1] > ways[2]
    # What the loop makes of the sound has nothing to do with the grammar.
    assert len(fluent) == 1


def test_what_everyday_words_cost_counts_for_each_frame_of_speech() -> None:
    along = np.full(100, -5.0, dtype=np.float32)
    everyday = Everyday(along=along, score=-560.0, words=4)
    path = Path(segments=(), words=(), score=-600.0)
    assert behind(path, everyday) == -10.0
    assert everyday.cost == -60.0
    assert fluency(everyday, np.arange(100) < 40) == -1.5
    # Of hardly any speech nothing is to be said.
    assert fluency(everyday, np.arange(100) < 2) == -3.0


def others(*texts: str) -> list[Alternative]:
    """Alternatives, each five behind the one before."""
    return [Alternative(text=text, behind=5.0 * place) for place, text in enumerate(texts, start=1)]


@pytest.mark.parametrize(
    ("texts", "ahead"),
    [
        (("order two large mushroom pizzas",), 5.0),
        (("order a medium mushroom pizza", ORDER + " please"), 5.0),
        # Another article, or another order of the same words, is no other hypothesis.
        (("order two a medium mushroom pizzas", ORDER + " please"), 10.0),
        (("two medium mushroom pizzas order", "order two of medium mushroom pizzas"), RUNNER_UP),
        ((), RUNNER_UP),
    ],
)
def test_a_path_leads_other_words_and_not_what_sounds_like_nothing(
    texts: tuple[str, ...], ahead: float
) -> None:
    assert lead(ORDER, others(*texts)) == ahead


@needs_recordings
def test_a_path_with_a_rival_fits_worse() -> None:
    alone, beside = listening_for(ORDER), listening_for(ORDER, "order two median mushroom pizzas")
    samples = read(RECORDINGS[0][0])
    fits = []
    for recogniser in (alone, beside):
        path, scores = recogniser.search(samples)
        assert path is not None
        assert recogniser.text(path) == ORDER
        fits.append(recogniser.fit(path, scores, recogniser.alternatives()))
    assert fits[0].utterance > fits[1].utterance
    assert load_weights().small[EVIDENCE.index("lead")] > 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not here")
@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("order two large mushroom pizzas", True),
        ("play some rock music", True),
        ("is it going to rain on monday", True),
        ("my grandmother used to knit jumpers for everyone in the village", False),
        ("the minister refused to answer questions about the budget", False),
        ("we had to leave the dog with our neighbours", False),
    ],
)
def test_a_voice_that_nothing_was_tuned_on_is_understood_or_turned_down_under_the_bundled_language(
    bundled: GrammarRecogniser, text: str, taken: bool
) -> None:
    speech = synthesise(Voice(engine="flite", name="rms", peak_db=-7.0), text)
    samples = np.pad(0.4 * speech, SAMPLE_RATE // 2) * FULL_SCALE
    samples += np.random.default_rng(0).normal(0, ROOM_TONE, len(samples))
    assert hear(bundled, samples.astype(np.int16)).text == (text if taken else "")


@needs_recordings
def test_what_fits_badly_is_doubtful_and_what_fits_well_is_not() -> None:
    samples = read(RECORDINGS[0][0])
    almost = "order two medium marshal pizzas"
    well, badly = hear(listening_for(ORDER), samples), hear(listening_for(almost), samples)
    assert (well.text, well.doubtful) == (ORDER, False)
    assert (badly.text, badly.doubtful) == (almost, True)


def test_a_word_counts_by_its_phones_and_a_short_one_for_less() -> None:
    odds, words = np.array([2.0, 2.0, -1.0, -1.0, -1.0, -2.0]), np.array([0, 0, 1, 1, 1, 2])
    assert weakest_of(odds, words) == -1.0
    assert weakest_of(odds[:5], words[:5]) == -0.75
    # A word of which no phone is known is none.
    assert weakest_of(odds[:2], np.array([0, 2])) == 1.0
    # The last two are four phones that sum up to -5, all of them two more.
    assert weakest_run(odds, words, 2) == -1.0
    assert weakest_run(odds, words, 4) == weakest_run(odds, words, 3) == -1.0 / 7


def test_one_weak_word_is_doubt_enough_for_an_order_and_not_to_turn_it_down() -> None:
    well = Fit(utterance=SURE, words=(1.0, 1.0), weakest=WEAKEST)
    assert (well.foreign, well.doubtful) == (False, False)
    weak = Fit(utterance=SURE, words=(1.0, -1.0), weakest=WEAKEST - 0.01)
    assert (weak.foreign, weak.doubtful) == (False, True)
    little = Fit(utterance=SURE - 0.01, words=(1.0, 1.0), weakest=1.0)
    assert (little.foreign, little.doubtful) == (False, True)


@needs_recordings
def test_where_the_best_phones_leave_no_doubt_everyday_words_would_have_decided_alike() -> None:
    recordings = household()[:24]
    ours = listening_for(*{text for _, text in recordings[::2]})
    said = {text for _, text in recordings[::2]}
    sure = set()
    for file, text in recordings:
        path, scores = ours.search(read(file))
        if path is None or not path.words:
            continue
        others = ours.alternatives()
        found = undoubted(path, scores, ours.network, ours.standing(path, others))
        everyday = ours.everyday(scores)
        standing = ours.standing(path, others, everyday)
        searched = fit(path, scores, everyday.along, ours.network, standing)
        if found is None:
            assert ours.fit(path, scores, others) == searched
        else:
            assert (found.foreign, found.doubtful) == (searched.foreign, searched.doubtful)
            sure.add((text in said, found.foreign))
    # It is sure of some either way, and right.
    assert sure == {(True, False), (False, True)}
