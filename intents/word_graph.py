"""The definitions as one graph of words: every sentence of a language is a path through it, and nothing else is.

A recogniser that searches exactly needs the whole language, not samples of it. Templates share their beginnings and
their ends (the graph is deterministic and minimal before lists are put in), so it stays far smaller than the sentences
are many.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from intents.automaton import BOUNDARY, Builder, ListSymbol, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from intents.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class WordGraph:
    """Arcs between nodes, as columns of one length; a sentence goes from the start to a final node."""

    nodes: int
    """Number of nodes; they are 0 … nodes - 1."""
    start_node: int
    """Where every sentence begins."""
    finals: Mapping[int, float]
    """Nodes where a sentence may end, with the natural logarithm of the probability that it does."""
    start: Sequence[int]
    """Node that each arc leaves."""
    end: Sequence[int]
    """Node that each arc leads to."""
    words: Sequence[str]
    """The word on each arc, as `clean` spells it."""
    weight: Sequence[float]
    """Natural logarithm of the arc's probability: ways on from a node are equally likely, and so are list values."""
    skips: Sequence[tuple[int, int, float]]
    """(node, node, log probability): ways on without a word, to a list that several places share.

    Where one leads to another, the further one comes first.
    """
    light: frozenset[int]
    """Arcs of words that mean nothing, such as "uh" behind a command: as little is lost where they are not heard."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Phrases that may be said one after another in any order, such as the digits of a number."""

    phrases: Sequence[str]
    """What may stand at each place."""
    least: int
    """Phrases at least."""
    most: int
    """Phrases at most."""


def word_graph(catalogue: Catalogue, *, row: Row | None = None) -> WordGraph:
    """Everything that may be said in a language: commands, answers, the decoys that are to be told apart, and `row`.

    Words of politeness may stand at either end. Templates that need a wildcard are left out, as nobody knows what will
    be said there; so are range lists beyond the numbers that sampling knows.
    """
    builder = Builder(spoken=True)
    start, end = builder.node(), builder.node()
    for intents in (catalogue.commands, *catalogue.answers.values()):
        for intent in intents.intents.values():
            for data in intent.data:
                for sentence in data.sentences:
                    builder.template(Scope.of(intents, data), sentence.expression, start, end)
    for definition in catalogue.intents.values():
        for decoy in definition.decoys:
            builder.phrase(decoy, start, end)
    if row:
        places = [start, *(builder.node() for _ in range(row.most))]
        for count, (before, after) in enumerate(pairwise(places), 1):
            for phrase in row.phrases:
                builder.phrase(phrase, before, after)
            if count >= row.least:
                builder.phrase("", after, end)
    first, last = builder.node(), builder.node()
    for word in ("", *catalogue.commands.skip_words):
        builder.phrase(word, first, start)
        builder.phrase(word, end, last)
    automaton = _minimal(_deterministic(builder, first, last))
    lists = {key: _minimal(_deterministic(builder, *ends)) for key, ends in builder.lists.items()}
    return _with_lists(automaton, lists, light=catalogue.commands.skip_words)


def graph_of_phrases(phrases: Iterable[str]) -> WordGraph:
    """A graph of nothing but these phrases (words as `clean` spells them, with spaces between)."""
    builder = Builder(spoken=True)
    first, last = builder.node(), builder.node()
    for phrase in phrases:
        if phrase.split():
            builder.phrase(phrase, first, last)
    return _with_lists(_minimal(_deterministic(builder, first, last)), {})


_Word: TypeAlias = "str | ListSymbol"


@dataclass(frozen=True, kw_only=True)
class _Automaton:
    """Deterministic in its symbols; node 0 is the start."""

    arcs: list[dict[_Word, int]]
    finals: set[int]


def _deterministic(builder: Builder, first: int, last: int) -> _Automaton:
    """Subset construction over whole words."""
    known: dict[int, tuple[bool, list[tuple[_Word, int]]]] = {}

    def ways(node: int) -> tuple[bool, list[tuple[_Word, int]]]:
        if node not in known:
            known[node] = _ways(builder, node, last)
        return known[node]

    numbers: dict[frozenset[int], int] = {}
    todo: list[frozenset[int]] = []

    def number(nodes: frozenset[int]) -> int:
        if nodes not in numbers:
            numbers[nodes] = len(numbers)
            todo.append(nodes)
        return numbers[nodes]

    number(frozenset([first]))
    arcs: list[dict[_Word, int]] = []
    finals: set[int] = set()
    for nodes in todo:
        reached: dict[_Word, set[int]] = defaultdict(set)
        for node in nodes:
            ends, onward = ways(node)
            if ends:
                finals.add(numbers[nodes])
            for symbol, following in onward:
                reached[symbol].add(following)
        ordered = sorted(reached, key=lambda symbol: (isinstance(symbol, str), str(symbol)))
        arcs.append({symbol: number(frozenset(reached[symbol])) for symbol in ordered})
    return _Automaton(arcs=arcs, finals=finals)


