"""The figures of the first page that are counted here, against counting by hand and by other means."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scipy.stats import binomtest

from assistant.ledger.rules import book_interaction
from assistant.records import Verdict
from assistant.review import quality, today
from assistant.review.periods import Period, period_of
from assistant.review.quality import newest_verdicts, quality_of, wilson
from assistant.store.audio import AudioShelf
from assistant.store.forget import forget
from assistant.store.store import Store
from assistant.store.verdicts import add_verdict
from tests.assistant.examples import NOW, interaction, plan
from tests.assistant.review.household import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "log.db") as opened:
        yield opened


def everything(store: Store) -> Period:
    when = period_of(store, "all", UTC)
    assert when
    return when


def reviewed(store: Store, hours: float, it: dict[str, Any], **verdict: Any) -> str:
    said = say(store, hours, words=(), **it)
    fields = {
        "interaction_id": said.id,
        "verdict": "right",
        "said": said.transcript,
        "intent": said.intent,
        "slots": dict(said.slots),
        "reviewer": "me",
        "at": NOW,
    }
    add_verdict(store, Verdict(**{**fields, **verdict}))
    return said.id


def test_shares_are_counted_as_a_person_counts_them(store: Store) -> None:
    jazz = {"transcript": "play some jazz", "intent": "music", "slots": {"genre": "jazz"}}
    reviewed(store, 0, jazz)
    # Heard otherwise, and the slot was wrong: one word of three.
    reviewed(store, 1, jazz, verdict="wrong", said="Play some chess!", slots={"genre": "chess"})
    # Heard well, and taken for something else.
    reviewed(store, 2, jazz, verdict="wrong", intent="weather", slots={})
    # Two words of four were lost, and it was none of ours.
    reviewed(
        store,
        3,
        {**jazz, "transcript": "play jazz"},
        verdict="wrong",
        said="don't play that jazz",
        intent=None,
    )
    # Typed: understood, and nothing was heard.
    reviewed(store, 4, {**jazz, "source": "typed", "engine": "typed"})
    # Not reviewed.
    say(store, 5)
    # The newer verdict counts.
    twice = reviewed(store, 6, jazz, verdict="wrong", intent="pizza", slots={})
    add_verdict(
        store,
        Verdict(
            interaction_id=twice, verdict="right", said="play some jazz", intent="music",
            slots={"genre": "jazz"}, reviewer="me", at=NOW,
        ),
    )  # fmt: skip
    found = quality_of(newest_verdicts(store, everything(store)))
    assert found.reviewed == 6
    assert (found.right.part, found.right.whole) == (3, 6)
    assert (found.intents.part, found.intents.whole) == (4, 6)
    assert (found.slots.part, found.slots.whole) == (3, 4)
    assert (found.heard.part, found.heard.whole) == (3, 5)
    assert (found.words.part, found.words.whole) == (3, 3 + 3 + 3 + 4 + 3)
    assert 0 <= found.words.low < found.words.share < found.words.high
    assert found.all_of_them
    forget(store, AudioShelf(store.path), [twice], now=NOW)
    assert quality_of(newest_verdicts(store, everything(store))).reviewed == 5


def test_no_word_wrong_is_not_certain_never_to_be(store: Store) -> None:
    reviewed(store, 0, {"transcript": "play some jazz"})
    words = quality_of(newest_verdicts(store, everything(store))).words
    assert (words.part, words.whole, words.low) == (0, 3, 0.0)
    assert words.high == pytest.approx(binomtest(0, 3).proportion_ci(method="wilson").high, abs=1e-6)


def test_of_many_verdicts_the_newest_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "MOST", 2)
    for hours in range(3):
        reviewed(store, hours, {}, verdict="wrong" if hours == 0 else "right")
    found = quality_of(newest_verdicts(store, everything(store)))
    assert (found.right.part, found.reviewed, found.all_of_them) == (2, 2, False)


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (3, 7), (50, 50), (999, 2000)])
def test_intervals_are_those_of_scipy(part: int, whole: int) -> None:
    theirs = binomtest(part, whole).proportion_ci(method="wilson")
    assert wilson(part, whole) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert wilson(0, 0) == (0.0, 1.0)


def test_latencies_drawn_by_lot_are_near_those_of_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(200):
        at = NOW + timedelta(minutes=n)
        it = interaction(id=f"i{n}", session=f"s{n}", at=at)
        # Slower and slower: the newest alone would say otherwise.
        effort = {"endpoint_us": 0, "recognition_us": 1000 * n, "understanding_us": 0}
        it = interaction(id=it.id, session=it.session, at=at, effort=type(it.effort)(**effort))
        store.append(it, transactions=book_interaction(it, plan()))
    when = everything(store)
    monkeypatch.setattr(today, "DRAWN", 200)
    assert today._latencies(today._sample(store, when))["recognition"] == (100.0, 190.0)  # noqa: SLF001
    monkeypatch.setattr(today, "DRAWN", 100)
    sample = today._sample(store, when)  # noqa: SLF001
    assert len(sample) == 100
    half, most = today._latencies(sample)["recognition"]  # noqa: SLF001
    assert abs(half - 100) < 20
    assert abs(most - 190) < 10
