"""What each size of order books at each step of its life: asked of the ledger's own rules, once a size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from assistant.ledger.rules import book_order_event
from assistant.money import Money
from assistant.records import Order, OrderEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.fleet.behaviour import Behaviour
    from assistant.ledger.plan import PricingPlan
    from assistant.records import OrderState

_WHEN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ORDER: Final = "order"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One posting of a step."""

    suffix: str
    """What follows the order's id in the id of the transaction."""
    kind: str
    """Of the transaction."""
    line: int
    """Of the transaction, from 1."""
    account: str
    """Of the chart."""
    micros: int
    """Debit positive."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """One size of order of one good."""

    intent: str
    """The good."""
    order: Order
    """As the plan has its terms; its ids and times are of no order."""

    @property
    def pays(self) -> bool:
        """Whether the partner ever pays for it."""
        return bool(self.lines("settled", ("completed",)))

    def lines(self, state: OrderState, life: Sequence[OrderState] = ()) -> tuple[Line, ...]:
        """What it books when it becomes `state` after `life`."""
        before = [_event(each) for each in life]
        return tuple(
            Line(
                suffix=transaction.id.removeprefix(_ORDER),
                kind=transaction.kind,
                line=number,
                account=posting.account,
                micros=posting.amount.micros,
            )
            for transaction in book_order_event(self.order, _event(state), before)
            for number, posting in enumerate(transaction.postings, start=1)
        )


def sizes(behaviour: Behaviour, plan: PricingPlan) -> tuple[tuple[Size, ...], ...]:
    """Every size of every good, in the order of the behaviour, under `plan`."""
    return tuple(
        tuple(
            Size(
                intent=intent,
                order=_order(intent, good.description, Money.of(price.total, plan.currency), plan),
            )
            for price in good.prices
        )
        for intent, good in behaviour.buying.goods.items()
    )


def _order(intent: str, description: str, total: Money, plan: PricingPlan) -> Order:
    rebate, words = plan.rebate(intent, total)
    return Order(
        id=_ORDER,
        intent=intent,
        interaction_id="",
        description=f"{description} (simulated)",
        slots={},
        total=total,
        quoted_at=_WHEN,
        plan=plan.name,
        rebate=rebate,
        rebate_terms=words,
        notification=plan.notification(intent),
        terms=plan.terms(intent, total),
    )


def _event(state: OrderState) -> OrderEvent:
    return OrderEvent(order_id=_ORDER, state=state, at=_WHEN, interaction_id="")
