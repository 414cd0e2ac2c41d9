"""The word graph holds the language: every sampled sentence, and no more than the templates say."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from intents.catalogue import load_catalogue
from intents.sample import sample_phrases
from intents.word_graph import graph_of_phrases, word_graph

if TYPE_CHECKING:
    from pathlib import Path

    from intents.word_graph import WordGraph


def sentences(graph: WordGraph) -> dict[str, float]:
    """Every sentence of a small graph with its probability."""
    found: dict[str, float] = {}
    stack = [(graph.start_node, (), 0.0)]
    while stack:
        node, words, weight = stack.pop()
        if node in graph.finals:
            text = " ".join(words)
            found[text] = found.get(text, 0.0) + math.exp(weight + graph.finals[node])
        stack += [(to, words, weight + share) for at, to, share in graph.skips if at == node]
        for i, start in enumerate(graph.start):
            if start == node:
                stack.append((graph.end[i], (*words, graph.words[i]), weight + graph.weight[i]))  # type: ignore[arg-type]
    return found


def holds(graph: WordGraph, text: str) -> bool:
    """Whether a sentence is a path from the start to a final node."""
    nodes = {graph.start_node}
    for word in text.split():
        for at, to, _ in reversed(graph.skips):
            nodes |= {to} if at in nodes else set()
        nodes = {graph.end[i] for i, w in enumerate(graph.words) if w == word and graph.start[i] in nodes}
    return not nodes.isdisjoint(graph.finals)


def written(tmp_path: Path, body: str) -> WordGraph:
    path = tmp_path / "language.yaml"
    path.write_text(f"language: en\n{body}")
    return word_graph(load_catalogue(files=[path]))


def test_every_sampled_sentence_of_the_bundled_language_is_in_it() -> None:
    catalogue = load_catalogue()
    graph = word_graph(catalogue)
    phrases = sample_phrases(catalogue, limit_per_intent=40, seed=3)
    for phrase in random.Random(0).sample(phrases, 150):
        assert holds(graph, phrase), phrase
    assert not holds(graph, "order a large pizza pizza")
    assert not holds(graph, "")


def test_it_is_the_language_and_nothing_else(tmp_path: Path) -> None:
    graph = written(
        tmp_path,
        """
intents:
  light:
    data:
      - sentences:
          - "(turn|switch) [the] {lamp}[s] (on;[now])"
          - "what's up"
expansion_rules: {}
lists:
  lamp:
    values: [lamp, "(hall|porch) light"]
""",
    )
    lamps = ["lamp", "hall light", "porch light"]
    # A plural glued to a list's value is a word of its own here; the list stays one thing.
    expected = {
        " ".join(f"{verb} {the} {lamp} {s} {end}".split())
        for verb in ("turn", "switch")
        for the in ("", "the")
        for lamp in lamps
        for s in ("", "s")
        for end in ("on", "on now", "now on")
    } | {"what's up"}
    found = sentences(graph)
    assert set(found) == expected
    assert sum(found.values()) == pytest.approx(1.0)


def test_values_that_begin_alike_are_equally_likely(tmp_path: Path) -> None:
    graph = written(
        tmp_path,
        """
intents:
  play:
    data:
      - sentences: ["play {band}"]
lists:
  band:
    values: [queen, queen latifah, the who, the band, the band royal]
""",
    )
    found = sentences(graph)
    assert len(found) == 5
    assert all(probability == pytest.approx(0.2) for probability in found.values())


def test_numbers_are_words_and_wildcards_are_left_out(tmp_path: Path) -> None:
    graph = written(
        tmp_path,
        """
intents:
  timer:
    data:
      - sentences: ["wait {minutes}", "say {anything}"]
lists:
  minutes:
    range: {from: 19, to: 22}
  anything:
    wildcard: true
""",
    )
    assert set(sentences(graph)) == {"wait nineteen", "wait twenty", "wait twenty one", "wait twenty two"}


def test_common_beginnings_and_ends_are_shared() -> None:
    phrases = [f"{a} the {b} lamp now please" for a in ("turn on", "turn off") for b in ("red", "blue")]
    graph = graph_of_phrases(phrases)
    assert set(sentences(graph)) == set(phrases)
    assert len(graph.words) == 9
    assert graph_of_phrases([]).words == []
