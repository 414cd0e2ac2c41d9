"""What a conversation should have come to: the same dialogue and prices, given the labels for ears."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from assistant.dialogue import Confirming, Idle, Moment, respond
from assistant.ledger.rules import book_order_event
from assistant.ledger.transactions import revenue
from assistant.records import Order, OrderEvent
from intents.results import IntentMatch, NoMatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.audiotest.cases import Case
    from assistant.dialogue import Setting, State
    from assistant.money import Money
    from intents.match import Matcher

_MOMENT: Final = Moment(now=datetime(2026, 1, 1, tzinfo=UTC), interaction_id="due")


@dataclass(frozen=True, kw_only=True)
class Due:
    """What should become of a conversation."""

    placed: tuple[Order | None, ...]
    """For each case the order that it places, if it does."""
    open: Order | None
    """The order that is read back at the end and waits for a yes."""


def due(conversation: Sequence[Case], setting: Setting, matcher: Matcher) -> Due:
    """Let the labels of a conversation take the place of what is heard.

    Times in the labels are worked out, and each case knows when it was said. A yes or no is labelled by its outcome
    ("ordered", "cancelled"), or by an intent of kind dialogue, or by its words.
    """
    state: State = Idle()
    placed: list[Order | None] = []
    for case in conversation:
        asked = state
        moment = _MOMENT if case.at is None else replace(_MOMENT, now=case.at.astimezone(UTC))
        turn = respond(state, _meant(case, state, setting, matcher), setting, moment)
        state = turn.state
        ordered = any(event.state == "placed" for event in turn.events)
        placed.append(asked.order if ordered and isinstance(asked, Confirming) else None)
    return Due(placed=tuple(placed), open=state.order if isinstance(state, Confirming) else None)


def earned(order: Order) -> Money:
    """The revenue of an order once it completes; whether the partner calls it off has nothing to do with ears."""
    completed = OrderEvent(
        order_id=order.id,
        state="completed",
        at=order.quoted_at,
        interaction_id=order.interaction_id,
        reason="",
    )
    return revenue(book_order_event(order, completed), order.total.currency)


def same_order(one: Order | None, other: Order | None) -> bool:
    """Whether two orders are for the same."""
    if one is None or other is None:
        return one is other
    return (one.intent, dict(one.slots)) == (other.intent, dict(other.slots))


def _meant(case: Case, state: State, setting: Setting, matcher: Matcher) -> IntentMatch | NoMatch:
    if case.intent is None:
        return NoMatch(reason="out of scope")
    expected = None if isinstance(state, Idle) else state.expected()
    known = setting.catalogue.intents
    answers = {"ordered": ("confirm",), "cancelled": ("cancel", "deny")}.get(case.outcome or "", ())
    decision = next((intent for intent in answers if intent in known), None)
    if decision is None and case.text:
        read = matcher.match(case.text, expected=expected, now=case.at)
        if isinstance(read, IntentMatch) and _decides(read.intent, setting):
            # Its slots are those of a correction ("without_topping"), which no label spells so.
            return read
    intent = decision if decision is not None else case.intent
    if intent not in known:
        return NoMatch(reason="out of scope")
    slots = {} if intent == decision else dict(case.slots)
    return IntentMatch(intent=intent, slots=slots, score=1.0, step="exact", sentence=case.text)


def _decides(intent: str, setting: Setting) -> bool:
    return setting.catalogue.intents[intent].kind == "dialogue"
