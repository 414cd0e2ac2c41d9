"""A log of random conversations: every outcome, orders that go every way, several devices, plans and currencies."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from assistant.ledger.exchange import load_rates
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.money import Money
from assistant.records import LIFE, Effort, Interaction, Order, OrderEvent
from tests.assistant.examples import NOW, interaction

if TYPE_CHECKING:
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import Transaction
    from assistant.store.store import Store

REASONS = ("the customer said no", "no answer", "not understood", "changed")


def euro_plan() -> PricingPlan:
    """The plan "maker" as if its prices were in euros."""
    return replace(load_plan("maker"), name="euro", currency="EUR", exchange=load_rates("example"))


def fill(store: Store, *, seed: int, conversations: int, plans: list[PricingPlan]) -> None:
    """Write `conversations` random ones into `store`, some minutes to some days apart."""
    chance = random.Random(seed)
    now = NOW - timedelta(days=40)
    for number in range(conversations):
        now += timedelta(seconds=chance.choice([40, 900, 7 * 3600, 29 * 3600]) * chance.random())
        plan = chance.choice(plans)
        if chance.random() < 0.6:
            _say(store, chance, plan, now, session=f"s{number}", id_=f"i{number}-0")
        else:
            _order(store, chance, plan, now, number)


def _effort(chance: random.Random) -> Effort:
    return Effort(
        audio_us=chance.randrange(5_000_000),
        listening_cpu_us=chance.randrange(200_000),
        recognition_cpu_us=chance.randrange(3_000_000),
        understanding_cpu_us=chance.randrange(9_000),
        recognition_us=chance.randrange(3_000_000),
        understanding_us=chance.randrange(9_000),
    )


def _say(
    store: Store, chance: random.Random, plan: PricingPlan, now: datetime, *, session: str, id_: str
) -> None:
    intent, kind, outcome, near = chance.choice(
        [
            ("music", "trivial", "answered", None),
            ("weather", "trivial", "answered", "music"),
            (None, "none", "rejected", None),
            (None, "none", "rejected", "pizza"),
            ("pizza", "commerce", "asked", None),
            ("ride", "commerce", "failed", None),
            ("pizza", "commerce", "cancelled", None),
        ]
    )
    it = _turn(chance, plan, now, session, id_, intent, kind, outcome, runner_up=near)
    store.append(it, transactions=book_interaction(it, plan))


def _turn(
    chance: random.Random,
    plan: PricingPlan,
    now: datetime,
    session: str,
    id_: str,
    intent: str | None,
    kind: str,
    outcome: str,
    **more: object,
) -> Interaction:
    return interaction(
        id=id_,
        session=session,
        at=now,
        intent=intent,
        kind=kind,
        outcome=outcome,
        device=chance.choice(["kitchen", "hall"]),
        source=chance.choice(["file", "microphone", "typed"]),
        engine=chance.choice(["vosk", "pocketsphinx"]),
        effort=_effort(chance),
        plan=plan.name,
        **more,
    )


def _order(store: Store, chance: random.Random, plan: PricingPlan, now: datetime, number: int) -> None:
    """Quoted in one turn; confirmed, called off or forgotten in the next; then whatever may become of it."""
    intent, session = chance.choice(["pizza", "ride"]), f"s{number}"
    total = Money(currency=plan.currency, micros=chance.randrange(1, 60_000_000))
    rebate, words = plan.rebate(intent, total)
    first = _turn(
        chance, plan, now, session, f"i{number}-0", intent, "commerce", "asked", order_id=f"o{number}"
    )
    order = Order(
        id=f"o{number}",
        intent=intent,
        interaction_id=first.id,
        description=f"a {intent}",
        slots={"quantity": chance.randrange(1, 4)} if intent == "pizza" else {},
        total=total,
        quoted_at=now,
        plan=plan.name,
        rebate=rebate,
        rebate_terms=words,
        notification=plan.notification(intent),
        terms=plan.terms(intent, total),
    )
    quoted = OrderEvent(order_id=order.id, state="quoted", at=now, interaction_id=first.id)
    store.append(first, orders=[order], events=[quoted], transactions=book_interaction(first, plan))
    now += timedelta(seconds=chance.randrange(1, 40))
    if chance.random() < 0.2:
        _say(store, chance, plan, now, session=session, id_=f"i{number}-1")
    if chance.random() < 0.2:
        return
    yes = chance.random() < 0.8
    second = _turn(
        chance,
        plan,
        now,
        session,
        f"i{number}-2",
        intent,
        "commerce",
        "ordered" if yes else "cancelled",
        order_id=order.id,
    )
    states = ("confirmed", "placed") if yes else ("cancelled",)
    events = [
        OrderEvent(
            order_id=order.id,
            state=state,  # type: ignore[arg-type]
            at=now,
            interaction_id=second.id,
            reason=chance.choice(REASONS) if state == "cancelled" else "",
        )
        for state in states
    ]
    booked: list[Transaction] = [*book_interaction(second, plan)]
    life = [quoted]
    for event in events:
        booked += book_order_event(order, event, life, plan.exchange)
        life.append(event)
    store.append(second, events=events, transactions=booked)
    at = now
    while (following := sorted(LIFE[life[-1].state])) and chance.random() < 0.75:
        at += timedelta(hours=chance.choice([0.3, 5, 70]))
        event = OrderEvent(
            order_id=order.id,
            state=chance.choice(following),
            at=at,
            interaction_id=second.id,
            reason="cold" if life[-1].state != "placed" else "",
        )
        transactions = book_order_event(order, event, life, plan.exchange)
        store.step_order(order.id, lambda *_, e=event, t=transactions: (e, t))
        life.append(event)
