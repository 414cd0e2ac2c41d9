"""The times that a page may be about: they end with the newest day of the log, so that an old log has a page, too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from assistant.store.totals import period

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from assistant.store.store import Store

NAMES: Final = {"day": "The last day", "week": "Seven days", "month": "Thirty days", "all": "Everything"}
"""Key to what it is called."""
_DAYS: Final = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, kw_only=True)
class Period:
    """One of them."""

    key: str
    """One of `NAMES`."""
    since: datetime
    """From this time on."""
    until: datetime
    """Up to, and without, this time."""
    first: date
    """Its first day, in the zone of the page."""
    last: date
    """Its last day."""

    @property
    def days(self) -> int:
        """How many days it touches."""
        return (self.last - self.first).days + 1

    def last_days(self, days: int, zone: tzinfo) -> datetime:
        """Since when the last so many days of it are, all of it where it has fewer."""
        return max(self.since, midnight(self.last - timedelta(days=days - 1), zone))


def period_of(store: Store, key: str, zone: tzinfo) -> Period | None:
    """The time `key` of a log; None when nothing is in it. What is no key is a week.

    Days are whole ones. Everything is from the first to the last that is there, as in a statement without bounds: what
    a device costs by the day is the same in both.
    """
    span = period(store)
    if span is None:
        return None
    key = key if key in NAMES else "week"
    last = (span[1] - timedelta(microseconds=1)).astimezone(zone).date()
    if key == "all":
        since, until = span
        first = since.astimezone(zone).date()
    else:
        first = last - timedelta(days=_DAYS[key] - 1)
        since, until = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    return Period(key=key, since=since, until=until, first=first, last=last)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
