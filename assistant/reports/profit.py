"""Making the statement of a log: from its sums, or from the log booked again under another plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from assistant.ledger.period import PeriodItem
from assistant.reports.credited import credit
from assistant.reports.funnel import Funnel, Sums, make_funnel
from assistant.reports.loading import loading
from assistant.reports.statement import IncomeStatement, day_of, income_statement, load, rate_of_day
from assistant.reports.whatif import added_up, repriced
from assistant.store.totals import currencies, devices, period, plans, sold, totals
from assistant.store.turns import commerce_turns, order_lives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.attribution.models import ModelName
    from assistant.ledger.exchange import Rates
    from assistant.ledger.plan import PricingPlan
    from assistant.reports.statement import Loading
    from assistant.store.store import Store


NO_PLAN: Final = (
    "What the device and overhead cost is not stated: the log was booked under several plans, or under one that is "
    "not at hand. Name its file in the configuration ([books] plan), or ask what a plan would come to with --plan."
)
"""Why a statement is not loaded."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a statement is to be made."""

    plan: PricingPlan | None
    """The plan whose subscription, device and overhead the fully loaded margin bears; None states none."""
    what_if: bool = False
    """Book the whole log again under `plan`, without writing anything."""
    since: datetime | None = None
    """From this time on."""
    until: datetime | None = None
    """Up to, and without, this time."""
    zone: tzinfo = UTC
    """Of hours, days and weeks."""
    currency: str = ""
    """What to state it in; empty: the plan's, or the log's where the plan's was never booked."""
    rates: Rates | None = None
    """For other currencies; None: those of the plan."""
    attribution: ModelName | None = None
    """Credit income from orders as this model does; None: leave it where it was booked."""
    allocate: str = "interactions"
    """The key by which the time's costs are shared out."""


@dataclass(frozen=True, kw_only=True)
class Profit:
    """A statement, the one by intent, and what was sold: what is printed together."""

    statement: IncomeStatement
    """As it was asked for."""
    by_intent: IncomeStatement
    """The same by intent, for the sentence."""
    sold: dict[str, int]
    """Things bought and kept, by intent."""


def make_profit(store: Store, by: str, terms: Terms) -> Profit:
    """The statement of `store` as `terms` say, and what goes with it, all of one state of the log.

    Raises:
        LedgerError: an amount is in another currency, and there is no rate for its day.
        StoreError: a time of `terms` is none on which sums begin.
    """
    with store.snapshot():
        statements = _statements(store, {by, "intent"}, terms)
        return Profit(
            statement=statements[by],
            by_intent=statements["intent"],
            sold=sold(store, since=terms.since, until=terms.until),
        )


def make_statement(store: Store, by: str, terms: Terms) -> IncomeStatement:
    """The statement alone; raises as `make_profit` does."""
    with store.snapshot():
        return _statements(store, {by}, terms)[by]


def log_funnel(store: Store, terms: Terms) -> Funnel:
    """The funnel of the requests that were made in the time of `terms`, with all that was booked on them since.

    Raises:
        LedgerError: an amount is in another currency, and there is no rate for its day.
    """
    rates = terms.rates or (terms.plan.exchange if terms.plan else None)
    with store.snapshot():
        currency = terms.currency or currency_of(currencies(store), terms)

        def exchange(micros: int, held: str, day: str) -> Fraction:
            return (
                Fraction(micros)
                if not micros
                else micros * rate_of_day(rates, held, currency, date.fromisoformat(day))
            )

        dated = bool(set(currencies(store)) - {currency})
        trivial = Sums()
        for line in totals(store, "kind", since=terms.since, until=terms.until, dated=dated):
            if line["kind"] == "trivial":
                day = day_of(line["quarter"]).isoformat()
                trivial.interactions += line["interactions"]
                trivial.revenue += exchange(line["revenue_micros"], line["currency"], day)
                trivial.cost += exchange(line["cost_micros"], line["currency"], day)
        return make_funnel(
            commerce_turns(store, since=terms.since, until=terms.until),
            order_lives(store, since=terms.since),
            trivial=trivial,
            plans=plans(store),
            currency=currency,
            exchange=exchange,
        )


def _statements(store: Store, groupings: set[str], terms: Terms) -> dict[str, IncomeStatement]:
    plan, booked_under = terms.plan, plans(store)
    rates = terms.rates or (plan.exchange if plan else None)
    currency = terms.currency or currency_of(currencies(store), terms)
    again = None
    if terms.what_if and plan:
        facts = repriced(store, plan, rates, since=terms.since, until=terms.until)
        again = added_up(facts, groupings, since=terms.since, until=terms.until)
    dated = bool(set(currencies(store)) - {currency})
    made = {}
    for by in groupings:
        if again is None:
            lines = totals(store, by, since=terms.since, until=terms.until, dated=dated, zone=terms.zone)
            under = booked_under
        else:
            lines, under = again[by], [plan.name] if plan else []
        credited = None
        if terms.attribution:
            credited = credit(
                store,
                by,
                terms.attribution,
                currency=currency,
                since=terms.since,
                until=terms.until,
                zone=terms.zone,
            )
            lines = [*lines, *credited.lines]
        statement = income_statement(
            lines, by=by, plans=under, currency=currency, rates=rates, zone=terms.zone
        )
        if credited:
            statement = replace(
                statement, attribution=credited.model, notes=(*statement.notes, credited.note)
            )
        if again is not None:
            statement = replace(statement, what_if=", ".join(booked_under) or "none")
        statement = replace(statement, since=terms.since, until=terms.until)
        made[by] = loaded(statement, terms, rates, span=period(store), devices=len(devices(store)))
    return made


def currency_of(held: Sequence[str], terms: Terms) -> str:
    """What to state books in that hold the currencies `held`, where `terms` name none."""
    if terms.plan and (terms.what_if or not held or terms.plan.currency in held):
        return terms.plan.currency
    return held[0] if held else "XXX"


def loaded(
    statement: IncomeStatement,
    terms: Terms,
    rates: Rates | None,
    *,
    span: tuple[datetime, datetime] | None,
    devices: int,
) -> IncomeStatement:
    """`statement` with what the time brings and costs, where the plan is at hand.

    Args:
        statement: Of what was booked.
        terms: How it is made.
        rates: Exchange rates of its other currencies.
        span: The time of the whole log; None for one in which nothing is.
        devices: Machines that were there.
    """
    if terms.plan is None:
        return replace(statement, notes=(*statement.notes, NO_PLAN))
    if span is None:
        return statement
    since, until = terms.since or span[0], terms.until or span[1]
    wear = statement.total.wear
    if statement.currency != terms.plan.currency and rates:
        wear = rates.convert(wear, terms.plan.currency, until.date())
    found = loading(
        terms.plan,
        since=since,
        until=max(since, until),
        devices=devices,
        wear=wear,
        by=terms.allocate,
    )
    return load(statement, _exchanged(found, statement.currency, rates))


def _exchanged(found: Loading, currency: str, rates: Rates | None) -> Loading:
    """The items of the time in the currency of the statement, at the rate of the last day."""
    if rates is None:
        return found
    on = found.until.date()
    return replace(
        found,
        items=tuple(
            PeriodItem(
                account=item.account,
                amount=rates.convert(item.amount, currency, on),
                rate=f"{item.rate} ({rates.words(item.amount.currency, currency, on)})",
                source=item.source,
            )
            if item.amount.currency != currency
            else item
            for item in found.items
        ),
    )
