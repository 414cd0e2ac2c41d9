"""The templates as a graph of words: which of them have a sentence, and which sentences two of them share.

From a state each word leads to further states, and a sentence is a way from `START` to a state where a template ends.
Ways on are worked out where they are asked for, so a graph that is only walked costs little. Skip words are left out:
any number of them may stand between any two words. A wildcard leads nowhere, since nobody knows what is said there.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

from intents.automaton import BOUNDARY, DIGITS, NO_ARC, Builder, ListSymbol, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hassil.expression import ListReference
    from hassil.intents import IntentData, Intents

State: TypeAlias = tuple[int, int]
"""A node, and the node to go back to at the end of the list that it is in (-1 in none)."""
START: Final[State] = (0, -1)
"""The state in which nothing has been said."""
REMEMBERED: Final = 8192
"""States of which a device remembers the ways on: some 10 MB, and a household's usual sentences come through fewer."""


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
class Value:
    """A list value in a sentence."""

    reference: ListReference
    """The place in the template that it fills."""
    start: int
    """Index of its first word."""
    stop: int
    """Index after its last word."""


@dataclass(frozen=True, kw_only=True)
class Onward:
    """How the sentences of a template go on from a state."""

    slots: frozenset[str]
    """The slots that may gain a value, or a longer one."""
    words: tuple[str, ...] | None
    """The fewest words, none of them of a list, with which a sentence goes on to its end; None if it cannot so."""
    behind: str | None = None
    """The slot whose value was said last, with nothing behind it; None if something was."""


# No node: outside of lists there is none to go back to.
_NOWHERE: Final = -1
# This part of what is remembered goes at once, as looking for what goes costs something.
_LET_GO: Final = 8


