"""The device's own log as touches and purchases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.log import log_history
from assistant.economics.attribution.models import MODELS, Parameters, attribute, compare
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.money import Money
from assistant.reports.profit import Terms, make_profit
from assistant.store.store import Store
from tests.assistant.examples import NOW, event, interaction, order, plan

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.records import Order, OrderEvent, OrderState


def say(store: Store, name: str, intent: str | None, minutes: float) -> None:
    it = interaction(id=name, intent=intent, at=NOW + timedelta(minutes=minutes))
    store.append(it, transactions=book_interaction(it, plan()))


def buy(store: Store, name: str, minutes: float) -> tuple[Order, list[OrderEvent]]:
    """A pizza quoted, confirmed and placed by one sentence, and completed half an hour later."""
    ordered = order(id=name, interaction_id=f"{name}-said", quoted_at=NOW + timedelta(minutes=minutes))
    it = interaction(
        id=ordered.interaction_id, intent="pizza", kind="commerce", at=ordered.quoted_at, order_id=name
    )
    states: tuple[OrderState, ...] = ("quoted", "confirmed", "placed", "completed")
    events = [
        event(
            state,
            order_id=name,
            interaction_id=it.id,
            at=it.at + timedelta(minutes=30 if state == "completed" else 0),
        )
        for state in states
    ]
    booked = [each for step in events for each in book_order_event(ordered, step)]
    store.append(it, orders=[ordered], events=events, transactions=[*book_interaction(it, plan()), *booked])
    return ordered, events


def test_an_order_is_a_purchase_when_it_is_placed_and_the_log_is_one_household(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        say(store, "jazz", "music", 0)
        buy(store, "order-1", 10)
        # Before the pizza came, and after it was bought.
        say(store, "queen", "music", 20)
        say(store, "mumble", None, 60)
        history = log_history(store)
        comparison = compare(history, Parameters())
        statement = make_profit(store, "intent", Terms(plan=None)).statement
    assert history.simulated
    assert str(tmp_path / "a.db") in history.source
    assert history.kinds == ("music", "none", "pizza")
    assert history.households == 1
    assert comparison.sales.total == statement.total.revenue
    last, linear = comparison.of("last-touch"), comparison.of("linear")
    assert last is not None
    assert linear is not None
    assert str(last.by_kind["pizza"]) == "0.999000"
    assert str(linear.by_kind["music"]) == "0.499500"
    assert not linear.by_kind["none"]


def test_direct_is_the_income_statement(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        say(store, "jazz", "music", 0)
        for n in range(3):
            buy(store, f"order-{n}", 10 * n)
        direct = attribute(log_history(store), "direct", Parameters()).by_kind
        statement = make_profit(store, "intent", Terms(plan=None)).statement
    assert {row.key: row.revenue for row in statement.rows} == {
        kind: money for kind, money in direct.items() if kind != NO_TOUCH
    }
    assert not direct[NO_TOUCH]


def test_income_taken_back_is_a_refund_of_its_order(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        say(store, "jazz", "music", 0)
        ordered, life = buy(store, "order-1", 10)
        say(store, "weeks later", "weather", 60 * 24 * 50)
        late = interaction(id="back", intent="weather", at=NOW + timedelta(days=51))
        back = event("refunded", order_id=ordered.id, interaction_id=late.id, at=late.at, reason="cold")
        store.append(late, events=[back], transactions=book_order_event(ordered, back, life))
        history = log_history(store)
    assert history.micros.tolist() == [999_000, -999_000]
    for model in MODELS[:-1]:
        assert not any(attribute(history, model, Parameters()).by_kind.values()), model


def test_an_empty_log_has_nothing_to_credit(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        comparison = compare(log_history(store), Parameters())
    assert comparison.sales.total == Money.zero(comparison.currency)
    assert comparison.touches == 0
