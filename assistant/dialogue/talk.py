"""One turn of the conversation in the making."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.dialogue.states import Idle, Turn, about

if TYPE_CHECKING:
    from assistant.dialogue.states import Moment, Pending, Setting, State
    from assistant.records import Order, OrderEvent, Outcome


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A turn in the making."""

    setting: Setting
    """What it takes place in."""
    moment: Moment
    """When, and after what."""
    events: tuple[OrderEvent, ...] = ()
    """What has become of orders so far."""
    prefix: str = ""
    """What is to be said before the rest."""

    def end(
        self,
        outcome: Outcome,
        reply: str,
        *,
        intent: str | None,
        state: State | None = None,
        order: Order | None = None,
        events: tuple[OrderEvent, ...] = (),
    ) -> Turn:
        """The turn that it comes to; without a `state` the conversation is over."""
        return Turn(
            state=state or Idle(),
            reply=f"{self.prefix} {reply}".strip(),
            outcome=outcome,
            intent=intent,
            order=order,
            events=self.events + events,
        )

    def still(self, state: Pending, reply: str) -> Turn:
        """The turn after which the same question is open."""
        return self.end("asked", reply, intent=about(state), state=state)

    def say(self, *keys: str, **values: object) -> str:
        """The first of `keys` that the language has, filled in (`Replies.say`)."""
        return self.setting.replies.say(*keys, **values)

    def after(self, prefix: str, *, events: tuple[OrderEvent, ...] = ()) -> Talk:
        """This turn with something that is said, and that happened, before the rest."""
        return replace(self, prefix=f"{self.prefix} {prefix}".strip(), events=self.events + events)
