"""The bundled definitions have nothing to mend, and each fault that is planted is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.lexicon import read_dictionary
from intents.catalogue import load_catalogue
from intents.comparison import common_sentence
from intents.lint import lint
from intents.normalise import normalise
from intents.sample import sample_sentences
from intents.template_graph import TemplateGraph
from tests.intents.sentences import UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from intents.catalogue import Catalogue

WORDS: dict[str, list[tuple[str, ...]]] = {
    "tea": [("T", "IY")],
    "tee": [("T", "IY")],
    "coffee": [("K", "AO", "F", "IY")],
    "copy": [("K", "AA", "P", "IY")],
}


def pronounce(word: str) -> Sequence[Sequence[str]]:
    return WORDS.get(word, [tuple(word)] if word != "zyx" else [])


def faults(folder: Path, text: str) -> list[tuple[str, str]]:
    path = folder / "mine.yaml"
    path.write_text(f"language: en\n{text}")
    return [(finding.kind, finding.where) for finding in lint(load_catalogue(files=[path]), pronounce)]


def test_the_bundled_definitions_have_nothing_to_mend(catalogue: Catalogue) -> None:
    words = TemplateGraph(catalogue.commands, catalogue.intents, spoken=True).words()
    known = read_dictionary(bundled_model().dictionary, words)
    assert lint(catalogue, lambda word: known.get(word, ())) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "intents: {brew: {data: [{sentences: ['make [some] tea']}]}, "
                "boil: {data: [{sentences: ['make tea now', '(make|boil) tea']}]}}"
            ),
            [("two intents", "brew, boil")],
        ),
        (
            "intents: {brew: {data: [{sentences: ['(make|brew) [some] tea', 'brew tea']}]}}",
            [("unreachable", "brew.data[0].sentences[1]")],
        ),
        (
            (
                "intents: {brew: {data: [{sentences: ['make {drink}']}]}}\n"
                "lists: {drink: {values: [tea, tee, coffee, copy]}}"
            ),
            [("sound alike", "list drink")],
        ),
        (
            (
                "intents: {brew: {data: [{sentences: ['make {drink}']}]}}\n"
                "lists: {drink: {metadata: {alike: [[tea, tee]]}, values: [tea, tee]}}"
            ),
            [],
        ),
        (
            "intents: {brew: {data: [{sentences: ['make {drink}']}]}}\nlists: {drink: {values: [tea, zyx]}}",
            [("unheard", "list drink")],
        ),
        (
            (
                "intents: {brew: {data: [{sentences: ['make {drink}']}]}}\nlists: {drink: {values: [tea]}}\n"
                "pennyworth: {required: [drink], answers: {drink: [whatever]}}"
            ),
            [("missing slot", "brew.drink")],
        ),
        (
            (
                "intents: {brew: {data: [{sentences: ['make tea']}]}}\nlists: {drink: {values: [tea]}}\n"
                "expansion_rules: {some: 'a little'}"
            ),
            [("unused", "list drink"), ("unused", "rule some")],
        ),
    ],
)
def test_a_fault_is_found(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    assert faults(tmp_path, text) == expected


def test_a_graph_has_the_sentences_of_its_templates_and_no_others(catalogue: Catalogue) -> None:
    graphs = {
        name: TemplateGraph(
            catalogue.commands, [name], spoken=False, where=lambda data: not data.requires_context
        )
        for name in catalogue.intents
    }
    skipped = set(catalogue.commands.skip_words)
    for intent, text, _ in UNDERSTOOD:
        words = normalise(text).split()
        plain = [word for word in words if word not in skipped]
        accepting = {name for name, graph in graphs.items() if graph.accepts(words) or graph.accepts(plain)}
        assert accepting == {intent}, text
    for name in graphs:
        whole = TemplateGraph(catalogue.commands, [name], spoken=False)
        for sentence in sample_sentences(catalogue, name, limit=20, seed=1):
            assert whole.accepts(normalise(sentence.text).split()), sentence


def test_the_common_sentence_is_the_shortest(tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(
        "language: en\nintents: {one: {data: [{sentences: ['[please] (a|b) [c] d']}]}, "
        "two: {data: [{sentences: ['b [c] [x] d', 'q']}]}}"
    )
    commands = load_catalogue(files=[path]).commands
    found = common_sentence(
        TemplateGraph(commands, ["one"], spoken=False), TemplateGraph(commands, ["two"], spoken=False)
    )
    assert found is not None
    assert found[0] == ("b", "d")
