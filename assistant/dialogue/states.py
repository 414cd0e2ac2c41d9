"""Where a conversation stands, and what it takes place in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Protocol, TypeAlias

from intents.results import Expected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from assistant.dialogue.pin import Pin
    from assistant.ledger.plan import PricingPlan
    from assistant.money import Money
    from assistant.partners.board import Partners
    from assistant.partners.protocol import Quote
    from assistant.records import Order, OrderEvent, Outcome
    from assistant.replies import Replies
    from intents.catalogue import Catalogue
    from intents.results import IntentMatch


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Nothing is being talked about."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A slot was asked for."""

    intent: str
    """What is to be ordered."""
    slots: Mapping[str, str | int]
    """What is known of it."""
    slot: str
    """What was asked."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""

    def expected(self) -> Expected:
        """The answer that the question makes likely."""
        return Expected(intent=self.intent, slot=self.slot)


@dataclass(frozen=True, kw_only=True)
class Confirming:
    """An order was read back, and waits for a clear yes."""

    order: Order
    """What was read back."""
    quote: Quote
    """The partner's words about it."""
    repeats: tuple[Order, datetime] | None = None
    """The same order and when it was placed, if the question was whether to order once more."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""

    def expected(self) -> Expected:
        """A correction."""
        return Expected(intent=self.order.intent)


@dataclass(frozen=True, kw_only=True)
class Proving:
    """A clear yes was given, and the PIN was asked for."""

    order: Order
    """What was read back and confirmed in words."""
    quote: Quote
    """The partner's words about it."""
    repeats: tuple[Order, datetime] | None = None
    """As in `Confirming`."""
    wrong: int = 0
    """PINs that were not the right one."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""

    def expected(self) -> Expected:
        """A correction; digits are looked for before."""
        return Expected(intent=self.order.intent)


@dataclass(frozen=True, kw_only=True)
class Offering:
    """Something near a command was heard, and was asked about."""

    match: IntentMatch
    """What it seemed to be."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""

    def expected(self) -> Expected:
        """What is said of the intent that was offered."""
        return Expected(intent=self.match.intent)


Pending: TypeAlias = Asking | Confirming | Proving | Offering
State: TypeAlias = Idle | Pending


def about(state: Pending) -> str:
    """The intent that is being talked about."""
    match state:
        case Asking(intent=intent):
            return intent
        case Confirming(order=order) | Proving(order=order):
            return order.intent
        case Offering(match=match):
            return match.intent


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one utterance came to."""

    state: State
    """Where the conversation stands now."""
    reply: str
    """What to say."""
    outcome: Outcome
    """What became of the utterance."""
    intent: str | None
    """What it was about; None when it was none of ours."""
    order: Order | None = None
    """An order that was quoted in this turn."""
    withdrawn: Order | None = None
    """An order that was placed before, and is called off."""
    events: tuple[OrderEvent, ...] = ()
    """What became of orders."""

    @property
    def order_id(self) -> str | None:
        """The order that this turn is about, if any."""
        if self.order:
            return self.order.id
        return self.events[-1].order_id if self.events else None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What holds an order back that a yes would place."""

    orders_a_day: int | None = None
    """So many orders a device and a local day; None for any number."""
    amount_a_day: Money | None = None
    """So much in total a device and a local day; None for any amount."""
    same_again: timedelta = timedelta(seconds=60)
    """The same order within this time asks once more."""
    withdrawal: timedelta = timedelta(seconds=60)
    """An order can be called off for so long after it was placed."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the conversation takes place in."""

    catalogue: Catalogue
    """What can be asked."""
    partners: Partners
    """Who answers and who sells."""
    replies: Replies
    """How it is said."""
    plan: PricingPlan
    """The terms of orders."""
    max_misunderstood: int
    """So many answers in a row that are not understood end the conversation."""
    limits: Limits = field(default_factory=Limits)
    """What holds an order back that a yes would place."""
    pin: Pin | None = None
    """What is asked for after a yes; None when a yes is enough."""
    pin_attempts: int = 3
    """So many wrong PINs cancel the order."""
    zone: tzinfo = UTC
    """Where the household's clocks are: a day begins at its midnight."""


class History(Protocol):
    """What this device ordered before."""

    def last_ordered(self, intent: str) -> Order | None:
        """The order of `intent` that was placed last and not called off, if there ever was one."""
        ...

    def placed_since(self, since: datetime) -> Sequence[tuple[Order, datetime]]:
        """Orders that were placed at `since` (UTC) or later and not called off, oldest first, with when."""
        ...

    def last_under_way(self, since: datetime, intent: str | None = None) -> Order | None:
        """The order that was placed last, at `since` (UTC) or later, and has not ended; None where there is none.

        Of one `intent`, if it is named.
        """
        ...

    def under_way(self, intent: str | None = None) -> Sequence[tuple[Order, datetime]]:
        """Orders that were placed and have not ended, oldest first, with when; of one `intent`, if it is named."""
        ...


class NoHistory:
    """A device that has never ordered."""

    def last_ordered(self, intent: str) -> Order | None:  # noqa: ARG002
        """None."""
        return None

    def placed_since(self, since: datetime) -> Sequence[tuple[Order, datetime]]:  # noqa: ARG002
        """Nothing."""
        return ()

    def last_under_way(self, since: datetime, intent: str | None = None) -> Order | None:  # noqa: ARG002
        """None."""
        return None

    def under_way(self, intent: str | None = None) -> Sequence[tuple[Order, datetime]]:  # noqa: ARG002
        """Nothing."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When, in which interaction, and after what."""

    now: datetime
    """UTC."""
    interaction_id: str
    """The interaction that is being handled."""
    history: History = field(default_factory=NoHistory)
    """What was ordered before, as it stands in this moment."""
    last_reply: str = ""
    """What was said last, to be said again; empty when nothing was."""
