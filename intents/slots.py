"""Slots of a sentence that no template matches as a whole: list values in it, told apart by the words before them."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hassil.intents import TextSlotList
from rapidfuzz.distance import Levenshtein

from intents.descent import SLOT_MARK, Descent
from intents.exact import readings, worked_out
from intents.explanation import Origin
from intents.near import slips
from intents.prefilter import Prefilter
from intents.values import Span
from intents.walk import most_values, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from intents.catalogue import Catalogue
    from intents.explanation import How
    from intents.results import SlotValue
    from intents.values import ListValues

_SKELETONS = 400
_SEED = 0
# "On the day after tomorrow at twenty five to seven in the morning"; a longer run of such words is none.
_MOST_TIME_WORDS = 14
# "Two thousand five hundred and".
_MOST_NUMBER_WORDS = 8
_TIMES = {"thousand": 1000, "hundred": 100, "dozen": 12}
# No larger number is told from this one.
_MOST = 1_000_000
_MOST_DIGITS = 6
_JOINING = frozenset({"and", "with", "extra"})
# Between two values these say that it may be either: "to the zoo or to the mall".
_CHOOSING = frozenset({"or", "either", "maybe", "to", "from", "at", "for", "with", "in"})
# A number before one of these counts no things: "a twelve inch pizza".
_MEASURES = frozenset(
    {"inch", "inches", "cm", "dollar", "dollars", "bucks", "euros", "pounds", "percent", "people"}
)
_DENIED_TOO = frozenset({"and", "or", "nor"})
_LEFT_OUT = frozenset({"hold", "minus", "except"})
_BEFORE_TIMES = frozenset({"at", "by", "around", "before", "after", "until", "till", "past"})


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """A value that a slot was found to have."""

    slot: str
    value: SlotValue
    span: Span
    """Where it stands."""
    is_open: bool = False
    """Whether any words may stand there."""
    apart: bool = False
    """Whether the slot had a value before, and other words stand between."""


class SlotFinder:
    """Finds the slots of an intent in a text that is known to mean it."""

    def __init__(
        self,
        catalogue: Catalogue,
        intents: Iterable[str],
        values: ListValues,
        vocabulary: frozenset[str],
        orders: Mapping[str, frozenset[str]],
    ) -> None:
        """Learns from the templates of `intents` which list fills which slot after which word.

        Words of the `vocabulary`, which the templates know, are what they are and no other word misheard. `orders` are
        those of the intents that cost money, with the words that may deny one: there a value behind such a word is none
        that is wanted, a number in a time of day is no quantity, and a required slot that is said in two ways is left
        to be asked for.
        """
        self._orders = orders
        self._several: dict[str, frozenset[str]] = {}
        self._values = values
        self._vocabulary = vocabulary | self._values.words
        self._times_in = {name: Prefilter(values.languages[name]) for name in _worked_out(catalogue)}
        self._catalogue = catalogue
        self._slots: dict[str, dict[str, list[str]]] = {}
        self._after: dict[tuple[str, str, str], str] = {}
        for intent in intents:
            self._slots[intent] = _slots_by_list(catalogue, intent)
            if intent in orders:
                self._several[intent] = _several(catalogue, intent)
            self._learn(intent)
        whole = {
            name: {words: value for words, value in texts.items() if isinstance(value, int)}
            for name, texts in values.texts.items()
        }
        counts = {name for name, texts in values.texts.items() if texts and len(whole[name]) == len(texts)}
        self._numbers = {words: number for name in sorted(counts) for words, number in whole[name].items()}
        self._number_words = {words[0] for words in self._numbers if words} | _TIMES.keys()
        # Numbers beyond a list's, too: "twenty five pizzas" are neither twenty nor one, which the partner has to say.
        self._before_what = {
            intent: {
                name: self._following(intent, name) for name in sorted(counts & self._slots[intent].keys())
            }
            for intent in orders
        }
        self._counts = frozenset(name for some in self._before_what.values() for name in some)

    def find(self, intent: str, text: str, now: datetime | None = None) -> dict[str, SlotValue]:
        """Slot name to canonical value, from the normalised `text`; where values overlap, the longest counts.

        Values of one slot that follow each other ("ham and pineapple") are joined by ", ", as hassil's are. Spoken
        times are worked out relative to `now`. Slots that no list has a value for, and that take any words, come last.
        """
        slots: dict[str, SlotValue] = {}
        for each in self._filled(intent, text.split(), now):
            known = slots.get(each.slot)
            slots[each.slot] = each.value if known is None else f"{known}, {each.value}"
        return slots

    def origins(self, intent: str, text: str, now: datetime | None = None) -> list[Origin]:
        """How `find` comes by each value, in spoken order."""
        words = text.split()
        origins = []
        for each in self._filled(intent, words, now):
            heard = " ".join(words[each.span.start : each.span.stop])
            how: How = "open" if each.is_open else taken_by(heard, each.span.text)
            origins.append(Origin(slot=each.slot, value=each.value, how=how, heard=heard))
        return origins

    def _filled(self, intent: str, words: Sequence[str], now: datetime | None) -> list[_Filled]:
        """Slots and their values; a slot again for values that follow each other."""
        spans = self._whole(intent, words, self._spans(intent, words))
        filled = self._by_lists(intent, words, spans, now)
        taken = {each.slot for each in filled}
        used = [any(span.start <= place < span.stop for _, span in spans) for place in range(len(words))]
        for each in self._catalogue.intents[intent].open:
            found = each.find(words, used) if each.slot not in taken else None
            if found is not None:
                used[found.start : found.stop] = [True] * (found.stop - found.start)
                filled.append(_Filled(slot=each.slot, value=found.text, span=found, is_open=True))
        return filled

    def _whole(
        self, intent: str, words: Sequence[str], spans: list[tuple[str, Span]]
    ) -> list[tuple[str, Span]]:
        """`spans` without those that are only a part of a longer name: "yellow" in "play big yellow taxi"."""
        opened = self._catalogue.intents[intent].open
        names = {each.slot for each in opened}
        for each in opened:
            known = [(span, not names.isdisjoint(self._slots[intent][name])) for name, span in spans]
            longer = each.longer(words, known, self._catalogue.fillers)
            if longer is not None:
                spans = [
                    (name, span)
                    for name, span in spans
                    if span.stop <= longer.start or longer.stop <= span.start
                ]
        return spans

    def _by_lists(
        self, intent: str, words: Sequence[str], spans: Sequence[tuple[str, Span]], now: datetime | None
    ) -> list[_Filled]:
        """The slots that the values of lists fill."""
        filled: list[_Filled] = []
        named = frozenset(self._catalogue.intents[intent].named)
        contradicted: set[str] = set()
        undecided: set[str] = set()
        last_slot, last_stop, apart = "", 0, False
        for name, span in spans:
            slots = self._slots[intent][name]
            follows = (
                last_slot in slots
                and set(words[last_stop : span.start]) <= _JOINING
                and (intent not in self._orders or last_slot in self._several[intent])
            )
            slot = (
                last_slot
                if follows
                else self._slot(intent, name, words[: span.start], {each.slot for each in filled})
            )
            value = self._value(name, span.text, now)
            if intent in self._orders and last_slot in slots and self._either(words[last_stop : span.start]):
                # Of what need not be said the first stays, which is read back: nobody would be asked for it.
                if last_slot in self._catalogue.intents[intent].required:
                    undecided.add(last_slot)
                last_stop = span.stop
                continue
            apart = apart and follows
            if slot is None and intent in self._orders and len(slots) == 1:
                (again,) = slots
                if again in self._several[intent]:
                    slot, apart = again, True
                    last = max(each.span.stop for each in filled if each.slot == again)
                    # "A ham pizza and a mushroom pizza" are two things, "a ham pizza with mushrooms" is one.
                    between, behind = words[last : span.start], words[span.stop : span.stop + 1]
                    if not named.isdisjoint(between) and not named.isdisjoint(behind):
                        contradicted.add(again)
                elif value not in [each.value for each in filled if each.slot == again]:
                    contradicted.add(again)
            if slot is not None:
                filled.append(_Filled(slot=slot, value=value, span=span, apart=apart))
                last_slot, last_stop = slot, span.stop
        if contradicted:
            # Several kinds of a thing in one order: which value belongs to which nobody can tell.
            contradicted.update(each.slot for each in filled if each.apart)
            contradicted.intersection_update(self._catalogue.intents[intent].required)
        return [each for each in filled if each.slot not in contradicted | undecided]

    def _either(self, between: Sequence[str]) -> bool:
        """Whether the words between two values say that it may be either."""
        return "or" in between and set(between) <= _CHOOSING | self._catalogue.fillers

    def _spans(self, intent: str, words: Sequence[str]) -> list[tuple[str, Span]]:
        """List values of the intent in `words`, none overlapping, from left to right."""
        lists = self._slots[intent]
        found = self._values.find(words, self._vocabulary)
        spans = [(name, span) for name, some in found.items() if name in lists for span in some]
        for name in lists.keys() & self._times_in.keys():
            spans += [(name, span) for span in self._times(name, words)]
        if intent in self._orders:
            runs = list(self._number_runs(words))
            for name, followers in self._before_what[intent].items():
                spans = self._counted(name, followers, words, runs, spans)
            spans = self._wanted(intent, words, spans)
        spans.sort(key=lambda item: (item[1].start - item[1].stop, item[1].start, item[0]))
        used: set[int] = set()
        chosen = []
        for name, span in spans:
            places = set(range(span.start, span.stop))
            if not used & places:
                used |= places
                chosen.append((name, span))
        return sorted(chosen, key=lambda item: item[1].start)

    def _counted(
        self,
        name: str,
        followers: frozenset[str],
        words: Sequence[str],
        runs: Sequence[Span],
        spans: Sequence[tuple[str, Span]],
    ) -> list[tuple[str, Span]]:
        """`spans` with the numbers of the list `name` whole, and with those of `runs` that stand where it has one."""
        begins = {span.start for other, span in spans if other != name}
        its_own = [
            run
            for run in runs
            if (run.stop in begins and SLOT_MARK in followers)
            or (run.stop < len(words) and words[run.stop] in followers)
        ]
        kept = [
            (other, span)
            for other, span in spans
            if other != name or not any(self._is_part(span, run) for run in runs)
        ]
        known = {span for other, span in kept if other == name}
        return [*kept, *((name, run) for run in its_own if run not in known)]

    @staticmethod
    def _is_part(span: Span, run: Span) -> bool:
        """Whether a number is only a part of a longer one."""
        return (
            run.start <= span.start
            and span.stop <= run.stop
            and span.stop - span.start < run.stop - run.start
        )

    def _number_runs(self, words: Sequence[str]) -> Iterator[Span]:
        """The whole numbers in `words`, the longest from every word on."""
        start = 0
        while start < len(words):
            longest = min(start + _MOST_NUMBER_WORDS, len(words))
            begins = words[start] in self._number_words or words[start].isdecimal()
            stop = next(
                (
                    stop
                    for stop in range(longest if begins else start, start, -1)
                    if self._number(words[start:stop]) is not None
                ),
                start,
            )
            if stop > start:
                yield Span(start=start, stop=stop, text=" ".join(words[start:stop]))
            start = max(stop, start + 1)

    def _number(self, words: Sequence[str]) -> int | None:
        """The whole number that `words` are, up to `_MOST`; None if they are none."""
        known = self._numbers.get(tuple(words))
        if known is not None:
            return known
        if not words:
            return None
        for word, factor in _TIMES.items():
            if word in words:
                at = words.index(word)
                head = self._number(words[:at]) if at else 1
                rest = words[at + 1 :]
                tail = self._number(rest[1:] if rest[0] == "and" else rest) if rest else 0
                return None if head is None or tail is None else min(head * factor + tail, _MOST)
        *before, last = words
        if not last.isdecimal():
            return None
        if not before:
            return int(last) if len(last) <= _MOST_DIGITS else _MOST
        # "2,000" comes in two words.
        head = self._number(before) if len(last) == len("000") else None
        return None if head is None else min(head * 1000 + int(last), _MOST)

    def _following(self, intent: str, name: str) -> frozenset[str]:
        """The words that follow a value of the list in sampled sentences; `SLOT_MARK` where that is another value."""
        rng = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
        descent = Descent(self._catalogue.commands, intent, rng=rng, spoken=False, open_slots=True)
        found: set[str] = set()
        for _ in range(_SKELETONS):
            phrase = descent.draw()
            if phrase is None:
                continue
            words = phrase.text.split()
            marks = [place for place, word in enumerate(words) if word == SLOT_MARK]
            found.update(
                words[mark + 1]
                for mark, other in zip(marks, phrase.lists, strict=False)
                if other == name and mark + 1 < len(words)
            )
        return frozenset(found)

    def _wanted(
        self, intent: str, words: Sequence[str], spans: Iterable[tuple[str, Span]]
    ) -> list[tuple[str, Span]]:
        """Those of `spans` that are wanted in an order; what is denied is so with all that is joined to it."""
        wanted: list[tuple[str, Span]] = []
        denied: set[tuple[str, int]] = set()
        for name, span in sorted(spans, key=lambda item: item[1].start):
            joined = any(
                other == name and stop < span.start and set(words[stop : span.start]) <= _DENIED_TOO
                for other, stop in denied
            )
            before = self._before(span, words)
            if joined or before in self._orders[intent] or before in _LEFT_OUT:
                denied.add((name, span.stop))
            elif not self._is_of_a_time(intent, name, span, words, before) and not self._measures(
                intent, name, span, words
            ):
                wanted.append((name, span))
        return wanted

    def _measures(self, intent: str, name: str, span: Span, words: Sequence[str]) -> bool:
        """Whether a value is a number that counts something else than the list's numbers do."""
        following = words[span.stop] if span.stop < len(words) else ""
        return following in _MEASURES and following not in self._before_what[intent].get(name, {following})

    def _before(self, span: Span, words: Sequence[str]) -> str:
        """The word before a value that is no light one; empty at the beginning."""
        light = self._catalogue.fillers
        return next((word for word in reversed(words[: span.start]) if word not in light), "")

    def _is_of_a_time(self, intent: str, name: str, span: Span, words: Sequence[str], before: str) -> bool:
        """Whether a value, behind the word `before`, is a part of a time that the order has no slot for."""
        if name in self._times_in:
            return False
        if before in _BEFORE_TIMES and isinstance(self._value(name, span.text, None), int):
            return True
        foreign = self._times_in.keys() - self._slots[intent].keys()
        return any(
            time.start < span.start and span.stop <= time.stop
            for other in foreign
            for time in self._times(other, words)
        )

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
        if value is None and name in self._counts:
            number = self._number(text.split())
            return text if number is None else number
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


def _several(catalogue: Catalogue, intent: str) -> frozenset[str]:
    """Slots that a sentence of the intent may fill more than once."""
    return frozenset(
        slot
        for data in catalogue.commands.intents[intent].data
        for sentence in data.sentences
        for slot in catalogue.intents[intent].slots
        if most_values(
            sentence.expression, {**catalogue.commands.expansion_rules, **data.expansion_rules}, slot
        )
        > 1
    )
