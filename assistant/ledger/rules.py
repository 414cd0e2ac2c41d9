"""The rules: an interaction, or a step in the life of an order, into balanced transactions. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.ledger import accounts
from assistant.ledger.transactions import Posting, Transaction
from assistant.money import Money

if TYPE_CHECKING:
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import TransactionKind
    from assistant.records import Interaction, Order, OrderEvent


def book_interaction(interaction: Interaction, plan: PricingPlan) -> tuple[Transaction, ...]:
    """What every interaction costs, understood or not: the energy and the wear of hearing and understanding it.

    The exact sum is rounded up to the millionth once, so that nothing which used the machine is booked as
    free and no interaction is overstated by a whole millionth; then it is split to the stages by processor time.
    """
    effort = interaction.effort
    busy_us = effort.audio_us + effort.recognition_us + effort.understanding_us
    energy = plan.energy_cost(sum(effort.cpu_us))
    wear = plan.wear_cost(busy_us)
    total = Money.rounded_up(energy + wear, plan.currency)
    stages = (accounts.LISTENING, accounts.RECOGNITION, accounts.UNDERSTANDING)
    weights = effort.cpu_us if any(effort.cpu_us) else (0, 0, 1)
    debits = zip(stages, total.allocate(weights), strict=True)
    # Integers in the ratio of two exact fractions.
    by_cause = (energy.numerator * wear.denominator, wear.numerator * energy.denominator)
    if not total:
        by_cause = (0, 1)
    credits_ = zip((accounts.ELECTRICITY, accounts.DEPRECIATION), total.allocate(by_cause), strict=True)
    # A plan without rates books zeros, so that every interaction has its transaction.
    postings = [Posting(account=account, amount=amount) for account, amount in debits if amount or not total]
    postings += [
        Posting(account=account, amount=-amount) for account, amount in credits_ if amount or not total
    ]
    return (
        Transaction(
            id=f"{interaction.id}:compute",
            at=interaction.at,
            kind="compute",
            interaction_id=interaction.id,
            order_id=None,
            plan=plan.name,
            description=(
                f"{sum(effort.cpu_us) / 1e6:.3f} s of processor at {plan.machine.watts_per_busy_core} W and "
                f"{plan.energy.price_per_kwh} {plan.currency}/kWh; {busy_us / 1e6:.3f} s of a machine of "
                f"{plan.machine.price} {plan.currency} over {plan.machine.life_years} years"
            ),
            postings=tuple(postings),
        ),
    )


def book_order_event(order: Order, event: OrderEvent) -> tuple[Transaction, ...]:
    """What a step in the life of an order books: messages when it is placed, the rebate when it completes."""
    intent = order.intent
    if event.state == "placed":
        return _book(
            order,
            event,
            kind="notification",
            amount=order.notification,
            debit=accounts.notification(intent),
            credit=accounts.MESSAGING,
            description=f"messages about {order.description}",
        )
    if event.state == "completed":
        return _book(
            order,
            event,
            kind="accrual",
            amount=order.rebate,
            debit=accounts.receivable(intent),
            credit=accounts.rebate_income(intent),
            description=f"rebate on {order.description}: {order.rebate_terms}",
        )
    return ()


def _book(
    order: Order,
    event: OrderEvent,
    *,
    kind: TransactionKind,
    amount: Money,
    debit: str,
    credit: str,
    description: str,
) -> tuple[Transaction, ...]:
    if not amount:
        return ()
    return (
        Transaction(
            id=f"{order.id}:{kind}",
            at=event.at,
            kind=kind,
            interaction_id=event.interaction_id,
            order_id=order.id,
            plan=order.plan,
            description=f"{description} (simulated)",
            postings=(Posting(account=debit, amount=amount), Posting(account=credit, amount=-amount)),
        ),
    )
