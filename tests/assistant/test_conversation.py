"""Whole conversations through the pipeline and the log: corrections, the usual, limits, the same twice, the PIN."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from assistant.clock import SimulatedClock
from assistant.dialogue import Limits, Pin
from assistant.money import Money
from assistant.pipeline import Pipeline
from assistant.records import Alternative, Heard, Transcript, Word
from assistant.store.audit import audit
from assistant.store.store import Store
from intents.catalogue import load_catalogue
from intents.match import Matcher
from tests.assistant.examples import NOW, setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assistant.pipeline import Receipt

CATALOGUE = load_catalogue("en")
MATCHER = Matcher(CATALOGUE)
SETTING = setting(CATALOGUE)
PIN = Pin.of("1234")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "log.db") as opened:
        yield opened
        assert audit(opened).problems == ()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


def program(store: Store, clock: SimulatedClock, device: str = "test", **changes: Any) -> Pipeline:
    return Pipeline(
        matcher=MATCHER,
        setting=replace(SETTING, **changes),
        store=store,
        clock=clock,
        device=device,
        timeout=timedelta(seconds=20),
    )


def say(line: Pipeline, *texts: str) -> list[Receipt]:
    return [
        line.handle(Heard(transcript=Transcript(text=text, engine="typed"), source="typed")) for text in texts
    ]


def outcomes(receipts: list[Receipt]) -> list[str]:
    return [receipt.interaction.outcome for receipt in receipts]


@pytest.mark.parametrize(
    ("said", "description"),
    [
        (["order a large ham pizza", "make it two"], "2 large ham pizzas for $36.97"),
        (["order a small ham pizza", "no, large"], "one large ham pizza for"),
        (["order a large ham pizza", "actually with mushrooms"], "one large mushroom pizza for"),
        (["order a large ham pizza", "add olives"], "one large ham and olive pizza for"),
        (
            ["order a large ham pizza", "and olives", "extra cheese"],
            "one large ham, olive and cheese pizza for",
        ),
        (["order a large ham pizza with extra cheese"], "one large ham and cheese pizza for"),
        (
            ["order a large ham pizza", "add olives and onions", "no onions"],
            "one large ham and olive pizza for",
        ),
        (["order a small ham pizza", "yes, but make it large"], "one large ham pizza for"),
        (["order a pizza", "large", "make it two", "pepperoni"], "2 large pepperoni pizzas for"),
        (["order a pizza", "with ham", "small", "not small, large"], "one large ham pizza for"),
        (["order a large ham pizza", "i'll pick it up"], "$16.99, to pick up in about 20 minutes"),
        (
            ["call me a taxi to the train station", "to the airport, not the train station"],
            "from home to airport",
        ),
        (["call me a taxi to the zoo", "from work"], "from work to zoo"),
        (["call me a taxi to the zoo", "tomorrow at nine"], "tomorrow at 9:00 AM"),
        (["call me a taxi to the zoo friday at nine", "no, saturday"], "on Saturday at 9:00 AM"),
        (["call me a taxi to the zoo friday at nine", "make it ten past nine"], "on Friday at 9:10 AM"),
        (["call me a taxi to the zoo tonight at nine", "no, at ten"], "at 10:00 PM"),
        (["call me a taxi to the zoo friday at nine", "ten"], "on Friday at 10:00 AM"),
        (["call me a taxi to the zoo on saturday", "nine"], "on Saturday at 9:00 AM"),
        (["call me a taxi to the zoo", "saturday", "sunday at eight"], "on Sunday at 8:00 AM"),
        (["call me a taxi to the zoo tomorrow at nine", "now"], "the car would be there in about"),
        (["call me a taxi for two to the zoo", "make it six"], "for 6 people"),
        (["call me a taxi to the zoo", "make it six", "six people"], "van, for 6 people"),
        (["call me a taxi to the zoo", "make it seven", "at seven"], "at 7:00 PM"),
        (["take me home", "from work"], "from work to home"),
        (["order a pepperoni pizza", "large thin crust"], "one large pepperoni pizza with a thin crust for"),
        (["order a large ham pizza tonight"], "That is one large ham pizza for"),
        (["order a large ham pizza", "deliver it to the office"], "one large ham pizza to the office for"),
        (["order a large ham pizza delivered to my office"], "one large ham pizza to the office for"),
        (
            ["order a large ham pizza to the office", "i'll pick it up"],
            "one large ham pizza for $16.99, to pick up",
        ),
        (["order a pizza", "large", "at seven", "ham"], "A pizza cannot be ordered for a set time"),
        (["order a large ham pizza for tomorrow"], "A pizza cannot be ordered for a set time"),
        (["order a large ham pizza", "no, on saturday"], "A pizza cannot be ordered for a set time"),
        (["order a large ham pizza to the office", "bring it home"], "That is one large ham pizza for"),
        (
            ["order a large ham pizza to the office", "deliver it to my place"],
            "That is one large ham pizza for",
        ),
        (["call me a taxi", "to the zoo tomorrow", "at nine"], "tomorrow at 9:00 AM"),
        (["call me a taxi to the zoo at eleven in the evening", "at midnight"], "12:00 AM"),
        (["order a large ham pizza", "deliver it at eight"], "A pizza cannot be ordered for a set time"),
        (["call me a taxi to the zoo", "for three people"], "for 3 people"),
        (["call me a taxi to the zoo", "make it premium"], "kilometres, premium for"),
        (["order a large ham pizza", "with a stuffed crust"], "with a stuffed crust for $22.48"),
        (
            ["order a large ham pizza", "actually i want pineapple too"],
            "one large ham and pineapple pizza for",
        ),
        (["order a large ham pizza", "ham and olives as well"], "one large ham and olive pizza for"),
        (["order a large ham pizza", "make it twenty"], "20 large ham pizzas for"),
        (["order a pizza", "large", "plain"], "one large cheese pizza for"),
        (["call me a taxi", "to the station", "in a van"], "from home to train station, 3.6 kilometres, van"),
        (["call me a taxi to the zoo", "not the zoo, the station"], "from home to train station"),
        (["order a large pizza", "half mushroom half pepperoni"], "one large mushroom and pepperoni pizza"),
        (
            ["order a pizza", "medium with half ham and half olives"],
            "cannot be had in halves: what you name goes on the whole of it. That is one medium ham and olive",
        ),
        (
            ["order a large pizza", "half and half", "ham"],
            "That is one large ham pizza for",
        ),
        (["order a large half ham half olive pizza"], "cannot be had in halves"),
        (
            ["order a large ham pizza", "deliver it to my mom's house", "the office"],
            "one large ham pizza to the office for",
        ),
        (
            ["order a ham pizza to my friend's place", "make it large", "home"],
            "That is one large ham pizza for $19.98, $2.99 of it for delivery",
        ),
        (
            ["order a large ham pizza to the office", "take it to 12 main street", "i'll pick it up"],
            "one large ham pizza for $16.99, to pick up",
        ),
        (
            ["order a large ham pizza to the office", "no, pick up", "deliver it after all"],
            "one large ham pizza to the office for $19.98",
        ),
        (
            ["order a large ham pizza to the office", "no, pick up", "to my house"],
            "That is one large ham pizza for $19.98",
        ),
        (["order a large ham pizza", "can you deliver it to the hotel instead"], "pizza to the hotel for"),
        (["order a large ham pizza", "change the size to small"], "one small ham pizza for"),
        (["call me a taxi to the zoo", "make it four", "people"], "for 4 people for"),
        (
            ["call me a taxi to the zoo for two at nine", "make it four", "for people"],
            "for 4 people, at 9:00",
        ),
        (["call me a taxi to the zoo", "make it seven", "the time"], "at 7:00 PM"),
        (["call me a taxi to the zoo tonight at one", "make it eleven"], "at 11:00 PM"),
    ],
)
def test_a_correction_is_read_back_anew_and_nothing_else_is_ordered(
    store: Store, clock: SimulatedClock, said: list[str], description: str
) -> None:
    receipts = say(program(store, clock), *said, "yes")
    assert description in receipts[-2].interaction.reply
    assert outcomes(receipts)[-1] == "ordered"
    orders = store.rows("SELECT id FROM orders ORDER BY rowid")
    lives = [[(event.state, event.reason) for event in store.order(row["id"])[1]] for row in orders]
    assert lives[:-1] == [[("quoted", ""), ("cancelled", "changed")]] * (len(lives) - 1)
    assert [state for state, _ in lives[-1]] == ["quoted", "confirmed", "placed"]
    assert len({receipt.interaction.session for receipt in receipts}) == 1


@pytest.mark.parametrize(
    "ask", ["what was that", "say that again", "what", "how much is it", "how long will it take"]
)
def test_asking_back_never_counts_as_misunderstood(store: Store, clock: SimulatedClock, ask: str) -> None:
    receipts = say(program(store, clock), "order a large ham pizza", *[ask] * 5, "yes")
    assert outcomes(receipts) == ["asked"] * 6 + ["ordered"]
    assert all("hall I order?" in receipt.interaction.reply for receipt in receipts[:-1])


def test_what_is_asked_about_the_order_is_answered(store: Store, clock: SimulatedClock) -> None:
    _, much, long = say(program(store, clock), "order a large ham pizza", "how much is it", "how long")
    assert "$19.98" in much.interaction.reply
    assert "35 minutes" in long.interaction.reply


def test_more_than_is_sold_is_refused_and_not_made_one(store: Store, clock: SimulatedClock) -> None:
    (refused,) = say(program(store, clock), "order 100 large ham pizzas")
    assert refused.interaction.outcome == "failed"
    assert "1 to 20 pizzas, not 100" in refused.interaction.reply


def test_another_order_takes_nothing_over_from_the_first(store: Store, clock: SimulatedClock) -> None:
    receipts = say(program(store, clock), "order two large ham pizzas", "order a small pizza", "ham", "yes")
    order = receipts[-1].order
    assert order is not None
    assert order.slots == {"size": "small", "topping": "ham", "quantity": 1}
    (asked,) = say(program(store, clock, "other"), "order a large ham pizza")
    line = program(store, clock, "third")
    say(line, "order a large ham pizza")
    (missing,) = say(line, "order a pizza")
    assert missing.interaction.reply == "Then nothing was ordered. What size: small, medium or large?"
    assert asked.order is not None


def test_the_partner_cannot_and_what_was_read_back_stands(store: Store, clock: SimulatedClock) -> None:
    receipts = say(program(store, clock), "call me a taxi to the zoo", "to home", "yes")
    assert "It stays as it was." in receipts[1].interaction.reply
    assert receipts[2].order is not None
    assert receipts[2].order.slots["destination"] == "zoo"


def test_the_usual_is_what_this_device_ordered_last_and_did_not_call_off(
    store: Store, clock: SimulatedClock
) -> None:
    line = program(store, clock)
    (unknown,) = say(line, "order the usual")
    assert unknown.interaction.reply == "I do not know your usual yet. What size: small, medium or large?"
    say(line, "cancel", "order two large ham pizzas", "yes")
    (at_once,) = say(line, "order the usual")
    assert at_once.interaction.reply.startswith("You ordered the same just now: 2 large ham pizzas")
    say(line, "no")
    clock.advance(timedelta(hours=2))
    say(line, "order a small margherita pizza", "yes", "cancel my order")
    read_back, ordered = say(line, "order the usual", "yes")
    assert "2 large ham pizzas" in read_back.interaction.reply
    assert ordered.interaction.outcome == "ordered"
    (elsewhere,) = say(program(store, clock, "other"), "order the usual")
    assert "do not know your usual" in elsewhere.interaction.reply


@pytest.mark.parametrize("said", ["the usual", "same again", "the same as last time please"])
def test_the_usual_without_an_ordering_verb_is_asked_about_first(
    store: Store, clock: SimulatedClock, said: str
) -> None:
    line = program(store, clock)
    say(line, "order two large ham pizzas", "yes")
    clock.advance(timedelta(hours=2))
    asked, read_back, ordered = say(line, said, "yes", "yes")
    assert asked.interaction.reply == "Did you want a pizza?"
    assert asked.order is None
    assert read_back.interaction.reply.startswith("That is 2 large ham pizzas for")
    assert ordered.interaction.outcome == "ordered"
    assert outcomes(say(line, said, "no")) == ["asked", "cancelled"]


@pytest.mark.parametrize("yes", ["actually yes", "well yes", "um yes", "oh yes please"])
def test_a_yes_behind_a_word_of_hesitation_is_a_clear_one(
    store: Store, clock: SimulatedClock, yes: str
) -> None:
    assert outcomes(say(program(store, clock), "order a large ham pizza", yes)) == ["asked", "ordered"]


@pytest.mark.parametrize("no", ["actually no", "well no", "um no", "oh no thanks", "undo that"])
def test_a_no_behind_a_word_of_hesitation_is_one(store: Store, clock: SimulatedClock, no: str) -> None:
    assert outcomes(say(program(store, clock), "order a large ham pizza", no)) == ["asked", "cancelled"]


def test_a_place_that_nobody_knows_is_asked_about_until_one_is_named(
    store: Store, clock: SimulatedClock
) -> None:
    line = program(store, clock)
    receipts = say(line, "order a large ham pizza to my sister's house", "make it small", "yes")
    assert all("I do not know that place." in receipt.interaction.reply for receipt in receipts)
    assert store.orders() == []


def test_how_many_people_are_too_many_is_the_answer(store: Store, clock: SimulatedClock) -> None:
    for answer in ("twelve people", "people"):
        (*_, refused) = say(program(store, clock), "call me a taxi to the zoo", "make it twelve", answer)
        assert "there are seats for 8, not for 12" in refused.interaction.reply


WHERE: tuple[str, ...] = ("where's my pizza", "where is my order", "when does my pizza come", "order status")


@pytest.mark.parametrize("where", WHERE)
def test_where_an_order_is_is_answered_and_orders_nothing(
    store: Store, clock: SimulatedClock, where: str
) -> None:
    line = program(store, clock)
    (none,) = say(line, where)
    assert (none.interaction.outcome, none.interaction.reply) == ("answered", "No order is under way.")
    say(line, "order a large ham pizza", "yes")
    clock.advance(timedelta(minutes=5))
    (on_its_way,) = say(line, where)
    assert on_its_way.interaction.reply == (
        "You ordered one large ham pizza 5 minutes ago. It will be there in about 30 minutes."
    )
    assert on_its_way.interaction.intent == "pizza"
    clock.advance(timedelta(hours=2))
    (over,) = say(line, where)
    assert over.interaction.reply == "No order is under way."
    assert len(store.orders()) == 1


def test_where_what_is_named_is(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    say(line, "order a large ham pizza", "i'll pick it up", "yes", "call me a taxi to the airport", "yes")
    taxi, both, elsewhere = (
        receipt.interaction.reply
        for receipt in (
            *say(line, "where is my taxi", "where is my order"),
            *say(program(store, clock, "elsewhere"), "where is my pizza"),
        )
    )
    assert taxi.endswith("The car should be there in about 5 minutes.")
    assert "You can pick it up in about 20 minutes. You ordered a ride" in both
    assert elsewhere == "No order is under way."
    clock.advance(timedelta(minutes=5))
    (driving,) = say(line, "where is my taxi")
    assert driving.interaction.reply.endswith("You will be there in about 35 minutes.")


def test_who_asks_for_an_order_while_another_is_read_back_is_asked_again(
    store: Store, clock: SimulatedClock
) -> None:
    receipts = say(program(store, clock), "order a large ham pizza", *["where is my pizza"] * 5, "yes")
    assert outcomes(receipts) == ["asked"] * 6 + ["ordered"]
    assert receipts[1].interaction.reply.startswith("No order is under way. That is one large ham pizza")


def test_a_ride_at_a_time_says_when_it_leaves(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    (*_, where) = say(line, "call me a taxi to the airport tomorrow at eight", "yes", "where's my taxi")
    assert where.interaction.reply.endswith("It leaves tomorrow at 8:00 AM and takes about 34 minutes.")


def test_the_same_within_a_minute_asks_once_more(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    say(line, "order a large ham pizza", "yes")
    clock.advance(timedelta(seconds=50))
    again, no = say(line, "order a large ham pizza", "no")
    assert again.interaction.reply.startswith("You ordered the same 1 minute ago")
    assert again.interaction.reply.endswith("Order it once more?")
    assert no.interaction.outcome == "cancelled"
    clock.advance(timedelta(seconds=11))
    (later,) = say(line, "order a large ham pizza")
    assert later.interaction.reply.endswith("Shall I order?")


NO: tuple[str, ...] = (
    "no",
    "no wait",
    "wait no cancel that",
    "cancel my order",
    "cancel my pizza",
    "don't do it",
)


@pytest.mark.parametrize("no", NO)
def test_what_was_just_ordered_is_called_off_by_a_no(store: Store, clock: SimulatedClock, no: str) -> None:
    line = program(store, clock)
    *_, placed = say(line, "order a large ham pizza", "yes")
    clock.advance(timedelta(seconds=50))
    (off,) = say(line, no)
    assert placed.order
    assert (off.interaction.outcome, off.interaction.order_id) == ("cancelled", placed.order.id)
    assert off.interaction.session == placed.interaction.session
    life = store.order(placed.order.id)[1]
    assert [(event.state, event.reason) for event in life][-2:] == [
        ("placed", ""),
        ("cancelled", "withdrawn"),
    ]
    # It is over: nothing is left to call off, and nothing comes of it.
    clock.advance(timedelta(hours=2))
    assert line.advance() == []
    assert outcomes(say(line, no)) == ["rejected"]


def test_what_is_named_is_called_off_and_nothing_else(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    *_, pizza = say(line, "order a large ham pizza", "yes")
    *_, taxi = say(line, "call a taxi to the airport", "yes")
    assert pizza.order
    assert taxi.order
    (off,) = say(line, "cancel my pizza")
    assert (off.interaction.outcome, off.interaction.order_id) == ("cancelled", pizza.order.id)
    assert outcomes(say(line, "cancel my pizza")) == ["rejected"]
    (other,) = say(line, "cancel my cab")
    assert other.interaction.order_id == taxi.order.id


def test_an_order_of_before_is_not_called_off(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    say(line, "order a large ham pizza", "yes")
    clock.advance(timedelta(seconds=61))
    assert outcomes(say(line, "cancel my order")) == ["rejected"]
    never = program(store, clock, limits=Limits(withdrawal=timedelta(0)))
    say(never, "order a large olive pizza", "yes")
    clock.advance(timedelta(seconds=1))
    assert outcomes(say(never, "cancel my order")) == ["rejected"]
    elsewhere = program(store, clock, device="elsewhere")
    assert outcomes(say(elsewhere, "cancel my order")) == ["rejected"]


def test_what_was_delivered_is_not_called_off(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock, limits=Limits(withdrawal=timedelta(hours=5)))
    *_, placed = say(line, "order a large ham pizza", "yes")
    clock.advance(timedelta(hours=2))
    assert outcomes(say(line, "cancel my order")) == ["rejected"]
    assert placed.order
    assert store.order(placed.order.id)[1][-1].reason != "withdrawn"


def test_another_program_of_the_device_calls_off_the_last_order(store: Store, clock: SimulatedClock) -> None:
    one, other = program(store, clock), program(store, clock)
    *_, first = say(one, "order a large ham pizza", "yes")
    clock.advance(timedelta(seconds=5))
    *_, second = say(one, "get me a ride to the airport", "yes")
    taken_back = [receipt.interaction.order_id for receipt in say(other, "no wait", "no wait", "no wait")]
    assert first.order
    assert second.order
    assert taken_back == [second.order.id, first.order.id, None]


def test_no_is_still_the_answer_to_what_is_asked(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    *_, first = say(line, "order a large ham pizza", "yes")
    say(line, "get me a ride to the airport", "no")
    assert first.order
    assert store.order(first.order.id)[1][-1].state == "placed"


def test_what_was_called_off_counts_neither_for_the_day_nor_as_the_same(
    store: Store, clock: SimulatedClock
) -> None:
    line = program(store, clock, limits=Limits(orders_a_day=1))
    once = ("order a large ham pizza", "yes")
    assert outcomes(say(line, *once, "no wait", *once)) == [
        "asked",
        "ordered",
        "cancelled",
        "asked",
        "ordered",
    ]


def test_two_programs_are_asked_before_they_order_the_same(store: Store, clock: SimulatedClock) -> None:
    one, two = program(store, clock), program(store, clock)
    say(one, "order a large ham pizza")
    say(two, "order a large ham pizza", "yes")
    first, second = say(one, "yes", "yes")
    assert (first.interaction.outcome, second.interaction.outcome) == ("asked", "ordered")
    assert first.interaction.reply.endswith("Order it once more?")


def test_two_programs_do_not_slip_under_a_limit_together(store: Store, clock: SimulatedClock) -> None:
    limits = Limits(orders_a_day=1)
    one, two = program(store, clock, limits=limits), program(store, clock, limits=limits)
    say(one, "order a large ham pizza")
    say(two, "call me a taxi to the zoo", "yes")
    (refused,) = say(one, "yes")
    assert refused.interaction.outcome == "failed"
    assert refused.interaction.reply == "The limit of orders a day, 1, is reached. Nothing was ordered."
    (before_it_is_read_back,) = say(one, "order a large ham pizza")
    assert before_it_is_read_back.interaction.outcome == "failed"
    assert before_it_is_read_back.order is None
    clock.advance(timedelta(days=1))
    assert outcomes(say(one, "order a large ham pizza", "yes")) == ["asked", "ordered"]


def test_a_day_may_be_limited_by_its_amount(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock, limits=Limits(amount_a_day=Money.of("30", "USD")))
    say(line, "order a large ham pizza", "yes")
    (refused,) = say(line, "order a small ham pizza")
    assert refused.interaction.reply.startswith(
        "You have ordered for $19.98 today, and this would go beyond $30.00"
    )


def test_another_hypothesis_is_kept_and_orders_nothing(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    nearly = (Alternative(text="yes", behind=0.0), Alternative(text="order a large ham pizza", behind=0.1))
    unclear = Heard(
        transcript=Transcript(text="", alternatives=nearly, engine="pocketsphinx"), source="microphone"
    )
    first = line.handle(unclear)
    (asked,) = say(line, "order a large ham pizza")
    second = line.handle(unclear)
    assert outcomes([first, asked, second]) == ["rejected", "asked", "rejected"]
    found = store.interaction(second.interaction.id)
    assert found is not None
    assert found.alternatives == nearly


def everything_stored(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.iterdir())


def test_a_pin_is_asked_for_after_the_yes_and_never_written_down(
    store: Store, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    line = program(store, clock, pin=PIN)
    asked = say(line, "order a large ham pizza", "yes")
    assert outcomes(asked) == ["asked", "asked"]
    said = Heard(
        transcript=Transcript(
            text="twelve thirty four",
            words=(Word(text="twelve", start_s=0.0, end_s=0.3), Word(text="thirty", start_s=0.3, end_s=0.6)),
            alternatives=(
                Alternative(text="twelve thirty for"),
                Alternative(text="twelve dirty four", behind=3.5),
            ),
            engine="vosk",
        ),
        source="microphone",
    )
    receipt = line.handle(said)
    it = store.interaction(receipt.interaction.id)
    assert it == receipt.interaction
    assert (it.transcript, it.words, it.alternatives, it.outcome, it.step) == (
        "***",
        (),
        (),
        "ordered",
        "pin",
    )
    stored = everything_stored(store.path)
    assert not [word for word in (b"twelve", b"thirty", b"dirty") if word in stored]
    assert "thirty" not in caplog.text


def test_wrong_pins_end_the_order(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock, pin=PIN)
    receipts = say(line, "order a large ham pizza", "yes", "1111", "one two three five", "9 9 9 9", "1234")
    assert outcomes(receipts)[2:] == ["rejected", "rejected", "cancelled", "rejected"]
    assert {receipt.interaction.transcript for receipt in receipts[2:]} == {"***"}
    assert store.order(receipts[0].interaction.order_id or "")[1][-1].reason == "wrong PIN"


def test_a_yes_is_no_pin_and_a_pin_is_no_yes(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock, pin=PIN)
    assert outcomes(say(line, "order a large ham pizza", "1234", "yes", "yes", "cancel"))[1:] == [
        *("rejected", "asked", "rejected", "cancelled"),
    ]
    assert store.rows("SELECT * FROM order_events WHERE state = 'placed'") == []


def test_a_change_of_mind_at_the_pin_is_read_back_first(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock, pin=PIN)
    receipts = say(line, "order a large ham pizza", "yes", "make it two", "1234", "yes", "1234")
    assert outcomes(receipts) == ["asked", "asked", "asked", "rejected", "asked", "ordered"]
    assert dict(receipts[2].interaction.slots) == {}


def test_what_was_said_last_is_said_again(store: Store, clock: SimulatedClock) -> None:
    nothing, played, again = say(program(store, clock), "what was that", "play some jazz", "say that again")
    assert nothing.interaction.reply == "I have not said anything yet."
    assert again.interaction.reply == played.interaction.reply


def test_a_ride_at_a_time_ends_after_it(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    read_back, _ = say(line, "call me a taxi to the airport tomorrow at eight", "yes")
    assert "tomorrow at 8:00 AM" in read_back.interaction.reply
    clock.advance(timedelta(hours=3))
    assert line.advance() == []
    clock.advance(timedelta(hours=14))
    assert [event.state for event in line.advance()] == ["completed"]


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        (["will it rain tomorrow", "in paris"], {"day": "tomorrow", "place": "paris"}),
        (["what's the weather in paris", "and on sunday?"], {"day": "sunday", "place": "paris"}),
        (["what's the humidity in paris", "how about london"], {"what": "humidity", "place": "london"}),
        (["what's the weather in paris", "tomorrow", "and in rome"], {"day": "tomorrow", "place": "rome"}),
        (["what time is it in tokyo", "and in london"], {"what": "time", "place": "london"}),
        (["how's the traffic to work", "and to the airport"], {"destination": "airport"}),
        (
            ["dim the kitchen to thirty percent", "and the bedroom"],
            {"action": "set", "brightness": 30, "room": "bedroom"},
        ),
        (
            ["wake me every day at seven", "and on sunday"],
            {"action": "set", "daily": "07:00", "repeat": "on sunday"},
        ),
        (["set a timer for ten minutes", "make it twenty minutes"], {"action": "set", "duration": 1200}),
        (["set a timer for ten minutes", "cancel it"], {"action": "cancel", "duration": 600}),
        (
            ["set an alarm for seven tomorrow", "make it half past seven"],
            {"action": "set", "time": "2026-01-06T07:00", "daily": "07:30"},
        ),
        (
            ["turn on the kitchen light", "fifty percent"],
            {"action": "set", "room": "kitchen", "brightness": 50},
        ),
        (["turn on the kitchen light", "off"], {"action": "off", "room": "kitchen"}),
        (["turn on the kitchen light", "make it red"], {"action": "on", "room": "kitchen", "colour": "red"}),
        # A whole question takes nothing over.
        (["will it rain tomorrow", "what's the weather in paris"], {"place": "paris"}),
    ],
)
def test_what_follows_up_on_an_answer_says_only_what_is_different(
    store: Store, clock: SimulatedClock, said: list[str], slots: dict[str, Any]
) -> None:
    last = say(program(store, clock), *said)[-1].interaction
    assert (last.outcome, last.slots) == ("answered", slots)


def test_a_follow_up_is_of_the_same_conversation_and_the_log_says_of_what(
    store: Store, clock: SimulatedClock
) -> None:
    first, second, third = (
        receipt.interaction
        for receipt in say(program(store, clock), "will it rain tomorrow", "in paris", "play some jazz")
    )
    assert first.session == second.session != third.session
    assert (first.expected, second.expected, third.expected) == (
        {},
        {"intent": "weather", "answered": "yes"},
        {},
    )


def test_what_follows_up_on_nothing_is_not_understood(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    for before in (
        ["play some jazz"],
        ["will it rain tomorrow", "the cat sat on the mat"],
        ["order a small ham pizza", "no"],
    ):
        assert say(line, *before, "in paris")[-1].interaction.outcome == "rejected"
    say(line, "will it rain tomorrow")
    clock.advance(timedelta(seconds=21))
    assert say(line, "in paris")[0].interaction.outcome == "rejected"


def test_nothing_follows_up_on_an_order(store: Store, clock: SimulatedClock) -> None:
    line = program(store, clock)
    receipts = say(
        line,
        "what's the weather in paris",
        "order a large ham pizza",
        "in rome",
        "yes",
        "and a small one",
        "tomorrow",
    )
    assert outcomes(receipts) == ["answered", "asked", "rejected", "ordered", "rejected", "asked"]
    assert receipts[-1].offered
    assert len(store.orders()) == 1
