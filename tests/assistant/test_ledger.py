"""The rules book balanced transactions, and only completed orders earn."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.ledger.transactions import Posting, Transaction, cost, imbalance, revenue
from assistant.money import Money
from assistant.records import Effort, OrderState
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


def life_of(*states: OrderState, plan_: str = "maker", total: str = "19.98") -> dict[str, int]:
    """The balance of every account, millionths, after an order lived through `states` under a bundled plan."""
    terms = load_plan(plan_)
    amount = Money.of(total, terms.currency)
    rebate, words = terms.rebate("pizza", amount)
    placed = order(
        total=amount,
        plan=plan_,
        rebate=rebate,
        rebate_terms=words,
        notification=terms.notification("pizza"),
        terms=terms.terms("pizza", amount),
    )
    balances: dict[str, int] = {}
    events = [event(state) for state in states]
    for number, step in enumerate(events):
        for transaction in book_order_event(placed, step, events[:number]):
            for posting in transaction.postings:
                assert bundled_chart().find(posting.account)
                balances[posting.account] = balances.get(posting.account, 0) + posting.amount.micros
    return {account: micros for account, micros in balances.items() if micros}


PLACED = {
    "Expenses:Notification:Pizza": 7_500,
    "Liabilities:Payable:Messaging": -7_500,
    "Expenses:Support:Pizza": 30_000,
    "Liabilities:Payable:Support": -30_000,
}
DONE = {**PLACED, "Expenses:Fulfilment:Pizza": 20_000, "Liabilities:Payable:Fulfilment": -20_000}
# 5 % and 1 % of 19.98.
EARNED = {"Income:Rebates:Pizza": -999_000, "Income:Affiliate:Pizza": -199_800}
# 2.9 % of 1.1988 is 0.0347652, to the nearest millionth.
FEE = 34_765


@pytest.mark.parametrize(
    ("states", "balances"),
    [
        (("quoted", "cancelled"), {}),
        (("quoted", "confirmed", "placed"), PLACED),
        (("quoted", "confirmed", "placed", "cancelled"), PLACED),
        (
            ("quoted", "confirmed", "placed", "completed"),
            {**DONE, **EARNED, "Assets:Receivable:Pizza": 999_000, "Assets:Receivable:Affiliates": 199_800},
        ),
        (
            ("quoted", "confirmed", "placed", "completed", "settled"),
            {**DONE, **EARNED, "Assets:Cash": 1_198_800 - FEE, "Expenses:PaymentFees:Pizza": FEE},
        ),
        (
            ("quoted", "confirmed", "placed", "completed", "refunded"),
            {
                **DONE,
                "Expenses:Refunds:Pizza": 100_000,
                "Liabilities:Payable:PaymentProvider": -100_000,
                "Expenses:Support:Pizza": 1_530_000,
                "Liabilities:Payable:Support": -1_530_000,
            },
        ),
        (
            ("quoted", "confirmed", "placed", "completed", "settled", "refunded"),
            {
                **DONE,
                # The fee is not given back: that much cash is gone.
                "Assets:Cash": -FEE,
                "Expenses:PaymentFees:Pizza": FEE,
                "Expenses:Refunds:Pizza": 100_000,
                "Liabilities:Payable:PaymentProvider": -100_000,
                "Expenses:Support:Pizza": 1_530_000,
                "Liabilities:Payable:Support": -1_530_000,
            },
        ),
        (
            ("quoted", "confirmed", "placed", "completed", "settled", "charged_back"),
            {
                **DONE,
                "Assets:Cash": -FEE,
                "Expenses:PaymentFees:Pizza": FEE,
                "Expenses:Chargebacks:Pizza": 15_000_000,
                "Liabilities:Payable:PaymentProvider": -15_000_000,
                "Expenses:Support:Pizza": 4_030_000,
                "Liabilities:Payable:Support": -4_030_000,
            },
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_the_life_of_an_order_leaves_the_right_balances(
    states: tuple[OrderState, ...], balances: dict[str, int]
) -> None:
    assert life_of(*states) == balances


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
