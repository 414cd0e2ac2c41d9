"""The simulated lights: say what would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.replies import Replies


class Light:
    """Switches nothing, and earns nothing."""

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:  # noqa: ARG002
        """What the lights of `room` (all) would do: `action`, or a `colour`, or a `brightness` in percent."""
        lights = (
            replies.say("light.room", room=slots["room"]) if "room" in slots else replies.say("light.lights")
        )
        change = next(
            (key for key in ("colour", "brightness") if key in slots), str(slots.get("action", "on"))
        )
        return replies.say(
            f"light.{change}",
            "dialogue.done",
            lights=lights,
            colour=slots.get("colour", ""),
            brightness=slots.get("brightness", ""),
        )
