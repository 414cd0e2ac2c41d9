"""Templates out of labelled sentences: each says one sentence, and where a list has the value of a slot, its siblings.

Nothing may be understood otherwise than before because of them. So a template is taken only if it has no sentence in
common with any other; if it has, the sentence is taken as it was said; and if even that belongs to somebody, it is left
out, with the reason. What decides over orders is left out, and so is an order without an ordering verb.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from hassil.intents import WildcardSlotList
from hassil.util import remove_skip_words

from intents.comparison import common_sentence
from intents.compilation import compile_templates
from intents.exact import readings
from intents.normalise import clean, normalise, too_long
from intents.prefilter import Prefilter
from intents.template_graph import TemplateGraph
from intents.values import language_of
from intents.walk import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.match import Matcher
    from intents.results import SlotValue

_MOST_VALUE_WORDS: Final = 14


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A sentence of which a person said what it means."""

    id: str
    """What it is called where it comes from."""
    text: str
    """As it was said."""
    intent: str
    """What it is about."""
    slots: Mapping[str, SlotValue]
    """Slot name to value, canonical or as it was said."""
    now: datetime | None = None
    """When it was said, aware, in the speaker's zone: what times are relative to."""


@dataclass(frozen=True, kw_only=True)
class Induced:
    """A template that says a sentence, and what it means."""

    intent: str
    """Whose it is."""
    template: str
    """In the template language of the definitions."""
    slots: Mapping[str, SlotValue]
    """Slots that it fills whatever value stands in a list's place."""
    ids: tuple[str, ...]
    """The sentences that it comes from."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A sentence of which no template was made."""

    sentence: Labelled
    """The sentence."""
    why: str
    """The reason, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Induction:
    """What became of the sentences."""

    templates: tuple[Induced, ...]
    """New ones, in the order of their first sentences."""
    known: tuple[Labelled, ...]
    """Sentences that are understood word for word already."""
    left_out: tuple[LeftOut, ...]
    """The others."""


def induce(catalogue: Catalogue, matcher: Matcher, sentences: Sequence[Labelled]) -> Induction:
    """Make templates of `sentences` for a `catalogue` that `matcher` understands by."""
    meanings: dict[str, set[tuple[str, str]]] = {}
    for each in sentences:
        definition = catalogue.intents.get(each.intent)
        # The same words mean another time on another day.
        lasting = {
            slot: value
            for slot, value in each.slots.items()
            if definition is None or slot not in definition.times
        }
        meanings.setdefault(normalise(each.text), set()).add((each.intent, _shown(lasting)))
    twice = frozenset(text for text, some in meanings.items() if len(some) > 1)
    inducer = _Inducer(catalogue, matcher, twice)
    known, left_out = [], []
    for each in sentences:
        try:
            if not inducer.take(each):
                known.append(each)
        except _LeftOutError as reason:
            left_out.append(LeftOut(sentence=each, why=str(reason)))
    return Induction(templates=inducer.templates(), known=tuple(known), left_out=tuple(left_out))


class _LeftOutError(Exception):
    """Why no template is made of a sentence."""


@dataclass(kw_only=True)
class _Draft:
    """A template with its graph."""

    intent: str
    template: str
    slots: Mapping[str, SlotValue]
    graph: TemplateGraph
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Value:
    """Words of a sentence that are a value of a list."""

    slot: str
    list_name: str
    start: int
    stop: int

    @property
    def reference(self) -> str:
        """As it stands in a template."""
        return f"{{{self.slot}}}" if self.slot == self.list_name else f"{{{self.list_name}:{self.slot}}}"


class _Inducer:
    def __init__(self, catalogue: Catalogue, matcher: Matcher, twice: frozenset[str]) -> None:
        self._twice = twice
        self._catalogue = catalogue
        self._matcher = matcher
        self._drafts: list[_Draft] = []
        # What counts in one conversation alone goes before all else there, and is no rival elsewhere.
        self._there = cache(
            lambda: TemplateGraph(
                catalogue.commands,
                catalogue.commands.intents,
                spoken=False,
                where=lambda block: not block.requires_context,
            )
        )
        self._values = cache(self._values_of)
        self._lists = cache(self._lists_of)

    def templates(self) -> tuple[Induced, ...]:
        return tuple(
            Induced(intent=each.intent, template=each.template, slots=each.slots, ids=tuple(each.ids))
            for each in self._drafts
        )

    def take(self, it: Labelled) -> bool:
        """Make a template of a sentence; False where it is understood word for word already."""
        if normalise(it.text) in self._twice:
            raise _LeftOutError("it was reviewed in two ways; review it again, where it was wrong")
        words = self._words(it)
        definition = self._catalogue.intents.get(it.intent)
        if definition is None:
            raise _LeftOutError(f"the definitions have no intent {it.intent!r}")
        if definition.kind == "dialogue":
            raise _LeftOutError(f"{it.intent!r} decides over orders; write its sentences by hand")
        values = self._find(it, words)
        if self._is_known(it, words, values):
            return False
        if definition.kind == "commerce":
            self._check_order(it, values)
        for template, slots in self._ways(it, words, values):
            if self._add(it, template, slots):
                return True
        common = self._rival(it, " ".join(words))
        raise _LeftOutError(
            f"it belongs to {common} as well" if common else "its words do not tell its slots"
        )

    def _words(self, it: Labelled) -> list[str]:
        text = clean(it.text)
        if not text or too_long(text):
            raise _LeftOutError("it has no words" if not text else "it is longer than any command")
        skipped = map(clean, self._catalogue.commands.skip_words)
        plain = remove_skip_words(f" {text} ", [f" {word} " for word in skipped], ignore_whitespace=False)
        if not plain.strip():
            raise _LeftOutError("it has no words but such as may stand anywhere")
        return plain.split()

    def _is_known(self, it: Labelled, words: Sequence[str], values: Sequence[_Value]) -> bool:
        exact = [each for each in self._matcher.explain(it.text, now=it.now).exact if not each.wildcards]
        if exact and exact[0].intent == it.intent and self._means(exact[0].slots, it, words, values):
            return True
        if exact:
            found = f"{exact[0].intent} {_shown(exact[0].slots)}".strip()
            raise _LeftOutError(f"a template says it already, and means {found}; change that one")
        return False

    def _check_order(self, it: Labelled, values: Sequence[_Value]) -> None:
        evidence = self._matcher.evidence(it.intent, it.text)
        if evidence is None:
            raise _LeftOutError("nothing is known of how such an order is given; write its template by hand")
        if evidence.verb is None:
            raise _LeftOutError("an order needs an ordering verb, such as “order” or “get me”")
        if evidence.denial is not None:
            raise _LeftOutError(f"“{evidence.denial}” may deny the order")
        text = f" {normalise(it.text)} "
        for phrase in self._catalogue.intents[it.intent].unless:
            if f" {phrase} " in text:
                raise _LeftOutError(f"“{phrase}” makes it about something else than an order")
        found = {each.slot for each in values}
        for slot, value in it.slots.items():
            if slot not in found:
                raise _LeftOutError(f"no list has {slot} “{value}” as it was said; add it to a list first")

    def _ways(
        self, it: Labelled, words: Sequence[str], values: Sequence[_Value]
    ) -> Iterator[tuple[str, dict[str, SlotValue]]]:
        """Templates that say the sentence, with the slots that they fill anyway: with its siblings, then alone."""
        times = self._catalogue.intents[it.intent].times
        found = {each.slot for each in values}
        if lost := [slot for slot in times if slot in it.slots and slot not in found]:
            raise _LeftOutError(f"{lost[0]} “{it.slots[lost[0]]}” is no time that is said in it")
        fixed = {slot: value for slot, value in it.slots.items() if slot not in found}
        said = f" {normalise(it.text)} "
        for slot, value in fixed.items():
            if not self._is_value(it.intent, slot, value) and f" {normalise(str(value))} " not in said:
                raise _LeftOutError(f"{slot} “{value}” was not said, and no list or template has it")
        covered = {place for each in values for place in range(each.start, each.stop)}
        own = {word for place, word in enumerate(words) if place not in covered}
        # Of values and light words alone, any value would be a command.
        if values and own - self._catalogue.fillers:
            yield _with_references(words, values), fixed
        if not found & times.keys():
            yield " ".join(words), dict(it.slots)

    def _is_value(self, intent: str, slot: str, value: SlotValue) -> bool:
        """Whether a slot of the intent has that value somewhere."""
        values = [
            block.slots[slot]
            for block in self._catalogue.commands.intents[intent].data
            if slot in block.slots
        ]
        return any(
            _same(value, each) for each in (*values, *self._catalogue.intents[intent].choices.get(slot, ()))
        )

    def _add(self, it: Labelled, template: str, slots: Mapping[str, SlotValue]) -> bool:
        for draft in self._drafts:
            if (draft.intent, draft.template, dict(draft.slots)) == (it.intent, template, dict(slots)):
                draft.ids.append(it.id)
                return True
        compiled = compile_templates(it.intent, [template], self._catalogue.commands, slots=slots)
        found = readings(normalise(it.text), compiled, it.now)
        words = self._words(it)
        if not found or not self._means(found[0].slots, it, words, self._find(it, words)):
            return False
        graph = TemplateGraph(compiled, [it.intent], spoken=False)
        if any(common_sentence(graph, other) for other in (self._there(), *(d.graph for d in self._drafts))):
            return False
        self._drafts.append(
            _Draft(intent=it.intent, template=template, slots=slots, graph=graph, ids=[it.id])
        )
        return True

    def _rival(self, it: Labelled, template: str) -> str:
        graph = TemplateGraph(
            compile_templates(it.intent, [template], self._catalogue.commands), [it.intent], spoken=False
        )
        for other in (self._there(), *(draft.graph for draft in self._drafts)):
            if common := common_sentence(graph, other):
                return f"{common[2].text!r} of {common[2].intent}"
        return ""

    def _means(
        self,
        slots: Mapping[str, SlotValue],
        it: Labelled,
        words: Sequence[str],
        values: Sequence[_Value],
    ) -> bool:
        """Whether `slots` are those of the label, each as its value or in the words that were said of it."""
        said = {
            each.slot: normalise(" ".join(words[each.start : each.stop]))
            for each in values
            if sum(other.slot == each.slot for other in values) == 1
        }
        return slots.keys() == it.slots.keys() and all(
            _same(value, it.slots[slot]) or said.get(slot) == normalise(str(it.slots[slot]))
            for slot, value in slots.items()
        )

    def _find(self, it: Labelled, words: Sequence[str]) -> list[_Value]:
        """The values of lists that stand in a sentence for its slots, from left to right."""
        found: list[_Value] = []
        for slot, value in it.slots.items():
            parts = [str(value)]
            if self._value(it, slot, parts[0], words, found) is None:
                parts = str(value).split(", ")
            some: list[_Value] = []
            for part in parts:
                each = self._value(it, slot, part, words, [*found, *some])
                if each is None:
                    break
                some.append(each)
            if len(some) == len(parts):
                found += some
        return sorted(found, key=lambda each: each.start)

    def _value(
        self, it: Labelled, slot: str, value: str, words: Sequence[str], taken: Sequence[_Value]
    ) -> _Value | None:
        """The longest words that a list of the slot has for a value, the first of several."""
        free = [not any(each.start <= place < each.stop for each in taken) for place in range(len(words))]
        for length in range(min(len(words), _MOST_VALUE_WORDS), 0, -1):
            for start in range(len(words) - length + 1):
                if all(free[start : start + length]):
                    text = normalise(" ".join(words[start : start + length]))
                    for name in self._lists(it.intent, slot):
                        for reading in self._values(name).readings(text, it.now) if text else ():
                            if _same(reading.slots[name], value) or text == normalise(value):
                                return _Value(slot=slot, list_name=name, start=start, stop=start + length)
        return None

    def _lists_of(self, intent: str, slot: str) -> tuple[str, ...]:
        """The lists of all intents that fill a slot, those first that are named in its first templates."""
        commands = self._catalogue.commands
        found: dict[str, None] = {}
        for block in commands.intents[intent].data:
            rules = {**commands.expansion_rules, **block.expansion_rules}
            for sentence in block.sentences:
                for each in references(sentence.expression, rules):
                    if each.slot_name == slot and each.list_name not in block.slot_lists:
                        found[each.list_name] = None
        return tuple(name for name in found if not isinstance(commands.slot_lists[name], WildcardSlotList))

    def _values_of(self, name: str) -> Prefilter:
        commands = self._catalogue.commands
        return Prefilter(
            language_of(name, commands.slot_lists[name], commands.expansion_rules, commands.language)
        )


def _with_references(words: Sequence[str], values: Sequence[_Value]) -> str:
    begins = {each.start: each for each in values}
    parts, place = [], 0
    while place < len(words):
        value = begins.get(place)
        parts.append(value.reference if value else words[place])
        place = value.stop if value else place + 1
    return " ".join(parts)


def _same(one: SlotValue, other: SlotValue) -> bool:
    return str(one).lower() == str(other).lower()


def _shown(slots: Mapping[str, SlotValue]) -> str:
    return ", ".join(f"{slot}: {value}" for slot, value in sorted(slots.items()))
