"""Templates as an automaton over pieces of words: what every graph of the definitions is made of.

A template may put a word together from pieces ("light[s]"), so arcs carry pieces and boundaries between words; which
words there are is found by following them. A list is built once, however many templates refer to it.
"""

from __future__ import annotations

import re
import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from hassil.expression import Alternative, Group, ListReference, Permutation, RuleReference, TextChunk
from hassil.intents import RangeSlotList, TextSlotList

from intents.descent import number_words
from intents.normalise import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hassil.expression import Expression, Sentence
    from hassil.intents import IntentData, Intents, SlotList

BOUNDARY: Final = " "
"""The symbol between two words; several of them are one."""
DIGITS: Final = "#"
"""The symbol for any number in digits; no text that has been cleaned holds it."""


@dataclass(frozen=True, slots=True)
class ListSymbol:
    """A reference to a list, in place of a word."""

    key: int
    """Which list; the same for every reference to it."""


NO_ARC: Final = -1
"""In place of an arc where there is none, or no further one."""
_T = TypeVar("_T")

Symbol: TypeAlias = "str | ListSymbol | None"
"""A piece of a word, `BOUNDARY`, `DIGITS`, a list, or None for nothing."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a block of templates can refer to."""

    lists: Mapping[str, SlotList]
    """List name to list."""
    rules: Mapping[str, Sentence]
    """Rule name to its template."""
    language: str
    """In which numbers are said."""

    @classmethod
    def of(cls, intents: Intents, data: IntentData) -> Scope:
        """The scope of a block: its own lists and rules before those of all."""
        return cls(
            lists=_laid_over(intents.slot_lists, data.slot_lists),
            rules=_laid_over(intents.expansion_rules, data.expansion_rules),
            language=intents.language,
        )


class Arcs:
    """The arcs of every node in the order they were added, a dozen bytes each.

    As lists of tuples a household's language, which is kept twice, took 20 MB more.
    """

    def __init__(self) -> None:
        self._symbols: list[Symbol] = []
        self._to = array("i")
        # Each arc to the next one of its node, each node to its first and its last.
        self._next = array("i")
        self._first = array("i")
        self._last = array("i")

    def node(self) -> int:
        """A new node."""
        self._first.append(NO_ARC)
        self._last.append(NO_ARC)
        return len(self._first) - 1

    def add(self, start: int, symbol: Symbol, end: int) -> None:
        """Lead on from `start`."""
        number = len(self._to)
        last = self._last[start]
        if last == NO_ARC:
            self._first[start] = number
        else:
            self._next[last] = number
        self._last[start] = number
        # A word stands in hundreds of templates, each of which has cut it out anew.
        self._symbols.append(sys.intern(symbol) if isinstance(symbol, str) else symbol)
        self._to.append(end)
        self._next.append(NO_ARC)

    @property
    def columns(self) -> tuple[array[int], array[int], list[Symbol], array[int]]:
        """Each node to its first arc, and each arc to the next of its node, its symbol, and where it leads.

        For what follows many of them; `NO_ARC` is behind the last one.
        """
        return self._first, self._next, self._symbols, self._to

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._first)

    def __getitem__(self, node: int) -> list[tuple[Symbol, int]]:
        """The symbols that lead on from a node, and where to."""
        found = []
        number = self._first[node]
        while number != NO_ARC:
            found.append((self._symbols[number], self._to[number]))
            number = self._next[number]
        return found


def _laid_over(of_all: dict[str, _T], own: dict[str, _T]) -> Mapping[str, _T]:
    """`own` before `of_all`: that itself for most blocks, which have none, as scopes are kept."""
    return {**of_all, **own} if own else of_all


