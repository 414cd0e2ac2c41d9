"""Whatever page is asked, the money is the same: balances, statement, export, funnel and attribution."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from assistant.economics.attribution.log import log_history
from assistant.economics.attribution.models import Parameters, compare
from assistant.ledger.accounts import ADVERTISING, bundled_chart
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import reverse
from assistant.money import MICROS_PER_UNIT
from assistant.reports.exports.books import open_books
from assistant.reports.exports.tables import write_csv
from assistant.reports.profit import Terms, log_funnel, make_profit
from assistant.store.audit import audit
from assistant.store.store import Store
from tests.assistant.random_log import fill

if TYPE_CHECKING:
    from pathlib import Path

LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("plan_name", ["home", "maker"])
def test_every_page_comes_to_the_same_money(tmp_path: Path, plan_name: str) -> None:
    """Settled, refunded and charged back, and with bookings corrected, some of them twice."""
    terms = Terms(plan=load_plan(plan_name))
    with Store.open(tmp_path / "log.db") as store:
        fill(store, seed=2, conversations=120, plans=[load_plan(plan_name)])
        for kind in ("compute", "accrual", "refund"):
            rows = store.rows("SELECT id FROM transactions WHERE kind = ? LIMIT 2", [kind])
            assert len(rows) == 2
            for id_ in (rows[0]["id"], rows[1]["id"], f"{rows[0]['id']}:reversed"):
                store.correct(id_, lambda booked: reverse(booked, reason="by mistake", at=LATER))
        assert audit(store).problems == ()

        balances: Counter[str] = Counter()
        for account, money in store.balances():
            balances[account.split(":")[0]] += money.micros
        text = io.StringIO()
        write_csv(open_books(store, bundled_chart()), text)
        exported: Counter[str] = Counter()
        for row in csv.DictReader(io.StringIO(text.getvalue())):
            exported[row["account"].split(":")[0]] += int(Decimal(row["amount"]) * MICROS_PER_UNIT)
        assert exported == balances

        stated = make_profit(store, "intent", terms).statement
        assert (-balances["Income"], balances["Expenses"]) == (
            stated.total.revenue.micros,
            stated.total.cost.micros,
        )

        funnel = log_funnel(store, terms)
        losses = [loss for each in funnel.intents for stage in each.stages for loss in stage.losses]
        losses += [each.kept for each in funnel.intents] + [funnel.outside]
        for name in ("revenue", "cost"):
            assert sum(getattr(loss, name).micros for loss in losses) == getattr(stated.total, name).micros
        assert sum(loss.interactions for loss in losses) == stated.total.interactions

        comparison = compare(log_history(store), Parameters())
        adverts = sum(money.micros for account, money in store.balances() if account == ADVERTISING)
        assert comparison.sales.total.micros == stated.total.revenue.micros + adverts
        direct = make_profit(store, "intent", Terms(plan=terms.plan, attribution="direct")).statement
        assert direct.rows == stated.rows
