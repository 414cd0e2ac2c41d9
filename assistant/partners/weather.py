"""The simulated weather service: an invented climate, the same answer for the same place and day."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.replies import Replies

_SKIES: Final = ("sunny", "partly cloudy", "cloudy", "light rain", "showers", "windy")


class Weather:
    """Knows no forecast, and earns nothing."""

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:
        """An invented forecast for the place and day in `slots` (here and today, when there are none)."""
        place = str(slots.get("place", replies.say("weather.here")))
        day = str(slots.get("day", "today"))
        seed = hashlib.sha256(f"{place}:{day}:{now:%G-%V}".encode()).digest()
        low = seed[1] % 15
        return replies.say(
            "weather.answer",
            day=day.capitalize(),
            place=place.title() if "place" in slots else place,
            sky=_SKIES[seed[0] % len(_SKIES)],
            low=low,
            high=low + 4 + seed[2] % 6,
        )
