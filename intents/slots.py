"""Slots of a sentence that no template matches as a whole: list values in it, told apart by the words before them."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from hassil.intents import TextSlotList
from rapidfuzz.distance import Levenshtein

from intents.descent import SLOT_MARK, Descent
from intents.exact import readings, worked_out
from intents.explanation import Origin
from intents.near import slips
from intents.prefilter import Prefilter
from intents.values import Span
from intents.walk import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.explanation import How
    from intents.results import SlotValue
    from intents.values import ListValues

_SKELETONS = 400
_SEED = 0
# "On the day after tomorrow at twenty five to seven in the morning"; a longer run of such words is none.
_MOST_TIME_WORDS = 14
_JOINING = frozenset({"and", "with", "extra"})


class SlotFinder:
    """Finds the slots of an intent in a text that is known to mean it."""

    def __init__(
        self, catalogue: Catalogue, intents: Iterable[str], values: ListValues, vocabulary: frozenset[str]
    ) -> None:
        """Learns from the templates of `intents` which list fills which slot after which word.

        Words of the `vocabulary`, which the templates know, are what they are and no other word misheard.
        """
        self._values = values
        self._vocabulary = vocabulary | self._values.words
        self._times_in = {name: Prefilter(values.languages[name]) for name in _worked_out(catalogue)}
        self._catalogue = catalogue
        self._slots: dict[str, dict[str, list[str]]] = {}
        self._after: dict[tuple[str, str, str], str] = {}
        for intent in intents:
            self._slots[intent] = _slots_by_list(catalogue, intent)
            self._learn(intent)

    def find(self, intent: str, text: str, now: datetime | None = None) -> dict[str, SlotValue]:
        """Slot name to canonical value, from the normalised `text`; where values overlap, the longest counts.

        Values of one slot that follow each other ("ham and pineapple") are joined by ", ", as hassil's are. Spoken
        times are worked out relative to `now`. Slots that no list has a value for, and that take any words, come last.
        """
        slots: dict[str, SlotValue] = {}
        for slot, value, _, _ in self._filled(intent, text.split(), now):
            slots[slot] = f"{slots[slot]}, {value}" if slot in slots else value
        return slots

    def origins(self, intent: str, text: str, now: datetime | None = None) -> list[Origin]:
        """How `find` comes by each value, in spoken order."""
        words = text.split()
        origins = []
        for slot, value, span, is_open in self._filled(intent, words, now):
            heard = " ".join(words[span.start : span.stop])
            how: How = "open" if is_open else taken_by(heard, span.text)
            origins.append(Origin(slot=slot, value=value, how=how, heard=heard))
        return origins

    def _filled(
        self, intent: str, words: Sequence[str], now: datetime | None
    ) -> Iterator[tuple[str, SlotValue, Span, bool]]:
        """Slot, value, where it stands and whether any words may; again for values that follow each other."""
        taken: set[str] = set()
        spans = self._spans(intent, words)
        last_slot, last_stop = "", 0
        for name, span in spans:
            between = set(words[last_stop : span.start])
            follows = last_slot in self._slots[intent][name] and between <= _JOINING
            slot = last_slot if follows else self._slot(intent, name, words[: span.start], taken)
            if slot is not None:
                taken.add(slot)
                last_slot, last_stop = slot, span.stop
                yield slot, self._value(name, span.text, now), span, False
        used = [any(span.start <= place < span.stop for _, span in spans) for place in range(len(words))]
        for each in self._catalogue.intents[intent].open:
            found = each.find(words, used) if each.slot not in taken else None
            if found is not None:
                used[found.start : found.stop] = [True] * (found.stop - found.start)
                yield each.slot, found.text, found, True

    def _spans(self, intent: str, words: Sequence[str]) -> list[tuple[str, Span]]:
        """List values of the intent in `words`, none overlapping, from left to right."""
        lists = self._slots[intent]
        found = self._values.find(words, self._vocabulary)
        spans = [(name, span) for name, some in found.items() if name in lists for span in some]
        for name in lists.keys() & self._times_in.keys():
            spans += [(name, span) for span in self._times(name, words)]
        spans.sort(key=lambda item: (item[1].start - item[1].stop, item[1].start, item[0]))
        used: set[int] = set()
        chosen = []
        for name, span in spans:
            places = set(range(span.start, span.stop))
            if not used & places:
                used |= places
                chosen.append((name, span))
        return sorted(chosen, key=lambda item: item[1].start)

    def _times(self, name: str, words: Sequence[str]) -> Iterator[Span]:
        """The longest values of a list of times from every word on; there are more of them than are kept."""
        ours = self._values.words_of[name]
        for known, run in itertools.groupby(range(len(words)), key=lambda place: words[place] in ours):
            places = list(run)[:_MOST_TIME_WORDS] if known else []
            for start in places:
                for stop in range(places[-1] + 1, start + 1, -1):
                    text = " ".join(words[start:stop])
                    if self._times_in[name].accepts(text):
                        yield Span(start=start, stop=stop, text=text)
                        break

    def _slot(self, intent: str, name: str, before: Sequence[str], taken: set[str]) -> str | None:
        candidates = [slot for slot in self._slots[intent][name] if slot not in taken]
        word = next((word for word in reversed(before) if word not in self._catalogue.fillers), "")
        likely = self._after.get((intent, name, word))
        return likely if likely in candidates else next(iter(candidates), None)

    def _learn(self, intent: str) -> None:
        """Which slot a list fills after which word, from sampled sentences as hassil reads them."""
        shared = {name for name, slots in self._slots[intent].items() if len(slots) > 1}
        if not shared:
            return
        rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
        descent = Descent(self._catalogue.commands, intent, rng=rng, spoken=False, open_slots=True)
        commands = self._catalogue.commands
        alone = replace(commands, intents={intent: commands.intents[intent]})
        first = {name: next(iter(texts)) for name, texts in self._values.texts.items() if texts}
        votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for _ in range(_SKELETONS):
            phrase = descent.draw()
            if phrase is None or len(phrase.lists) != 1 or phrase.lists[0] not in shared & first.keys():
                continue
            name = phrase.lists[0]
            words = phrase.text.split()
            before = words[: words.index(SLOT_MARK)]
            word = next((word for word in reversed(before) if word not in self._catalogue.fillers), "")
            text = " ".join(words).replace(SLOT_MARK, " ".join(first[name]))
            for reading in readings(text, alone):
                votes[name, word].update(slot for slot in self._slots[intent][name] if slot in reading.slots)
        for (name, word), slots in votes.items():
            if slots:
                self._after[intent, name, word] = max(sorted(slots), key=slots.__getitem__)

    def _value(self, name: str, text: str, now: datetime | None) -> SlotValue:
        value = self._values.texts[name].get(tuple(text.split()))
        if value is None and name in self._times_in:
            for reading in self._times_in[name].readings(text, now):
                return next(iter(reading.slots.values()), text)
        return text if value is None else worked_out(value, now)


def taken_by(heard: str, said: str) -> How:
    """How the words `heard` came to be taken for `said`, a value or a word of ours."""
    if heard == said:
        return "as said"
    pairs = list(zip(heard.split(), said.split(), strict=False))
    one_by_one = len(heard.split()) == len(said.split())
    close = all(Levenshtein.distance(one, other) <= slips(one, other) for one, other in pairs)
    return "spelling" if one_by_one and close else "sound"


def _worked_out(catalogue: Catalogue) -> frozenset[str]:
    """The lists whose values are worked out relative to now."""
    commands = catalogue.commands
    lists = [commands.slot_lists, *(d.slot_lists for each in commands.intents.values() for d in each.data)]
    return frozenset(
        name
        for some in lists
        for name, values in some.items()
        if isinstance(values, TextSlotList) and any((v.metadata or {}).get("resolve") for v in values.values)
    )


def _slots_by_list(catalogue: Catalogue, intent: str) -> dict[str, list[str]]:
    """List to the slots that it fills in an intent's templates, those asked for first."""
    required = catalogue.intents[intent].required
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for data in catalogue.commands.intents[intent].data:
        rules = {**catalogue.commands.expansion_rules, **data.expansion_rules}
        for sentence in data.sentences:
            for reference in references(sentence.expression, rules):
                found[reference.list_name][reference.slot_name] = None
    return {
        name: sorted(slots, key=lambda slot: required.index(slot) if slot in required else len(required))
        for name, slots in found.items()
    }
