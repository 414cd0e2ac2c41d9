"""Points in time and spans of time as they are spoken, worked out relative to a given now.

The definitions say which words may name a time (`lists/moment.yaml`), so what arrives here is known to be one; general
parsers of dates find a time in nearly anything, and the wrong one in "tomorrow at seven" or "tonight at eight". Spoken
numbers come from the spell-out rules of ICU, through unicode-rbnf; days, zones and daylight saving from zoneinfo.

How what is left open is read:

- an hour without a half of the day is the next one to come ("at seven", said at five in the afternoon, is 19:00); on
  another day it is from seven in the morning to just before seven in the evening ("tomorrow at seven" is 07:00), and
  where one wants to get up, from four to four;
- a weekday is the next of its name, today's if that time is still to come; "next friday" is Friday of next week, where
  weeks begin on Monday;
- midnight of a day is the one that ends it;
- morning is nine, afternoon three, evening seven, night nine o'clock, and never earlier than now;
- a time of the clock that daylight saving skips is moved on by what it skips; of one that comes twice, the first that
  is still to come is taken.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from hassil.numbers import get_rbnf_engine

from intents.errors import IntentsError
from intents.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from intents.results import SlotValue

Resolve: TypeAlias = Literal["time", "wake-up time", "daily time", "duration", "amount"]
"""What the words of a list are: a point in time, one to get up at, a time of the clock on several days, a span of time,
or an amount of money."""

LOCAL: Final = "%Y-%m-%dT%H:%M"
"""How a point in time stands in a slot: local, ISO 8601 to the minute."""

RESOLVES: Final[tuple[str, ...]] = get_args(Resolve)
LANGUAGES: Final = ("en",)
"""Languages whose spoken times are understood."""

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PARTS: Final = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21}
# The first hour that "at seven" can mean on a day that is not today; of those who get up, and of all others.
_UP_FROM: Final = 4
_DAY_BEGINS: Final = 7
# Until then people speak of the night of the day before.
_NIGHT_ENDS: Final = 4
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600}

_WEEKDAY = re.compile(rf"\b(next )?({'|'.join(_WEEKDAYS)})\b")
_PART = re.compile(rf"\b(?:(to)?({'|'.join(_PARTS)})|([ap]) ?m)\b")
_NOON = re.compile(r"\b(noon|midday)\b")
_PAST_OR_TO = re.compile(r"\b(half|(?:a )?quarter|\d+)(?: minutes?)? (past|to) (\d+)\b")
_HOUR_AND_MINUTE = re.compile(r"\b(\d+) (?:oh )?(\d+)\b")
_HOUR = re.compile(r"\b(\d+)\b")
_SPAN = re.compile(
    r"\b(?:(\d+)|an?) (second|minute|hour)s?( and a half\b)?|\b(\d+) and a half (minute|hour)s?"
)


class TimeError(IntentsError, ValueError):
    """Words that name no time; the message quotes them."""


def resolve(what: str, text: str, now: datetime) -> SlotValue:
    """The value of `text`: local ISO 8601 to the minute for a time, of a daily one "HH:MM"; seconds for a duration.

    An amount stays words: in which currency it is does not hang on now (`intents.amounts`).

    `now` is aware, in the zone of the one who speaks. Raises `TimeError`.
    """
    if what in ("time", "wake-up time"):
        begins = _DAY_BEGINS if what == "time" else _UP_FROM
        return moment(text, now, day_begins=begins).strftime(LOCAL)
    if what == "daily time":
        return daily(text).strftime("%H:%M")
    if what == "duration":
        return duration(text) // timedelta(seconds=1)
    if what == "amount":
        return text
    raise TimeError(f"{what!r} is nothing that can be worked out; expected {' or '.join(RESOLVES)}")


def duration(text: str) -> timedelta:
    """The span that `text` names: "an hour and a half", "ten minutes". Raises `TimeError`."""
    plain = _plain(text)
    if "quarter of an hour" in plain:
        return timedelta(minutes=15)
    if re.search(r"\bhalf (an |a )?hour\b", plain):
        return timedelta(minutes=30)
    seconds = 0
    plain = plain.replace("couple of ", "2 ").replace("a 2 ", "2 ")
    for count, unit, and_a_half, count_and_a_half, unit_of_those in _SPAN.findall(plain):
        each = _UNITS[unit or unit_of_those]
        seconds += int(count or count_and_a_half or 1) * each
        if and_a_half or count_and_a_half:
            seconds += each // 2
    if not seconds:
        raise TimeError(f"{text!r} names no span of time; say for instance 'twenty minutes'")
    return timedelta(seconds=seconds)


def moment(text: str, now: datetime, *, day_begins: int = _DAY_BEGINS) -> datetime:
    """The point in time that `text` names, in the zone of `now` (aware), to the minute.

    `day_begins` is the first hour that a bare one can be on another day than today. Raises `TimeError`.
    """
    if now.tzinfo is None:
        raise TimeError(f"{now} has no time zone; give a time that has one")
    plain = _plain(text)
    if plain.startswith("in ") or plain.endswith(" from now"):
        # Spans are counted in real time, whatever the clocks do meanwhile.
        return (now.astimezone(UTC) + duration(text)).astimezone(now.tzinfo).replace(second=0, microsecond=0)
    part = _part_of_day(plain)
    clock = _clock(plain)
    if clock is None and part is None:
        raise TimeError(f"{text!r} names no time; say for instance 'tomorrow at seven'")
    day = _day(plain, now.date())
    if clock is None:
        named = _at(day or now.date(), time(_PARTS[part or "morning"]), now)
        return named if _later(named, now) else now.replace(second=0, microsecond=0)
    choices = list(_times_of_day(clock, part, begins=None if day in (None, now.date()) else day_begins))
    if day is None:
        # The first that is still to come, today or tomorrow.
        days = (now.date(), now.date() + timedelta(days=1))
        every = (_at(d, choice, now) for d in days for choice in choices)
        return next(at for at in every if _later(at, now))
    if clock == (0, 0) and "midnight" in plain:
        return _at(day + timedelta(days=1), time(), now)
    if part == "night" and choices[0].hour < _DAY_BEGINS:
        # One at night belongs to the night that begins on that day, or, said in that night, to that.
        this_night = _at(day, choices[0], now)
        if day == now.date() and _later(this_night, now):
            return this_night
        return _at(day + timedelta(days=1), choices[0], now)
    if _WEEKDAY.search(plain) and "next" not in plain.split() and day == now.date():
        # This weekday, while its time is still to come; else a week later.
        later = [at for at in (_at(day, choice, now) for choice in choices) if _later(at, now)]
        if later:
            return later[0]
        day += timedelta(days=7)
        choices = list(_times_of_day(clock, part, begins=day_begins))
    on_that_day = [_at(day, choice, now) for choice in choices]
    return next((at for at in on_that_day if _later(at, now)), on_that_day[-1])


def daily(text: str) -> time:
    """The time of the clock that `text` names, from four to four where its half of the day is left open.

    Raises `TimeError`.
    """
    plain = _plain(text)
    clock = _clock(plain)
    if clock is None:
        raise TimeError(f"{text!r} names no time of the clock; say for instance 'at seven'")
    return next(_times_of_day(clock, _part_of_day(plain), begins=_UP_FROM))


def moved(when: datetime, text: str, now: datetime) -> datetime:
    """`when` on the day that `text` names, or on its day at the time of the clock that `text` names.

    `when` and `now` are aware, in one zone. Of two times that a bare hour may mean the one nearer to `when` counts:
    nine in the evening becomes ten in the evening. What is over by then is on the day after: nine in the evening
    becomes one in the morning. A weekday is the next on which that time is still to come. Raises `TimeError` where
    `text` names neither.
    """
    plain = _plain(text)
    day = _day(plain, now.date())
    if day is not None:
        at = _at(day, when.time(), now)
        return (
            at
            if _later(at, now) or not _WEEKDAY.search(plain)
            else _at(day + timedelta(days=7), when.time(), now)
        )
    clock = _clock(plain)
    if clock is None:
        raise TimeError(f"{text!r} names neither a day nor a time; say for instance 'saturday' or 'at nine'")
    choices = list(_times_of_day(clock, _part_of_day(plain), begins=None))
    if when.hour < _NIGHT_ENDS and len(choices) > 1:
        # Eleven, of a ride at one at night, is that of the evening before.
        evening = _at(when.date() - timedelta(days=1), choices[-1], now)
        on_that_day = [_at(when.date(), each, now) for each in choices]
        if _later(evening, now) and all(abs(evening - when) < abs(at - when) for at in on_that_day):
            return evening
    first = when.date()
    if "midnight" in plain and when.hour >= _DAY_BEGINS:
        # It ends a day.
        first += timedelta(days=1)
    for day in (first, first + timedelta(days=1)):
        to_come = [at for at in (_at(day, each, now) for each in choices) if _later(at, now)]
        if to_come:
            return min(to_come, key=lambda at: abs(at - when))
    return _at(first, choices[-1], now)


def _plain(text: str) -> str:
    """`text` normalised, spelt-out numbers below a hundred as digits."""
    return " ".join(_digits(normalise(text)))


def _digits(text: str) -> Iterator[str]:
    """The words of a normalised text, spelt-out numbers below a hundred as digits."""
    numbers = _number_words()
    words = text.split()
    while words:
        two = " ".join(words[:2])
        if len(words) > 1 and two in numbers:
            yield str(numbers[two])
            del words[:2]
        else:
            word = words.pop(0)
            yield str(numbers.get(word, word))


@lru_cache(maxsize=1)
def _number_words() -> dict[str, int]:
    engine = get_rbnf_engine("en")
    return {engine.format_number(number).text.replace("-", " "): number for number in range(100)}


def _part_of_day(plain: str) -> str | None:
    """morning, afternoon, evening or night; am and pm for the halves."""
    if _NOON.search(plain):
        return "pm"
    found = _PART.search(plain)
    if found is None:
        return None
    return str(found[2] or f"{found[3]}m")


def _clock(plain: str) -> tuple[int, int] | None:
    """Hour and minute as said; 12 may be either of the two."""
    if "midnight" in plain:
        return (0, 0)
    if _NOON.search(plain):
        return (12, 0)
    if found := _PAST_OR_TO.search(plain):
        off = {"half": 30, "quarter": 15, "a quarter": 15}.get(found[1]) or int(found[1])
        hour = int(found[3])
        return (hour, off) if found[2] == "past" else (hour - 1 or 12, 60 - off)
    if found := _HOUR_AND_MINUTE.search(plain):
        return (int(found[1]), int(found[2]))
    if found := _HOUR.search(plain):
        return (int(found[1]), 0)
    return None


def _times_of_day(clock: tuple[int, int], part: str | None, *, begins: int | None) -> Iterator[time]:
    """The times of a day that `clock` may mean, the earlier first; one where the day has a first hour, `begins`."""
    hour, minute = clock
    if hour == 0 or hour > 12:
        yield time(hour, minute)
        return
    morning, evening = time(hour % 12, minute), time(hour % 12 + 12, minute)
    if part in ("am", "morning"):
        yield morning
    elif part == "night":
        yield morning if morning.hour < _DAY_BEGINS - 1 else evening
    elif part is not None:
        yield evening
    elif begins is not None:
        yield morning if morning.hour >= begins else evening
    else:
        yield morning
        yield evening


def _day(plain: str, today: date) -> date | None:
    if "day after tomorrow" in plain:
        return today + timedelta(days=2)
    if "tomorrow" in plain:
        return today + timedelta(days=1)
    if found := _WEEKDAY.search(plain):
        ahead = (_WEEKDAYS.index(found[2]) - today.weekday()) % 7
        if found[1] and ahead <= 6 - today.weekday():
            # Of next week: the one that comes is still of this week.
            ahead += 7
        return today + timedelta(days=ahead)
    if re.search(r"\b(today|tonight|this)\b", plain):
        return today
    return None


def _at(day: date, clock: time, now: datetime) -> datetime:
    """That time of that day in the zone of `now`; of a time that comes twice, the first that is still to come."""
    first, second = (
        # There and back again: a time that the clocks skip comes back as what they show instead.
        datetime.combine(day, clock, tzinfo=now.tzinfo)
        .replace(fold=fold)
        .astimezone(UTC)
        .astimezone(now.tzinfo)
        for fold in (0, 1)
    )
    return second if second.time() == clock and not _later(first, now) else first


def _later(one: datetime, other: datetime) -> bool:
    # Of two times in one zone Python compares what the clocks show, and those go back once a year.
    return one.astimezone(UTC) > other.astimezone(UTC)
