"""Which templates match a text word for word, so that hassil is asked about those alone.

hassil tries one template after the other, which takes milliseconds. A walk through the graph of words takes a look-up a
word, as the states that a row of words leads to are remembered; it says the same but for the slots.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hassil.intents import WildcardSlotList
from hassil.util import remove_skip_words

from intents.automaton import Scope
from intents.exact import readings
from intents.template_graph import START, TemplateGraph
from intents.walk import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from hassil.intents import Intents

    from intents.exact import Reading
    from intents.template_graph import State

# Texts come from outside, so what is remembered of them has a bound.
_REMEMBERED_WAYS: Final = 50_000
_REMEMBERED_PARTS: Final = 4096


class Prefilter:
    """The templates of a compiled language."""

    def __init__(self, commands: Intents) -> None:
        """Makes the graph of all templates; one that takes words which nobody has listed is always asked about."""
        self._commands = commands
        self._skip_words = commands.skip_words
        self._skipped = frozenset(word.split()[0] for word in commands.skip_words if word.strip())
        self._graph = TemplateGraph(commands, commands.intents, spoken=False, any_number=True)
        self._wildcards = frozenset(_with_wildcards(commands, self._graph))
        self._root = _Place(frozenset([START]), self._graph)
        self._ways = 0
        self._part = lru_cache(maxsize=_REMEMBERED_PARTS)(self._make_part)
        self.words = self._graph.words()
        """The words of all templates, as they are compared; skip words apart."""

    def plain(self, text: str) -> str:
        """The normalised `text` without the words that may stand anywhere."""
        if self._skipped.isdisjoint(text.split()):
            return text
        return remove_skip_words(text, self._skip_words, ignore_whitespace=False)

    def accepts(self, text: str) -> bool:
        """Whether a template without wildcards has the very sentence `text`, which is normalised."""
        return bool(self._walk(text.split()))

    def readings(
        self, text: str, now: datetime | None = None, *, context: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """What `exact.readings` of all the templates would find in the normalised `text`."""
        templates = self._walk(text.split()) | self._wildcards
        plain = self.plain(text)
        # As hassil does: a template may hold a skip word itself.
        if plain != text:
            templates |= self._walk(plain.split())
        return readings(text, self._part(templates), now, context=context) if templates else []

    def _walk(self, words: Sequence[str]) -> frozenset[int]:
        """The templates that have the sentence `words`."""
        place = self._root
        for word in words:
            following = place.onward.get(word)
            if following is None:
                following = self._step(place, word)
                if following is None:
                    return frozenset()
            place = following
        return place.templates

    def _step(self, place: _Place, word: str) -> _Place | None:
        states = self._graph.step(place.states, word)
        if not states:
            return None
        following = _Place(states, self._graph)
        if not word.isdigit():
            if self._ways >= _REMEMBERED_WAYS:
                self._root = _Place(self._root.states, self._graph)
                self._ways = 0
            self._ways += 1
            place.onward[word] = following
        return following

    def _make_part(self, templates: frozenset[int]) -> Intents:
        """The language without the other templates."""
        wanted: dict[str, dict[int, set[int]]] = {}
        for number in templates:
            template = self._graph.templates[number]
            wanted.setdefault(template.intent, {}).setdefault(template.block, set()).add(template.sentence)
        intents = {}
        for name, intent in self._commands.intents.items():
            data = []
            for block, numbers in sorted(wanted.get(name, {}).items()):
                part = replace(intent.data[block])
                # hassil parses a block's sentences when they are first asked for; ours are compiled and normalised.
                part.__dict__["sentences"] = [intent.data[block].sentences[n] for n in sorted(numbers)]
                data.append(part)
            if data:
                intents[name] = replace(intent, data=data)
        return replace(self._commands, intents=intents)


class _Place:
    """What a row of words leads to."""

    __slots__ = ("onward", "states", "templates")

    def __init__(self, states: frozenset[State], graph: TemplateGraph) -> None:
        self.states = states
        self.templates = graph.ends(states)
        self.onward: dict[str, _Place] = {}


def _with_wildcards(commands: Intents, graph: TemplateGraph) -> Iterator[int]:
    """The templates that take words which nobody has listed."""
    for number, template in enumerate(graph.templates):
        data = commands.intents[template.intent].data[template.block]
        scope = Scope.of(commands, data)
        expression = data.sentences[template.sentence].expression
        if any(
            isinstance(scope.lists[each.list_name], WildcardSlotList)
            for each in references(expression, scope.rules)
        ):
            yield number
