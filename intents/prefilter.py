"""Which intents match a text word for word, so that hassil is asked about those alone.

hassil tries one template after the other, which takes milliseconds; a walk through the graph of words takes
microseconds and says the same but for the slots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hassil.intents import RangeSlotList, TextSlotList
from hassil.util import remove_skip_words

from intents.exact import rank, readings
from intents.graph import word_graph
from intents.walk import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hassil.intents import Intents

    from intents.exact import Reading
    from intents.graph import WordGraph


class Prefilter:
    """The templates of a compiled language, an intent at a time."""

    def __init__(self, commands: Intents) -> None:
        """Makes the graph of each intent; one that takes words which nobody has listed is always asked about."""
        self._skip_words = commands.skip_words
        self._parts = [_part(name, commands) for name in commands.intents]
        self.words = frozenset(word for part in self._parts for word in part.words or ())
        """The words of all intents but those with wildcards, as they are compared; skip words apart."""

    def readings(
        self, text: str, now: datetime | None = None, *, context: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """What `exact.readings` of all the templates would find in the normalised `text`."""
        plain = remove_skip_words(text, self._skip_words, ignore_whitespace=False)
        # As hassil does: a template may hold a skip word itself.
        variants = [each.split() for each in {plain, text}]
        found = [
            reading
            for part in self._parts
            if any(map(part.may_match, variants))
            for reading in readings(text, part.alone, now, context=context)
        ]
        return sorted(found, key=lambda reading: (*rank(reading), reading.intent))


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The templates of one intent."""

    alone: Intents
    """The language without the other intents."""
    words: frozenset[str] | None
    """Its words; None where a wildcard takes any."""
    graph: WordGraph | None
    """Its sentences; None where they are not all listed."""

    def may_match(self, words: Sequence[str]) -> bool:
        """Whether hassil is to be asked."""
        if self.words is None:
            return True
        # The words first, for most texts have one that the intent has not. Numbers in digits are in no list.
        digits = [word for word in words if word.isdigit()]
        if not self.words.issuperset(word for word in words if word not in digits):
            return False
        return self.graph is None or bool(digits) or bool(self.graph.accepts(words))


def _part(name: str, commands: Intents) -> _Part:
    kinds = _list_kinds(name, commands)
    graph = word_graph(commands, [name], spoken=False)
    return _Part(
        alone=replace(commands, intents={name: commands.intents[name]}),
        words=frozenset(word for arcs in graph.arcs for word in arcs)
        if kinds <= {TextSlotList, RangeSlotList}
        else None,
        # Of a long range the graph has some numbers only.
        graph=graph if kinds <= {TextSlotList} else None,
    )


def _list_kinds(name: str, commands: Intents) -> set[type]:
    """The kinds of the lists that an intent refers to."""
    kinds: set[type] = set()
    for data in commands.intents[name].data:
        lists = {**commands.slot_lists, **data.slot_lists}
        rules = {**commands.expansion_rules, **data.expansion_rules}
        for sentence in data.sentences:
            kinds |= {type(lists.get(each.list_name)) for each in references(sentence.expression, rules)}
    return kinds
