"""What is said of an order, of a question that is open, and of what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from assistant.dialogue.slots import BUDGET
from assistant.dialogue.states import Asking, Confirming, Offering, Proving, about
from assistant.dialogue.when import NUMBER
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.dialogue.states import Pending
    from assistant.dialogue.talk import Talk
    from assistant.records import Order

# More names in a row nobody remembers.
_MOST_CHOICES: Final = 8


def question(state: Pending, talk: Talk) -> str:
    """The question that is open."""
    match state:
        case Asking():
            number = state.slots.get(NUMBER, "")
            return talk.say(f"{state.intent}.{state.slot}", "dialogue.which", slot=state.slot, number=number)
        case Confirming(order=order, quote=quote):
            values = {
                "description": order.description,
                "delivery": quote.delivery,
                "total": talk.setting.replies.money(order.total),
            }
            # Not a part of the wording that a household may change: it must not be lost.
            about_price = f"{quote.note} {_against_budget(order, talk)}".strip()
            if state.repeats is None:
                return f"{about_price} {talk.say('dialogue.confirm', **values)}".strip()
            ago = talk.setting.replies.ago(talk.moment.now - state.repeats[1])
            return f"{about_price} {talk.say('dialogue.confirm_again', ago=ago, **values)}".strip()
        case Proving():
            return talk.say("dialogue.pin")
        case Offering(match=match):
            # The model has no sentence of ours to offer, only what it is about.
            # And "did you mean: the usual" says nothing of what that is.
            offer = [f"{match.intent}.offer"] if match.step in ("model", "exact") else []
            return talk.say(*offer, "dialogue.did_you_mean", sentence=match.sentence)


def _against_budget(order: Order, talk: Talk) -> str:
    """How the price compares with what it may cost, to be said before the question; empty without a budget."""
    budget = order.slots.get(BUDGET)
    if not isinstance(budget, int):
        return ""
    most = Money(currency=order.total.currency, micros=budget)
    replies = talk.setting.replies
    if order.total > most:
        return talk.say("dialogue.dearer", more=replies.money(order.total - most), budget=replies.money(most))
    return talk.say("dialogue.within", budget=replies.money(most))


def explanation(state: Pending, what: str, talk: Talk) -> str:
    """How much, or how long; then the question again."""
    match state:
        case Confirming(order=order, quote=quote) | Proving(order=order, quote=quote):
            answer = (
                quote.timing
                if what == "duration"
                else talk.say(
                    "dialogue.price",
                    total=talk.setting.replies.money(order.total),
                    delivery=quote.delivery,
                    description=order.description,
                )
            )
            ask = talk.say("dialogue.shall_i") if isinstance(state, Confirming) else question(state, talk)
        case Asking() | Offering():
            answer, ask = talk.say("dialogue.depends"), question(state, talk)
    return f"{answer} {ask}"


def choices(state: Pending, said: Mapping[str, str | int], talk: Talk) -> str:
    """What there is to choose from, of the slot that is named or else of the one that is asked for."""
    asked_for = state.slot if isinstance(state, Asking) else ""
    known = talk.setting.catalogue.intents[about(state)].choices.get(str(said.get("what", asked_for)))
    if known is None:
        return talk.say("dialogue.no_choices")
    if len(known) <= _MOST_CHOICES:
        return talk.say("dialogue.choices", choices=talk.setting.replies.names(list(known)))
    said_aloud = talk.say("list.comma").join(known[:_MOST_CHOICES])
    return talk.say("dialogue.choices_and_more", choices=said_aloud, more=len(known) - _MOST_CHOICES)


def under_way(said: Mapping[str, str | int], talk: Talk) -> tuple[str, str | None]:
    """Where the orders that are under way are, of one intent if it is named, and the intent of the last of them."""
    what, moment = said.get("what"), talk.moment
    orders = [
        (order, at)
        for order, at in moment.history.under_way(None if what is None else str(what))
        if order.intent in talk.setting.partners.sellers
    ]
    if not orders:
        return talk.say("dialogue.none_under_way"), None
    answers = [
        talk.say(
            "dialogue.under_way",
            description=order.description,
            ago=talk.setting.replies.ago(moment.now - at),
            timing=talk.setting.partners.sellers[order.intent].status(
                order.slots, at, talk.setting.replies, now=moment.now
            ),
        )
        for order, at in orders
    ]
    return " ".join(answers), orders[-1][0].intent
