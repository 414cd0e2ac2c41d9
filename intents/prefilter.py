"""Which intents can match a text word for word at all, so that hassil is asked about those alone.

An intent whose templates do not know one of the words cannot match. Most texts that are none of ours have such a word
for every intent, and cost a few look-ups in sets.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from hassil.intents import RangeSlotList, TextSlotList

from intents.descent import Descent
from intents.exact import rank, readings
from intents.walk import references

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hassil.intents import IntentData, Intents

    from intents.exact import Reading


class Prefilter:
    """The templates of a compiled language, an intent at a time."""

    def __init__(self, commands: Intents) -> None:
        """Collects the words of every intent; numbers in digits and wildcards are taken for any word."""
        skip_words = {word for phrase in commands.skip_words for word in phrase.split()}
        self._skip_words = frozenset(skip_words)
        self._parts: list[tuple[frozenset[str] | None, Intents]] = []
        for name, intent in commands.intents.items():
            alone = replace(commands, intents={name: intent})
            words = None if any(_open(data, commands) for data in intent.data) else _words(alone, name)
            self._parts.append((words, alone))
        self.words = frozenset(word for words, _ in self._parts for word in words or ()) | self._skip_words

    def readings(
        self, text: str, now: datetime | None = None, *, context: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """What `exact.readings` of all the templates would find in the normalised `text`."""
        words = {word for word in text.split() if not word.isdigit()} - self._skip_words
        found = [
            reading
            for known, alone in self._parts
            if known is None or words <= known
            for reading in readings(text, alone, now, context=context)
        ]
        return sorted(found, key=lambda reading: (*rank(reading), reading.intent))


def _open(data: IntentData, commands: Intents) -> bool:
    """Whether a template takes words that nobody has listed."""
    lists = {**commands.slot_lists, **data.slot_lists}
    rules = {**commands.expansion_rules, **data.expansion_rules}
    return any(
        not isinstance(lists.get(reference.list_name), TextSlotList | RangeSlotList)
        for sentence in data.sentences
        for reference in references(sentence.expression, rules)
    )


def _words(alone: Intents, name: str) -> frozenset[str]:
    descent = Descent(alone, name, rng=random.Random(0), spoken=False)  # noqa: S311 - every branch is taken
    return frozenset(word for phrase in descent.cover() for word in phrase.text.split())
