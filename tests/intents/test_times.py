"""Spoken times, in a zone where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.times import TimeError, duration, moment, moved, resolve

BERLIN = ZoneInfo("Europe/Berlin")
# A Tuesday.
NOW = datetime(2026, 11, 24, 15, 40, 30, tzinfo=BERLIN)

HOURS = "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
CLOCKS = st.sampled_from(HOURS).flatmap(
    lambda hour: st.sampled_from(
        [
            hour,
            f"half past {hour}",
            f"quarter to {hour}",
            f"{hour} oh five",
            f"{hour} forty five",
            f"{hour} o'clock",
        ]
    )
)
# Every minute of three years, the changes of the clocks among them.
NOWS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC).astimezone(BERLIN)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("half past six", "2026-11-24T18:30"),
        ("at seven", "2026-11-24T19:00"),
        ("at two", "2026-11-25T02:00"),
        ("tomorrow at seven", "2026-11-25T07:00"),
        ("tomorrow at 7", "2026-11-25T07:00"),
        ("tomorrow at six", "2026-11-25T18:00"),
        ("tomorrow at 19:05", "2026-11-25T19:05"),
        ("in twenty minutes", "2026-11-24T16:00"),
        ("in an hour and a half", "2026-11-24T17:10"),
        ("twenty minutes from now", "2026-11-24T16:00"),
        ("friday evening", "2026-11-27T19:00"),
        ("next friday evening", "2026-12-04T19:00"),
        ("next monday at noon", "2026-11-30T12:00"),
        ("tuesday at six", "2026-11-24T18:00"),
        ("tuesday at two", "2026-12-01T14:00"),
        ("noon", "2026-11-25T12:00"),
        ("tonight at eight", "2026-11-24T20:00"),
        ("tonight at one", "2026-11-25T01:00"),
        ("midnight", "2026-11-25T00:00"),
        ("midnight on friday", "2026-11-28T00:00"),
        ("tuesday at midnight", "2026-11-25T00:00"),
        ("next tuesday at midnight", "2026-12-02T00:00"),
        ("tonight at midnight", "2026-11-25T00:00"),
        ("one at night on tuesday", "2026-11-25T01:00"),
        ("this morning", "2026-11-24T15:40"),
        ("quarter to nine in the evening", "2026-11-24T20:45"),
        ("twenty five to six tomorrow morning", "2026-11-25T05:35"),
        ("the day after tomorrow at noon", "2026-11-26T12:00"),
        ("twelve p m", "2026-11-25T12:00"),
        ("12am", "2026-11-25T00:00"),
    ],
)
def test_a_time_is_the_one_that_was_meant(text: str, expected: str) -> None:
    assert resolve("time", text, NOW) == expected


def test_who_gets_up_means_the_morning() -> None:
    assert resolve("wake-up time", "six thirty tomorrow", NOW) == "2026-11-25T06:30"
    assert resolve("time", "six thirty tomorrow", NOW) == "2026-11-25T18:30"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("ten minutes", 600),
        ("a minute", 60),
        ("90 seconds", 90),
        ("an hour and a half", 5400),
        ("two and a half hours", 9000),
        ("three hours and fifteen minutes", 11_700),
        ("half an hour", 1800),
        ("a quarter of an hour", 900),
        ("a couple of minutes", 120),
        ("five minutes and thirty seconds", 330),
    ],
)
def test_a_span_is_as_long_as_it_says(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)
    assert resolve("duration", text, NOW) == seconds


def test_clocks_that_are_put_forward_and_back() -> None:
    evening = datetime(2026, 3, 28, 20, 0, tzinfo=BERLIN)
    # 02:30 does not exist on the next morning; an hour later the clocks show 03:30.
    assert resolve("time", "half past two in the morning", evening) == "2026-03-29T03:30"
    assert resolve("time", "in ten hours", evening) == "2026-03-29T07:00"
    # The clocks show 02:30 twice: half past two, said between the two, is the second.
    between = datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN)
    found = moment("half past two in the morning", between)
    assert found.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert resolve("time", "in an hour", between) == "2026-10-25T02:45"


@settings(deadline=None)
@given(clock=CLOCKS, now=NOWS)
def test_a_time_without_a_day_is_the_next_to_come_within_a_day(clock: str, now: datetime) -> None:
    found = moment(f"at {clock}", now)
    ahead = found.astimezone(UTC) - now.astimezone(UTC)
    # Twelve hours of the clock, and the hour by which clocks change.
    assert timedelta(0) < ahead <= timedelta(hours=13)
    assert found.second == found.microsecond == 0


@settings(deadline=None)
@given(clock=CLOCKS, now=NOWS)
def test_tomorrow_is_the_next_day_of_the_calendar(clock: str, now: datetime) -> None:
    found = moment(f"tomorrow at {clock}", now)
    assert found.date() == now.date() + timedelta(days=1)
    assert 7 <= found.hour + found.minute / 60 < 19 or found.hour == 3


@settings(deadline=None)
@given(minutes=st.integers(1, 99), now=NOWS)
def test_in_so_many_minutes_is_real_time(minutes: int, now: datetime) -> None:
    found = moment(f"in {minutes} minutes", now)
    expected = (now + timedelta(0)).astimezone(UTC) + timedelta(minutes=minutes)
    assert found.astimezone(UTC) == expected.replace(second=0, microsecond=0)


@settings(deadline=None)
@given(day=st.integers(0, 6), now=NOWS)
def test_a_weekday_is_within_a_week_and_the_next_one_in_the_next(day: int, now: datetime) -> None:
    name = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"][day]
    coming = moment(f"{name} at noon", now)
    following = moment(f"next {name} at noon", now)
    assert coming.weekday() == following.weekday() == day
    assert coming.astimezone(UTC) > now.astimezone(UTC)
    assert (coming.date() - now.date()).days <= 7
    assert following.date().isocalendar()[:2] == (now.date() + timedelta(days=7)).isocalendar()[:2]


@pytest.mark.parametrize("text", ["", "soon", "the airport", "tomorrow", "in a while"])
def test_what_is_no_time_is_an_error_that_quotes_it(text: str) -> None:
    with pytest.raises(TimeError, match="names no"):
        moment(text, NOW)
    with pytest.raises(TimeError):
        duration(text)


def test_a_now_without_a_zone_and_an_unknown_sort_are_errors() -> None:
    with pytest.raises(TimeError, match="no time zone"):
        moment("at seven", NOW.replace(tzinfo=None))
    with pytest.raises(TimeError, match="expected time or wake-up time or daily time or duration"):
        resolve("colour", "red", NOW)


@pytest.mark.parametrize(
    ("known", "text", "expected"),
    [
        ("tomorrow at nine", "saturday", "2026-11-28T09:00"),
        ("tomorrow at nine", "today", "2026-11-24T09:00"),
        ("friday at nine", "at ten", "2026-11-27T10:00"),
        ("friday at nine", "half past two", "2026-11-27T14:30"),
        ("friday at nine", "at ten in the evening", "2026-11-27T22:00"),
        # Of two the nearer: who leaves at nine in the evening does not mean ten in the morning.
        ("tonight at nine", "at ten", "2026-11-24T22:00"),
        ("tonight at nine", "eight thirty", "2026-11-24T20:30"),
        # On a Tuesday the time of which is over it is the next one.
        ("friday at nine", "tuesday", "2026-12-01T09:00"),
        ("friday at six", "tuesday", "2026-11-24T18:00"),
        ("friday at nine", "next monday", "2026-11-30T09:00"),
        # What is over is on the day after.
        ("tonight at nine", "make it twelve", "2026-11-25T00:00"),
        ("tonight at nine", "quarter past twelve", "2026-11-25T00:15"),
        ("tonight at nine", "at one in the morning", "2026-11-25T01:00"),
        # Midnight ends a day, and what is said past it means the one that has just been.
        ("tonight at nine", "at midnight", "2026-11-25T00:00"),
        ("tomorrow at nine", "at midnight", "2026-11-26T00:00"),
        ("tonight at one", "at eleven", "2026-11-24T23:00"),
        ("tonight at one", "at two", "2026-11-25T02:00"),
        ("tonight at one", "at twelve", "2026-11-25T00:00"),
        ("tonight at midnight", "at eleven", "2026-11-24T23:00"),
        ("tomorrow at nine in the morning", "at eleven", "2026-11-25T11:00"),
        ("friday at four in the morning", "at eleven", "2026-11-27T11:00"),
        ("tomorrow at one in the morning", "at midnight", "2026-11-25T00:00"),
    ],
)
def test_a_day_or_a_clock_alone_moves_a_time_and_keeps_the_rest(known: str, text: str, expected: str) -> None:
    assert moved(moment(known, NOW), text, NOW).strftime("%Y-%m-%dT%H:%M") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six", "06:00"),
        ("quarter past seven", "07:15"),
        ("three", "15:00"),
        ("ten p m", "22:00"),
        ("noon", "12:00"),
    ],
)
def test_a_daily_time_has_no_day_and_is_one_to_get_up_at(text: str, expected: str) -> None:
    assert resolve("daily time", text, NOW) == expected
    with pytest.raises(TimeError, match="no time of the clock"):
        resolve("daily time", "whenever", NOW)


def test_what_names_neither_moves_nothing() -> None:
    with pytest.raises(TimeError, match="neither a day nor a time"):
        moved(NOW, "whenever", NOW)


def test_at_night_is_the_night_that_goes_on() -> None:
    small_hours = datetime(2026, 11, 25, 0, 30, tzinfo=BERLIN)
    assert resolve("time", "tonight at one", small_hours) == "2026-11-25T01:00"
    assert resolve("time", "tonight at midnight", small_hours) == "2026-11-26T00:00"
