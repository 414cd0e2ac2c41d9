"""Income from orders credited by a model: the statement's other lines stay, and what it hands out adds up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from assistant.economics.attribution.models import MODELS, ModelName
from assistant.errors import AttributionError
from assistant.ledger.plan_file import load_plan
from assistant.reports.profit import Terms, make_profit
from assistant.reports.render_statement import statement_notes
from assistant.store.store import Store
from assistant.store.totals import GROUPINGS, TIMES
from assistant.store.touches import earnings
from tests.assistant.examples import NOW
from tests.assistant.random_log import euro_plan, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assistant.reports.statement import IncomeStatement

CONSERVING = [model for model in MODELS if model not in ("downstream", "incremental")]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of one currency, with adverts, refunds and chargebacks."""
    path = tmp_path_factory.mktemp("credited") / "log.db"
    with Store.open(path) as opened:
        fill(opened, seed=4, conversations=80, plans=[load_plan("home"), load_plan("maker")])
    return path


@pytest.fixture
def store(log: Path) -> Iterator[Store]:
    with Store.open(log, mode="read") as opened:
        yield opened


def statement(store: Store, by: str, model: ModelName | None, **terms: Any) -> IncomeStatement:
    return make_profit(store, by, Terms(plan=None, attribution=model, **terms)).statement


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("model", ["linear", "markov", "shapley"])
def test_only_revenue_moves_and_its_sum_does_not(store: Store, by: str, model: ModelName) -> None:
    plain, credited = statement(store, by, None), statement(store, by, model)
    assert credited.total == plain.total
    before = {row.key: row for row in plain.rows}
    for row in credited.rows:
        if row.key in before:
            assert (row.interactions, row.cost) == (before[row.key].interactions, before[row.key].cost)
        else:
            assert row.interactions == 0
    assert credited.rows != plain.rows or len(plain.rows) == 1


@pytest.mark.parametrize("model", CONSERVING)
def test_a_part_of_the_time_hands_out_what_was_booked_in_it(store: Store, model: ModelName) -> None:
    span: dict[str, Any] = {
        "since": NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    }
    assert statement(store, "intent", model, **span).total == statement(store, "intent", None, **span).total


@pytest.mark.parametrize("by", [by for by in GROUPINGS if by not in TIMES])
def test_direct_leaves_income_where_it_was_earned(store: Store, by: str) -> None:
    """But for refunds, which the books leave with whoever asked for them: so of a time before there were any."""
    first = min(row["booked"] for row in earnings(store) if row["value_micros"] < 0)
    until = datetime.fromisoformat(first).replace(minute=0, second=0, microsecond=0)
    assert statement(store, by, "direct", until=until).rows == statement(store, by, None, until=until).rows


def test_downstream_inflates_the_total_and_says_so(store: Store) -> None:
    plain, credited = statement(store, "intent", None), statement(store, "intent", "downstream")
    assert credited.total.revenue > plain.total.revenue
    assert any("times" in note and "more than there is" in note for note in statement_notes(credited))
    assert credited.to_json()["attribution"] == "downstream"
    assert plain.to_json()["attribution"] is None


def test_days_are_those_of_the_zone(store: Store) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    credited, plain = (statement(store, "day", model, zone=zone) for model in ("linear", None))
    assert {row.key for row in credited.rows} == {row.key for row in plain.rows}


def test_the_incremental_model_needs_what_a_log_has_not(store: Store) -> None:
    with pytest.raises(AttributionError, match="held out"):
        statement(store, "intent", "incremental")


def test_a_second_currency_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as opened:
        fill(opened, seed=4, conversations=60, plans=[load_plan("home"), euro_plan()])
        with pytest.raises(AttributionError, match="orders earned EUR, and models credit one currency"):
            make_profit(opened, "intent", Terms(plan=euro_plan(), attribution="linear", currency="USD"))
