"""Examples that several tests share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.dialogue import Setting
from assistant.ledger.plan_file import load_plan
from assistant.money import Money
from assistant.partners.board import load_partners
from assistant.records import Alternative, Effort, Interaction, Order, OrderEvent, OrderState, Word
from assistant.replies import load_replies

if TYPE_CHECKING:
    from assistant.ledger.plan import PricingPlan
    from intents.catalogue import Catalogue

NOW = datetime(2026, 1, 5, 18, 30, 15, 123456, tzinfo=UTC)


def plan() -> PricingPlan:
    return load_plan("home")


def setting(catalogue: Catalogue, **changes: Any) -> Setting:
    fields: dict[str, Any] = {
        "catalogue": catalogue,
        "partners": load_partners("USD"),
        "replies": load_replies("en"),
        "plan": plan(),
        "max_misunderstood": 2,
    }
    return Setting(**fields | changes)


def interaction(**changes: Any) -> Interaction:
    fields: dict[str, Any] = {
        "id": "interaction-1",
        "session": "session-1",
        "at": NOW,
        "device": "test",
        "source": "file",
        "origin": "x.flac",
        "engine": "pocketsphinx",
        "model": "5.1.1",
        "transcript": "play some jazz",
        "words": (
            Word(text="play", start_s=0.1, end_s=0.4, confidence=0.9),
            Word(text="jazz", start_s=0.6, end_s=1.0),
        ),
        "alternatives": (Alternative(text="play some chess", behind=2.25), Alternative(text="play chess")),
        "truncated": False,
        "intent": "music",
        "kind": "trivial",
        "slots": {"genre": "jazz", "times": 2},
        "step": "exact",
        "score": 1.0,
        "runner_up": None,
        "runner_up_score": 0.0,
        "outcome": "answered",
        "reply": "Playing jazz.",
        "order_id": None,
        "effort": Effort(
            audio_us=1_500_000,
            listening_cpu_us=30_000,
            recognition_cpu_us=90_000,
            understanding_cpu_us=1_000,
            endpoint_us=700_000,
            recognition_us=95_000,
            understanding_us=1_100,
        ),
        "catalogue": "abc",
        "software": "0",
        "plan": "home",
    }
    return Interaction(**{**fields, **changes})


def order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "id": "order-1",
        "intent": "pizza",
        "interaction_id": "interaction-1",
        "description": "one large pepperoni pizza",
        "slots": {"size": "large", "topping": "pepperoni", "quantity": 1},
        "total": Money.of("19.98", "USD"),
        "quoted_at": NOW,
        "plan": "home",
        "rebate": Money.of("0.999", "USD"),
        "rebate_terms": "0.05 of 19.980000 plus 0.00 USD, plan home",
        "notification": Money.of("0.0075", "USD"),
    }
    return Order(**{**fields, **changes})


def event(state: OrderState, **changes: Any) -> OrderEvent:
    fields: dict[str, Any] = {
        "order_id": "order-1",
        "state": state,
        "at": NOW,
        "interaction_id": "interaction-1",
        "reason": "",
    }
    return OrderEvent(**{**fields, **changes})
