"""The simulated timer: says what it would do, and never rings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from assistant.replies import Replies


class Timer:
    """Keeps no time, and earns nothing."""

    def __init__(self, here: tzinfo) -> None:
        self._here = here

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:
        """What a timer would say to the action in `slots`; `duration` is in seconds."""
        action = str(slots.get("action", "set"))
        if action != "set":
            return replies.say(f"timer.{action}", "dialogue.done")
        if "duration" not in slots:
            return replies.say("timer.how_long")
        seconds = int(slots["duration"])
        end = (now + timedelta(seconds=seconds)).astimezone(self._here)
        name = f"{slots['name']} " if "name" in slots else ""
        return replies.say("timer.set", name=name, duration=_spoken(seconds), end=f"{end:%H:%M}")


def _spoken(seconds: int) -> str:
    parts = ((seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second"))
    return (
        " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)
        or "0 seconds"
    )
