"""The templates as a graph of words: which of them have a sentence, and which sentences two of them share.

From a state each word leads to further states, and a sentence is a way from `START` to a state where a template ends.
Ways on are worked out where they are asked for, so a graph that is only walked costs little. Skip words are left out:
any number of them may stand between any two words. A wildcard leads nowhere, since nobody knows what is said there.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from intents.automaton import BOUNDARY, DIGITS, Builder, ListSymbol, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hassil.intents import IntentData, Intents

State: TypeAlias = tuple[int, int]
"""A node, and the node to go back to at the end of the list that it is in (-1 in none)."""
START: Final[State] = (0, -1)
"""The state in which nothing has been said."""


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


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What can be said in a state."""

    ends: frozenset[int]
    """The templates whose sentences may end here."""
    words: Mapping[str, tuple[State, ...]]
    """The words that may follow, and where they lead; `DIGITS` stands for any number in digits."""


class TemplateGraph:
    """The templates of some intents, as one automaton over words."""

    def __init__(
        self,
        commands: Intents,
        intents: Iterable[str],
        *,
        spoken: bool,
        any_number: bool = False,
        where: Callable[[IntentData], bool] = lambda _: True,
    ) -> None:
        """The templates of `intents` (names in `commands`), of the blocks that `where` takes.

        The words are as they are `spoken`, or else as they are compared. `any_number` as in `automaton.Builder`.
        """
        self._builder = Builder(spoken=spoken, any_number=any_number)
        self._builder.node()
        self._ends: dict[int, int] = {}
        self._ways: dict[State, Ways] = {}
        templates: list[Template] = []
        for intent in intents:
            for block, data in enumerate(commands.intents[intent].data):
                if not where(data):
                    continue
                scope = Scope.of(commands, data)
                for number, sentence in enumerate(data.sentences):
                    end = self._builder.node()
                    self._ends[end] = len(templates)
                    self._builder.template(scope, sentence.expression, START[0], end)
                    text = data.sentence_texts[number]
                    templates.append(Template(intent=intent, block=block, sentence=number, text=text))
        self.templates: Sequence[Template] = templates
        """What the numbers in `Ways.ends` mean."""
        self._lasts = frozenset(last for _, last in self._builder.lists.values())

    def ways(self, state: State) -> Ways:
        """What can be said in a `state`."""
        known = self._ways.get(state)
        if known is None:
            known = self._ways[state] = self._follow(state)
        return known

    def accepts(self, words: Iterable[str]) -> frozenset[int]:
        """The templates that have the sentence `words`."""
        states = frozenset([START])
        for word in words:
            states = self.step(states, word)
            if not states:
                break
        return self.ends(states)

    def step(self, states: Iterable[State], word: str) -> frozenset[State]:
        """Where `word` leads from any of `states`."""
        symbols = (word, DIGITS) if word.isdigit() else (word,)
        return frozenset(
            target
            for state in states
            for symbol in symbols
            for target in self.ways(state).words.get(symbol, ())
        )

    def ends(self, states: Iterable[State]) -> frozenset[int]:
        """The templates whose sentences may end in any of `states`."""
        return frozenset().union(*(self.ways(state).ends for state in states))

    def words(self) -> frozenset[str]:
        """Every word of the sentences; of one that a list's value and a piece of the template make up, the two."""
        arcs = self._builder.arcs
        found: set[str] = set()
        begins = {START[0], *(first for first, _ in self._builder.lists.values())}
        waiting = [(node, "") for node in begins]
        seen = set(waiting)
        while waiting:
            node, piece = waiting.pop()
            if piece and node in self._lasts:
                found.add(piece)
            for symbol, to in arcs[node]:
                following = piece
                if isinstance(symbol, ListSymbol) or symbol == BOUNDARY:
                    if piece:
                        found.add(piece)
                    following = ""
                elif symbol is not None:
                    following += symbol
                if (to, following) not in seen:
                    seen.add((to, following))
                    waiting.append((to, following))
        return frozenset(found - {DIGITS})

    def _follow(self, state: State) -> Ways:
        """Follow pieces from `state` to where a word ends; a list's values may touch the words at either side."""
        arcs, lists = self._builder.arcs, self._builder.lists
        ends: set[int] = set()
        words: dict[str, dict[State, None]] = {}
        start = (*state, "")
        seen = {start}
        stack = [start]
        while stack:
            node, back, piece = stack.pop()
            if node in self._ends and not piece:
                ends.add(self._ends[node])
            ways: list[tuple[int, int, str]] = []
            for symbol, to in arcs[node]:
                if symbol is None:
                    ways.append((to, back, piece))
                elif isinstance(symbol, ListSymbol):
                    if piece:
                        words.setdefault(piece, {})[lists[symbol.key][0], to] = None
                    ways.append((lists[symbol.key][0], to, piece))
                elif symbol != BOUNDARY:
                    ways.append((to, back, piece + symbol))
                elif piece:
                    words.setdefault(piece, {})[to, back] = None
                else:
                    ways.append((to, back, ""))
            if node in self._lasts:
                if piece:
                    words.setdefault(piece, {})[back, -1] = None
                ways.append((back, -1, piece))
            for way in ways:
                if way not in seen:
                    seen.add(way)
                    stack.append(way)
        return Ways(ends=frozenset(ends), words={word: tuple(targets) for word, targets in words.items()})


