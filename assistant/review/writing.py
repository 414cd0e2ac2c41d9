"""What a review may change: it takes an order back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import LedgerError
from assistant.ledger.exchange import load_rates
from assistant.ledger.rules import book_order_event
from assistant.records import OrderEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assistant.ledger.transactions import Transaction
    from assistant.records import Order
    from assistant.store.store import Store


def refund(store: Store, number: str, reason: str, *, now: datetime) -> str:
    """Refund the order of an interaction in the books (simulated).

    Raises:
        LedgerError: it has none, or one that cannot be refunded; nothing was written.
    """
    it = store.interaction(number)
    if it is None or it.order_id is None:
        raise LedgerError(f"interaction {number} has no order that could be refunded")

    def decide(order: Order, life: list[OrderEvent]) -> tuple[OrderEvent, Sequence[Transaction]]:
        event = OrderEvent(
            order_id=order.id,
            state="refunded",
            at=max(now, life[-1].at),
            interaction_id=life[-1].interaction_id,
            reason=reason or "wrong order",
        )
        rates = load_rates(order.terms.rates) if order.terms.settlement_currency else None
        return event, book_order_event(order, event, life, rates)

    store.step_order(it.order_id, decide)
    return "refunded"
