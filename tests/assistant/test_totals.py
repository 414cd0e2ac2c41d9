"""The sums of statements are those of the log and the books, however they are grouped."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from assistant.errors import StoreError
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import reverse
from assistant.reports.statement import income_statement
from assistant.store.audit import audit
from assistant.store.schema import migrations
from assistant.store.store import Store
from assistant.store.summary import DISAGREEMENTS, MEASURES
from assistant.store.totals import GROUPINGS, TIMES, currencies, devices, period, plans, sold, totals
from tests.assistant.examples import NOW
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.records import Interaction
    from assistant.store.audit import Problem

ZONE = ZoneInfo("Asia/Kathmandu")
"""Five hours and three quarters from UTC."""
ZONES = ("UTC", "America/St_Johns", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Chatham", "Etc/GMT+12")
"""Behind UTC and before it, less than half a day and more, by hours and by parts of them."""


@pytest.fixture(scope="module", params=[1, 2, 3])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("random") / "log.db"
    with Store.open(path) as opened:
        plans_ = [load_plan("home"), load_plan("maker"), euro_plan()]
        fill(opened, seed=request.param, conversations=60, plans=plans_)
    return path


@pytest.fixture
def store(log: Path) -> Iterator[Store]:
    with Store.open(log, mode="read") as opened:
        yield opened


@pytest.fixture
def copy(log: Path, tmp_path: Path) -> Iterator[Store]:
    """One that may be written to."""
    with Store.open(Path(shutil.copy(log, tmp_path / "copy.db"))) as opened:
        yield opened


def naive(
    store: Store,
    by: str,
    since: datetime | None = None,
    until: datetime | None = None,
    zone: ZoneInfo = ZONE,
) -> Any:
    """The same sums by the plainest loops over what is stored."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    cells: dict[str, Interaction] = {}
    orders = {row["id"]: row for row in store.rows("SELECT * FROM orders")}
    interactions = store.interactions()

    def add(it_id: str, at: datetime, currency: str, **measures: int) -> None:
        if (since and at < since) or (until and at >= until):
            return
        it = cells[it_id]
        local = at.astimezone(zone)
        key = {
            "day": f"{local:%Y-%m-%d}",
            "hour": f"{local:%H}:00",
            "week": f"{local.isocalendar().year}-W{local.isocalendar().week:02d}",
            "intent": it.intent or "none",
            "partner": orders[it.order_id]["intent"] if it.order_id else "none",
        }.get(by) or str(getattr(it, by))
        kind = it.kind if by in {"intent", "kind"} else "all"
        sums.setdefault((key, kind, currency), Counter()).update(measures)

    for it in interactions:
        cells[it.id] = it
        add(it.id, it.at, "", interactions=1, audio_us=it.effort.audio_us, cpu_us=sum(it.effort.cpu_us))
    for row in store.rows("SELECT * FROM order_events"):
        if row["state"] in {"completed", "refunded", "charged_back"}:
            name = "orders_completed" if row["state"] == "completed" else "orders_returned"
            add(row["interaction_id"], datetime.fromisoformat(row["at"]), "", **{name: 1})
    for it in interactions:
        for transaction in store.transactions([it.id])[it.id]:
            for posting in transaction.postings:
                for prefix, name, sign in (
                    ("Income:", "revenue_micros", -1),
                    ("Expenses:", "cost_micros", 1),
                    ("Assets:Machine:AccumulatedDepreciation", "wear_micros", -1),
                ):
                    if posting.account.startswith(prefix):
                        amount = posting.amount
                        add(it.id, transaction.at, amount.currency, **{name: sign * amount.micros})
    return nonzero(sums)


