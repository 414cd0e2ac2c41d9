"""What is stored comes back as it was."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.clock import SimulatedClock, new_id
from assistant.ledger.rules import book_interaction
from assistant.ledger.transactions import Transaction
from assistant.records import Interaction, Order, OrderEvent, Reply, from_stamp, stamp
from tests.assistant.examples import NOW, event, interaction, order, plan


def test_rows_read_back() -> None:
    row = {**interaction().to_row(), "number": 7}
    assert Interaction.from_row(row) == interaction(number=7)
    assert Order.from_row(order().to_row()) == order()
    assert OrderEvent.from_row(event("placed").to_row()) == event("placed")
    for start_us, stopped in ((60_000, False), (None, True)):
        reply = Reply(
            interaction_id="i1",
            voice="espeak-ng en-us",
            synthesis_us=20_000,
            length_us=1_500_000,
            start_us=start_us,
            silence_us=start_us,
            stopped=stopped,
        )
        assert Reply.from_row(reply.to_row()) == reply
    (transaction,) = book_interaction(interaction(), plan())
    assert Transaction.from_rows(*transaction.to_rows()) == transaction


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001
        max_value=datetime(2900, 1, 1),  # noqa: DTZ001
        timezones=st.just(timezone(timedelta(hours=9))),
    )
)
def test_a_stamp_reads_back_and_sorts_by_time(when: datetime) -> None:
    assert from_stamp(stamp(when)) == when
    assert stamp(when) < stamp(when + timedelta(microseconds=1))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        stamp(datetime(2026, 1, 1))  # noqa: DTZ001


def test_ids_are_unique_version_7_and_sorted_by_time() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=i)) for i in range(1000)]
    assert ids == sorted(set(ids))
    assert {(text[14], text[19] in "89ab") for text in ids} == {("7", True)}


def test_a_simulated_clock_does_not_go_back() -> None:
    clock = SimulatedClock(NOW)
    clock.advance(timedelta(minutes=5))
    assert clock.now() == NOW + timedelta(minutes=5)
    with pytest.raises(ValueError, match="does not go back"):
        clock.move_to(NOW)
