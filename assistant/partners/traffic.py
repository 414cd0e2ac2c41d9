"""The simulated traffic report: invented, the same answer for the same way and hour."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from assistant.replies import Replies

_STATES: Final = ("light", "moderate", "heavy")
_RUSH_HOURS: Final = (7, 8, 16, 17, 18)


class Traffic:
    """Knows no road, and earns nothing."""

    def __init__(self, here: tzinfo) -> None:
        self._here = here

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:
        """An invented state of the roads on the way to `destination`, or at `place` (here)."""
        destination = str(slots.get("destination", ""))
        place = str(slots.get("place", ""))
        hour = now.astimezone(self._here)
        seed = hashlib.sha256(f"{destination}:{place}:{hour:%Y-%m-%dT%H}".encode()).digest()
        state = _STATES[max(seed[0] % len(_STATES), 1 if hour.hour in _RUSH_HOURS else 0)]
        if destination:
            return replies.say("traffic.way", place=destination, state=state, minutes=8 + seed[1] % 30)
        if place:
            return replies.say("traffic.place", place=place.title(), state=state)
        return replies.say("traffic.here", state=state)