def grouped(store: Store, by: str, *, zone: ZoneInfo = ZONE, **times: Any) -> Any:
    """The sums of the store, with quarters of an hour put into local hours, days and weeks."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for line in totals(store, by, zone=zone, **times):
        key = line["key"]
        if by in TIMES:
            local = datetime.fromtimestamp(line["quarter"] * 900, zone)
            year, week, _ = local.isocalendar()
            key = {"day": f"{local:%Y-%m-%d}", "hour": f"{local:%H}:00", "week": f"{year}-W{week:02d}"}[by]
        found = sums.setdefault((key, line["kind"], line["currency"]), Counter())
        for name in MEASURES:
            found[name] += line[name]
    return nonzero(sums)


def nonzero(sums: dict[tuple[str, str, str], Counter[str]]) -> dict[tuple[str, str, str], dict[str, int]]:
    """Without what is nothing; amounts may be less than that."""
    return {
        key: {name: value for name, value in found.items() if value}
        for key, found in sums.items()
        if any(found.values())
    }


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_is_the_naive_sum(store: Store, by: str) -> None:
    assert grouped(store, by) == naive(store, by)


@pytest.mark.parametrize("by", ["intent", "day", "partner"])
def test_a_time_is_cut_out_exactly(store: Store, by: str) -> None:
    since = (NOW - timedelta(days=39)).replace(minute=15, second=0, microsecond=0)
    until = since + timedelta(days=9, hours=5, minutes=30)
    found = grouped(store, by, since=since, until=until)
    assert found
    assert found == naive(store, by, since, until)


@pytest.mark.parametrize("by", ["intent", "device"])
@pytest.mark.parametrize("begins", [0, 1, 95])
@pytest.mark.parametrize("lasts", [1, 95, 96, 97, 191, 192, 500])
def test_a_time_of_quarters_is_cut_out_of_sums_by_day(store: Store, by: str, begins: int, lasts: int) -> None:
    """Within a day, from midnight to midnight (UTC), over several of them, and a quarter of an hour less or more."""
    quarter = timedelta(minutes=15)
    since = (NOW - timedelta(days=39)).replace(hour=0, minute=0, second=0, microsecond=0) + begins * quarter
    until = since + lasts * quarter
    assert grouped(store, by, since=since, until=until) == naive(store, by, since, until)
    assert grouped(store, by, since=since) == naive(store, by, since)
    assert grouped(store, by, until=until) == naive(store, by, None, until)
    dated = [line["quarter"] for line in totals(store, by, since=since, until=until, dated=True)]
    assert all(each % 96 == 0 for each in dated)


@pytest.mark.parametrize("by", ["day", "week"])
@pytest.mark.parametrize("name", ZONES)
def test_days_and_weeks_are_those_of_the_zone(store: Store, by: str, name: str) -> None:
    """All of them, and from and up to a time within one; from sums by day, and a quarter of an hour by the other."""
    zone = ZoneInfo(name)
    first, end = period(store) or (NOW, NOW)
    cut = (first + timedelta(days=2, hours=7, minutes=45), end - timedelta(days=3, hours=5, minutes=15))
    for since, until in ((None, None), cut, (cut[0], None), (None, cut[1]), (first, end + timedelta(days=9))):
        expected = naive(store, by, since, until, zone)
        assert grouped(store, by, since=since, until=until, zone=zone) == expected
        assert grouped(store, by, since=since, until=until, zone=zone, dated=True) == expected
    rows = totals(store, "day", zone=zone)
    assert len({row["quarter"] for row in rows}) <= (end - first).days + 2


def test_a_time_in_which_nothing_was_said_has_no_days(store: Store, tmp_path: Path) -> None:
    until = (NOW - timedelta(days=400)).replace(minute=0, second=0, microsecond=0)
    assert totals(store, "day", until=until, zone=ZONE) == []
    assert totals(store, "day", since=until + timedelta(days=800), zone=ZONE) == []
    with Store.open(tmp_path / "empty.db") as empty:
        assert totals(empty, "day", zone=ZONE) == []


def test_days_are_kept_apart_where_rates_need_them(store: Store) -> None:
    lines = totals(store, "intent", dated=True)
    assert len({line["quarter"] for line in lines}) > 5
    whole = {(line["key"], line["currency"]): 0 for line in lines}
    for line in lines:
        whole[line["key"], line["currency"]] += line["cost_micros"]
    assert whole == {(line["key"], line["currency"]): line["cost_micros"] for line in totals(store, "intent")}


def test_corrections_are_summed_too(copy: Store) -> None:
    victim = next(
        t
        for it in copy.interactions()
        for t in copy.transactions([it.id])[it.id]
        if any(p.account.startswith("Expenses:") and p.amount.micros > 1 for p in t.postings)
    )
    currency = victim.postings[0].amount.currency
    spent = sum(p.amount.micros for p in victim.postings if p.account.startswith("Expenses:"))

    def stated() -> int:
        return sum(line["cost_micros"] for line in totals(copy, "kind") if line["currency"] == currency)

    before = stated()
    copy.correct(victim.id, lambda t: reverse(t, reason="misread", at=NOW))
    assert stated() == before - spent
    assert list(copy.stream(DISAGREEMENTS)) == []


def test_what_else_statements_need(store: Store) -> None:
    assert currencies(store) == ["EUR", "USD"]
    assert devices(store) == ["hall", "kitchen"]
    assert plans(store) == ["euro", "home", "maker"]
    first, end = period(store) or (NOW, NOW)
    dates = [datetime.fromisoformat(row["at"]) for row in store.rows("SELECT at FROM interactions")]
    dates += [datetime.fromisoformat(row["at"]) for row in store.rows("SELECT at FROM transactions")]
    assert first <= min(dates) < first + timedelta(minutes=15)
    assert end - timedelta(minutes=15) <= max(dates) < end


def kept(store: Store, since: datetime | None = None, until: datetime | None = None) -> Counter[str]:
    """The pieces sold, by the life of every order."""
    pieces: Counter[str] = Counter()
    for order, life in store.orders():
        at = {event.state: event.at for event in life if until is None or event.at < until}
        within = "completed" in at and (since is None or at["completed"] >= since)
        if within and not at.keys() & {"refunded", "charged_back"}:
            pieces[order.intent] += int(order.slots.get("quantity", 1))
    return pieces


def test_what_was_sold_is_counted_by_the_piece_and_less_what_was_given_back(store: Store) -> None:
    first, end = period(store) or (NOW, NOW)
    days = [first + n * timedelta(days=3, minutes=15) for n in range(-1, (end - first).days // 3 + 2)]
    times = [(since, until) for since in (None, *days) for until in (None, *days)]
    for since, until in times:
        assert sold(store, since=since, until=until) == kept(store, since, until)
    # Something was given back in a later time than it was completed in.
    parts = sum((kept(store, *each) for each in pairwise([None, *days, None])), Counter())
    assert parts != kept(store)


def test_a_time_between_quarters_of_an_hour_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match=r"write a time like 2026-01-05T18:30"):
        totals(store, "intent", since=NOW)
    with pytest.raises(StoreError, match=r"write a time like 2026-01-05T18:30"):
        sold(store, until=NOW)


def problems_after(change: str, copy: Store) -> tuple[Problem, ...]:
    """What is found once somebody has changed the file of a log with a tool of his own."""
    with sqlite3.connect(copy.path) as shell:
        shell.execute(change)
    shell.close()
    return audit(copy).problems


def test_sums_that_were_tampered_with_are_found_and_named(copy: Store) -> None:
    assert audit(copy).problems == ()
    change = """
        UPDATE statement_totals SET revenue_micros = revenue_micros + 1
        WHERE (cell, currency, quarter) = (
            SELECT cell, currency, quarter FROM statement_totals WHERE revenue_micros > 0 LIMIT 1
        )
    """
    problems = problems_after(change, copy)
    assert any("is not the sum of what was logged and booked" in problem.what for problem in problems)


def test_sums_by_day_that_were_tampered_with_are_found_and_named(copy: Store) -> None:
    one = "WHERE (cell, currency, day) = (SELECT cell, currency, day FROM statement_days LIMIT 1)"
    for change in (
        f"UPDATE statement_days SET audio_us = audio_us + 1 {one}",
        f"UPDATE statement_days SET audio_us = audio_us - 1, day = day + 100000 {one}",
        f"DELETE FROM statement_days {one}",
    ):
        problems = problems_after(change, copy)
        assert any("is not the sum of the quarters of an hour of that day" in each.what for each in problems)
        assert any(
            "1970-" not in each.where and each.where.startswith("statement, intent") for each in problems
        )


def test_pieces_that_were_tampered_with_are_found_and_named(copy: Store) -> None:
    one = "WHERE (intent, completed) = (SELECT intent, completed FROM statement_pieces LIMIT 1)"
    for change in (
        f"UPDATE statement_pieces SET pieces = pieces + 1 {one}",
        f"UPDATE statement_pieces SET given_back = given_back + 1 {one}",
        f"DELETE FROM statement_pieces {one}",
    ):
        problems = problems_after(change, copy)
        assert any(each.where.startswith("statement, pieces sold of") for each in problems)


def test_an_older_log_is_summed_when_it_is_brought_up_to_date(store: Store, tmp_path: Path) -> None:
    """The rows as they were written before there were sums, and then the migration."""
    older = tmp_path / "older.db"
    with Database(older) as db:
        migrations.apply(db, stop_before="statement_sums")
        db.execute("ATTACH ? AS new", [str(store.path)])
        db.execute("PRAGMA foreign_keys = OFF")
        for table in ("interactions", "orders", "order_events", "postings", "transactions"):
            columns = ", ".join(f'"{column.name}"' for column in db[table].columns)
            db.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
        db.conn.commit()
    with Store.open(older) as opened:
        for by in GROUPINGS:
            assert grouped(opened, by) == grouped(store, by)
        assert sold(opened) == sold(store)
        assert audit(opened).problems == ()


@pytest.mark.parametrize(
    "day", ["2024-12-29", "2024-12-30", "2025-01-01", "2026-01-01", "2026-12-31", "2027-01-03", "2027-01-04"]
)
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin"), ZONE])
def test_hours_days_and_weeks_are_local_and_weeks_those_of_iso_8601(day: str, zone: Any) -> None:
    when = datetime.fromisoformat(f"{day}T23:45:00+00:00")
    line = {
        "key": None,
        "kind": "all",
        "currency": "",
        "quarter": int(when.timestamp()) // 900,
        "interactions": 1,
    }
    year, week, _ = when.astimezone(zone).isocalendar()
    expected = {
        "week": f"{year}-W{week:02d}",
        "day": f"{when.astimezone(zone):%Y-%m-%d}",
        "hour": f"{when.astimezone(zone):%H}:00",
    }
    for by, key in expected.items():
        statement = income_statement([line], by=by, plans=[], currency="USD", zone=zone)
        assert [row.key for row in statement.rows] == [key]