def _ways(builder: Builder, node: int, last: int) -> tuple[bool, list[tuple[_Word, int]]]:
    """Whether a sentence may end at a word boundary in `node`, and the words that may follow with where they lead."""
    ends = False
    found: set[tuple[_Word, int]] = set()
    seen = {(node, "")}
    stack = [(node, "")]

    def follow(to: int, piece: str) -> None:
        if (to, piece) not in seen:
            seen.add((to, piece))
            stack.append((to, piece))

    while stack:
        at, piece = stack.pop()
        if at == last:
            if piece:
                found.add((piece, last))
            else:
                ends = True
        for symbol, to in builder.arcs[at]:
            if symbol is None:
                follow(to, piece)
            elif isinstance(symbol, ListSymbol):
                # A list's value begins a word of its own, whatever stands before it.
                found.add((piece, at) if piece else (symbol, to))
            elif symbol == BOUNDARY:
                if piece:
                    found.add((piece, to))
                else:
                    follow(to, "")
            else:
                follow(to, piece + symbol)
    return ends, sorted(found, key=str)


def _minimal(automaton: _Automaton) -> _Automaton:
    """Nodes with the same sentences behind them made one, and nodes that lead to no end left out."""
    order = _topological(automaton)
    classes: dict[int, int] = {}
    keys: dict[tuple[bool, tuple[tuple[_Word, int], ...]], int] = {}
    merged: list[tuple[bool, tuple[tuple[_Word, int], ...]]] = []
    for node in reversed(order):
        onward = tuple((symbol, classes[to]) for symbol, to in automaton.arcs[node].items() if to in classes)
        key = (node in automaton.finals, onward)
        if not key[0] and not onward and node != 0:
            continue
        if key not in keys:
            keys[key] = len(merged)
            merged.append(key)
        classes[node] = keys[key]
    # The start was numbered last.
    turned = len(merged) - 1
    return _Automaton(
        arcs=[{symbol: turned - to for symbol, to in onward} for _, onward in reversed(merged)],
        finals={turned - number for number, (final, _) in enumerate(merged) if final},
    )


def _topological(automaton: _Automaton) -> list[int]:
    """Nodes that can be reached, each before those it leads to; templates have no cycles."""
    entering: dict[int, int] = defaultdict(int)
    for arcs in automaton.arcs:
        for to in arcs.values():
            entering[to] += 1
    order = [0]
    for node in order:
        for to in automaton.arcs[node].values():
            entering[to] -= 1
            if not entering[to]:
                order.append(to)
    return order


def _with_lists(
    automaton: _Automaton, lists: Mapping[int, _Automaton], *, light: Sequence[str] = ()
) -> WordGraph:
    """The automaton with the automata of its lists in place of their symbols."""
    return _Embedding(automaton, lists, light).graph


class _Embedding:
    """One copy of a list for all the places that it leads on from in the same way."""

    def __init__(self, automaton: _Automaton, lists: Mapping[int, _Automaton], light: Sequence[str]) -> None:
        self._lists = lists
        self._sizes = {key: _sentences(each, lists) for key, each in lists.items()}
        self._roots: dict[tuple[int, int], int] = {}
        self._nodes = len(automaton.arcs)
        self._start: list[int] = []
        self._end: list[int] = []
        self._words: list[str] = []
        self._weight: list[float] = []
        self._skips: list[tuple[int, int, float]] = []
        finals: dict[int, float] = {}
        lights: set[int] = set()
        for node, arcs in enumerate(automaton.arcs):
            ways = len(arcs) + (node in automaton.finals)
            share = -math.log(ways) if ways else 0.0
            if node in automaton.finals:
                finals[node] = share
            for symbol, to in arcs.items():
                # Not in lists: "hey" means something in the name of a song.
                if symbol in light:
                    lights.add(len(self._words))
                self._symbol(node, symbol, to, share)
        self.graph = WordGraph(
            nodes=self._nodes,
            start_node=0,
            finals=finals,
            start=self._start,
            end=self._end,
            words=self._words,
            weight=self._weight,
            skips=self._skips,
            light=frozenset(lights),
        )

    def _symbol(self, node: int, symbol: _Word, to: int, weight: float) -> None:
        if isinstance(symbol, str):
            self._start.append(node)
            self._end.append(to)
            self._words.append(symbol)
            self._weight.append(weight)
        else:
            root = self._root(symbol.key, to)
            # After those within the list, so that ways on are complete where they are looked up.
            self._skips.append((node, root, weight))

    def _root(self, key: int, to: int) -> int:
        root = self._roots.get((key, to))
        if root is not None:
            return root
        automaton, sizes = self._lists[key], self._sizes[key]
        root = self._roots[key, to] = self._nodes
        self._nodes += len(automaton.arcs)
        for node, arcs in enumerate(automaton.arcs):
            for symbol, behind in arcs.items():
                below = math.log(1 if isinstance(symbol, str) else self._sizes[symbol.key][0])
                # An end in the node is on the arcs that lead to it.
                share = below - math.log(sizes[node] - (node in automaton.finals))
                longer = sizes[behind] - (behind in automaton.finals)
                if longer:
                    self._symbol(root + node, symbol, root + behind, share + math.log(longer))
                if behind in automaton.finals:
                    self._symbol(root + node, symbol, to, share)
        return root


def _sentences(automaton: _Automaton, lists: Mapping[int, _Automaton]) -> list[int]:
    """How many sentences each node of an automaton has behind it."""
    counts = [0] * len(automaton.arcs)
    for node in reversed(_topological(automaton)):
        counts[node] = (node in automaton.finals) + sum(
            counts[to] * (1 if isinstance(symbol, str) else _sentences(lists[symbol.key], lists)[0])
            for symbol, to in automaton.arcs[node].items()
        )
    return counts
