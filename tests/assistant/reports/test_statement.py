"""The arithmetic of statements: parts are exactly the whole, whatever is shared out or exchanged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import LedgerError
from assistant.ledger.exchange import load_rates
from assistant.ledger.period import PeriodItem
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import reverse
from assistant.money import Money
from assistant.reports.loading import loading
from assistant.reports.profit import NO_PLAN, Terms, log_funnel, make_profit
from assistant.reports.statement import ALLOCATION_KEYS, Loading, income_statement, load
from assistant.store.store import Store
from assistant.store.totals import GROUPINGS
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

LATER = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC)

amounts = st.integers(min_value=-(10**12), max_value=10**12)
lines = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["music", "pizza", "ride"]),
            "kind": st.just("all"),
            "currency": st.sampled_from(["USD", "EUR", "KRW"]),
            "quarter": st.integers(min_value=1_950_000, max_value=1_970_000),
            "interactions": st.integers(min_value=0, max_value=9),
            "cpu_us": st.integers(min_value=0, max_value=10**9),
            "revenue_micros": amounts,
            "cost_micros": amounts,
        }
    ),
    max_size=12,
)


def item(account: str, micros: int) -> PeriodItem:
    return PeriodItem(account=account, amount=Money(currency="USD", micros=micros), rate="", source="")


@given(lines, st.sampled_from(sorted(ALLOCATION_KEYS)), amounts, amounts)
def test_parts_sum_to_exactly_the_whole(found: Any, key: str, income: int, cost: int) -> None:
    rates = load_rates("example")
    items = (item("Income:Subscriptions", income), item("Expenses:Overhead", cost))
    loaded = Loading(since=WEEK[0], until=WEEK[1], devices=1, items=items, by=key)
    totals = []
    for by in ("intent", "day"):
        grouped = [line | {"key": None} for line in found] if by == "day" else found
        statement = income_statement(grouped, by=by, plans=["x"], currency="USD", rates=rates)
        statement = load(statement, loaded)
        for name in ("revenue", "cost", "margin"):
            parts = sum(getattr(row, name).micros for row in statement.rows)
            assert parts == getattr(statement.total, name).micros
        if statement.rows:
            assert (
                sum(row.loaded_margin.micros for row in statement.rows)
                == statement.total.loaded_margin.micros
            )
        assert statement.total.period_income.micros == income
        assert statement.total.period_cost.micros == cost
        totals.append((statement.total.revenue, statement.total.cost))
    # The whole is rounded once, so it does not depend on how it is grouped.
    assert totals[0] == totals[1]
    exact = sum(
        (
            line["revenue_micros"]
            * rates.rate(line["currency"], "USD", datetime.fromtimestamp(line["quarter"] * 900, UTC).date())
            for line in found
        ),
        Fraction(0),
    )
    assert totals[0][0].micros == round(exact)


def row_of(key: str, **measures: int) -> dict[str, Any]:
    return {"key": key, "kind": "trivial", "currency": "USD", "quarter": None, **measures}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("interactions", {"music": 75, "pizza": 25}),
        ("cpu", {"music": 50, "pizza": 50}),
        ("speech", {"music": 20, "pizza": 80}),
        ("orders", {"music": 0, "pizza": 100}),
        ("cost", {"music": 10, "pizza": 90}),
        ("equal", {"music": 50, "pizza": 50}),
        # Nobody bears a share of less than nothing, and nobody earned anything: the same for all.
        ("revenue", {"music": 50, "pizza": 50}),
    ],
)
def test_what_time_costs_is_shared_out_by_a_named_key(key: str, expected: dict[str, int]) -> None:
    found = [
        row_of("music", interactions=3, cpu_us=500, audio_us=2, cost_micros=10),
        row_of("pizza", interactions=1, cpu_us=500, audio_us=8, cost_micros=90, orders_completed=2)
        | {"revenue_micros": -7},
    ]
    statement = income_statement(found, by="intent", plans=["x"], currency="USD")
    loaded = Loading(since=WEEK[0], until=WEEK[1], devices=1, items=(item("Expenses:Overhead", 100),), by=key)
    assert {row.key: row.period_cost.micros for row in load(statement, loaded).rows} == expected


def test_the_machine_is_written_off_over_its_life_and_nothing_is_counted_twice() -> None:
    """Of 90 over 4 years a week is 90 x 7 / 1460 = 0.431507; use has borne 0.000095 of it."""
    found = loading(
        load_plan("home"),
        since=WEEK[0],
        until=WEEK[1],
        devices=1,
        wear=Money.of("0.000095", "USD"),
        by="interactions",
    )
    assert [(i.account, str(i.amount)) for i in found.items] == [("Expenses:IdleMachine", "0.431412")]
    # Used more than there was time (recordings heard faster than they were spoken): none of it was idle.
    busy = loading(
        load_plan("home"), since=WEEK[0], until=WEEK[1], devices=1, wear=Money.of("1", "USD"), by="cpu"
    )
    assert not busy.items[0].amount


def test_the_makers_device_takes_the_place_of_the_machine() -> None:
    """Two devices for a week, of 29 sold and 31 in parts over 4 years: 14 / 1460 of each; 12 months a year."""
    found = loading(
        load_plan("maker"), since=WEEK[0], until=WEEK[1], devices=2, wear=Money.zero("USD"), by="interactions"
    )
    assert {i.account: str(i.amount) for i in found.items} == {
        "Income:Subscriptions": "9.200877",
        "Income:Devices": "0.278082",
        "Expenses:Devices": "0.297260",
        "Expenses:Overhead": "0.368219",
    }


def test_another_currency_without_a_rate_is_refused() -> None:
    line = row_of("pizza", revenue_micros=1) | {"currency": "EUR", "quarter": 1_960_000}
    with pytest.raises(LedgerError, match="the log holds EUR and the statement is in USD; name a table"):
        income_statement([line], by="intent", plans=["x"], currency="USD")
    early = line | {"quarter": 0}
    with pytest.raises(LedgerError, match="as early as 1970-01-01"):
        income_statement([early], by="intent", plans=["x"], currency="USD", rates=load_rates("example"))


# ---- over a log


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("statement") / "log.db"
    with Store.open(found) as opened:
        fill(opened, seed=7, conversations=80, plans=[load_plan("home")])
    return found


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, mode="read") as opened:
        yield opened


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_same_plan_again_comes_to_what_was_booked(store: Store, by: str) -> None:
    """Booking the log anew under its own plan is the naive way to the same statement."""
    plan = load_plan("home")
    booked = make_profit(store, by, Terms(plan=plan)).statement
    again = make_profit(store, by, Terms(plan=plan, what_if=True)).statement
    assert again.what_if == "home"
    assert replace(again, what_if="") == booked


def test_what_was_corrected_stays_corrected_under_the_plan_again(path: Path, tmp_path: Path) -> None:
    plan = load_plan("home")
    with Store.open(Path(shutil.copy(path, tmp_path / "corrected.db"))) as store:
        for kind in ("compute", "notification", "accrual"):
            ids = [
                row["id"] for row in store.rows("SELECT id FROM transactions WHERE kind = ? LIMIT 3", [kind])
            ]
            assert len(ids) == 3
            for id_ in ids:
                store.correct(id_, lambda original: reverse(original, reason="by mistake", at=LATER))
            # And one of them was right after all.
            store.correct(f"{ids[0]}:reversed", lambda original: reverse(original, reason="no", at=LATER))
        before = make_profit(store, "intent", Terms(plan=plan, until=LATER)).statement.total
        for by in GROUPINGS:
            booked = make_profit(store, by, Terms(plan=plan)).statement
            again = make_profit(store, by, Terms(plan=plan, what_if=True)).statement
            assert replace(again, what_if="") == booked
        assert booked.total.revenue.micros < before.revenue.micros
        # A plan that grants no rebate has none to take back.
        bare = replace(plan, name="bare", rebates={})
        assert not make_profit(store, "day", Terms(plan=bare, what_if=True)).statement.total.revenue


def test_another_plan_books_by_the_same_rules_and_writes_nothing(store: Store, path: Path) -> None:
    before = path.read_bytes()
    plan = replace(
        load_plan("home"),
        name="generous",
        rebates={
            name: replace(terms, share=terms.share * 2, fixed=terms.fixed * 2)
            for name, terms in load_plan("home").rebates.items()
        },
    )
    booked = make_profit(store, "intent", Terms(plan=load_plan("home"))).statement
    again = make_profit(store, "intent", Terms(plan=plan, what_if=True)).statement
    assert again.total.cost == booked.total.cost
    assert abs(again.total.revenue.micros - 2 * booked.total.revenue.micros) <= booked.total.orders_completed
    assert booked.total.revenue.micros > 0
    document = again.to_json()
    assert (document["what_if"], document["plan"], document["booked_under"]) == (True, "generous", "home")
    assert path.read_bytes() == before


def test_another_plan_in_another_currency_exchanges_what_was_ordered(store: Store) -> None:
    again = make_profit(store, "intent", Terms(plan=euro_plan(), what_if=True)).statement
    assert again.currency == "EUR"
    assert again.total.revenue.micros > 0
    with pytest.raises(LedgerError, match="is in USD and the plan euro in EUR"):
        make_profit(store, "intent", Terms(plan=replace(euro_plan(), exchange=None), what_if=True))


def test_a_statement_in_another_currency_is_the_same_money(store: Store) -> None:
    rates = load_rates("example")
    here = make_profit(store, "intent", Terms(plan=load_plan("home"))).statement
    there = make_profit(store, "intent", Terms(plan=load_plan("home"), currency="EUR", rates=rates)).statement
    assert there.exchanged == ("USD",)
    # Only one rate was in force in the time of this log.
    rate = Fraction(Decimal(1) / Decimal("1.17"))
    assert abs(there.total.revenue.micros - here.total.revenue.micros * rate) < 2
    with pytest.raises(LedgerError, match="name a table of exchange rates"):
        make_profit(store, "intent", Terms(plan=load_plan("home"), currency="EUR"))


def test_several_currencies_and_plans(tmp_path: Path) -> None:
    with Store.open(tmp_path / "mixed.db") as store:
        fill(store, seed=3, conversations=25, plans=[load_plan("maker"), euro_plan()])
        with pytest.raises(LedgerError, match="name a table of exchange rates"):
            make_profit(store, "intent", Terms(plan=None, currency="USD"))
        rates = load_rates("example")
        statement = make_profit(store, "day", Terms(plan=None, currency="USD", rates=rates)).statement
        assert (statement.plan, statement.exchanged, statement.rates) == ("euro, maker", ("EUR",), "example")
        assert NO_PLAN in statement.notes
        assert statement.to_json()["totals"]["loaded_margin"] is None
        funnel = log_funnel(store, Terms(plan=None, currency="USD", rates=rates))
        whole = [loss for each in funnel.intents for stage in each.stages for loss in stage.losses]
        whole += [each.kept for each in funnel.intents] + [funnel.outside]
        assert sum(loss.revenue.micros for loss in whole) == statement.total.revenue.micros
        assert sum(loss.cost.micros for loss in whole) == statement.total.cost.micros


def test_a_time_bears_its_own_part_of_the_machine(store: Store) -> None:
    since = datetime(2025, 12, 1, tzinfo=UTC)
    terms = Terms(plan=load_plan("home"), since=since, until=since + timedelta(days=7))
    statement = make_profit(store, "intent", terms).statement
    assert statement.loading
    assert (statement.loading.since, statement.loading.until) == (since, since + timedelta(days=7))
    assert statement.loading.devices == 2
    whole = statement.total.period_cost + statement.total.wear
    assert str(whole) == "0.863014"  # Two machines of 90 over 1,460 days, for 7.


def test_nothing_was_said(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.db") as store:
        profit = make_profit(store, "intent", Terms(plan=load_plan("home")))
    assert profit.statement.rows == ()
    assert profit.statement.currency == "USD"
    assert profit.statement.to_json()["totals"]["margin"] == "0.000000"
