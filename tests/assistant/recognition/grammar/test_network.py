"""What compiling a network takes, and what it leaves."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

from assistant.recognition.grammar.acoustic_model import bundled_model
from assistant.recognition.grammar.lexicon import pronunciations
from assistant.recognition.grammar.network import MOST_INSTANCES, compile_network
from intents.catalogue import load_catalogue
from intents.word_graph import word_graph

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.recognition.grammar.acoustic_model import AcousticModel


def test_an_instance_takes_a_quarter_of_a_kilobyte_while_it_is_compiled(
    tmp_path: Path, model: AcousticModel
) -> None:
    place = bundled_model()
    lines = place.dictionary.read_text(encoding="utf-8").splitlines()[5000:9000:20]
    words = [word for word, *_ in map(str.split, lines) if word.isalpha()]
    # One list in sixty places, each with something else behind it.
    templates = [f"{before} {{thing}} {after}" for before, after in zip(words[:60], words[-60:], strict=True)]
    definitions = tmp_path / "music.yaml"
    definitions.write_text(
        "language: en\nintents:\n  music:\n    kind: trivial\n    data:\n      - sentences:\n"
        + "".join(f'          - "{template}"\n' for template in templates)
        + "lists:\n  thing:\n    values:\n"
        + "".join(f"      - {word}\n" for word in words[:60])
    )
    graph = word_graph(load_catalogue(files=[definitions]))
    assert len(graph.skips) == 60
    phones = {
        word: [tuple(map(model.phone, way)) for way in ways]
        for word, ways in pronunciations(set(graph.words), place.dictionary).items()
    }
    tracemalloc.start()
    try:
        network = compile_network(graph, model, phones)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert network.size > 20_000
    # A machine at home must not run out of memory: `MOST_INSTANCES` says what they come to.
    assert peak / network.size < 256
    assert peak / network.size * MOST_INSTANCES < 1e9
    assert network.bytes / network.size < 48
