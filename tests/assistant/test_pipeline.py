"""From words to books, over time: orders complete later, questions time out, a failed write loses nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from assistant.audiotest.cases import Case
from assistant.audiotest.hearing import false_order
from assistant.clock import SimulatedClock
from assistant.errors import StoreError
from assistant.ledger.transactions import cost, revenue
from assistant.partners.board import Partners, load_partners
from assistant.partners.pizza import Pizza
from assistant.partners.ride import Ride
from assistant.pipeline import Pipeline
from assistant.records import Effort, Heard, OrderEvent, Transcript
from assistant.store import store as store_module
from assistant.store.audit import audit
from assistant.store.store import Store
from intents.catalogue import load_catalogue
from intents.endings import Endings
from intents.match import Matcher
from tests.assistant.examples import NOW, setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from assistant.pipeline import Receipt

CATALOGUE = load_catalogue("en")
MATCHER = Matcher(CATALOGUE)


def pipeline(store: Store, clock: SimulatedClock, partners: Partners | None = None) -> Pipeline:
    return Pipeline(
        matcher=MATCHER,
        setting=setting(CATALOGUE, partners=partners or load_partners("USD")),
        store=store,
        clock=clock,
        device="test",
        timeout=timedelta(seconds=20),
    )


def heard(text: str) -> Heard:
    return Heard(
        transcript=Transcript(text=text, engine="pocketsphinx", model="test"),
        source="file",
        effort=Effort(audio_us=2_000_000, recognition_cpu_us=100_000, recognition_us=100_000),
    )


def say(line: Pipeline, *texts: str) -> list[Receipt]:
    return [line.handle(heard(text)) for text in texts]


def states(store: Store, order_id: str | None) -> list[str]:
    return [event.state for event in store.order(order_id or "")[1]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "log.db") as opened:
        yield opened
        assert audit(opened).problems == ()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


def test_a_trivial_command_costs_and_earns_nothing(store: Store, clock: SimulatedClock) -> None:
    (receipt,) = say(pipeline(store, clock), "play some jazz")
    assert store.interaction("1") == receipt.interaction
    assert receipt.interaction.kind == "trivial"
    assert receipt.interaction.effort.understanding_us > 0
    assert revenue(receipt.transactions, "USD").micros == 0
    assert cost(receipt.transactions, "USD").micros > 0


def test_a_rebate_is_earned_when_the_order_completes_not_when_it_is_spoken(
    store: Store, clock: SimulatedClock
) -> None:
    line = pipeline(store, clock)
    _, ordered = say(line, "order a large pepperoni pizza", "yes")
    assert ordered.interaction.outcome == "ordered"
    assert revenue(ordered.transactions, "USD").micros == 0
    clock.advance(timedelta(minutes=20))
    assert line.advance() == []
    clock.advance(timedelta(minutes=30))
    (completed,) = line.advance()
    assert completed.state == "completed"
    # 35 minutes, a fifth more or less, dated when it happened and not when it was noticed.
    assert timedelta(minutes=28) <= completed.at - NOW <= timedelta(minutes=42)
    booked = store.transactions([ordered.interaction.id])[ordered.interaction.id]
    assert str(revenue(booked, "USD")) == "0.999000"


def test_another_program_sees_a_placed_order_through(store: Store, clock: SimulatedClock) -> None:
    _, ordered = say(pipeline(store, clock), "order a large pepperoni pizza", "yes")
    clock.advance(timedelta(hours=1))
    assert [event.state for event in pipeline(store, clock).advance()] == ["completed"]
    assert states(store, ordered.interaction.order_id) == ["quoted", "confirmed", "placed", "completed"]


def test_a_partner_may_call_an_order_off_and_nothing_is_earned(store: Store, clock: SimulatedClock) -> None:
    board = load_partners("USD")
    pizza = board.sellers["pizza"]
    assert isinstance(pizza, Pizza)
    grumpy = Pizza(replace(pizza.menu, cancel_share=1.0), "USD")
    line = pipeline(store, clock, replace(board, sellers={**board.sellers, "pizza": grumpy}))
    _, ordered = say(line, "order a large pepperoni pizza", "yes")
    clock.advance(timedelta(hours=1))
    (event,) = line.advance()
    assert (event.state, event.reason) == ("cancelled", "the partner called it off")
    booked = store.transactions([ordered.interaction.id])[ordered.interaction.id]
    assert revenue(booked, "USD").micros == 0
    assert cost(booked, "USD").micros > 7_500


def test_an_unanswered_question_orders_nothing(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    (asked,) = say(line, "order a large pepperoni pizza")
    clock.advance(timedelta(seconds=21))
    (late,) = say(line, "yes")
    assert late.interaction.outcome == "rejected"
    assert late.interaction.session != asked.interaction.session
    assert [(event.state, event.reason) for event in late.meanwhile] == [("cancelled", "no answer")]
    assert states(store, asked.interaction.order_id) == ["quoted", "cancelled"]
    assert store.order(asked.interaction.order_id or "")[1][-1].reason == "no answer"


def test_an_answer_in_time_is_a_turn_of_the_same_session(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    turns = []
    for text in ("order a pizza", "large", "pepperoni", "yes"):
        clock.advance(timedelta(seconds=15))
        turns += say(line, text)
    assert len({turn.interaction.session for turn in turns}) == 1
    assert turns[-1].interaction.outcome == "ordered"


def test_what_was_asked_for_is_kept_with_the_answer(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    say(line, "order a pizza", "large", "blue green", "pepperoni", "yes", "play some jazz")
    kept = [dict(it.expected or {}) for it in store.interactions()]
    assert kept == [
        {},
        {"intent": "pizza", "slot": "size"},
        {"intent": "pizza", "slot": "topping"},
        {"intent": "pizza", "slot": "topping"},
        {"intent": "pizza"},
        {},
    ]


def test_an_order_left_open_by_a_killed_program_is_cancelled(store: Store, clock: SimulatedClock) -> None:
    (asked,) = say(pipeline(store, clock), "order a large pepperoni pizza")
    successor = pipeline(store, clock)
    # It may still be talking in another process.
    assert successor.advance() == []
    clock.advance(timedelta(minutes=9))
    assert successor.advance() == []
    clock.advance(timedelta(minutes=1))
    assert [event.reason for event in successor.advance()] == ["no answer"]
    assert states(store, asked.interaction.order_id) == ["quoted", "cancelled"]


def test_hanging_up_cancels_what_was_read_back(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    (asked,) = say(line, "order a large pepperoni pizza")
    assert line.in_conversation
    line.hang_up()
    line.hang_up()
    assert not line.in_conversation
    assert states(store, asked.interaction.order_id) == ["quoted", "cancelled"]


def test_fast_forward_ends_this_programs_orders_only(store: Store, clock: SimulatedClock) -> None:
    _, theirs = say(pipeline(store, clock), "order a large ham pizza", "yes")
    line = pipeline(store, clock)
    _, ours = say(line, "call me a taxi to the airport", "yes")
    assert [event.order_id for event in line.fast_forward()] == [ours.interaction.order_id]
    assert states(store, theirs.interaction.order_id)[-1] == "placed"


def test_a_failed_write_orders_nothing_and_the_conversation_stands(
    store: Store, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.05)
    with Store.open(store.path) as impatient:
        line = pipeline(impatient, clock)
        (asked,) = say(line, "order a large pepperoni pizza")
        blocker = sqlite3.connect(store.path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program"):
            say(line, "yes")
        blocker.execute("ROLLBACK")
        blocker.close()
        assert states(store, asked.interaction.order_id) == ["quoted"]
        (ordered,) = say(line, "yes")
    assert ordered.interaction.outcome == "ordered"
    assert len(store.interactions()) == 2


def test_what_is_none_of_ours_is_logged_and_costs(store: Store, clock: SimulatedClock) -> None:
    (receipt,) = say(pipeline(store, clock), "open the garage door")
    it = receipt.interaction
    assert (it.intent, it.kind, it.outcome, it.step) == (None, "none", "rejected", "out of scope")
    assert cost(receipt.transactions, "USD").micros > 0


def test_an_order_that_another_program_ended_is_not_placed(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    (asked,) = say(line, "order a large pepperoni pizza")
    with Store.open(store.path) as other:
        cancelled = OrderEvent(
            order_id=asked.interaction.order_id or "",
            state="cancelled",
            at=clock.now(),
            interaction_id=asked.interaction.id,
            reason="no answer",
        )
        other.advance_orders(lambda _order, _life: ([cancelled], []))
    (late,) = say(line, "yes")
    assert late.interaction.outcome == "rejected"
    assert states(store, asked.interaction.order_id) == ["quoted", "cancelled"]


def test_hanging_up_after_another_program_saw_the_yes_leaves_the_order(
    store: Store, clock: SimulatedClock
) -> None:
    """The state of the conversation is not believed against the log."""
    line, twin = pipeline(store, clock), pipeline(store, clock)
    (asked,) = say(line, "order a large pepperoni pizza")
    twin._state, twin._orders = line._state, line._orders  # noqa: SLF001
    say(twin, "yes")
    line.hang_up()
    assert states(store, asked.interaction.order_id) == ["quoted", "confirmed", "placed"]


def test_a_question_is_timed_by_a_clock_that_is_not_set(store: Store) -> None:
    """The calendar may jump either way while a question is open; only time that passed counts."""

    class Jumping(SimulatedClock):
        jump = timedelta()

        def now(self) -> datetime:
            return super().now() + self.jump

    clock = Jumping(NOW)
    line = pipeline(store, clock)
    say(line, "order a large pepperoni pizza")
    clock.advance(timedelta(seconds=21))
    clock.jump = timedelta(minutes=-30)
    (late,) = say(line, "yes")
    assert late.interaction.outcome == "rejected"
    say(line, "order a large pepperoni pizza")
    clock.jump = timedelta(minutes=30)
    (ordered,) = say(line, "yes")
    assert ordered.interaction.outcome == "ordered"


def test_a_place_that_was_taken_off_the_map_ends_its_rides(store: Store, clock: SimulatedClock) -> None:
    _, ordered = say(pipeline(store, clock), "call me a taxi to the zoo", "yes")
    board = load_partners("USD")
    ride = board.sellers["ride"]
    assert isinstance(ride, Ride)
    smaller = Ride(replace(ride.town, places={"home": (0.0, 0.0)}), "USD")
    successor = pipeline(store, clock, replace(board, sellers={**board.sellers, "ride": smaller}))
    clock.advance(timedelta(hours=1))
    assert [event.state for event in successor.advance()] == ["cancelled"]
    assert states(store, ordered.interaction.order_id)[-1] == "cancelled"


@pytest.mark.parametrize(
    "flaw", [{"truncated": True}, {"effort": Effort(audio_us=2_000_000, lost_frames=160)}]
)
def test_a_yes_with_sound_missing_orders_nothing(
    store: Store, clock: SimulatedClock, flaw: dict[str, Any]
) -> None:
    line = pipeline(store, clock)
    say(line, "order a large pepperoni pizza")
    receipt = line.handle(replace(heard("order it"), **flaw))
    assert (receipt.interaction.outcome, receipt.interaction.step) == ("rejected", "incomplete")
    (ordered,) = say(line, "yes")
    assert ordered.interaction.outcome == "ordered"


def doubtful(text: str) -> Heard:
    return replace(heard(text), transcript=replace(heard(text).transcript, doubtful=True))


@pytest.mark.parametrize("order", ["order a large pepperoni pizza", "get me a ride to the airport now"])
def test_what_may_be_other_speech_is_asked_about_before_it_is_an_order(
    order: str, store: Store, clock: SimulatedClock
) -> None:
    line = pipeline(store, clock)
    receipt = line.handle(doubtful(order))
    assert (receipt.offered, receipt.order, receipt.interaction.outcome) == (True, None, "asked")
    (read_back,) = say(line, "yes")
    assert not read_back.offered
    assert read_back.order
    assert states(store, read_back.order.id) == ["quoted"]


def test_to_be_asked_about_is_no_false_order(store: Store, clock: SimulatedClock) -> None:
    foreign, text = Case(audio="a.flac", intent=None), "order a large pepperoni pizza"
    line = pipeline(store, clock)
    household = setting(CATALOGUE)
    asked = [line.handle(doubtful(text))]
    assert asked[0].interaction.kind == "commerce"
    assert not false_order(foreign, asked, [], None, household)
    line.hang_up()
    (read_back,) = say(line, text)
    assert false_order(foreign, [read_back], [], None, household)
    assert not false_order(replace(foreign, intent="pizza"), [read_back], [], None, household)
    assert read_back.order
    assert false_order(foreign, asked, [read_back.order], None, household)


@pytest.mark.parametrize(
    ("text", "outcome"), [("play some jazz", "answered"), ("no thanks", "cancelled"), ("yes", "ordered")]
)
def test_doubt_holds_up_neither_what_costs_nothing_nor_an_answer(
    text: str, outcome: str, store: Store, clock: SimulatedClock
) -> None:
    line = pipeline(store, clock)
    if outcome != "answered":
        say(line, "order a large pepperoni pizza")
    assert line.handle(doubtful(text)).interaction.outcome == outcome


def test_a_doubtful_answer_to_a_question_is_taken_and_read_back(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    say(line, "order a pepperoni pizza")
    receipt = line.handle(doubtful("large"))
    assert receipt.order
    assert states(store, receipt.order.id) == ["quoted"]


def test_what_will_be_replied_is_foreseen_and_changes_nothing(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    for text in ("order a pizza", "large", "pepperoni", "make it two", "yes", "play some jazz"):
        before = store.interactions()
        foreseen = line.foresee(text)
        assert store.interactions() == before
        (said,) = say(line, text)
        assert foreseen == said.interaction.reply, text
    assert line.foresee("order a") == ""
    assert line.foresee("has anybody seen my glasses") == ""
    assert audit(store).problems == ()


ENDINGS = Endings(CATALOGUE)


def test_an_answer_is_no_whole_command_where_nothing_was_asked(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    assert line.ending("stop the music", ENDINGS) == "closed"
    # Or "order a", of which the end was not said yet.
    assert line.ending("order it", ENDINGS) == "unfinished"
    say(line, "order a large pepperoni pizza")
    assert line.ending("order it", ENDINGS) == "open"


def test_a_yes_that_orders_may_always_go_on(store: Store, clock: SimulatedClock) -> None:
    line = pipeline(store, clock)
    say(line, "order a large pepperoni pizza")
    for text in ("yes", "yes please", "yes go ahead", "sure", "order it"):
        assert line.ending(text, ENDINGS) == "open", text
    assert line.ending("cancel that", ENDINGS) == "closed"
