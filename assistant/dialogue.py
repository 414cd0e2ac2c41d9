"""The conversation: asking for what is missing, reading back, ordering only after a clear yes.

Pure: `respond` takes where the conversation stands and what was understood, and returns what to say, what
became of orders, and where the conversation stands now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, TypeAlias

from assistant.clock import new_id
from assistant.partners.protocol import Quote, Refusal
from assistant.records import Order, OrderEvent
from intents.results import Expected, IntentMatch, NoMatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from assistant.ledger.plan import PricingPlan
    from assistant.partners.board import Partners
    from assistant.records import OrderState, Outcome
    from assistant.replies import Replies
    from intents.catalogue import Catalogue


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
    minutes: int
    """How long the partner said it would take."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""


@dataclass(frozen=True, kw_only=True)
class Offering:
    """Something near a command was heard, and was asked about."""

    match: IntentMatch
    """What it seemed to be."""
    misunderstood: int = 0
    """Answers in a row that were not understood."""


Pending: TypeAlias = Asking | Confirming | Offering
State: TypeAlias = Idle | Pending


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
    events: tuple[OrderEvent, ...] = ()
    """What became of orders."""

    @property
    def order_id(self) -> str | None:
        """The order that this turn is about, if any."""
        if self.order:
            return self.order.id
        return self.events[-1].order_id if self.events else None


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
    zone: tzinfo = UTC
    """Where the household's clocks are; spoken times are its own."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When, and in which interaction."""

    now: datetime
    """UTC."""
    interaction_id: str
    """The interaction that is being handled."""


@dataclass(frozen=True, kw_only=True)
class _Talk:
    """A turn in the making."""

    setting: Setting
    moment: Moment
    events: tuple[OrderEvent, ...] = field(default=())
    prefix: str = ""

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
        return Turn(
            state=state or Idle(),
            reply=f"{self.prefix} {reply}".strip(),
            outcome=outcome,
            intent=intent,
            order=order,
            events=self.events + events,
        )

    def say(self, *keys: str, **values: object) -> str:
        return self.setting.replies.say(*keys, **values)


def respond(state: State, understood: IntentMatch | NoMatch, setting: Setting, moment: Moment) -> Turn:
    """Handle one utterance. Nothing is ordered unless it is a clear yes to an order that was read back."""
    talk = _Talk(setting=setting, moment=moment)
    if isinstance(understood, NoMatch):
        return _not_understood(state, talk)
    if setting.catalogue.intents[understood.intent].kind == "dialogue":
        return _decide(state, understood.intent, talk)
    if isinstance(state, Idle):
        return _command(understood, {}, talk)
    # A command in mid-conversation: the same one adds to or corrects it, another one takes its place.
    about = _about(state)
    talk = replace(talk, events=_call_off(state, "changed", moment))
    if about == understood.intent and isinstance(state, Asking | Confirming):
        known = state.slots if isinstance(state, Asking) else state.order.slots
        return _command(understood, known, talk)
    if isinstance(state, Asking | Confirming):
        talk = replace(talk, prefix=talk.say("dialogue.dropped"))
    return _command(understood, {}, talk)


def expire(state: State, moment: Moment) -> tuple[OrderEvent, ...]:
    """What becomes of orders when nobody answers: what was read back is cancelled."""
    return _call_off(state, "no answer", moment)


def _not_understood(state: State, talk: _Talk) -> Turn:
    sorry = talk.say("dialogue.not_understood")
    if isinstance(state, Idle):
        return talk.end("rejected", sorry, intent=None)
    return _once_more(state, f"{sorry} {_question(state, talk)}", intent=None, talk=talk)


def _once_more(state: Pending, reply: str, *, intent: str | None, talk: _Talk) -> Turn:
    """Ask again, or give up when that happened too often."""
    tried = state.misunderstood + 1
    if tried >= talk.setting.max_misunderstood:
        return talk.end(
            "cancelled",
            talk.say("dialogue.given_up"),
            intent=intent,
            events=_call_off(state, "not understood", talk.moment),
        )
    return talk.end("rejected", reply, intent=intent, state=replace(state, misunderstood=tried))


