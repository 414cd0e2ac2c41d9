"""The statement beside what it would have been under another plan, or with a rate moved. Nothing is written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from assistant.errors import PennyworthError
from assistant.reports.profit import Terms, make_profit
from assistant.reports.sentence import statement_sentence
from assistant.review.periods import period_of
from assistant.store.totals import plans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.ledger.plan import PricingPlan
    from assistant.review.settings import Review
    from assistant.store.store import Store

MOST: Final = 20_000
"""So many interactions are booked again while somebody waits; `pennyworth pnl --plan` does any number."""


def make_what_if(store: Store, review: Review, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows.

    Args:
        store: The log.
        review: Its plans.
        asked: time, plan, energy (a kilowatt-hour), machine (its price), and rebate.INTENT (a share), as typed; empty
            leaves them.
    """
    when = period_of(store, asked.get("time") or "day", review.zone)
    names = plans(store)
    context: dict[str, Any] = {
        "when": when,
        "plans": review.plans,
        "booked_under": ", ".join(names),
        "before": None,
        "after": None,
        "complaint": "",
    }
    if when is None:
        return context
    terms = Terms(plan=review.plan_of(names), since=when.since, until=when.until, zone=review.zone)
    before = make_profit(store, "intent", terms)
    context["before"] = before.statement
    context["sentence_before"] = statement_sentence(before.by_intent, before.sold)
    try:
        base = review.load_plan(asked["plan"]) if asked.get("plan") in review.plans else terms.plan
        if base is None:
            context["complaint"] = "The plan of this log is not at hand; choose one."
            return context
        context["base"] = base
        plan = moved(base, asked)
        if plan == terms.plan:
            return context
        if before.statement.total.interactions > MOST:
            context["complaint"] = (
                f"That is {before.statement.total.interactions:,} interactions, and at most {MOST:,} are booked again "
                f"here: "
                f"choose a shorter time, or run `pennyworth pnl --plan {plan.name}`."
            )
            return context
        after = make_profit(store, "intent", replace(terms, plan=plan, what_if=True))
    except PennyworthError as error:
        context["complaint"] = str(error)
        return context
    context["after"] = after.statement
    context["sentence_after"] = statement_sentence(after.by_intent, after.sold)
    context["rows"] = _side_by_side(before.statement, after.statement)
    return context


def moved(plan: PricingPlan, asked: Mapping[str, str]) -> PricingPlan:
    """`plan` with the rates that were typed; PennyworthError for what is no rate."""
    changed = plan
    energy = _rate(asked.get("energy"), "energy", Decimal(100))
    if energy is not None:
        changed = replace(changed, energy=replace(changed.energy, price_per_kwh=energy))
    machine = _rate(asked.get("machine"), "machine", Decimal(1_000_000))
    if machine is not None:
        changed = replace(changed, machine=replace(changed.machine, price=machine))
    rebates = dict(plan.rebates)
    for intent, rebate in plan.rebates.items():
        share = _rate(asked.get(f"rebate.{intent}"), f"rebate of {intent}", Decimal(1))
        if share is not None and (rebate.tiers or share != rebate.share):
            rebates[intent] = replace(rebate, share=share, tiers=())
    if rebates != dict(plan.rebates):
        changed = replace(changed, rebates=rebates)
    return changed if changed == plan else replace(changed, name=f"{plan.name}, changed")


def _rate(text: str | None, what: str, most: Decimal) -> Decimal | None:
    if not text or not text.strip():
        return None
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        raise PennyworthError(f"{what}: {text!r} is no number") from None
    if not (rate.is_finite() and 0 <= rate <= most):
        raise PennyworthError(f"{what}: {text} is not from 0 to {most}")
    return rate


def _side_by_side(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    old = {(row.key, row.kind): row for row in before.rows}
    new = {(row.key, row.kind): row for row in after.rows}
    keys = dict.fromkeys([*old, *new])
    return [(key[0], old.get(key), new.get(key)) for key in keys]