@dataclass(frozen=True, kw_only=True)
class _Ways:
    """What can be said in a state. Each way has a number: in a template, lower ones come first."""

    ends: frozenset[int]
    """The templates whose sentences may end here."""
    words: Mapping[str, tuple[tuple[int, State], ...]]
    """The words that may follow, and where they lead; `DIGITS` stands for any number in digits."""
    lists: tuple[tuple[int, int, int], ...]
    """Number, key and node to go back to of the lists whose values may follow."""

    @cached_property
    def backs(self) -> Mapping[int, Sequence[int]]:
        """The same by their keys: the nodes to go back to."""
        found: dict[int, list[int]] = defaultdict(list)
        for _, key, back in self.lists:
            found[key].append(back)
        return dict(found)


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """What a template, or the values of a list, are put together from."""

    words: frozenset[str]
    """The words that are in it by themselves."""
    lists: frozenset[int]
    """The keys of the lists that it refers to."""
    joined: bool
    """Whether a word may be made up of a piece and a value of a list, so that it is none of the words."""


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
        remembered: int | None = None,
    ) -> None:
        """The templates of `intents` (names in `commands`), of the blocks that `where` takes.

        The words are as they are `spoken`, or else as they are compared. `any_number` as in `automaton.Builder`. The
        ways on from so many states are `remembered` at most, or all: they take a kilobyte each, and a device that
        listens for weeks comes through tens of thousands.
        """
        self._remembered = remembered
        self._builder = Builder(spoken=spoken, any_number=any_number)
        self._builder.node()
        self._ends: dict[int, int] = {}
        self._references: list[list[int]] = []
        self._known: dict[State, _Ways] = {}
        self._first_words: dict[int, Mapping[str, tuple[int, ...]]] = {}
        self._touching: dict[int, bool] = {}
        self._known_pieces: dict[int, _Pieces] = {}
        self._ahead: dict[State, Onward] = {}
        templates: list[Template] = []
        for intent in intents:
            for block, data in enumerate(commands.intents[intent].data):
                if not where(data):
                    continue
                scope = Scope.of(commands, data)
                for number, sentence in enumerate(data.sentences):
                    end = self._builder.node()
                    self._ends[end] = len(templates)
                    known = len(self._builder.references)
                    self._builder.template(scope, sentence.expression, START[0], end)
                    self._references.append(list(itertools.islice(self._builder.references, known, None)))
                    text = data.sentence_texts[number]
                    templates.append(Template(intent=intent, block=block, sentence=number, text=text))
        self.templates: Sequence[Template] = templates
        """What the numbers mean that `accepts` and `ends` give."""
        self._end_nodes = sorted(self._ends)
        self._lasts = frozenset(last for _, last in self._builder.lists.values())

    def accepts(self, words: Iterable[str], among: Iterable[int] | None = None) -> frozenset[int]:
        """The templates that have the sentence `words`; only of those `among` which it is asked, if it says so."""
        states = frozenset([START] if among is None else map(self._begin, among))
        for word in words:
            states = self.step(states, word)
            if not states:
                break
        return self.ends(states)

    def step(self, states: Iterable[State], word: str) -> frozenset[State]:
        """Where `word` leads from any of `states`."""
        # As `_targets` does for each, in no order: there are dozens of states, and most have no way on.
        known, lists_of_word = self._known, self._lists_of_word
        found: set[State] = set()
        for symbol in (word, DIGITS) if word.isdigit() else (word,):
            lists = lists_of_word.get(symbol)
            for state in states:
                ways = known.get(state) or self._ways(state)
                targets = ways.words.get(symbol)
                if targets:
                    found.update([target for _, target in targets])
                if lists and ways.lists:
                    for key in lists.keys() & ways.backs.keys():
                        for back in ways.backs[key]:
                            found.update(
                                [
                                    (back, _NOWHERE) if node == _NOWHERE else (node, back)
                                    for node in lists[key]
                                ]
                            )
        return frozenset(found)

    def ends(self, states: Iterable[State]) -> frozenset[int]:
        """The templates whose sentences may end in any of `states`."""
        return frozenset().union(*(self._ways(state).ends for state in states))

    def parts_words(self, template: int) -> bool:
        """Whether a boundary stands behind every list that `template` refers to, so that values are whole words."""
        return not any(map(self._touches, self._references[template]))

    def values(self, words: Sequence[str], template: int) -> list[Value]:
        """The list values in `words`, a sentence of `template`, from left to right.

        Of several ways to read it, the one whose branches come first in the template, as hassil takes them.
        """
        begin = self._begin(template)
        reached = [frozenset([begin])]
        for word in words:
            reached.append(self.step(reached[-1], word))
        alive = frozenset(state for state in reached[-1] if template in self._ways(state).ends)
        leading = [alive]
        for states, word in zip(reversed(reached[:-1]), reversed(words), strict=True):
            alive = frozenset(state for state in states if not alive.isdisjoint(self._targets(state, word)))
            leading.append(alive)
        leading.reverse()
        if begin not in leading[0]:
            raise ValueError(f"{' '.join(words)!r} is no sentence of template {template}")
        path = [begin]
        for word, onward in zip(words, leading[1:], strict=True):
            path.append(next(target for target in self._targets(path[-1], word) if target in onward))
        # A word belongs to the list that it leads into or to the end of.
        references = self._builder.references
        owners = [node if back == _NOWHERE else back for node, back in path[1:]]
        found = []
        for owner, places in itertools.groupby(range(len(words)), key=owners.__getitem__):
            if owner in references:
                start, *_ = run = list(places)
                found.append(Value(reference=references[owner], start=start, stop=start + len(run)))
        return found

    def onward(self, state: State) -> dict[str, tuple[State, ...]]:
        """Every word that may follow in a `state`, and where it leads; `DIGITS` stands for any number in digits."""
        ways = self._ways(state)
        words = dict.fromkeys(ways.words)
        for _, key, _ in ways.lists:
            words.update(dict.fromkeys(self._values(key)))
        return {word: tuple(self._targets(state, word)) for word in words}

    def template_of(self, state: State) -> Template:
        """Whose sentences a state is in; `START` is in those of all, and must not be asked about."""
        node, back = state
        # The node where a template ends is numbered first, and its others behind it.
        return self.templates[bisect_right(self._end_nodes, node if back == _NOWHERE else back) - 1]

    def ahead(self, state: State) -> Onward:
        """How sentences go on from a state that is in one template; wildcards aside, as nobody knows what they take."""
        known = self._ahead.get(state)
        if known is None:
            known = self._ahead[state] = self._look_ahead(state)
        return known

    def _look_ahead(self, state: State) -> Onward:
        references = self._builder.references
        node, back = state
        if back != _NOWHERE:
            # Where the value may end here already, that is a state of its own.
            longer = bool(self._follow(node, _NOWHERE).words)
            beyond = self.ahead((back, _NOWHERE)).slots
            return Onward(slots=beyond | {references[back].slot_name} if longer else beyond, words=None)
        ways = self._ways(state)
        slots: set[str] = set()
        for _, _, behind in ways.lists:
            slots |= {references[behind].slot_name, *self.ahead((behind, _NOWHERE)).slots}
        fewest: tuple[str, ...] | None = None
        for word, targets in ways.words.items():
            for _, target in targets:
                slots |= self.ahead(target).slots
                owner = target[0] if target[1] == _NOWHERE else target[1]
                if owner in references:
                    # A value that touches the word before it.
                    slots.add(references[owner].slot_name)
                    continue
                rest = () if self._ways(target).ends else self.ahead(target).words
                if rest is not None:
                    words = (word, *rest)
                    fewest = words if fewest is None else min(fewest, words, key=_length)
        said = references[node].slot_name if node in references else None
        return Onward(slots=frozenset(slots), words=fewest, behind=said)

    def words(self) -> frozenset[str]:
        """Every word of the sentences; of one that a list's value and a piece of the template make up, the two."""
        return frozenset(self.templates_by_word()[0])

    def templates_by_word(self) -> tuple[Mapping[str, int], int]:
        """Every word of the sentences, as in `words`, to a number whose bits are the templates that may have it.

        And such a number of the templates that may have other words as well, put together from a piece and a value.
        """
        found: dict[str, int] = defaultdict(int)
        of_list: dict[int, int] = defaultdict(int)
        joined = 0
        for number in range(len(self._end_nodes)):
            pieces = self._pieces(self._begin(number)[0])
            for word in pieces.words:
                found[word] |= 1 << number
            waiting = list(pieces.lists)
            while waiting:
                key = waiting.pop()
                if not of_list[key] >> number & 1:
                    of_list[key] |= 1 << number
                    waiting += self._pieces_of_list(key).lists
                    joined |= self._pieces_of_list(key).joined << number
            joined |= pieces.joined << number
        for key, templates in of_list.items():
            for word in self._pieces_of_list(key).words:
                found[word] |= templates
        return {word: templates | joined for word, templates in found.items()}, joined

    def _begin(self, template: int) -> State:
        """Where the sentences of one template begin; few states follow there, compared with those of all templates."""
        return self._end_nodes[template] + 1, _NOWHERE

    def _pieces_of_list(self, key: int) -> _Pieces:
        known = self._known_pieces.get(key)
        if known is None:
            known = self._known_pieces[key] = self._pieces(self._builder.lists[key][0])
        return known

    def _pieces(self, begin: int) -> _Pieces:
        """What words can be put together from a node on."""
        arcs = self._builder.arcs
        words: set[str] = set()
        lists: set[int] = set()
        joined = False
        waiting = [(begin, "")]
        seen = set(waiting)
        while waiting:
            node, piece = waiting.pop()
            if piece and node in self._lasts:
                words.add(piece)
            for symbol, to in arcs[node]:
                following = piece
                if isinstance(symbol, ListSymbol) or symbol == BOUNDARY:
                    if piece:
                        words.add(piece)
                    following = ""
                    if isinstance(symbol, ListSymbol):
                        lists.add(symbol.key)
                        joined = joined or bool(piece) or self._touches(to)
                elif symbol is not None:
                    following += symbol
                if (to, following) not in seen:
                    seen.add((to, following))
                    waiting.append((to, following))
        return _Pieces(words=frozenset(words - {DIGITS}), lists=frozenset(lists), joined=joined)

    def _targets(self, state: State, word: str) -> list[State]:
        """Where `word` leads from `state`, the ways that come first in the templates first."""
        ways = self._ways(state)
        found: list[tuple[int, State]] = []
        for symbol in (word, DIGITS) if word.isdigit() else (word,):
            found += ways.words.get(symbol, ())
            for number, key, back in ways.lists:
                for node in self._values(key).get(symbol, ()):
                    found.append((number, (back, _NOWHERE) if node == _NOWHERE else (node, back)))
        if len(found) > 1:
            found.sort(key=_number)
        return [target for _, target in found]

    def _ways(self, state: State) -> _Ways:
        known = self._known.get(state)
        if known is None:
            known = self._follow(*state)
            self._remember(state, known)
        return known

    def _remember(self, state: State, ways: _Ways) -> None:
        """Keep them, and let go of what was found first where that is too much.

        But never of `START`, which every sentence needs and which takes the longest to work out.
        """
        known = self._known
        if self._remembered is not None and len(known) >= self._remembered:
            # One more than `START`, which may be the first of them, however few are remembered.
            for first in tuple(itertools.islice(known, 2 + self._remembered // _LET_GO)):
                if first != START:
                    known.pop(first, None)
        known[state] = ways

    @cached_property
    def _lists_of_word(self) -> Mapping[str, Mapping[int, tuple[int, ...]]]:
        """First word of a value to the lists that have one, and where it leads in each (`_values`)."""
        found: dict[str, dict[int, tuple[int, ...]]] = defaultdict(dict)
        for key in self._builder.lists:
            for word, nodes in self._values(key).items():
                found[word][key] = nodes
        return dict(found)

    def _values(self, key: int) -> Mapping[str, tuple[int, ...]]:
        """First word of a list's values to the nodes it leads to; `_NOWHERE` is the end of the value."""
        known = self._first_words.get(key)
        if known is None:
            words = self._follow(self._builder.lists[key][0], _NOWHERE).words
            known = {word: tuple(node for _, (node, _) in targets) for word, targets in words.items()}
            self._first_words[key] = known
        return known

    def _follow(self, node: int, back: int) -> _Ways:
        """Follow pieces from a state to where a word ends; a list's values may touch the words at either side."""
        lists, template_at, lasts = self._builder.lists, self._ends, self._lasts
        first, onward, symbols, targets = self._builder.arcs.columns
        ends: set[int] = set()
        words: dict[str, dict[State, int]] = {}
        values: dict[tuple[int, int], int] = {}
        seen: set[tuple[int, int, str]] = set()
        numbers = itertools.count()

        # Depth first, the arcs of a node in their order, so that what comes first in a template is numbered first.
        def follow(node: int, back: int, piece: str) -> None:
            way = node, back, piece
            if way in seen:
                return
            seen.add(way)
            if not piece and node in template_at:
                ends.add(template_at[node])
            arc = first[node]
            while arc != NO_ARC:
                symbol, to = symbols[arc], targets[arc]
                arc = onward[arc]
                if symbol is None:
                    follow(to, back, piece)
                elif isinstance(symbol, ListSymbol):
                    if piece:
                        word(lists[symbol.key][0], to, piece)
                    elif not self._touches(to):
                        values.setdefault((symbol.key, to), next(numbers))
                        continue
                    follow(lists[symbol.key][0], to, piece)
                elif symbol != BOUNDARY:
                    follow(to, back, piece + symbol)
                elif piece:
                    word(to, back, piece)
                else:
                    follow(to, back, piece)
            if node in lasts:
                if piece:
                    word(back, _NOWHERE, piece)
                if back != _NOWHERE:
                    follow(back, _NOWHERE, piece)

        def word(node: int, back: int, piece: str) -> None:
            words.setdefault(piece, {}).setdefault((node, back), next(numbers))

        follow(node, back, "")
        return _Ways(
            ends=frozenset(ends),
            words={
                word: tuple([(number, to) for to, number in targets.items()])
                for word, targets in words.items()
            },
            lists=tuple([(number, key, to) for (key, to), number in values.items()]),
        )

    def _touches(self, node: int) -> bool:
        """Whether a piece of a word may follow in `node` without a boundary before it."""
        known = self._touching.get(node)
        if known is None:
            known = self._touching[node] = any(
                self._touches(to) if symbol is None else symbol != BOUNDARY
                for symbol, to in self._builder.arcs[node]
            )
        return known


def _length(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(words), words


def _number(way: tuple[int, State]) -> int:
    return way[0]
