"""Labels that hang on the clock: "tonight at one" is another moment for every conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from assistant.errors import ConfigError
from intents.times import LOCAL, TimeError, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.audiotest.cases import Case
    from intents.catalogue import IntentDefinition


WEEK: Final = timedelta(weeks=1)

_MOMENTS: Final = ("time", "wake-up time")
"""What words of `intents.times` become a date by."""


def as_of(at: datetime, now: datetime) -> datetime:
    """The first moment from `now` on with the weekday and the time of day of `at`, both in the zone of `now`."""
    then = at.astimezone(now.tzinfo)
    # In the hour that a clock puts back, the same time of day may be over already.
    return max(now, then - (then - now) // WEEK * WEEK)


def said_at(case: Case, now: datetime, known: Mapping[str, IntentDefinition]) -> Case:
    """The case as of `now` (aware, in the speaker's zone): times and spans that are labelled in words worked out.

    Values that are worked out already are local ISO 8601 or whole seconds. They stay, but for the times of a case that
    says when it was recorded: they are later by as many weeks as it is heard later, since "tomorrow at seven" is.
    Raises `ConfigError` naming recording and slot for words that are no time.
    """
    slots = dict(case.slots)
    definition = known.get(case.intent or "")
    later = round((now - case.at.astimezone(now.tzinfo)) / WEEK) * WEEK if case.at else timedelta()
    for slot, what in (definition.times if definition else {}).items():
        if slot not in slots:
            continue
        if not _is_value(what, slots[slot]):
            try:
                slots[slot] = resolve(what, str(slots[slot]), now)
            except TimeError as error:
                raise ConfigError(
                    f"{case.audio} is labelled {slot} {slots[slot]!r}: {error}; or leave {slot} out of the label"
                ) from None
        elif later and what in _MOMENTS:
            slots[slot] = (datetime.fromisoformat(str(slots[slot])) + later).strftime(LOCAL)
    return replace(case, slots=slots, at=now)


def _is_value(what: str, value: str | int) -> bool:
    if what == "duration":
        return str(value).isdecimal()
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True
