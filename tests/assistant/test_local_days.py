"""The quarters of an hour that part the days of a zone are those at which its date changes, one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.store.local_days import day_starts


def one_by_one(first: int, end: int, zone: ZoneInfo) -> list[int]:
    dates = [datetime.fromtimestamp(900 * quarter, zone).date() for quarter in range(first - 1, end)]
    return [first, *(first + n for n in range(1, end - first) if dates[n + 1] != dates[n])]


def quarter(when: str) -> int:
    return int(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()) // 900


@given(
    st.sampled_from(sorted(available_timezones())),
    st.integers(quarter("1975-01-01"), quarter("2037-01-01")),
    st.integers(1, 96 * 40),
)
# Midnight is left out; is there twice; comes a minute late; a whole day is left out; half an hour of summer time.
@example("America/Sao_Paulo", quarter("2018-11-01"), 96 * 7)
@example("America/Havana", quarter("2025-10-30"), 96 * 7)
@example("America/St_Johns", quarter("2010-11-03"), 96 * 7)
@example("Pacific/Apia", quarter("2011-12-27"), 96 * 7)
@example("Australia/Lord_Howe", quarter("2026-04-01"), 96 * 7)
# Less than a day, and a day that begins with the time.
@example("Asia/Kathmandu", quarter("2026-01-05T18:15"), 1)
@example("Asia/Kathmandu", quarter("2026-01-05T18:15"), 97)
def test_days_begin_where_the_date_changes(name: str, first: int, length: int) -> None:
    zone = ZoneInfo(name)
    starts = day_starts(first, first + length, zone)
    assert set(one_by_one(first, first + length, zone)) <= set(starts)
    assert starts == sorted(set(starts))
    # No more than a clock change adds.
    assert len(starts) <= length // 96 + 4


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "America/Los_Angeles"])
def test_a_year_is_parted_at_each_of_its_midnights(name: str) -> None:
    zone = ZoneInfo(name)
    midnights = [
        int(datetime(2026, 1, 1, tzinfo=zone).replace(month=month, day=day).timestamp()) // 900
        for month in range(1, 13)
        for day in (1, 2, 28)
    ]
    starts = day_starts(midnights[0], quarter("2027-01-05"), zone)
    assert set(midnights) <= set(starts)
    assert len(starts) in {369, 370}
