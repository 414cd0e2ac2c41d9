"""Where the rates behind a posting come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.ledger import accounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from assistant.ledger.plan import PricingPlan

    class _Sourced(Protocol):
        @property
        def source(self) -> str: ...


def source_of(plan: PricingPlan, account: str) -> str:
    """The source of the rates behind postings to `account`, several with semicolons; empty when it has none.

    The account of the other side of a booking (cash, what is owed, a claim) takes its amount from the side that
    earns or costs, and has no source of its own.
    """
    return "; ".join(dict.fromkeys(each.source for each in _sourced(plan, account) if each))


def _sourced(plan: PricingPlan, account: str) -> list[_Sourced | None]:
    compute: list[_Sourced | None] = [plan.machine, plan.energy]
    if account == accounts.RECOGNITION and plan.recognition.method != "measured":
        return [plan.recognition]
    if account == accounts.UNDERSTANDING and plan.understanding.method != "measured":
        return [plan.understanding]
    exact: Mapping[str, list[_Sourced | None]] = {
        accounts.LISTENING: compute,
        accounts.RECOGNITION: compute,
        accounts.UNDERSTANDING: compute,
        accounts.ADVERTISING: [plan.advertising],
        accounts.SUBSCRIPTIONS: [plan.subscription],
        accounts.DEVICE_SALES: [plan.device],
        accounts.DEVICE_PARTS: [plan.device],
        accounts.OVERHEAD: [plan.overhead],
        accounts.ROUNDING: [plan.exchange],
        accounts.CONVERSION: [plan.exchange],
    }
    if account in exact:
        return exact[account]
    family, _, part = account.rpartition(":")
    by_intent: Mapping[str, Mapping[str, _Sourced]] = {
        "Expenses:Notification": plan.rebates,
        "Income:Rebates": plan.rebates,
        "Income:Affiliate": plan.affiliates,
        "Expenses:Fulfilment": plan.fulfilment,
    }
    whole: Mapping[str, _Sourced | None] = {
        "Expenses:Support": plan.support,
        "Expenses:PaymentFees": plan.payment,
        "Expenses:Refunds": plan.payment,
        "Expenses:Chargebacks": plan.payment,
    }
    terms = [each for intent, each in by_intent.get(family, {}).items() if accounts.part(intent) == part]
    return [*terms, whole.get(family)]
