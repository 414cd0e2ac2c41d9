"""The automaton of the templates: its arcs are what was added, and take little."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from intents.automaton import BOUNDARY, Arcs, Builder, ListSymbol, Scope
from intents.catalogue import load_catalogue

SYMBOLS = st.one_of(st.none(), st.text(max_size=4), st.builds(ListSymbol, st.integers(0, 5)))


@given(added=st.lists(st.tuples(st.integers(0, 9), SYMBOLS, st.integers(0, 9)), max_size=60))
def test_the_arcs_of_a_node_are_those_added_in_their_order(added: list[tuple[int, str | None, int]]) -> None:
    arcs = Arcs()
    assert [arcs.node() for _ in range(10)] == list(range(10))
    expected = defaultdict(list)
    for start, symbol, end in added:
        arcs.add(start, symbol, end)
        expected[start].append((symbol, end))
    assert len(arcs) == 10
    assert [arcs[node] for node in range(10)] == [expected[node] for node in range(10)]


def test_an_arc_of_the_bundled_language_takes_less_than_forty_bytes() -> None:
    commands = load_catalogue().commands
    builder = Builder(spoken=True)
    start, end = builder.node(), builder.node()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for intent in commands.intents.values():
            for data in intent.data:
                for sentence in data.sentences:
                    builder.template(Scope.of(commands, data), sentence.expression, start, end)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    count = sum(len(builder.arcs[node]) for node in range(len(builder.arcs)))
    assert count > 10_000
    # Lists of tuples took 180.
    assert taken < 40 * count


def test_a_word_is_kept_once_however_often_it_is_said() -> None:
    builder = Builder(spoken=True)
    start, end = builder.node(), builder.node()
    for phrase in ("play some jazz", "play any jazz"):
        builder.phrase(phrase, start, end)
    words = [symbol for node in range(len(builder.arcs)) for symbol, _ in builder.arcs[node]]
    assert {"play", "some", "any", "jazz"} <= set(words)
    assert len({id(word) for word in words if word not in (None, BOUNDARY)}) == 4


def test_blocks_without_lists_of_their_own_share_those_of_all() -> None:
    commands = load_catalogue().commands
    blocks = [data for intent in commands.intents.values() for data in intent.data]
    plain = [Scope.of(commands, data) for data in blocks if not data.slot_lists and not data.expansion_rules]
    assert plain
    assert all(scope.lists is commands.slot_lists for scope in plain)
    own = [data for data in blocks if data.slot_lists]
    for data in own:
        assert {**commands.slot_lists, **data.slot_lists} == Scope.of(commands, data).lists