def _question(state: Pending, talk: _Talk) -> str:
    """The question that is open."""
    match state:
        case Asking():
            return talk.say(f"{state.intent}.{state.slot}", "dialogue.which", slot=state.slot)
        case Confirming(order=order):
            # Money is read to the cent; the books keep the millionths.
            total = f"{order.total.micros / 1_000_000:.2f}"
            return talk.say(
                "dialogue.confirm",
                description=order.description,
                total=total,
                currency=order.total.currency,
            )
        case Offering():
            return talk.say("dialogue.did_you_mean", sentence=state.match.sentence)


def _decide(state: State, decision: str, talk: _Talk) -> Turn:
    """A yes, a no, or a cancel."""
    if isinstance(state, Idle):
        return talk.end("rejected", talk.say("dialogue.nothing_pending"), intent=None)
    about = _about(state)
    if decision != "confirm":
        offered = isinstance(state, Offering)
        return talk.end(
            "cancelled",
            talk.say("dialogue.declined" if offered else "dialogue.cancelled"),
            intent=about,
            events=_call_off(state, "the customer said no", talk.moment),
        )
    match state:
        case Offering(match=match):
            return _command(replace(match, certain=True), {}, talk)
        case Asking():
            # A yes answers no question for a slot.
            return _once_more(state, _question(state, talk), intent=about, talk=talk)
        case Confirming(order=order, minutes=minutes):
            return talk.end(
                "ordered",
                talk.say(f"{order.intent}.ordered", description=order.description, minutes=minutes),
                intent=about,
                events=(_event(order, "confirmed", talk.moment), _event(order, "placed", talk.moment)),
            )


def _command(match: IntentMatch, known: Mapping[str, str | int], talk: _Talk) -> Turn:
    """A command, with the slots that were known before."""
    intent = match.intent
    if not match.certain:
        offering = Offering(match=match)
        return talk.end("asked", _question(offering, talk), intent=intent, state=offering)
    slots = {**known, **match.slots}
    if intent not in talk.setting.partners.sellers:
        informer = talk.setting.partners.informers.get(intent)
        reply = (
            informer.answer(slots, talk.moment.now, talk.setting.replies)
            if informer
            else talk.say("dialogue.done")
        )
        return talk.end("answered", reply, intent=intent)
    missing = next((s for s in talk.setting.catalogue.intents[intent].required if s not in slots), None)
    if missing:
        asking = Asking(intent=intent, slots=slots, slot=missing)
        return talk.end("asked", _question(asking, talk), intent=intent, state=asking)
    offer = talk.setting.partners.sellers[intent].quote(slots, talk.setting.replies)
    if isinstance(offer, Refusal):
        return talk.end("failed", talk.say("dialogue.refused", reason=offer.reason), intent=intent)
    order = _order(intent, offer, talk)
    confirming = Confirming(order=order, minutes=offer.minutes)
    return talk.end(
        "asked",
        _question(confirming, talk),
        intent=intent,
        state=confirming,
        order=order,
        events=(_event(order, "quoted", talk.moment),),
    )


def _order(intent: str, quote: Quote, talk: _Talk) -> Order:
    rebate, terms = talk.setting.plan.rebate(intent, quote.total)
    return Order(
        id=new_id(talk.moment.now),
        intent=intent,
        interaction_id=talk.moment.interaction_id,
        description=quote.description,
        slots=quote.slots,
        total=quote.total,
        quoted_at=talk.moment.now,
        plan=talk.setting.plan.name,
        rebate=rebate,
        rebate_terms=terms,
        notification=talk.setting.plan.notification(intent),
        terms=talk.setting.plan.terms(intent, quote.total),
    )


def _about(state: Pending) -> str:
    match state:
        case Asking(intent=intent):
            return intent
        case Confirming(order=order):
            return order.intent
        case Offering(match=match):
            return match.intent


def _call_off(state: State, reason: str, moment: Moment) -> tuple[OrderEvent, ...]:
    """An order that was read back and will not be placed."""
    if not isinstance(state, Confirming):
        return ()
    return (_event(state.order, "cancelled", moment, reason),)


def _event(order: Order, state: OrderState, moment: Moment, reason: str = "") -> OrderEvent:
    return OrderEvent(
        order_id=order.id, state=state, at=moment.now, interaction_id=moment.interaction_id, reason=reason
    )
