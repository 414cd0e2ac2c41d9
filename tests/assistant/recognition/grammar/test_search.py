"""The network and the search against plain Viterbi over every state there is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.errors import RecognitionError
from assistant.recognition.grammar.acoustic_model import BEGIN, END, INSIDE, SINGLE, bundled_model
from assistant.recognition.grammar.lexicon import pronunciations
from assistant.recognition.grammar.network import NO_WORD, compile_network
from assistant.recognition.grammar.search import Search, Workspace
from intents.word_graph import graph_of_phrases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recognition.grammar.acoustic_model import AcousticModel
    from assistant.recognition.grammar.network import Network
    from assistant.recognition.grammar.search import Path
    from intents.word_graph import WordGraph

PHRASES = ("play some jazz", "play some", "play a song", "a", "plays a", "order a pizza", "jazz")
PENALTY = -7.0


@pytest.fixture(scope="module")
def graph() -> WordGraph:
    return graph_of_phrases(PHRASES)


@pytest.fixture(scope="module")
def phones(model: AcousticModel, graph: WordGraph) -> dict[str, list[tuple[int, ...]]]:
    known = pronunciations(set(graph.words), bundled_model().dictionary)
    return {word: [tuple(map(model.phone, way)) for way in ways] for word, ways in known.items()}


@pytest.fixture(scope="module")
def network(model: AcousticModel, graph: WordGraph, phones: dict[str, list[tuple[int, ...]]]) -> Network:
    return compile_network(graph, model, phones, fillers=("SIL",), pause_penalty=PENALTY)


def weight_of(graph: WordGraph, sentence: list[str]) -> float:
    """Log weight of a sentence in the graph, its end included."""
    node, total = graph.start_node, 0.0
    for word in sentence:
        (arc,) = (i for i in range(len(graph.words)) if graph.start[i] == node and graph.words[i] == word)
        total += graph.weight[arc]
        node = graph.end[arc]
    return total + graph.finals[node]


def chain_score(model: AcousticModel, phones: list[tuple[int, int]], scores: NDArray[np.float64]) -> float:
    """Best log-likelihood of a chain of phones, each with its word position, by Viterbi state by state."""
    names = [phone for phone, _ in phones]
    sides = [model.silence, *names, model.silence]
    emit, stay, leave = [], [], []
    for i, (phone, position) in enumerate(phones):
        triphone = model.triphone(phone, sides[i], sides[i + 2], position)
        emit += model.definition.senones[model.definition.sequence_of[triphone]].tolist()
        stay += model.stay[model.definition.transitions_of[phone]].tolist()
        leave += model.leave[model.definition.transitions_of[phone]].tolist()
    best = np.full(len(emit), -np.inf)
    best[0] = scores[0, emit[0]]
    for frame in scores[1:]:
        entered = np.concatenate([[-np.inf], best[:-1] + leave[:-1]])
        best = np.maximum(best + stay, entered) + frame[emit]
    return float(best[-1] + leave[-1])


def every_way(
    model: AcousticModel, sentence: list[str], phones: dict[str, list[tuple[int, ...]]]
) -> list[tuple[list[tuple[int, int]], float]]:
    """Chains of a sentence: every pronunciation, with and without silence at every border, and the penalties."""
    found = []
    for ways in itertools.product(*(phones[word] for word in sentence)):
        for pauses in itertools.product((False, True), repeat=len(sentence) + 1):
            chain: list[tuple[int, int]] = [(model.silence, SINGLE)] if pauses[0] else []
            for way, pause in zip(ways, pauses[1:], strict=True):
                places = [BEGIN, *[INSIDE] * (len(way) - 2), END] if len(way) > 1 else [SINGLE]
                chain += zip(way, places, strict=True)
                if pause:
                    chain.append((model.silence, SINGLE))
            found.append((chain, PENALTY * sum(pauses)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_the_best_of_all_sentences(
    model: AcousticModel,
    graph: WordGraph,
    phones: dict[str, list[tuple[int, ...]]],
    network: Network,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    everything = rng.normal(0, 3, (40, model.definition.senone_count))
    totals = {}
    for phrase in PHRASES:
        sentence = phrase.split()
        totals[phrase] = weight_of(graph, sentence) + max(
            chain_score(model, chain, everything) + penalty
            for chain, penalty in every_way(model, sentence, phones)
        )
    search = Search(Workspace(network), beam=1e6, most_active=10**6)
    search.advance(everything[:, network.senones].astype(np.float32))
    path = search.best(final=True)
    assert path is not None
    best = max(totals, key=totals.__getitem__)
    assert " ".join(graph.words[word.arc] for word in path.words) == best
    assert path.score == pytest.approx(totals[best], abs=0.01)


def test_a_path_covers_every_frame_once_and_its_score_is_that_of_its_states(
    network: Network, model: AcousticModel
) -> None:
    scores = np.random.default_rng(9).normal(0, 3, (60, len(network.senones))).astype(np.float32)
    search = Search(Workspace(network))
    search.advance(scores)
    path = search.best(final=True)
    assert path is not None
    frames = [t for segment in path.segments for t in range(segment.start, segment.end)]
    assert frames == list(range(60))
    for segment in path.segments:
        assert len(segment.states) == segment.end - segment.start
        assert list(segment.states) == sorted(segment.states)
        assert set(segment.states) == {0, 1, 2}
    spoken = [network.word[segment.instance] for segment in path.segments]
    assert [word.arc for word in path.words] == [word for word in spoken if word != NO_WORD]
    assert model.silence in network.phone


def test_frames_may_come_in_any_portions(network: Network) -> None:
    scores = np.random.default_rng(3).normal(0, 3, (50, len(network.senones))).astype(np.float32)
    search = Search(Workspace(network))
    search.advance(scores)
    whole = search.best(final=True)
    search.reset()
    for start in range(0, 50, 7):
        search.advance(scores[start : start + 7])
        assert search.best(final=False) is not None
    assert search.best(final=True) == whole
    assert search.frames == 50


def test_searches_in_one_workspace_take_frames_in_turn_and_find_what_each_finds_alone(
    network: Network,
) -> None:
    rng = np.random.default_rng(4)
    one, other = rng.normal(0, 3, (2, 50, len(network.senones))).astype(np.float32)
    alone = []
    for scores in (one, other):
        search = Search(Workspace(network))
        search.advance(scores)
        alone.append(search.best(final=True))
    assert alone[0] != alone[1]
    workspace = Workspace(network)
    wide, narrow = Search(workspace), Search(workspace, most_active=15)
    again = Search(workspace)
    for t in range(0, 50, 7):
        wide.advance(one[t : t + 7])
        narrow.advance(other[t : t + 7])
        again.advance(other[t : t + 7])
    assert [wide.best(final=True), again.best(final=True)] == alone


def test_the_number_of_active_instances_is_bounded(network: Network) -> None:
    scores = np.random.default_rng(5).normal(0, 3, (50, len(network.senones))).astype(np.float32)
    search = Search(Workspace(network), beam=1e6, most_active=25)
    assert search.best(final=True) is search.best(final=False) is None
    for frame in scores:
        search.advance(frame[None])
        assert search.active <= 25


def test_words_that_begin_alike_share_their_beginning(model: AcousticModel) -> None:
    words = ["station", "stationed", "stationary", "stationer", "statute", "status", "statue"]
    known = pronunciations(set(words), bundled_model().dictionary)
    phones = {word: [tuple(map(model.phone, ways[0]))] for word, ways in known.items()}
    together = compile_network(graph_of_phrases(words), model, phones).size
    alone = sum(compile_network(graph_of_phrases([word]), model, phones).size for word in words)
    assert together < 0.5 * alone


def test_a_grammar_without_a_sentence_is_refused(model: AcousticModel, graph: WordGraph) -> None:
    with pytest.raises(RecognitionError, match=r"no sentence whose words all have a pronunciation"):
        compile_network(graph, model, {})


def test_a_grammar_too_large_to_search_is_refused(
    model: AcousticModel,
    graph: WordGraph,
    phones: dict[str, list[tuple[int, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.recognition.grammar.network.MOST_INSTANCES", 20)
    with pytest.raises(
        RecognitionError, match=r"over 20 sounds in their contexts, too many to search: shorten"
    ):
        compile_network(graph, model, phones)


@pytest.mark.parametrize("seed", range(4))
def test_alternatives_are_the_next_best_sentences(
    model: AcousticModel,
    graph: WordGraph,
    phones: dict[str, list[tuple[int, ...]]],
    network: Network,
    seed: int,
) -> None:
    """Against the best that each sentence can reach: the times of what follows a deviation stay, so it may be less."""
    rng = np.random.default_rng(seed)
    everything = rng.normal(0, 1, (40, model.definition.senone_count))
    totals = {
        phrase: weight_of(graph, phrase.split())
        + max(
            chain_score(model, chain, everything) + penalty
            for chain, penalty in every_way(model, phrase.split(), phones)
        )
        for phrase in PHRASES
    }
    search = Search(Workspace(network), beam=1e6, most_active=10**6, runners_up=True)
    search.advance(everything[:, network.senones].astype(np.float32))

    def said(path: Path) -> str:
        return " ".join(graph.words[word.arc] for word in path.words)

    best = search.best(final=True)
    assert best is not None
    found = search.alternatives(3, said)
    assert found
    texts = [said(path) for path, _ in found]
    assert len({said(best), *texts}) == len(texts) + 1
    for (path, behind), text in zip(found, texts, strict=True):
        assert path.score == pytest.approx(best.score - behind, abs=0.01)
        assert path.score <= totals[text] + 0.01
        assert [segment.end for segment in path.segments[:-1]] == [
            segment.start for segment in path.segments[1:]
        ]
        assert (path.segments[0].start, path.segments[-1].end) == (0, 40)
        assert all(len(it.states) == it.end - it.start for it in path.segments)
    assert [behind for _, behind in found] == sorted(behind for _, behind in found)
    others = sorted((total for text, total in totals.items() if text != said(best)), reverse=True)
    assert found[0][0].score >= others[0] - 15


def test_no_alternatives_are_kept_where_none_are_wanted(network: Network) -> None:
    search = Search(Workspace(network))
    assert search.alternatives(3, str) == []
    search.advance(np.zeros((40, len(network.senones)), dtype=np.float32))
    assert search.best(final=True) is not None
    assert search.alternatives(3, str) == []
