"""An intent of the user's own that only says something: the replies stand in its definition file."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from assistant.replies import Replies


class Scripted:
    """Says the first of its replies that has all it names."""

    def __init__(self, replies: Sequence[str]) -> None:
        self._replies = [
            (reply, {name for _, name, _, _ in string.Formatter().parse(reply) if name}) for reply in replies
        ]

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:  # noqa: ARG002
        """The reply, `slots` filled in; "Done." when each names a slot that was not said."""
        for reply, named in self._replies:
            if named <= slots.keys():
                return reply.format_map(slots)
        return replies.say("dialogue.done")
