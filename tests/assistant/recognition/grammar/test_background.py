"""The loop of everyday words stands beside any grammar and fits speech that the grammar does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.recognition.grammar.background import Background, background_network
from assistant.recognition.grammar.compiled import compile_grammar, open_background
from assistant.recognition.grammar.recogniser import GrammarRecogniser
from intents.word_graph import graph_of_phrases

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from numpy.typing import NDArray


def test_a_grammar_keeps_its_columns_and_the_loop_gets_its_own() -> None:
    network, loop = compile_grammar(graph_of_phrases(["order a pizza"])).network, background_network()
    senones = Background(network, loop).senones
    assert senones[: len(network.senones)].tolist() == network.senones.tolist()
    assert len(set(senones.tolist())) == len(senones)
    assert set(senones.tolist()) == set(network.senones.tolist()) | set(loop.senones.tolist())


def test_everyday_words_fit_where_the_grammar_does_not_and_never_better_than_each_frame_by_itself(
    jazz: NDArray[np.int16],
) -> None:
    right = GrammarRecogniser(compile_grammar(graph_of_phrases(["play some jazz"])))
    wrong = GrammarRecogniser(compile_grammar(graph_of_phrases(["order a pizza"])))
    behind = []
    for recogniser in (right, wrong):
        path, scores = recogniser.search(jazz)
        assert path is not None
        columns = np.concatenate(
            [recogniser.network.states[list(each.states), each.instance] for each in path.segments]
        )
        everyday = recogniser.everyday(scores)
        beside = everyday.along
        # Every word, change of phone and pause has its price.
        assert everyday.words > 0
        assert everyday.cost < 0
        assert (beside <= scores.max(axis=1)).all()
        behind.append(float((beside - scores[np.arange(len(scores)), columns]).mean()))
    # The same words are in both: the sentence itself is hardly behind them.
    assert behind[0] < 0.5
    assert behind[1] > 2


def test_it_is_kept_on_disk_and_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_background(tmp_path)

    def never() -> None:
        raise AssertionError("compiled although it was kept")

    monkeypatch.setattr("assistant.recognition.grammar.compiled.background_network", never)
    again = open_background(tmp_path)
    assert np.array_equal(again.senones[again.states], first.senones[first.states])
