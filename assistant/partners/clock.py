"""The time, the date and the day: real ones, here and in the cities whose time zone is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from assistant.replies import Replies

_AHEAD: Final = {"yesterday": -1, "today": 0, "tomorrow": 1, "day after tomorrow": 2}


@dataclass(frozen=True, kw_only=True)
class Zones:
    """Where which clock is kept."""

    zones: dict[str, str]
    """City to IANA time zone."""


class Clock:
    """Answers from the machine's own clock, and earns nothing."""

    def __init__(self, zones: Zones, here: tzinfo) -> None:
        self._zones = zones.zones
        self._here = here

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:
        """`what` (time, date, day, week, month or year) at `place` (here) and `day` (today)."""
        place = str(slots["place"]) if "place" in slots else None
        if place is not None and place not in self._zones:
            return replies.say("time.unknown_place", place=place.title())
        there = now.astimezone(ZoneInfo(self._zones[place]) if place else self._here)
        day = str(slots.get("day", "today"))
        date = there + timedelta(days=_AHEAD.get(day, 0))
        what = str(slots.get("what", "time"))
        return replies.say(
            f"time.{what}_there" if place and what == "time" else f"time.{what}",
            time=f"{there:%H:%M}",
            place=(place or "").title(),
            day=day.capitalize(),
            weekday=f"{date:%A}",
            date=f"{date:%A}, {date.day} {date:%B} {date.year}",
            week=date.isocalendar().week,
            month=f"{date:%B}",
            year=date.year,
        )