def common_sentence(
    one: TemplateGraph, other: TemplateGraph
) -> tuple[tuple[str, ...], Template, Template] | None:
    """A shortest sentence that both graphs have, with a template of each; None when they have none in common.

    The pairs of states that the same words lead to are walked, each once: the time is bounded by the states that
    sentences of the two can share, and those of different intents soon part.
    """
    begin = (START, START)
    came_from: dict[tuple[State, State], tuple[tuple[State, State], str]] = {}
    seen = {begin}
    queue = deque([begin])
    while queue:
        pair = queue.popleft()
        left, right = one.ways(pair[0]), other.ways(pair[1])
        if left.ends and right.ends:
            words = []
            at = pair
            while at != begin:
                at, word = came_from[at]
                words.append(word)
            return tuple(reversed(words)), one.templates[min(left.ends)], other.templates[min(right.ends)]
        for word in left.words.keys() & right.words.keys():
            for following in itertools.product(left.words[word], right.words[word]):
                if following not in seen:
                    seen.add(following)
                    came_from[following] = (pair, word)
                    queue.append(following)
    return None


def needless_templates(graph: TemplateGraph, most: int = 20_000) -> list[Template]:
    """The templates each of whose sentences another template has as well; wildcards, which are no words, are spared.

    The sets of states that the same words lead to are walked until a sentence of the template alone is found. After
    `most` sets nothing is known, and the template is taken to be needed.
    """
    leading: dict[State, int] = {}
    _leading_to(graph, START, leading)
    return [
        template
        for number, template in enumerate(graph.templates)
        if leading[START] >> number & 1 and not _has_sentence_of_its_own(graph, number, leading, most)
    ]


def _has_sentence_of_its_own(
    graph: TemplateGraph, template: int, leading: Mapping[State, int], most: int
) -> bool:
    begin = frozenset([START])
    queue = deque([begin])
    seen = {begin}
    while queue:
        states = queue.popleft()
        if graph.ends(states) == {template}:
            return True
        following: dict[str, set[State]] = {}
        for state in states:
            for word, targets in graph.ways(state).words.items():
                following.setdefault(word, set()).update(targets)
        for ahead in following.values():
            reached = frozenset(ahead)
            if reached not in seen and any(leading[state] >> template & 1 for state in reached):
                if len(seen) >= most:
                    return True
                seen.add(reached)
                queue.append(reached)
    return False


def _leading_to(graph: TemplateGraph, state: State, known: dict[State, int]) -> int:
    """A number whose bits are the templates that can still be ended from `state`; `known` gains those behind it."""
    # A sentence is a few dozen words long, and so is the deepest call.
    if state not in known:
        ways = graph.ways(state)
        found = 0
        for number in ways.ends:
            found |= 1 << number
        for target in itertools.chain.from_iterable(ways.words.values()):
            found |= _leading_to(graph, target, known)
        known[state] = found
    return known[state]
