"""Where the days of a time zone begin, by the quarters of an hour in which the sums of statements are kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from assistant.store.summary import QUARTER_S, QUARTERS_A_DAY

if TYPE_CHECKING:
    from datetime import tzinfo

_DAY_S: Final = QUARTER_S * QUARTERS_A_DAY


def day_starts(first: int, end: int, zone: tzinfo) -> list[int]:
    """Quarters of an hour since 1970 (UTC) that part the days of `zone`.

    Returns:
        `first` itself, and each from there up to, and without, `end` that begins on another day of `zone` than the one
        before it; in order. From each up to the next, all begin on one day.
    """
    starts = [first]
    for begun in range(first, end, QUARTERS_A_DAY):
        starts += (
            start for start in _changes(begun, min(begun + QUARTERS_A_DAY, end), zone) if start > first
        )
    return starts


def _changes(begun: int, end: int, zone: tzinfo) -> list[int]:
    """Those of 24 hours at most."""
    local = _local(begun, zone)
    if local.utcoffset() != _local(end, zone).utcoffset():
        # Where clocks are changed at midnight a day may begin late, twice, or not at all.
        return [
            start
            for start in range(begun, end)
            if _local(start, zone).date() != _local(start - 1, zone).date()
        ]
    until_midnight = -(local.hour * 3600 + local.minute * 60 + local.second) % _DAY_S
    # The first that does not begin before midnight: offsets of long ago are of any number of seconds.
    start = begun + -(-until_midnight // QUARTER_S)
    return [start] if start < end else []


def _local(quarter: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(quarter * QUARTER_S, zone)
