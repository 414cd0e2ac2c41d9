"""Word for word: what hassil makes of a normalised text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hassil.recognize import recognize_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hassil.intents import Intents

    from intents.results import SlotValue


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
    """How many characters the template itself named."""


def readings(text: str, intents: Intents) -> list[Reading]:
    """Every intent that matches the normalised `text`, the most literal first; one reading an intent."""
    best: dict[str, Reading] = {}
    if not text:
        return []
    for result in recognize_all(text, intents):
        reading = Reading(
            intent=result.intent.name,
            slots={entity.name: slot_value(entity.value) for entity in result.entities_list},
            wildcards=sum(entity.is_wildcard for entity in result.entities_list),
            literal=result.text_chunks_matched,
        )
        known = best.get(reading.intent)
        if known is None or rank(reading) < rank(known):
            best[reading.intent] = reading
    return sorted(best.values(), key=lambda reading: (*rank(reading), reading.intent))


def rank(reading: Reading) -> tuple[int, int]:
    """Sort key, the better reading first: fewer wildcards, then more words named by the template."""
    return (reading.wildcards, -reading.literal)


def slot_value(value: Any) -> SlotValue:
    """A list's output as text or whole number; a fraction of a range list becomes text."""
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value).strip()