class Builder:
    """Templates one after the other, by Thompson's construction."""

    def __init__(self, *, spoken: bool, any_number: bool = False) -> None:
        """The words as they are `spoken`, or else as they are compared.

        With `any_number`, any row of number words or digits stands for each number of a range; without, the words of
        those numbers that sampling knows.
        """
        self.arcs = Arcs()
        """Node to the symbols that lead on from it, and where to."""
        self.lists: dict[int, tuple[int, int]] = {}
        """Key of a list to the nodes where its values begin and end."""
        self.references: dict[int, ListReference] = {}
        """Node behind a reference to a list to the reference; nothing else leads to such a node."""
        self._spoken = spoken
        self._any_number = any_number
        self._keys: dict[int, ListSymbol] = {}
        self._silent: set[int] = set()

    def node(self) -> int:
        """A new node."""
        return self.arcs.node()

    def template(self, scope: Scope, expression: Expression, start: int, end: int) -> None:
        """The sentences of a template; none where it needs a wildcard, as nobody knows what will be said there."""
        begun = self.node()
        self.arcs.add(start, BOUNDARY, begun)
        behind = self._expression(scope, expression, begun)
        if behind is not None:
            self.arcs.add(behind, BOUNDARY, end)

    def phrase(self, text: str, start: int, end: int) -> None:
        """Nothing but these words."""
        begun = self.node()
        self.arcs.add(start, BOUNDARY, begun)
        self.arcs.add(self._text(f" {clean(text)} ", begun), None, end)

    def _text(self, text: str, node: int) -> int:
        for piece in re.split(r"(\s+)", text):
            if piece:
                following = self.node()
                self.arcs.add(node, BOUNDARY if piece.isspace() else piece, following)
                node = following
        return node

    def _expression(self, scope: Scope, expression: Expression, node: int) -> int | None:
        """Append `expression` to `node`; the node behind it, or None where nothing can be said."""
        if isinstance(expression, TextChunk):
            return self._text(_spoken(expression.original_text) if self._spoken else expression.text, node)
        if isinstance(expression, RuleReference):
            return self._expression(scope, scope.rules[expression.rule_name].expression, node)
        if isinstance(expression, ListReference):
            return self._list_reference(scope, expression, node)
        if isinstance(expression, Permutation):
            return self._any_order(scope, list(expression.items), node)
        if isinstance(expression, Alternative):
            ends = [self._expression(scope, item, node) for item in expression.items]
            reached = [end for end in ends if end is not None]
            if not reached:
                return None
            following = self.node()
            for end in reached:
                self.arcs.add(end, None, following)
            return following
        if isinstance(expression, Group):
            for item in expression.items:
                behind = self._expression(scope, item, node)
                if behind is None:
                    return None
                node = behind
            return node
        raise TypeError(f"a template holds {type(expression).__name__}, which no graph is made of")

    def _any_order(self, scope: Scope, items: list[Expression], node: int) -> int | None:
        # One node for each set of items that have been said: 2^n of them, not n! orders.
        said = {0: node}
        for mask in range(1, 1 << len(items)):
            said[mask] = self.node()
        for mask in range((1 << len(items)) - 1):
            for i, item in enumerate(items):
                if not mask >> i & 1:
                    behind = self._expression(scope, item, said[mask])
                    if behind is None:
                        return None
                    self.arcs.add(behind, None, said[mask | 1 << i])
        return said[(1 << len(items)) - 1]

    def _list_reference(self, scope: Scope, reference: ListReference, node: int) -> int | None:
        """A list stands as one symbol; what its values say has a beginning and an end of its own."""
        slot_list = scope.lists[reference.list_name]
        symbol = self._keys.get(id(slot_list))
        if symbol is None:
            symbol = self._keys[id(slot_list)] = ListSymbol(len(self._keys))
            self._list(scope, slot_list, symbol.key)
        if symbol.key in self._silent:
            return None
        following = self.node()
        self.references[following] = reference
        self.arcs.add(node, symbol, following)
        return following

    def _list(self, scope: Scope, slot_list: SlotList, key: int) -> None:
        first, last = self.lists[key] = (self.node(), self.node())
        said = False
        for value in _values(scope, slot_list):
            behind = self._expression(scope, value, first)
            if behind is not None:
                said = True
                self.arcs.add(behind, None, last)
                if self._any_number and isinstance(slot_list, RangeSlotList):
                    # Another number word may follow; which rows of them are numbers of the range, hassil knows.
                    self.arcs.add(self._text(" ", behind), None, first)
        if self._any_number and isinstance(slot_list, RangeSlotList):
            self.arcs.add(first, DIGITS, last)
        if not said:
            self._silent.add(key)


def _values(scope: Scope, slot_list: SlotList) -> list[Expression]:
    """The values of a list; none of a wildcard."""
    if isinstance(slot_list, TextSlotList):
        return [value.text_in for value in slot_list.values]
    if isinstance(slot_list, RangeSlotList):
        return [words for _, words in number_words(slot_list, scope.language)]
    return []


def _spoken(text: str) -> str:
    """A chunk as it is spoken, with the outer spaces that part it from its neighbours."""
    cleaned = clean(text)
    if not cleaned:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{cleaned}{' ' if text[-1].isspace() else ''}"
