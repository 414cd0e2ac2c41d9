"""Labels that hang on the clock: "tonight at one" is another moment for every conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from assistant.errors import ConfigError
from intents.times import TimeError, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.audiotest.cases import Case
    from intents.catalogue import IntentDefinition


def said_at(case: Case, now: datetime, known: Mapping[str, IntentDefinition]) -> Case:
    """The case as of `now` (aware, in the speaker's zone): times and spans that are labelled in words worked out.

    Values that are worked out already stay: local ISO 8601, whole seconds. Raises `ConfigError` naming recording and
    slot for words that are no time.
    """
    slots = dict(case.slots)
    definition = known.get(case.intent or "")
    for slot, what in (definition.times if definition else {}).items():
        if slot in slots and not _is_value(what, slots[slot]):
            try:
                slots[slot] = resolve(what, str(slots[slot]), now)
            except TimeError as error:
                raise ConfigError(
                    f"{case.audio} is labelled {slot} {slots[slot]!r}: {error}; or leave {slot} out of the label"
                ) from None
    return replace(case, slots=slots, at=now)


def _is_value(what: str, value: str | int) -> bool:
    if what == "duration":
        return str(value).isdecimal()
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True
