"""What an order may cost at most: a dearer quote is said to be dearer and asked about, and never ordered silently."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.clock import SimulatedClock
from assistant.dialogue import Asking, Confirming, Idle, Moment, respond
from assistant.money import Money
from assistant.pipeline import Pipeline
from assistant.records import Heard, Transcript
from assistant.reports.render import understood
from assistant.store.store import Store
from intents.catalogue import load_catalogue
from intents.match import Matcher
from tests.assistant.examples import NOW, setting

if TYPE_CHECKING:
    from assistant.dialogue import State, Turn

CATALOGUE = load_catalogue("en")
MATCHER = Matcher(CATALOGUE, currency="USD")
SETTING = setting(CATALOGUE)
MOMENT = Moment(now=NOW, interaction_id="interaction-1")
ORDERS = {"order a large ham pizza": 19_980_000, "call me a taxi to the airport": 27_440_000}


def talk(*texts: str) -> list[Turn]:
    state: State = Idle()
    turns = []
    for text in texts:
        expected = None if isinstance(state, Idle) else state.expected()
        turns.append(respond(state, MATCHER.match(text, expected=expected, now=MOMENT.now), SETTING, MOMENT))
        state = turns[-1].state
    return turns


@pytest.mark.parametrize(("order", "price"), ORDERS.items())
def test_a_price_within_it_is_said_to_be(order: str, price: int) -> None:
    quoted, ordered = talk(f"{order} for at most thirty dollars", "yes")
    assert quoted.order is not None
    assert (quoted.order.total.micros, quoted.order.slots["budget"]) == (price, 30_000_000)
    assert quoted.reply.startswith("This is within the $30.00 you named. That is ")
    assert ordered.outcome == "ordered"


@pytest.mark.parametrize("order", ORDERS)
def test_a_dearer_price_is_said_to_be_and_asked_about(order: str) -> None:
    quoted, asked_again, refused = talk(f"{order} for at most twelve fifty", "what was that", "no")
    assert quoted.order is not None
    more = SETTING.replies.money(quoted.order.total - Money.of("12.5", "USD"))
    for each in (quoted, asked_again):
        assert each.reply.startswith(f"This is {more} more than the $12.50 you named. That is ")
        assert each.outcome == "asked"
    assert refused.outcome == "cancelled"


@pytest.mark.parametrize("order", ORDERS)
def test_it_can_be_corrected(order: str) -> None:
    dear, well, dear_again, ordered = talk(
        f"{order} under ten dollars", "make it at most thirty", "no, under fifteen dollars", "yes"
    )
    assert "more than the $10.00" in dear.reply
    assert well.reply.startswith("This is within the $30.00")
    assert "more than the $15.00" in dear_again.reply
    assert (ordered.outcome, ordered.order) == ("ordered", None)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "limit", ["thirty dollars max", "max thirty dollars", "thirty dollars or less", "maximum thirty"]
)
def test_it_needs_no_for_or_under(order: str, limit: str) -> None:
    (at_once,) = talk(f"{order} {limit}")
    assert at_once.reply.startswith("This is within the $30.00 you named. That is ")
    assert talk(order, limit)[1].reply == at_once.reply


def test_it_outlives_other_corrections() -> None:
    small, large = talk("order a small ham pizza for at most fifteen dollars", "make it large")
    assert small.reply.startswith("This is within the $15.00")
    assert large.reply.startswith("This is $4.98 more than the $15.00 you named.")


@pytest.mark.parametrize("order", ORDERS)
def test_another_currency_gets_a_clear_reply_and_no_order(order: str) -> None:
    (asked, wrong, answered) = talk(f"{order} for under fifteen euros", "fifteen pounds", "thirty dollars")
    assert asked.reply == "I reckon in US dollars only. What may it cost at most?"
    assert isinstance(asked.state, Asking)
    assert (asked.outcome, asked.order, asked.events) == ("asked", None, ())
    assert wrong.reply == asked.reply
    assert answered.reply.startswith("This is within the $30.00 you named.")


def test_another_currency_leaves_what_was_read_back_as_it_was() -> None:
    quoted, asked, ordered = talk(
        "order a large ham pizza for at most thirty dollars", "make it under ten euros", "yes"
    )
    assert asked.reply.startswith("I reckon in US dollars only. This is within the $30.00 you named.")
    assert isinstance(asked.state, Confirming)
    assert asked.state.order == quoted.order
    assert ordered.outcome == "ordered"


def test_the_same_order_is_the_same_whatever_it_may_cost_and_so_is_the_usual() -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "log.db") as store:
        clock = SimulatedClock(NOW)
        line = Pipeline(
            matcher=MATCHER,
            setting=SETTING,
            store=store,
            clock=clock,
            device="test",
            timeout=timedelta(seconds=20),
        )

        def say(text: str) -> str:
            heard = Heard(transcript=Transcript(text=text, engine="typed"), source="typed")
            return line.handle(heard).interaction.reply

        say("order a large ham pizza for at most twenty dollars")
        first = store.interactions()[0]
        assert first.slots["budget"] == 20_000_000
        assert "budget 20.00" in understood(first)
        assert store.order(first.order_id or "")[0].slots["budget"] == 20_000_000
        assert say("yes").startswith("Ordered:")
        again = say("order a large ham pizza for at most ten dollars")
        assert again.startswith("This is $9.98 more than the $10.00 you named. You ordered the same")
        say("no")
        clock.advance(timedelta(hours=5))
        line.advance()
        assert say("order the usual").startswith("That is one large ham pizza for $19.98")


@settings(max_examples=60, deadline=None)
@given(
    order=st.sampled_from(sorted(ORDERS)),
    amounts=st.lists(st.integers(1, 999), min_size=1, max_size=4),
    cents=st.integers(0, 99),
)
def test_nothing_dearer_is_ordered_unless_that_was_said(order: str, amounts: list[int], cents: int) -> None:
    first, *later = [f"at most ${amount}.{cents:02d}" for amount in amounts]
    *_, quoted, ordered = talk(f"{order} for {first}", *(f"make it {each}" for each in later), "yes")
    budget = amounts[-1] * 1_000_000 + cents * 10_000
    assert isinstance(quoted.state, Confirming)
    assert quoted.state.order.slots["budget"] == budget
    dearer = quoted.state.order.total.micros > budget
    assert ("more than the" in quoted.reply, "within the" in quoted.reply) == (dearer, not dearer)
    assert ordered.outcome == "ordered"
