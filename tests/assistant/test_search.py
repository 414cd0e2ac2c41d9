"""The log a page at a time comes to the same as the log looked through from end to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Database

from assistant.ledger.plan_file import load_plan
from assistant.records import from_stamp
from assistant.reports.profit import Terms, log_funnel, make_profit
from assistant.reports.whatif import repriced
from assistant.store import search
from assistant.store.search import Filters, choices, find, neighbours
from assistant.store.store import Store
from assistant.store.summary import QUARTER_S
from assistant.store.turns import order_lives
from tests.assistant.examples import NOW
from tests.assistant.random_log import fill

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("search") / "log.db") as opened:
        fill(opened, seed=5, conversations=300, plans=[load_plan("home")])
        yield opened


def paged(store: Store, filters: Filters, limit: int = 7) -> list[int]:
    """All pages, one after another."""
    numbers: list[int] = []
    before = ""
    while True:
        page = find(store, filters, before=before, limit=limit)
        assert len(page.rows) <= limit
        numbers += [row["number"] for row in page.rows]
        if not page.older:
            return numbers
        assert page.older != before
        before = page.older


def looked_through(store: Store, filters: Filters) -> list[int]:
    def fits(it: Any) -> bool:
        return all(
            (
                all(
                    getattr(filters, name) in ("", getattr(it, name) or "none")
                    for name in ("intent", "outcome", "device", "engine", "source")
                ),
                filters.below is None or it.score < filters.below,
                filters.unsure is None
                or any(w.confidence is not None and w.confidence < filters.unsure for w in it.words),
                filters.since is None or it.at >= filters.since,
                filters.until is None or it.at < filters.until,
                all(word in it.transcript.split() for word in filters.words.split()),
            )
        )

    found = [it for it in store.interactions() if fits(it)]
    return [it.number for it in sorted(found, key=lambda it: (it.at, it.number), reverse=True)]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(intent="pizza"),
        Filters(intent="none"),
        Filters(intent="pizza", outcome="cancelled"),
        Filters(device="nowhere"),
        Filters(engine="vosk", device="hall"),
        Filters(source="microphone", intent="music"),
        Filters(below=0.7),
        Filters(intent="ride", below=0.99),
        Filters(unsure=0.95),
        Filters(unsure=0.9, intent="music"),
        Filters(since=NOW - timedelta(days=30), until=NOW - timedelta(days=20)),
        Filters(intent="music", since=NOW - timedelta(days=30), until=NOW - timedelta(days=10)),
        Filters(verdict="none", outcome="ordered"),
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_are_the_whole(store: Store, filters: Filters, limit: int) -> None:
    assert paged(store, filters, limit) == looked_through(store, filters)


def test_where_looking_stops_it_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST", 20)
    filters = Filters(below=0.7)
    assert find(store, filters, limit=1000).back_to is not None
    assert paged(store, filters) == looked_through(store, filters)


def test_money_stands_with_each(store: Store) -> None:
    rows = find(store, Filters(), limit=1000).rows
    (sums,) = store.rows("SELECT -sum(amount_micros) AS micros FROM postings WHERE account GLOB 'Income:*'")
    assert sum(earned for row in rows for _, earned, _ in row["booked"]) == sums["micros"]


def test_choices_and_neighbours(store: Store) -> None:
    assert set(choices(store)["intent"]) >= {"pizza", "ride", "none"}
    newest = search.newest(store)
    assert neighbours(store, newest) == (None, newest - 1)
    assert neighbours(store, 1) == (2, None)


@pytest.mark.parametrize("days", [(40, 0), (30, 10), (12, 11)])
def test_a_time_booked_again_is_that_part_of_the_whole_booked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, days: tuple[int, int]
) -> None:
    """What-if and funnel read no more of the log than their time needs."""
    since, until = ((NOW - timedelta(days=each)).replace(minute=0, second=0, microsecond=0) for each in days)
    terms = Terms(plan=load_plan("maker"), what_if=True, since=since, until=until)
    bounded, funnel = make_profit(store, "intent", terms), log_funnel(store, replace(terms, what_if=False))
    monkeypatch.setattr("assistant.reports.profit.repriced", lambda *arguments, **_: repriced(*arguments))
    monkeypatch.setattr("assistant.reports.profit.order_lives", lambda store, **_: order_lives(store))
    assert make_profit(store, "intent", terms) == bounded
    assert log_funnel(store, replace(terms, what_if=False)) == funnel


def test_quarters_begin_where_the_sums_do(store: Store) -> None:
    with Database(store.path) as db:
        (quarter,) = db.execute("SELECT min(quarter) FROM statement_totals").fetchone()
    first = store.interactions()[0]
    assert quarter == int(first.at.timestamp()) // QUARTER_S
    assert from_stamp(search._text(quarter)) <= first.at  # noqa: SLF001
