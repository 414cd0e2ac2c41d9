"""The simulated alarm: says what it would do, and never rings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.replies import Replies


class Alarm:
    """Wakes nobody, and earns nothing."""

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:  # noqa: ARG002
        """What an alarm would say to the action in `slots`; `time` is local, ISO 8601; `daily`, "HH:MM", where it is to
        `repeat`."""
        action = str(slots.get("action", "set"))
        if action != "set":
            return replies.say(f"alarm.{action}", "dialogue.done")
        at = datetime.fromisoformat(str(slots["time"])) if "time" in slots else None
        # A time of the clock was said after the time of an alarm: "make it eight".
        clock = slots.get("daily", f"{at:%H:%M}" if at else None)
        if clock is not None and "repeat" in slots:
            return replies.say("alarm.set_again", days=slots["repeat"], time=clock)
        if at is None:
            return replies.say("alarm.when")
        return replies.say("alarm.set", weekday=f"{at:%A}", time=clock)
