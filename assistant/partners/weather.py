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
        """An invented forecast, or `what` of it, for the place and day in `slots` (here and today without them)."""
        place = str(slots.get("place", replies.say("weather.here")))
        day = str(slots.get("day", "today"))
        seed = hashlib.sha256(f"{place}:{day}:{now:%G-%V}".encode()).digest()
        low = seed[1] % 15
        what = str(slots["what"]).replace(" ", "_") if "what" in slots else "answer"
        return replies.say(
            f"weather.{what}",
            day=day.capitalize(),
            place=place.title() if "place" in slots else place,
            sky=_SKIES[seed[0] % len(_SKIES)],
            low=low,
            high=low + 4 + seed[2] % 6,
            humidity=40 + seed[3] % 50,
            wind=5 + seed[4] % 30,
            index=1 + seed[5] % 9,
            sunrise=f"{6 + seed[6] % 2}:{10 + seed[6] % 50}",
            sunset=f"{18 + seed[7] % 3}:{10 + seed[7] % 50}",
        )
