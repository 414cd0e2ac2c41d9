"""What a log would have come to under another plan: the same words and orders, booked again by the same rules.

Nothing is written. The lines are those of `assistant.store.totals`, so the same statement is made of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.rules import book_interaction, book_order_event, reverse
from assistant.records import from_stamp
from assistant.store.journal import corrections, ordering, orders, said
from assistant.store.summary import DIMENSIONS, MEASURES, QUARTER_S
from assistant.store.totals import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from assistant.ledger.exchange import Rates
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import Transaction
    from assistant.records import Interaction, Order, OrderEvent
    from assistant.store.store import Store

Fact = tuple["Mapping[str, str]", "datetime", str, "Mapping[str, int]"]
"""Dimensions, time, currency ("" for counts) and measures: what a statement adds up."""

_RETURNS: Final = {"refunded", "charged_back"}


def repriced(
    store: Store,
    plan: PricingPlan,
    rates: Rates | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Fact]:
    """Everything in the log, booked under `plan`; with bounds, all of that time, and some of what lies beyond it.

    Args:
        store: The log, to be read within one snapshot.
        plan: What things earn and cost instead.
        rates: To turn what an order came to into the plan's currency, at the rate of the day it was quoted.
        since: Nothing before this time is needed.
        until: Nothing from this time on is needed.

    Raises:
        LedgerError: an order is in another currency, and there is no rate for its day.
    """
    wanted = ordering(store, since=since, until=until)
    taken_back = corrections(store)
    reversed_ids = {reverses for _, _, reverses in taken_back}
    corrected: dict[str, tuple[Transaction, Mapping[str, str]]] = {}
    cells: dict[str, Mapping[str, str]] = {}

    def book(booked: Iterable[Transaction], cell: Mapping[str, str]) -> Iterator[Fact]:
        booked = tuple(booked)
        corrected.update({each.id: (each, cell) for each in booked if each.id in reversed_ids})
        yield from facts_of_transactions(booked, cell)

    for it in said(store, since=since, until=until):
        cell = dimensions(replace(it, plan=plan.name))
        yield from facts_of_interaction(it, cell)
        yield from book(book_interaction(it, plan), cell)
        if it.id in wanted:
            cells[it.id] = cell
    for order, life in orders(store, since=since, until=until):
        again = _requoted(order, plan, rates)
        for number, event in enumerate(life):
            placed = cells[event.interaction_id]
            yield from facts_of_event(event, placed)
            booked = book_order_event(again, event, life[:number], plan.exchange or rates)
            yield from book(booked, placed)
    # What was taken back is taken back under this plan too; a booking that it does not have needs no correction.
    for id_, at, reverses in taken_back:
        if reverses in corrected:
            original, placed = corrected[reverses]
            correction = reverse(original, reason="as in the books", at=from_stamp(at))
            yield from book([replace(correction, id=id_)], placed)


def added_up(
    facts: Iterable[Fact],
    groupings: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Lines as those of `assistant.store.totals.totals`, days kept apart, for each of `groupings` in one pass."""
    sums: dict[str, dict[tuple[str | None, str, str, int], dict[str, int]]] = {by: {} for by in groupings}
    for cell, at, currency, measures in facts:
        if (since and at < since) or (until and at >= until):
            continue
        quarter = int(at.timestamp()) // QUARTER_S
        for by, lines in sums.items():
            key = None if by in TIMES else cell[by]
            kind = cell["kind"] if by in {"intent", "kind"} else "all"
            line = lines.setdefault((key, kind, currency, quarter), dict.fromkeys(MEASURES, 0))
            for name, value in measures.items():
                line[name] += value
    return {
        by: [
            {"key": key, "kind": kind, "currency": currency, "quarter": quarter, **line}
            for (key, kind, currency, quarter), line in lines.items()
        ]
        for by, lines in sums.items()
    }


def dimensions(it: Interaction) -> dict[str, str]:
    """The cell of an interaction."""
    with_partner = it.order_id is not None and it.kind == "commerce"
    row = {name: getattr(it, name, "") for name in DIMENSIONS}
    return row | {
        "intent": it.intent or "none",
        "partner": (it.intent if with_partner else None) or "none",
    }


def facts_of_interaction(it: Interaction, cell: Mapping[str, str]) -> Iterator[Fact]:
    """That it was said."""
    counts = {"interactions": 1, "audio_us": it.effort.audio_us, "cpu_us": sum(it.effort.cpu_us)}
    yield cell, it.at, "", counts


def facts_of_event(event: OrderEvent, cell: Mapping[str, str]) -> Iterator[Fact]:
    """That an order completed, or was given back."""
    if event.state == "completed":
        yield cell, event.at, "", {"orders_completed": 1}
    elif event.state in _RETURNS:
        yield cell, event.at, "", {"orders_returned": 1}


def facts_of_transactions(booked: Iterable[Transaction], cell: Mapping[str, str]) -> Iterator[Fact]:
    """What was earned and spent."""
    for transaction in booked:
        for posting in transaction.postings:
            micros, account = posting.amount.micros, posting.account
            if account.startswith("Income:"):
                measures = {"revenue_micros": -micros}
            elif account.startswith("Expenses:"):
                measures = {"cost_micros": micros}
            elif account == accounts.DEPRECIATION:
                measures = {"wear_micros": -micros}
            else:
                continue
            yield cell, transaction.at, posting.amount.currency, measures


def _requoted(order: Order, plan: PricingPlan, rates: Rates | None) -> Order:
    """The order with the terms that `plan` would have set."""
    total = order.total
    if total.currency != plan.currency:
        exchange = rates or plan.exchange
        if exchange is None:
            raise LedgerError(
                f"order {order.id} is in {total.currency} and the plan {plan.name} in {plan.currency}; "
                "name a table of exchange rates with --rates, or in the plan"
            )
        total = exchange.convert(total, plan.currency, order.quoted_at.date())
    rebate, words = plan.rebate(order.intent, total)
    return replace(
        order,
        total=total,
        plan=plan.name,
        rebate=rebate,
        rebate_terms=words,
        notification=plan.notification(order.intent),
        terms=plan.terms(order.intent, total),
    )
