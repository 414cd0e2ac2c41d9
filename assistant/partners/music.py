"""The simulated music service: says what it would play."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.replies import Replies


class Music:
    """Plays nothing, and earns nothing."""

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:  # noqa: ARG002
        """What a player would say to the action in `slots` (play, when there is none)."""
        action = str(slots.get("action", "play"))
        named = next((slot for slot in ("song", "artist", "genre", "playlist") if slot in slots), "anything")
        if named == "song" and "artist" in slots:
            named = "song_by"
        what = replies.say(f"music.{named}", **slots)
        return replies.say(f"music.{action}", "dialogue.done", what=what, level=slots.get("level", ""))
