"""The rules book balanced transactions, and only completed orders earn."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.ledger.transactions import Posting, Transaction, cost, imbalance, revenue
from assistant.money import Money
from assistant.records import Effort
from tests.assistant.examples import NOW, event, interaction, order, plan

microseconds = st.integers(min_value=0, max_value=60_000_000)
efforts = st.builds(
    Effort,
    audio_us=microseconds,
    listening_cpu_us=microseconds,
    recognition_cpu_us=microseconds,
    understanding_cpu_us=microseconds,
    recognition_us=microseconds,
    understanding_us=microseconds,
)


@given(efforts)
def test_every_interaction_is_booked_balanced_at_its_exact_cost_rounded_up(effort: Effort) -> None:
    rates = plan()
    transactions = book_interaction(interaction(effort=effort), rates)
    assert all(not imbalance(transaction.postings) for transaction in transactions)
    exact = rates.energy_cost(sum(effort.cpu_us)) + rates.wear_cost(
        effort.audio_us + effort.recognition_us + effort.understanding_us
    )
    booked = cost(transactions, "USD")
    assert 0 <= Fraction(booked.micros) - exact * 10**6 < 1
    assert not revenue(transactions, "USD")


def test_a_worked_example() -> None:
    # 121 ms of one core at 1 W and 0.17 a kWh: 0.121 J, 0.0057 millionths. 1.5961 s of a machine of 90 over
    # 4 years of 126,144,000 s: 1.1388 millionths. Together 1.1445, so 2 are booked.
    (transaction,) = book_interaction(interaction(), plan())
    assert cost([transaction], "USD") == Money.of("0.000002", "USD")
    # Two millionths by 30 : 90 : 1 are 0.496, 1.488 and 0.017: whole parts 0, 1, 0, the rest to the largest remainder.
    debits = {p.account: p.amount.micros for p in transaction.postings if p.amount.micros > 0}
    assert debits == {accounts.LISTENING: 1, accounts.RECOGNITION: 1}
    credited = {p.account: p.amount.micros for p in transaction.postings if p.amount.micros < 0}
    assert credited == {accounts.DEPRECIATION: -2}


def test_a_plan_without_rates_books_zeros() -> None:
    rates = plan()
    free = replace(rates, machine=replace(rates.machine, price=Decimal(0), watts_per_busy_core=Decimal(0)))
    (transaction,) = book_interaction(interaction(), free)
    assert not cost([transaction], "USD")


def test_a_typed_command_costs_something_too() -> None:
    effort = Effort(understanding_cpu_us=300, understanding_us=300)
    transactions = book_interaction(interaction(effort=effort, source="typed"), plan())
    assert cost(transactions, "USD").micros == 1


@pytest.mark.parametrize("state", ["quoted", "confirmed", "cancelled"])
def test_an_order_that_is_not_placed_books_nothing(state: str) -> None:
    assert book_order_event(order(), event(state)) == ()  # type: ignore[arg-type]


def test_placing_costs_and_completing_earns() -> None:
    placed = book_order_event(order(), event("placed"))
    assert (cost(placed, "USD"), revenue(placed, "USD")) == (Money.of("0.0075", "USD"), Money.zero("USD"))
    completed = book_order_event(order(), event("completed"))
    assert (cost(completed, "USD"), revenue(completed, "USD")) == (
        Money.zero("USD"),
        Money.of("0.999", "USD"),
    )
    assert {posting.account for posting in completed[0].postings} == {
        "Assets:Receivable:Pizza",
        "Income:Rebates:Pizza",
    }


def test_the_rebate_is_a_share_to_the_nearest_millionth_plus_a_fixed_amount() -> None:
    rebate, terms = plan().rebate("ride", Money.of("29.330001", "USD"))
    assert rebate == Money.of("0.6866", "USD")  # 0.58660002 rounds to 0.586600, and 0.10
    assert terms == "0.02 of 29.330001 plus 0.10 USD, plan home"
    assert plan().rebate("music", Money.of("5", "USD"))[0] == Money.zero("USD")


def test_an_unbalanced_transaction_cannot_be_made() -> None:
    def transaction(*amounts: Money) -> Transaction:
        return Transaction(
            id="t",
            at=NOW,
            kind="compute",
            interaction_id="i",
            order_id=None,
            plan="home",
            description="",
            postings=tuple(Posting(account="Assets:X", amount=amount) for amount in amounts),
        )

    one, euro = Money.of("1", "USD"), Money.of("1", "EUR")
    with pytest.raises(LedgerError, match="off by 1000000 millionths of EUR"):
        transaction(one, -one, euro)
    with pytest.raises(LedgerError, match="needs two"):
        transaction(Money.zero("USD"))
    assert len(transaction(one, -one, euro, -euro).postings) == 4
