"""The statement of a fleet: the same lines as one log's, from sums that an engine has added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.economics.fleet.metrics import Span, devices, sold, statement
from assistant.reports.profit import Profit, currency_of, loaded
from assistant.reports.statement import income_statement
from assistant.store.summary import QUARTER_S
from assistant.store.totals import quarter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assistant.economics.fleet.engines import Engine
    from assistant.ledger.plan import PricingPlan
    from assistant.reports.profit import Terms


def fleet_profit(
    engine: Engine, by: str, terms: Terms, plan_of: Callable[[Sequence[str]], PricingPlan | None]
) -> Profit:
    """The statement of a lake, or of a log, as `terms` say; `terms.plan` is left to `plan_of`.

    Args:
        engine: Where it is added up.
        by: What a line is.
        terms: How it is made. `what_if` and `attribution` are of one log only.
        plan_of: The one plan of books under these plans, or None.

    Raises:
        LedgerError: an amount is in another currency, and there is no rate for its day.
        StoreError: a time of `terms` is none on which sums begin.
    """
    span = Span(
        since=None if terms.since is None else quarter_of(terms.since),
        until=None if terms.until is None else quarter_of(terms.until),
    )
    bounded = span != Span()
    lines = {"intent": engine.rows(statement(engine.tables, "intent", span))}
    whole = engine.rows(statement(engine.tables, "intent", Span())) if bounded else lines["intent"]
    plans = sorted({line["plan"] for line in whole})
    held = sorted({line["currency"] for line in whole} - {""})
    terms = replace(terms, plan=plan_of(plans))
    rates = terms.rates or (terms.plan.exchange if terms.plan else None)
    currency = terms.currency or currency_of(held, terms)
    dated = bool(set(held) - {currency})
    if dated:
        lines = {}
    machines = engine.rows(devices(engine.tables))[0]["devices"]
    period = _period(whole)
    made = {}
    for grouping in dict.fromkeys((by, "intent")):
        found = lines.get(grouping)
        if found is None:
            found = engine.rows(statement(engine.tables, grouping, span, dated=dated))
        stated = income_statement(
            found, by=grouping, plans=plans, currency=currency, rates=rates, zone=terms.zone
        )
        stated = replace(stated, since=terms.since, until=terms.until)
        made[grouping] = loaded(stated, terms, rates, span=period, devices=machines)
    return Profit(
        statement=made[by],
        by_intent=made["intent"],
        sold={row["intent"]: row["pieces"] for row in engine.rows(sold(engine.tables, span))},
    )


def _period(lines: Sequence[dict[str, Any]]) -> tuple[datetime, datetime] | None:
    """From the quarter of an hour of the first thing to the end of that of the last."""
    if not lines:
        return None
    first = min(line["first"] for line in lines)
    last = max(line["last"] for line in lines) + 1
    return datetime.fromtimestamp(first * QUARTER_S, UTC), datetime.fromtimestamp(last * QUARTER_S, UTC)
