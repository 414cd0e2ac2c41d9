"""What a day or a time of the clock by itself makes of the time of an order: "no, saturday", "make it six"."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from intents.times import LOCAL, moment, moved

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME: Final = "time"
"""The slot that holds when something is wanted: local, ISO 8601 to the minute."""
DAY: Final = "day"
"""The slot that holds the words for a day of which the time of the clock is not known yet."""
CLOCK: Final = "clock"
"""The slot that holds the words for a time of the clock, on the day that is known or else the next to come."""
NUMBER: Final = "number"
"""The slot that holds a bare number: of passengers, or an hour."""
PASSENGERS: Final = "passengers"
"""The slot that holds how many ride along."""

_PEOPLE: Final = "people"
_HOUR: Final = "time"

AT_ONCE: Final = "now"
"""The value of `CLOCK` that takes a time away."""


def timed(slots: Mapping[str, str | int], now: datetime) -> dict[str, str | int]:
    """`slots` with their day and clock worked out into the time, relative to `now` (aware, in the speaker's zone).

    A day without any time of the clock stays a day: that has to be asked for.
    """
    rest = {name: value for name, value in slots.items() if name not in (TIME, DAY, CLOCK)}
    time, day, clock = (slots.get(name) for name in (TIME, DAY, CLOCK))
    if clock == AT_ONCE:
        return rest
    if clock is not None and day is not None:
        when = moment(f"{clock} {day}", now)
    elif clock is not None and time is None:
        when = moment(str(clock), now)
    elif time is not None and (day is not None or clock is not None):
        known = datetime.fromisoformat(str(time)).replace(tzinfo=now.tzinfo)
        when = moved(known, str(clock if day is None else day), now)
    else:
        return dict(slots)
    return {**rest, TIME: when.strftime(LOCAL)}


def replaced(known: Mapping[str, str | int], said: Mapping[str, str | int]) -> dict[str, str | int]:
    """`known` without the day that a whole time, once `said`, replaces, and without the number that it explains."""
    gone = set()
    if TIME in said:
        gone.add(DAY)
    if not said.keys().isdisjoint({TIME, CLOCK, PASSENGERS}):
        gone.add(NUMBER)
    return {name: value for name, value in known.items() if name not in gone}


def numbered(known: Mapping[str, str | int], said: Mapping[str, str | int]) -> dict[str, str | int]:
    """`said` with a bare number put where the order that is `known` has one; left where it has none, or both."""
    if NUMBER not in said:
        return dict(said)
    rest = {name: value for name, value in said.items() if name != NUMBER}
    if said[NUMBER] in (_PEOPLE, _HOUR):
        # What it was meant for, and which number it is was said before.
        number = known[NUMBER]
        return {**rest, **({PASSENGERS: number} if said[NUMBER] == _PEOPLE else {CLOCK: f"at {number}"})}
    has_time = TIME in known or DAY in known
    if has_time == (PASSENGERS in known):
        return dict(said)
    return {**rest, **({CLOCK: f"at {said[NUMBER]}"} if has_time else {PASSENGERS: said[NUMBER]})}
