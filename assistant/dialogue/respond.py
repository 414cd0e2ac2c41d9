"""One turn of the conversation.

Pure: `respond` takes where the conversation stands and what was understood, and returns what to say, what
became of orders, and where the conversation stands now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from assistant.clock import new_id
from assistant.dialogue.limits import over_limit, same_before
from assistant.dialogue.pin import SpokenPin
from assistant.dialogue.slots import (
    ADDRESS,
    BUDGET,
    ELSEWHERE,
    HALVES,
    changed,
    placed_anew,
    without_budget,
)
from assistant.dialogue.states import Asking, Confirming, Idle, Offering, Proving, about
from assistant.dialogue.talk import Talk
from assistant.dialogue.when import CLOCK, DAY, NUMBER, TIME, numbered, replaced, timed
from assistant.dialogue.wording import choices, explanation, question, under_way
from assistant.partners.protocol import Refusal
from assistant.records import Order, OrderEvent
from intents.results import NoMatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from assistant.dialogue.states import Moment, Pending, Setting, State, Turn
    from assistant.money import Money
    from assistant.partners.protocol import Quote
    from assistant.records import OrderState
    from intents.results import IntentMatch

USUAL: Final = "usual"
"""The slot that asks for what was ordered the last time."""

# These are of one day; the rest of an order may be wanted again.
_NOT_USUAL: Final = frozenset({TIME, DAY, ADDRESS, BUDGET})


def respond(
    state: State, understood: IntentMatch | NoMatch | SpokenPin, setting: Setting, moment: Moment
) -> Turn:
    """Handle one utterance. Nothing is ordered unless it is a clear yes to an order that was read back."""
    talk = Talk(setting=setting, moment=moment)
    if isinstance(understood, SpokenPin):
        return _pin(state, understood, talk)
    if isinstance(understood, NoMatch):
        return _not_understood(state, talk)
    if setting.catalogue.intents[understood.intent].kind == "dialogue":
        return _dialogue(state, understood, talk)
    if isinstance(state, Idle):
        return _command(understood, {}, talk)
    if not understood.certain:
        # What only resembles a command is no reason to drop what is being talked about.
        return _not_understood(state, talk)
    if isinstance(state, Asking) and state.intent == understood.intent:
        return _change(state, understood.slots, talk)
    # A whole command while an order is read back is another order: it takes nothing over from the first one.
    dropped = "" if isinstance(state, Offering) else talk.say("dialogue.dropped")
    return _command(understood, {}, talk.after(dropped, events=_call_off(state, "changed", moment)))


def expire(state: State, moment: Moment) -> tuple[OrderEvent, ...]:
    """What becomes of orders when nobody answers: what was read back is cancelled."""
    return _call_off(state, "no answer", moment)


def _not_understood(state: State, talk: Talk) -> Turn:
    sorry = talk.say("dialogue.not_understood")
    if isinstance(state, Idle):
        return talk.end("rejected", sorry, intent=None)
    return _once_more(state, f"{sorry} {question(state, talk)}", intent=None, talk=talk)


def _unclear(state: Pending, said: Mapping[str, str | int], talk: Talk) -> Turn:
    """Neither a yes nor a no: the question again, and what answers it; or the wish for a moment to think."""
    if "wants" in said:
        return talk.still(state, talk.say("dialogue.no_hurry"))
    yes_or_no = f"{talk.say('dialogue.yes_or_no')} " if isinstance(state, Confirming | Offering) else ""
    return _once_more(state, f"{yes_or_no}{question(state, talk)}", intent=about(state), talk=talk)


def _ask(state: Pending, talk: Talk) -> Turn:
    """The turn that asks what is open."""
    return talk.still(state, question(state, talk))


def _once_more(state: Pending, reply: str, *, intent: str | None, talk: Talk) -> Turn:
    """Ask again, or give up when that happened too often."""
    tried = state.misunderstood + 1
    if tried >= talk.setting.max_misunderstood:
        return talk.end(
            "cancelled",
            talk.say("dialogue.left" if isinstance(state, Offering) else "dialogue.given_up"),
            intent=intent,
            events=_call_off(state, "not understood", talk.moment),
        )
    return talk.end("rejected", reply, intent=intent, state=replace(state, misunderstood=tried))


def _dialogue(state: State, understood: IntentMatch, talk: Talk) -> Turn:
    """What is said about the conversation itself."""
    if isinstance(state, Idle):
        return _afterwards(understood, talk)
    match understood.intent:
        case "confirm":
            return _yes(state, talk)
        case "deny" | "cancel":
            offered = isinstance(state, Offering)
            return talk.end(
                "cancelled",
                talk.say("dialogue.declined" if offered else "dialogue.cancelled"),
                intent=about(state),
                events=_call_off(state, "the customer said no", talk.moment),
            )
        case "unclear":
            return _unclear(state, understood.slots, talk)
        case "repeat":
            return _ask(state, talk)
        case "price" | "duration":
            return talk.still(state, explanation(state, understood.intent, talk))
        case "correct":
            return _change(state, understood.slots, talk)
        case "status":
            answer, _ = under_way(understood.slots, talk)
            return talk.still(state, f"{answer} {question(state, talk)}")
        case "choices":
            return talk.still(state, f"{choices(state, understood.slots, talk)} {question(state, talk)}")
        case _:
            return _not_understood(state, talk)


def _afterwards(understood: IntentMatch, talk: Talk) -> Turn:
    """What is said about a conversation that is over: once more, or that the order was not meant."""
    if understood.intent == "repeat":
        return talk.end("answered", talk.moment.last_reply or talk.say("dialogue.nothing_said"), intent=None)
    if understood.intent == "status":
        answer, intent = under_way(understood.slots, talk)
        return talk.end("answered", answer, intent=intent)
    since = talk.moment.now - talk.setting.limits.withdrawal
    order = None
    if understood.intent in {"deny", "cancel"}:
        # "Cancel my pizza" does not mean the taxi that was called after it.
        what = understood.slots.get("what")
        order = talk.moment.history.last_under_way(since, None if what is None else str(what))
    if order is None:
        return talk.end("rejected", talk.say("dialogue.nothing_pending"), intent=None)
    turn = talk.end(
        "cancelled",
        talk.say("dialogue.withdrawn", description=order.description),
        intent=order.intent,
        events=(_event(order, "cancelled", talk.moment, "withdrawn"),),
    )
    return replace(turn, withdrawn=order)


def _yes(state: Pending, talk: Talk) -> Turn:
    match state:
        case Offering(match=match):
            return _command(replace(match, certain=True), {}, talk)
        case Asking() | Proving():
            # A yes answers neither a question for a slot nor one for a PIN.
            return _once_more(state, question(state, talk), intent=about(state), talk=talk)
        case Confirming():
            held_back = _held_back(state, talk)
            if held_back:
                return held_back
            if talk.setting.pin is None:
                return _place(state, talk)
            proving = Proving(order=state.order, quote=state.quote, repeats=state.repeats)
            return _ask(proving, talk)


def _pin(state: State, spoken: SpokenPin, talk: Talk) -> Turn:
    if not isinstance(state, Proving):
        # The question is not open any more.
        return _not_understood(state, talk)
    if spoken.right:
        return _held_back(state, talk) or _place(state, talk)
    wrong = state.wrong + 1
    if wrong >= talk.setting.pin_attempts:
        return talk.end(
            "cancelled",
            talk.say("dialogue.wrong_pin_end"),
            intent=state.order.intent,
            events=_call_off(state, "wrong PIN", talk.moment),
        )
    return talk.end(
        "rejected",
        talk.say("dialogue.wrong_pin"),
        intent=state.order.intent,
        state=replace(state, wrong=wrong, misunderstood=0),
    )


def _held_back(state: Confirming | Proving, talk: Talk) -> Turn | None:
    """The turn that a confirmed order comes to when it may not be placed now; None when it may.

    Asked again here, since another program may have ordered after this one was read back.
    """
    order = state.order
    same = _same_before(order.intent, order.slots, order.total, talk)
    if same and (state.repeats is None or same[0].id != state.repeats[0].id):
        asking = Confirming(order=order, quote=state.quote, repeats=same)
        return _ask(asking, talk)
    too_much = over_limit(order.total, talk.setting, talk.moment)
    if too_much:
        return talk.end(
            "failed", too_much, intent=order.intent, events=_call_off(state, "limit of the day", talk.moment)
        )
    return None


def _place(state: Confirming | Proving, talk: Talk) -> Turn:
    order = state.order
    return talk.end(
        "ordered",
        talk.say(f"{order.intent}.ordered", description=order.description, timing=state.quote.timing),
        intent=order.intent,
        events=(_event(order, "confirmed", talk.moment), _event(order, "placed", talk.moment)),
    )


def _change(state: Pending, said: Mapping[str, str | int], talk: Talk) -> Turn:
    """A correction, or an answer: what is known changes, and is asked for or read back anew."""
    match state:
        case Offering(match=match):
            # It was about the right thing, then.
            return _command(replace(match, certain=True), said, talk)
        case Asking(intent=intent, slots=known):
            slots = _corrected(known, said, talk)
            if slots == known:
                return _once_more(state, question(state, talk), intent=intent, talk=talk)
            return _proceed(intent, slots, talk)
        case Confirming(order=order, quote=quote) | Proving(order=order, quote=quote):
            known = {**order.slots, **quote.aside}
            slots = _corrected(known, said, talk)
            if slots == known:
                return _ask(state, talk)
            off = talk.after("", events=_call_off(state, "changed", talk.moment))
            return _proceed(order.intent, slots, off, kept=(state, talk))


def _corrected(
    known: Mapping[str, str | int], said: Mapping[str, str | int], talk: Talk
) -> dict[str, str | int]:
    """`known` after a correction or an answer, its times worked out."""
    local = talk.moment.now.astimezone(talk.setting.zone)
    meant = numbered(known, said)
    return timed(changed(placed_anew(replaced(known, meant), meant), meant), local)


def _command(match: IntentMatch, said: Mapping[str, str | int], talk: Talk) -> Turn:
    """A command from its beginning; `said` was said of it since."""
    intent = match.intent
    if not match.certain:
        offering = Offering(match=match)
        return _ask(offering, talk)
    slots = changed({}, match.slots)
    if intent in talk.setting.partners.sellers:
        return _proceed(intent, _corrected(slots, said, talk), talk)
    slots = changed(slots, said)
    informer = talk.setting.partners.informers.get(intent)
    reply = (
        informer.answer(slots, talk.moment.now, talk.setting.replies)
        if informer
        else talk.say("dialogue.done")
    )
    return talk.end("answered", reply, intent=intent)


def _proceed(
    intent: str,
    slots: Mapping[str, str | int],
    talk: Talk,
    *,
    kept: tuple[Confirming | Proving, Talk] | None = None,
) -> Turn:
    """Ask for what is missing, or read the order back.

    `kept` is what was read back before, and the turn in which it still stands: it stays open when the partner
    does not do what it was to be changed to.
    """
    setting, now = talk.setting, talk.moment.now
    if USUAL in slots:
        slots = {name: value for name, value in slots.items() if name != USUAL}
        usual = talk.moment.history.last_ordered(intent)
        if usual is None:
            talk = talk.after(talk.say("dialogue.no_usual"))
        else:
            slots = {**{k: v for k, v in usual.slots.items() if k not in _NOT_USUAL}, **slots}
    if HALVES in slots:
        slots = {name: value for name, value in slots.items() if name != HALVES}
        talk = talk.after(talk.say(f"{intent}.no_halves"))
    if isinstance(slots.get(BUDGET), str):
        return _other_currency(intent, slots, talk, kept)
    missing = _missing(intent, slots, talk)
    if missing:
        asking = Asking(intent=intent, slots=slots, slot=missing)
        return _ask(asking, talk)
    offer = setting.partners.sellers[intent].quote(slots, setting.replies, now=now)
    if isinstance(offer, Refusal) and offer.ask:
        asking = Asking(intent=intent, slots=slots, slot=offer.ask)
        return _ask(asking, talk)
    if isinstance(offer, Refusal):
        if kept:
            return _as_it_was(kept, talk.say("dialogue.cannot", reason=offer.reason))
        return talk.end("failed", talk.say("dialogue.refused", reason=offer.reason), intent=intent)
    too_much = over_limit(offer.total, setting, talk.moment)
    if too_much:
        return talk.end("failed", too_much, intent=intent)
    same = _same_before(intent, offer.slots, offer.total, talk)
    if BUDGET in slots:
        offer = replace(offer, slots={**offer.slots, BUDGET: slots[BUDGET]})
    order = _order(intent, offer, talk)
    confirming = Confirming(order=order, quote=offer, repeats=same)
    return talk.end(
        "asked",
        question(confirming, talk),
        intent=intent,
        state=confirming,
        order=order,
        events=(_event(order, "quoted", talk.moment),),
    )


def _missing(intent: str, slots: Mapping[str, str | int], talk: Talk) -> str | None:
    """The slot to be asked for next; None when all is known."""
    catalogue = talk.setting.catalogue
    if NUMBER in slots:
        return NUMBER
    if ELSEWHERE in slots:
        return ADDRESS
    at_what_time = CLOCK if DAY in slots and (intent, CLOCK) in catalogue.answers else None
    return next((slot for slot in catalogue.intents[intent].required if slot not in slots), at_what_time)


def _other_currency(
    intent: str, slots: Mapping[str, str | int], talk: Talk, kept: tuple[Confirming | Proving, Talk] | None
) -> Turn:
    """Nobody converts money here: what it may cost is asked for again, or left as it was read back."""
    name = talk.setting.replies.currency(talk.setting.plan.currency)
    sorry = talk.say("dialogue.other_currency", currency=name)
    if kept:
        return _as_it_was(kept, sorry)
    asking = Asking(intent=intent, slots=without_budget(slots), slot=BUDGET)
    return _ask(asking, talk.after(sorry))


def _as_it_was(kept: tuple[Confirming | Proving, Talk], why: str) -> Turn:
    """What was read back stays open, and it is said why it was not changed."""
    state, before = kept
    return _ask(Confirming(order=state.order, quote=state.quote, repeats=state.repeats), before.after(why))


def _same_before(
    intent: str, slots: Mapping[str, str | int], price: Money, talk: Talk
) -> tuple[Order, datetime] | None:
    span, moment = talk.setting.limits.same_again, talk.moment
    return same_before(intent, slots, price, history=moment.history, now=moment.now, span=span)


def _order(intent: str, quote: Quote, talk: Talk) -> Order:
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


def _call_off(state: State, reason: str, moment: Moment) -> tuple[OrderEvent, ...]:
    """An order that was read back and will not be placed."""
    if not isinstance(state, Confirming | Proving):
        return ()
    return (_event(state.order, "cancelled", moment, reason),)


def _event(order: Order, state: OrderState, moment: Moment, reason: str = "") -> OrderEvent:
    return OrderEvent(
        order_id=order.id, state=state, at=moment.now, interaction_id=moment.interaction_id, reason=reason
    )
