"""What a partner does: answer a question, or quote an order and see it through."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.money import Money
    from assistant.replies import Replies

HOME: Final = "home"
"""Where a ride begins and a pizza goes when nobody names another place."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What an order would be."""

    description: str
    """In words, as it is read back."""
    slots: Mapping[str, str | int]
    """The slots with what was left open filled in."""
    total: Money
    """What the customer would pay."""
    minutes: int
    """From placing to completion, as far as the partner can tell."""
    delivery: str
    """How it comes and what that costs, in words, as it is read back after the price."""
    timing: str
    """When it is done, as a sentence."""
    note: str = ""
    """What was wished and is not part of it, as a sentence; empty where all is."""
    aside: Mapping[str, str | int] = field(default_factory=dict)
    """Slots that do not count as the order stands, and may again once it is changed."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An order that the partner does not take."""

    reason: str
    """Why, in words that can be said."""
    ask: str = ""
    """The slot that has to be asked for, where that would mend it."""


@dataclass(frozen=True, kw_only=True)
class Fulfilment:
    """How a placed order ends."""

    state: Literal["completed", "cancelled"]
    """Completed, or called off by the partner."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why, when it was called off."""


class Informer(Protocol):
    """A partner that answers at once and earns nothing."""

    def answer(self, slots: Mapping[str, str | int], now: datetime, replies: Replies) -> str:
        """What to say."""
        ...


class Seller(Protocol):
    """A partner that takes orders."""

    def quote(self, slots: Mapping[str, str | int], replies: Replies, *, now: datetime) -> Quote | Refusal:
        """What the order would be at `now` (UTC); every required slot is there."""
        ...

    def fulfil(self, order_id: str, slots: Mapping[str, str | int], placed_at: datetime) -> Fulfilment:
        """How the order ends: always the same for the same order, so that it can be asked again after a restart."""
        ...

    def status(
        self, slots: Mapping[str, str | int], placed_at: datetime, replies: Replies, *, now: datetime
    ) -> str:
        """When the order that is under way should be done, as a sentence said at `now` (UTC)."""
        ...


def minutes_left(until: datetime, now: datetime) -> int:
    """Whole minutes from `now` until then, rounded up; 0 when it is over."""
    return max(0, ceil((until - now) / timedelta(minutes=1)))


def draw(order_id: str, what: str) -> float:
    """A number in [0, 1) that looks random and is always the same for the same order."""
    digest = hashlib.sha256(f"{order_id}:{what}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def end_of(order_id: str, placed_at: datetime, takes: timedelta, cancel_share: float) -> Fulfilment:
    """An order that takes 0.8 to 1.2 times `takes`, or is called off half-way with the chance `cancel_share`."""
    if draw(order_id, "cancel") < cancel_share:
        return Fulfilment(state="cancelled", at=placed_at + takes / 2, reason="the partner called it off")
    return Fulfilment(
        state="completed", at=placed_at + takes * (0.8 + 0.4 * draw(order_id, "duration")), reason=""
    )
