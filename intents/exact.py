"""Word for word: what hassil makes of a normalised text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from hassil.recognize import recognize_all

from intents.descent import Unresolved
from intents.times import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from hassil.intents import IntentData, Intents
    from hassil.models import MatchEntity

    from intents.results import SlotValue

Meaning: TypeAlias = "SlotValue | Unresolved"
"""What a list value means, before times are worked out."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One intent's best way to read a text word for word."""

    intent: str
    """Name of the intent."""
    slots: Mapping[str, SlotValue]
    """Slot name to canonical value."""
    wildcards: int
    """How many slots took any words at all."""
    literal: int
    """How many characters the template and its lists named."""
    in_context: bool = False
    """Whether the template counts only in the conversation that is going on."""
    asks: bool = False
    """Whether it is to be asked about before anything is done (`metadata: {ask: true}`)."""


def readings(
    text: str, intents: Intents, now: datetime | None = None, *, context: Mapping[str, str] | None = None
) -> list[Reading]:
    """Every intent that matches the normalised `text`, the best first; one reading an intent.

    Spoken times are worked out relative to `now` (aware, in the speaker's zone); without it they stay words.
    `context` is what the conversation is about: templates that require another one (hassil's `requires_context`) do
    not count, and those that require this one come before those that may be said at any time.
    """
    best: dict[str, Reading] = {}
    if not text:
        return []
    for result in recognize_all(text, intents, intent_context=dict(context or {})):
        reading = Reading(
            intent=result.intent.name,
            slots=slot_values(((each.name, meaning_of(each)) for each in result.entities_list), now),
            wildcards=sum(entity.is_wildcard for entity in result.entities_list),
            literal=result.text_chunks_matched,
            in_context=bool(result.intent_data.requires_context),
            asks=asks(result.intent_data),
        )
        known = best.get(reading.intent)
        if known is None or rank(reading) < rank(known):
            best[reading.intent] = reading
    return sorted(best.values(), key=lambda reading: (*rank(reading), reading.intent))


def asks(data: IntentData) -> bool:
    """Whether the sentences of a block are to be asked about."""
    return bool((data.metadata or {}).get("ask"))


def rank(reading: Reading) -> tuple[int, bool, int]:
    """Sort key, the better reading first: fewer wildcards, then of this conversation, then more words of the template's
    own."""
    return (reading.wildcards, not reading.in_context, -reading.literal)


def slot_values(found: Iterable[tuple[str, Meaning]], now: datetime | None) -> dict[str, SlotValue]:
    """Slot name to value; the values of a slot that was filled more than once, in spoken order, joined by ", "."""
    slots: dict[str, SlotValue] = {}
    for name, meaning in found:
        value = worked_out(meaning, now)
        known = slots.get(name)
        slots[name] = value if known is None else f"{known}, {value}"
    return slots


def worked_out(meaning: Meaning, now: datetime | None) -> SlotValue:
    """The value of a spoken time relative to `now`, its words without one; any other value as it is."""
    if not isinstance(meaning, Unresolved):
        return meaning
    return meaning.text if now is None else resolve(meaning.what, meaning.text, now)


def meaning_of(entity: MatchEntity) -> Meaning:
    """A list's output as text or whole number, or a time to be worked out; a fraction of a range becomes text."""
    value = entity.value
    what = (entity.metadata or {}).get("resolve")
    if what is not None:
        return Unresolved(what=what, text=str(value).strip())
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value).strip()
