"""What lies ahead, against the same worked out phone by phone, and what the search makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.front_end import power_spectrum
from assistant.recognition.grammar.lexicon import pronunciations
from assistant.recognition.grammar.lookahead import Lookahead
from assistant.recognition.grammar.network import PAUSE_PENALTY, compile_network
from assistant.recognition.grammar.search import Search, Workspace
from intents.word_graph import graph_of_phrases
from tests.assistant.recognition.conftest import SPOKEN
from tests.assistant.recognition.hearing import household, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.recogniser import GrammarRecogniser

PHRASES = ("play some jazz", "play some", "play a song", "order a pizza", "jazz")
PENALTY = -7.0


@pytest.fixture(scope="module")
def network(model: AcousticModel) -> Network:
    graph = graph_of_phrases(PHRASES)
    known = pronunciations(set(graph.words), bundled_model().dictionary)
    phones = {word: [tuple(map(model.phone, way)) for way in ways] for word, ways in known.items()}
    return compile_network(graph, model, phones, pause_penalty=PENALTY)


@pytest.fixture(scope="module")
def lookahead(model: AcousticModel, network: Network) -> Lookahead:
    return Lookahead(model, network, pause_penalty=PENALTY)


def scores_of(network: Network, frames: int, seed: int, *, deviation: float = 3.0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(0, deviation, (frames, len(network.senones)))
    return drawn.astype(np.float32)


def rest_of(model: AcousticModel, network: Network, scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """The best that can come from the first state of each phone on, frame included, for every frame; by the book."""
    definition, phones = model.definition, len(model.definition.phones)
    column = {senone: i for i, senone in enumerate(network.senones.tolist())}
    rest = np.zeros((len(scores) + 1, phones, 3))
    for t in range(len(scores) - 1, -1, -1):
        again = max(
            rest[t + 1, phone, 0] + (PENALTY if model.is_filler(phone) else 0.0) for phone in range(phones)
        )
        for phone in range(phones):
            matrix = definition.transitions_of[phone]
            for state in range(3):
                on = rest[t + 1, phone, state + 1] if state < 2 else again
                ways = rest[t + 1, phone, state] + model.stay[matrix, state], on + model.leave[matrix, state]
                senone = int(definition.senones[definition.sequence_of[phone], state])
                # Nothing is ahead of the last frame.
                future = max(ways) if t + 1 < len(scores) else 0.0
                rest[t, phone, state] = scores[t, column[senone]] + future
    return rest[:-1, :, 0]


def test_it_is_the_best_of_all_phones(model: AcousticModel, network: Network, lookahead: Lookahead) -> None:
    scores = scores_of(network, 12, seed=0)
    ahead, expected = lookahead.through(scores), rest_of(model, network, scores)
    spoken = [phone for phone in range(expected.shape[1]) if not model.is_filler(phone)]
    found = ahead.entry[:, spoken] - ahead.entry[:, spoken].max(axis=1, keepdims=True)
    by_the_book = expected[:, spoken] - expected[:, spoken].max(axis=1, keepdims=True)
    assert np.allclose(found, by_the_book, atol=1e-3)
    columns = [i for i in range(expected.shape[1]) if i not in spoken]
    assert np.allclose(
        ahead.entry[:, columns[0]] - ahead.entry[:, spoken[0]],
        expected[:, columns].max(axis=1) - expected[:, spoken[0]],
        atol=1e-3,
    )


@pytest.mark.parametrize("seed", range(4))
def test_it_changes_no_path_no_score_and_no_alternative(
    network: Network, lookahead: Lookahead, seed: int
) -> None:
    scores = scores_of(network, 50, seed)
    search = Search(Workspace(network), beam=1e5, most_active=10**6, runners_up=True)

    def said(path: object) -> str:
        return str(getattr(path, "words", path))

    search.advance(scores)
    plain, others = search.best(final=True), search.alternatives(3, said)
    search.reset()
    search.advance(scores, lookahead.through(scores))
    found = search.best(final=True)
    assert plain is not None
    assert found is not None
    assert found.segments == plain.segments
    assert found.score == pytest.approx(plain.score, abs=0.01)
    again = search.alternatives(3, said)
    assert [path.words for path, _ in again] == [path.words for path, _ in others]
    assert [behind for _, behind in again] == pytest.approx([behind for _, behind in others], abs=0.01)


def test_with_it_a_narrow_search_loses_less(model: AcousticModel, grammar: GrammarRecogniser) -> None:
    network = grammar.network
    lookahead = Lookahead(model, network, pause_penalty=PAUSE_PENALTY)
    wide, narrow = Search(Workspace(network)), Search(Workspace(network), most_active=15)
    found = {False: 0, True: 0}
    for path, _ in household(SPOKEN)[:10]:
        scores = grammar.front_end.hear(power_spectrum(read(path)))
        wide.reset()
        wide.advance(scores)
        best = wide.best(final=True)
        assert best is not None
        for used in found:
            narrow.reset()
            narrow.advance(scores, lookahead.through(scores) if used else None)
            kept = narrow.best(final=True)
            found[used] += kept is not None and kept.segments == best.segments
    assert found[True] > found[False]
