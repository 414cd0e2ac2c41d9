"""The graph of the templates, of which a device remembers a part."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from intents.catalogue import Catalogue, load_catalogue
from intents.normalise import normalise
from intents.sample import sample_phrases
from intents.template_graph import START, TemplateGraph

INTENTS = ("timer", "light")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def sentences(catalogue: Catalogue) -> list[list[str]]:
    found = [normalise(phrase).split() for phrase in sample_phrases(catalogue, limit_per_intent=20, seed=0)]
    random.Random(0).shuffle(found)
    return found


@pytest.mark.parametrize("remembered", [1, 100])
def test_a_graph_that_forgets_finds_the_same(
    catalogue: Catalogue, sentences: list[list[str]], remembered: int
) -> None:
    whole = TemplateGraph(catalogue.commands, INTENTS, spoken=False, any_number=True)
    part = TemplateGraph(catalogue.commands, INTENTS, spoken=False, any_number=True, remembered=remembered)
    accepted = [whole.accepts(words) for words in sentences]
    assert any(accepted)
    assert not all(accepted)
    assert [part.accepts(words) for words in sentences] == accepted
    for words, templates in zip(sentences, accepted, strict=True):
        for template in templates:
            assert part.values(words, template) == whole.values(words, template)
    states = sorted({state for targets in whole.onward(START).values() for state in targets})
    assert [part.ahead(state) for state in states] == [whole.ahead(state) for state in states]


def test_what_a_graph_remembers_does_not_grow_with_what_is_said(
    catalogue: Catalogue, sentences: list[list[str]]
) -> None:
    def grown(remembered: int | None) -> int:
        graph = TemplateGraph(
            catalogue.commands, INTENTS, spoken=False, any_number=True, remembered=remembered
        )
        # The beginning of all templates, and the words of the lists, are kept in any case.
        graph.step([START], "order")
        tracemalloc.start()
        for words in sentences:
            graph.accepts(words)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept

    assert grown(300) * 3 < grown(None)
