"""Which templates match a text word for word, and what their slots are.

hassil tries one template after the other, which takes milliseconds. A look-up a word leaves the few templates that have
all words, or none; a walk through the graph of these tells whether they have the sentence, and the way through it the
slots. hassil is asked about what the graph cannot tell: words that nobody has listed, and words put together from a
list's value and a piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hassil.intents import TextSlotList, WildcardSlotList
from hassil.recognize import recognize_all

from intents.automaton import Scope
from intents.descent import Unresolved
from intents.exact import Reading, asks, meaning_of, rank, readings, slot_values
from intents.template_graph import REMEMBERED, TemplateGraph
from intents.values import language_of
from intents.walk import chunks, references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hassil.intents import Intents, SlotList, TextSlotValue

    from intents.exact import Meaning
    from intents.results import SlotValue
    from intents.template_graph import Template

# Texts come from outside, so what is remembered of them has a bound.
_REMEMBERED_PARTS: Final = 1024
_REMEMBERED_VALUES: Final = 8192


class Prefilter:
    """The templates of a compiled language."""

    def __init__(self, commands: Intents) -> None:
        """Makes the graph of all templates; one that takes words which nobody has listed is always asked about."""
        self._commands = commands
        skipped = sorted({word.strip() for word in commands.skip_words} - {""}, key=lambda word: -len(word))
        self._skipped = frozenset(word.split()[0] for word in skipped)
        self._skip_words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, skipped))})(?!\w)", re.IGNORECASE)
        self._graph = TemplateGraph(
            commands, commands.intents, spoken=False, any_number=True, remembered=REMEMBERED
        )
        self._known = [_known(commands, template) for template in self._graph.templates]
        self._always = frozenset(n for n, known in enumerate(self._known) if known.wildcards)
        self._hassils = self._always.union(
            n for n, known in enumerate(self._known) if known.unusual or not self._graph.parts_words(n)
        )
        self._lists: dict[int, tuple[Scope, SlotList]] = {}
        self._known_pieces: dict[int, tuple[str, ...]] = {}
        self._meaning = lru_cache(maxsize=_REMEMBERED_VALUES)(self._look_up)
        self._part = lru_cache(maxsize=_REMEMBERED_PARTS)(self._make_part)
        self._templates_by_word, self._joined = self._graph.templates_by_word()
        self._every = (1 << len(self._graph.templates)) - 1
        self.words = frozenset(self._templates_by_word)
        """The words of all templates, as they are compared; skip words apart."""

    def plain(self, text: str) -> str:
        """The normalised `text` without the words that may stand anywhere."""
        if self._skipped.isdisjoint(text.split()):
            return text
        # As hassil does it, which compiles the expression anew for each text.
        return " ".join(self._skip_words.sub(" ", text).split())

    def accepts(self, text: str) -> bool:
        """Whether a template without wildcards has the very sentence `text`, which is normalised."""
        return bool(self._walk(text.split()))

    def readings(
        self, text: str, now: datetime | None = None, *, context: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """What `exact.readings` of all the templates would find in the normalised `text`.

        But for a template that has the empty sentence: nobody who says nothing but skip words has said that.
        """
        context = context or {}
        variants = [(text, self._walk(text.split()))]
        plain = self.plain(text)
        # As hassil does: a template may hold a skip word itself.
        if plain not in ("", text):
            variants.append((plain, self._walk(plain.split())))
        left = set(self._always)
        best: dict[str, Reading] = {}
        for variant, templates in variants:
            left |= templates & self._hassils
            for number in sorted(templates - left):
                known = self._known[number]
                if not known.counts(context):
                    continue
                slots = self._slots(variant.split(), number, now)
                if slots is None:
                    left.add(number)
                    continue
                reading = Reading(
                    intent=known.intent,
                    slots=slots | {name: value for name, value in known.fixed.items() if name not in slots},
                    wildcards=0,
                    literal=len(variant) - variant.count(" "),
                    in_context=bool(known.requires),
                    asks=known.asks,
                )
                if reading.intent not in best or rank(reading) < rank(best[reading.intent]):
                    best[reading.intent] = reading
        if left:
            for reading in readings(text, self._part(frozenset(left)), now, context=context):
                if reading.intent not in best or rank(reading) < rank(best[reading.intent]):
                    best[reading.intent] = reading
        if len(best) < 2:
            return list(best.values())
        return sorted(best.values(), key=lambda reading: (*rank(reading), reading.intent))

    def _slots(self, words: Sequence[str], number: int, now: datetime | None) -> dict[str, SlotValue] | None:
        """The slots of a sentence of a template; None if what fills one is no value of its list by itself."""
        scope = self._known[number].scope
        found: list[tuple[str, Meaning]] = []
        for value in self._graph.values(words, number):
            slot_list = scope.lists[value.reference.list_name]
            self._lists.setdefault(id(slot_list), (scope, slot_list))
            meaning = self._meaning(id(slot_list), " ".join(words[value.start : value.stop]))
            if meaning is None:
                return None
            found.append((value.reference.slot_name, meaning))
        return slot_values(found, now)

    def _look_up(self, list_id: int, text: str) -> Meaning | None:
        """What `text` means as a value of a list."""
        scope, slot_list = self._lists[list_id]
        if isinstance(slot_list, TextSlotList):
            kinds = {(value.metadata or {}).get("resolve") for value in slot_list.values}
            if len(kinds) == 1 and (what := kinds.pop()):
                # Of words that are worked out it does not matter which value they are.
                return Unresolved(what=what, text=text)
            likely = [each for each in slot_list.values if text.startswith(self._pieces(each, scope))]
            slot_list = replace(slot_list, values=likely)
        alone = language_of("value", slot_list, scope.rules, self._commands.language)
        return next((meaning_of(result.entities_list[0]) for result in recognize_all(text, alone)), None)

    def _pieces(self, value: TextSlotValue, scope: Scope) -> tuple[str, ...]:
        """The pieces of a value, with one of which all that is said for it begins."""
        known = self._known_pieces.get(id(value))
        if known is None:
            pieces = map(str.strip, chunks(value.text_in, scope.rules))
            known = self._known_pieces[id(value)] = tuple(dict.fromkeys(piece for piece in pieces if piece))
        return known

    def _walk(self, words: Sequence[str]) -> frozenset[int]:
        """The templates that have the sentence `words`."""
        # Most texts that are no command have a strange word, or no template has all; a look-up is cheaper than a walk.
        templates = self._every
        for word in words:
            if not word.isdigit():
                templates &= self._templates_by_word.get(word, self._joined)
                if not templates:
                    return frozenset()
        return self._graph.accepts(words, _bits(templates))

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


def _bits(number: int) -> list[int]:
    """The places of the ones in `number`, the lowest first."""
    found = []
    while number:
        found.append((number & -number).bit_length() - 1)
        number &= number - 1
    return found


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known of a template without its words."""

    intent: str
    scope: Scope
    fixed: Mapping[str, SlotValue]
    """The slots that it fills whatever is said."""
    requires: Mapping[str, str | None]
    """What the conversation must be about; None for anything."""
    asks: bool
    """Whether it is to be asked about."""
    wildcards: bool
    """Whether it takes words which nobody has listed."""
    unusual: bool
    """Whether it uses what only hassil knows: contexts of values, captures."""

    def counts(self, context: Mapping[str, str]) -> bool:
        """Whether it counts in a conversation."""
        return all(
            name in context and value in (None, context[name]) for name, value in self.requires.items()
        )


def _known(commands: Intents, template: Template) -> _Known:
    data = commands.intents[template.intent].data[template.block]
    scope = Scope.of(commands, data)
    expression = data.sentences[template.sentence].expression
    referred = list(references(expression, scope.rules))
    lists = [scope.lists[each.list_name] for each in referred]
    texts = [each for each in lists if isinstance(each, TextSlotList)]
    return _Known(
        intent=template.intent,
        scope=scope,
        fixed={name: value if isinstance(value, int) else str(value) for name, value in data.slots.items()},
        requires=data.requires_context,
        asks=asks(data),
        wildcards=any(isinstance(each, WildcardSlotList) for each in lists),
        unusual=bool(
            data.excludes_context
            or data.required_keywords
            or any(not isinstance(value, str | None) for value in data.requires_context.values())
            or any(each.is_capture for each in referred)
            or any(value.context for each in texts for value in each.values)
        ),
    )
