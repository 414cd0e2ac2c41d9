"""The definitions as a graph of words: what a grammar search walks, and what finds sentences of two intents.

`word_graph` turns templates into a finite automaton without empty arcs: from a state, each word leads to further
states, and a sentence is a way from `start` to a state in `final`. Lists and rules are written out where they are
referred to, numbers of a range as their words. To compile a grammar, take `word_graph(catalogue.commands,
catalogue.intents, spoken=True)`, give each pair (state, word) a node with the word's pronunciations, and join nodes
along `arcs`; `final` names the templates that end there. The answers to a question are `catalogue.answers[intent,
slot]`, of the same type. Skip words are left out: any number of them may stand between any two words. A wildcard leads
nowhere, since nobody knows what will be said there.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hassil.expression import Alternative, Group, ListReference, Permutation, RuleReference, TextChunk
from hassil.intents import RangeSlotList, TextSlotList

from intents.descent import number_words
from intents.normalise import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hassil.expression import Expression, Sentence
    from hassil.intents import IntentData, Intents, SlotList


@dataclass(frozen=True, kw_only=True)
class Template:
    """Where a sentence template stands."""

    intent: str
    """Whose it is."""
    block: int
    """Index in the intent's `data`."""
    sentence: int
    """Index in the block's `sentences`."""
    text: str
    """As it is written."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WordGraph:
    """A finite automaton over words."""

    arcs: Sequence[Mapping[str, tuple[int, ...]]]
    """For each state: word to the states that it leads to."""
    final: Mapping[int, frozenset[int]]
    """State to the `templates` whose sentences end there."""
    templates: Sequence[Template]
    """What the numbers in `final` mean."""
    start: int = 0
    """The state in which nothing has been said."""

    def accepts(self, words: Iterable[str]) -> frozenset[int]:
        """The templates that have the sentence `words`."""
        states = frozenset([self.start])
        for word in words:
            if not states:
                break
            states = frozenset(
                itertools.chain.from_iterable(self.arcs[state].get(word, ()) for state in states)
            )
        return frozenset().union(*(self.final.get(state, frozenset()) for state in states))


def word_graph(
    commands: Intents,
    intents: Iterable[str],
    *,
    spoken: bool,
    where: Callable[[IntentData], bool] = lambda _: True,
) -> WordGraph:
    """The graph of `intents` (names in `commands`); the words as they are `spoken`, or else as they are compared.

    Of the blocks of templates only those that `where` takes.
    """
    builder = _Builder(spoken=spoken)
    for intent in intents:
        for block, data in enumerate(commands.intents[intent].data):
            if not where(data):
                continue
            lists = {**commands.slot_lists, **data.slot_lists}
            rules = {**commands.expansion_rules, **data.expansion_rules}
            written_out = _WrittenOut(lists=lists, rules=rules, language=commands.language)
            for number, sentence in enumerate(data.sentences):
                template = Template(
                    intent=intent, block=block, sentence=number, text=data.sentence_texts[number]
                )
                builder.add(template, sentence.expression, written_out)
    return builder.graph()


def common_sentence(one: WordGraph, other: WordGraph) -> tuple[tuple[str, ...], Template, Template] | None:
    """A shortest sentence that both graphs have, with a template of each; None when they have none in common.

    The pairs of states that the same words lead to are walked, each once: the time is bounded by the states that
    sentences of the two can share, and those of different intents soon part.
    """
    begin = (one.start, other.start)
    came_from: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
    seen = {begin}
    queue = deque([begin])
    while queue:
        pair = queue.popleft()
        left, right = pair
        if left in one.final and right in other.final:
            words = []
            at = pair
            while at != begin:
                at, word = came_from[at]
                words.append(word)
            return (
                tuple(reversed(words)),
                one.templates[min(one.final[left])],
                other.templates[min(other.final[right])],
            )
        for word in one.arcs[left].keys() & other.arcs[right].keys():
            for following in itertools.product(one.arcs[left][word], other.arcs[right][word]):
                if following not in seen:
                    seen.add(following)
                    came_from[following] = (pair, word)
                    queue.append(following)
    return None


def needless_templates(graph: WordGraph, most: int = 20_000) -> list[Template]:
    """The templates each of whose sentences another template has as well; wildcards, which are no words, are spared.

    The sets of states that the same words lead to are walked until a sentence of the template alone is found. After
    `most` sets nothing is known, and the template is taken to be needed.
    """
    leading = _leading_to(graph)
    return [
        template
        for number, template in enumerate(graph.templates)
        if leading[graph.start] >> number & 1 and not _has_sentence_of_its_own(graph, number, leading, most)
    ]


def _has_sentence_of_its_own(graph: WordGraph, template: int, leading: Sequence[int], most: int) -> bool:
    begin = frozenset([graph.start])
    queue = deque([begin])
    seen = {begin}
    while queue:
        states = queue.popleft()
        ends = frozenset[int]().union(*(graph.final.get(state, frozenset()) for state in states))
        if ends == {template}:
            return True
        following: dict[str, set[int]] = {}
        for state in states:
            for word, targets in graph.arcs[state].items():
                following.setdefault(word, set()).update(targets)
        for ahead in following.values():
            reached = frozenset(ahead)
            if reached not in seen and any(leading[state] >> template & 1 for state in reached):
                if len(seen) >= most:
                    return True
                seen.add(reached)
                queue.append(reached)
    return False


def _leading_to(graph: WordGraph) -> list[int]:
    """For each state a number whose bits are the templates that can still be ended from there."""
    known = [-1] * len(graph.arcs)

    def bits(state: int) -> int:
        # A sentence is a few dozen words long, and so is the deepest call.
        if known[state] < 0:
            found = 0
            for number in graph.final.get(state, ()):
                found |= 1 << number
            for target in itertools.chain.from_iterable(graph.arcs[state].values()):
                found |= bits(target)
            known[state] = found
        return known[state]

    for state in range(len(graph.arcs)):
        bits(state)
    return known


@dataclass(frozen=True, kw_only=True)
class _WrittenOut:
    """What a block of templates refers to."""

    lists: Mapping[str, SlotList]
    rules: Mapping[str, Sentence]
    language: str

    def values(self, name: str) -> list[Expression]:
        slot_list = self.lists[name]
        if isinstance(slot_list, TextSlotList):
            return [value.text_in for value in slot_list.values]
        if isinstance(slot_list, RangeSlotList):
            return [expression for _, expression in number_words(slot_list, self.language)]
        return []


class _Builder:
    """Thompson's construction; the empty arcs are taken out at the end."""

    def __init__(self, *, spoken: bool) -> None:
        self._spoken = spoken
        self._arcs: list[list[tuple[str, int]]] = [[]]
        self._empty: list[list[int]] = [[]]
        self._ends: dict[int, int] = {}
        self._templates: list[Template] = []

    def add(self, template: Template, expression: Expression, written_out: _WrittenOut) -> None:
        end = self._state()
        self._ends[end] = len(self._templates)
        self._templates.append(template)
        self._build(expression, 0, end, written_out)

    def graph(self) -> WordGraph:
        closures = [self._closure(state) for state in range(len(self._arcs))]
        # Of the states that only empty arcs lead to, nothing is left but what they lead to.
        arcs: list[dict[str, tuple[int, ...]]] = []
        final: dict[int, frozenset[int]] = {}
        for state, closure in enumerate(closures):
            out: dict[str, list[int]] = {}
            for reached in closure:
                for word, target in self._arcs[reached]:
                    out.setdefault(word, []).append(target)
            arcs.append({word: tuple(dict.fromkeys(targets)) for word, targets in out.items()})
            ends = frozenset(self._ends[reached] for reached in closure if reached in self._ends)
            if ends:
                final[state] = ends
        return WordGraph(arcs=arcs, final=final, templates=self._templates)

    def _state(self) -> int:
        self._arcs.append([])
        self._empty.append([])
        return len(self._arcs) - 1

    def _build(self, node: Expression, begin: int, end: int, written_out: _WrittenOut) -> None:
        if isinstance(node, TextChunk):
            words = (clean(node.original_text) if self._spoken else node.text).split()
            for word in words[:-1]:
                following = self._state()
                self._arcs[begin].append((word, following))
                begin = following
            if words:
                self._arcs[begin].append((words[-1], end))
            else:
                self._empty[begin].append(end)
        elif isinstance(node, RuleReference):
            self._build(written_out.rules[node.rule_name].expression, begin, end, written_out)
        elif isinstance(node, ListReference):
            for value in written_out.values(node.list_name):
                self._build(value, begin, end, written_out)
        elif isinstance(node, Alternative):
            for item in node.items:
                self._build(item, begin, end, written_out)
        elif isinstance(node, Permutation):
            for order in itertools.permutations(node.items):
                self._sequence(order, begin, end, written_out)
        elif isinstance(node, Group):
            self._sequence(node.items, begin, end, written_out)

    def _sequence(self, items: Sequence[Expression], begin: int, end: int, written_out: _WrittenOut) -> None:
        for item in items[:-1]:
            following = self._state()
            self._build(item, begin, following, written_out)
            begin = following
        if items:
            self._build(items[-1], begin, end, written_out)
        else:
            self._empty[begin].append(end)

    def _closure(self, state: int) -> list[int]:
        closure = [state]
        seen = {state}
        for reached in closure:
            for target in self._empty[reached]:
                if target not in seen:
                    seen.add(target)
                    closure.append(target)
        return closure
