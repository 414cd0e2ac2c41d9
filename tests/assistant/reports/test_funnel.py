"""The funnel: how far each request came and how it was lost, from conversations through the real pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from assistant.clock import SimulatedClock
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_order_event
from assistant.partners.board import Partners, load_partners
from assistant.partners.pizza import Pizza
from assistant.records import OrderEvent
from assistant.reports.funnel import STAGES
from assistant.reports.profit import Terms, log_funnel, make_profit
from assistant.store.store import Store
from tests.assistant.examples import NOW
from tests.assistant.random_log import fill
from tests.assistant.test_pipeline import pipeline, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assistant.records import OrderState
    from assistant.reports.funnel import Funnel

PLAN = load_plan("home")
ORDER = "order a large pepperoni pizza"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "log.db") as opened:
        yield opened


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


def losses(funnel: Funnel, intent: str = "pizza") -> dict[tuple[str, str], int]:
    """(stage, how) to requests, with those that were kept."""
    (found,) = [each for each in funnel.intents if each.intent == intent]
    lost = {(stage.name, loss.how): loss.requests for stage in found.stages for loss in stage.losses}
    return lost | ({("kept", "kept"): found.kept.requests} if found.kept.requests else {})


def deliver(store: Store, clock: SimulatedClock, *states: OrderState) -> None:
    """Take the last order through `states`."""
    for state in states:
        order_id = store.rows("SELECT id FROM orders ORDER BY rowid DESC LIMIT 1")[0]["id"]
        clock.advance(timedelta(minutes=1))
        order, life = store.order(order_id)
        event = OrderEvent(
            order_id=order_id,
            state=state,
            at=clock.now(),
            interaction_id=life[-1].interaction_id,
            reason="cold" if state != "completed" else "",
        )
        booked = book_order_event(order, event, life)
        store.step_order(order_id, lambda *_, e=event, b=booked: (e, b))


@pytest.mark.parametrize(
    ("said", "ends", "expected"),
    [
        ([ORDER, "yes"], ["completed"], ("kept", "kept")),
        ([ORDER, "yes"], ["completed", "settled"], ("kept", "kept")),
        ([ORDER, "yes"], ["completed", "refunded"], ("completed", "refunded")),
        ([ORDER, "yes"], ["completed", "settled", "charged_back"], ("completed", "charged back")),
        ([ORDER, "yes"], ["cancelled"], ("placed", "called off")),
        ([ORDER, "yes"], [], ("placed", "open")),
        ([ORDER, "no"], [], ("understood", "cancelled")),
        ([ORDER, "mumble mumble", "bla bla bla"], [], ("understood", "misheard")),
        ([ORDER, "play some jazz"], [], ("understood", "changed")),
        ([ORDER], [], ("understood", "open")),
        (["order a pizza", "cancel"], [], ("asked", "cancelled")),
        (["order a pizza", "mumble mumble", "bla bla bla"], [], ("asked", "misheard")),
        (["order a pizza"], [], ("asked", "no answer")),
        # Asked for what was missing, read back, corrected, and taken: one request.
        (
            ["order a pizza", "large", "pepperoni", "make it small", "yes"],
            ["completed"],
            ("kept", "kept"),
        ),
    ],
)
def test_one_request_and_how_it_ended(
    store: Store,
    clock: SimulatedClock,
    said: list[str],
    ends: list[OrderState],
    expected: tuple[str, str],
) -> None:
    say(pipeline(store, clock), *said)
    deliver(store, clock, *ends)
    funnel = log_funnel(store, Terms(plan=PLAN))
    assert losses(funnel) == {expected: 1}
    reached = STAGES.index(expected[0])
    counts = [stage.requests for stage in funnel.intents[0].stages]
    assert counts == [1] * (reached + 1) + [0] * (len(STAGES) - reached - 1)


def test_no_answer_to_what_was_read_back(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    say(line, ORDER)
    clock.advance(timedelta(minutes=1))
    line.advance()
    assert losses(log_funnel(store, Terms(plan=PLAN))) == {("understood", "no answer"): 1}


def test_what_was_called_off_after_the_yes_is_one_request(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    say(line, ORDER, "yes", "no wait")
    assert losses(log_funnel(store, Terms(plan=PLAN))) == {("placed", "called off"): 1}


def test_what_the_partner_refuses_was_understood(store: Store, clock: SimulatedClock) -> None:
    partners = load_partners("USD")
    seller = partners.sellers["pizza"]
    assert isinstance(seller, Pizza)
    small = Pizza(replace(seller.menu, sizes={"small": seller.menu.sizes["small"]}), "USD")
    say(pipeline(store, clock, Partners(informers=partners.informers, sellers={"pizza": small})), ORDER)
    assert losses(log_funnel(store, Terms(plan=PLAN))) == {("understood", "refused"): 1}


def test_an_utterance_near_a_command_is_a_request_for_it(store: Store, clock: SimulatedClock) -> None:
    """What came near nothing that can be bought is no request."""
    line = pipeline(store, clock)
    say(line, ORDER, "no", "the quick brown fox")
    with_near = store.rows("SELECT runner_up, outcome FROM interactions ORDER BY number DESC LIMIT 1")[0]
    assert with_near["outcome"] == "rejected"
    funnel = log_funnel(store, Terms(plan=PLAN))
    near = with_near["runner_up"] == "pizza"
    assert losses(funnel).get(("asked", "misheard"), 0) == int(near)
    assert funnel.outside.interactions == int(not near)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_parts_are_exactly_the_whole(store: Store, seed: int) -> None:
    fill(store, seed=seed, conversations=70, plans=[PLAN])
    funnel = log_funnel(store, Terms(plan=PLAN))
    statement = make_profit(store, "intent", Terms(plan=PLAN)).statement
    ends = [loss for each in funnel.intents for stage in each.stages for loss in stage.losses]
    ends += [*(each.kept for each in funnel.intents), funnel.outside]
    assert sum(loss.interactions for loss in ends) == statement.total.interactions
    assert sum(loss.revenue.micros for loss in ends) == statement.total.revenue.micros
    assert sum(loss.cost.micros for loss in ends) == statement.total.cost.micros
    # Only what was kept, and what is given back after it was settled, has anything to do with revenue.
    earned = {loss.how for loss in ends if loss.revenue.micros}
    assert earned == {"kept"}
    for each in funnel.intents:
        counts = [stage.requests for stage in each.stages]
        assert counts == sorted(counts, reverse=True)
        lost = [sum(loss.requests for loss in stage.losses) for stage in each.stages]
        assert [a - b for a, b in zip(counts, [*counts[1:], 0], strict=True)][:-1] == lost[:-1]
    for intent, number in {
        row["intent"]: row["n"]
        for row in store.rows(
            "SELECT o.intent, count(*) AS n FROM order_events AS e JOIN orders AS o ON o.id = e.order_id "
            "WHERE e.state = 'completed' GROUP BY 1"
        )
    }.items():
        (found,) = [each for each in funnel.intents if each.intent == intent]
        assert found.stages[STAGES.index("completed")].requests == number


def test_an_empty_log(store: Store) -> None:
    funnel = log_funnel(store, Terms(plan=PLAN))
    assert funnel.intents == ()
    assert funnel.outside.interactions == 0


def test_the_funnel_of_a_time_has_the_requests_that_were_made_in_it(
    store: Store, clock: SimulatedClock
) -> None:
    line = pipeline(store, clock)
    say(line, ORDER, "yes")
    clock.advance(timedelta(hours=5))
    line.advance()
    say(line, ORDER, "no")
    noon = NOW.replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    assert losses(log_funnel(store, Terms(plan=PLAN, until=noon))) == {("kept", "kept"): 1}
    assert losses(log_funnel(store, Terms(plan=PLAN, since=noon))) == {("understood", "cancelled"): 1}
