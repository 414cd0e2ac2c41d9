"""Arrays of interactions cost to the millionth what the ledger books for each."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.economics.fleet.pricing import advert_micros, book_interactions
from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.plan import Energy, Machine, PricingPlan, Recognition, Understanding
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction
from assistant.records import Effort
from tests.assistant.examples import interaction

_us = st.one_of(st.integers(0, 20), st.integers(0, 30_000_000))
_rate = st.decimals(0, 5000, places=4)
EFFORT = (
    "audio_us",
    "listening_cpu_us",
    "recognition_cpu_us",
    "understanding_cpu_us",
    "recognition_us",
    "understanding_us",
)


def as_booked(effort: dict[str, int], plan: PricingPlan) -> tuple[int, ...]:
    """Listening, recognition, understanding and wear as the rule books them."""
    (compute, *_) = book_interaction(interaction(effort=Effort(**effort)), plan)
    sums = {
        account: sum(p.amount.micros for p in compute.postings if p.account == account)
        for account in (
            accounts.LISTENING,
            accounts.RECOGNITION,
            accounts.UNDERSTANDING,
            accounts.DEPRECIATION,
        )
    }
    *expenses, wear = sums.values()
    return (*expenses, -wear)


def in_arrays(efforts: list[dict[str, int]], plan: PricingPlan) -> list[tuple[int, ...]]:
    booked = book_interactions(
        plan, **{name: np.array([each[name] for each in efforts], dtype=np.int64) for name in EFFORT}
    )
    return list(
        zip(
            booked.listening.tolist(),
            booked.recognition.tolist(),
            booked.understanding.tolist(),
            booked.wear.tolist(),
            strict=True,
        )
    )


plans = st.builds(
    lambda watts, kwh, price, life, recognition, understanding: PricingPlan(
        name="drawn",
        currency="USD",
        machine=Machine(name="m", price=price, life_years=life, watts_per_busy_core=watts, source="s"),
        energy=Energy(price_per_kwh=kwh, source="s"),
        recognition=recognition,
        understanding=understanding,
    ),
    _rate,
    _rate,
    _rate,
    st.decimals("0.1", 20, places=1),
    st.builds(
        Recognition,
        method=st.sampled_from(["measured", "per_request", "per_minute"]),
        price=st.decimals(0, 3, places=6),
        increment_seconds=st.sampled_from([Decimal(0), Decimal("0.1"), Decimal(15)]),
        source=st.just("s"),
    ),
    st.builds(
        Understanding,
        method=st.sampled_from(["measured", "per_request"]),
        price=st.decimals(0, 3, places=7),
        source=st.just("s"),
    ),
)


@settings(max_examples=150, deadline=None)
@given(plans, st.lists(st.fixed_dictionaries(dict.fromkeys(EFFORT, _us)), min_size=1, max_size=12))
def test_arrays_book_what_the_ledger_books(plan: PricingPlan, efforts: list[dict[str, int]]) -> None:
    assert in_arrays(efforts, plan) == [as_booked(effort, plan) for effort in efforts]


@pytest.mark.parametrize("name", ["home", "laptop", "maker"])
def test_the_bundled_plans(name: str) -> None:
    plan = load_plan(name)
    dice = np.random.default_rng(3)
    efforts = [
        {key: int(value) for key, value in zip(EFFORT, row, strict=True)}
        for row in dice.integers(0, 4_000_000, (500, len(EFFORT)))
    ]
    assert in_arrays(efforts, plan) == [as_booked(effort, plan) for effort in efforts]


def test_an_advert_is_worth_what_is_booked() -> None:
    plan = load_plan("maker")
    _, advert = book_interaction(interaction(), plan)
    assert advert.postings[0].amount.micros == advert_micros(plan)


def test_a_plan_of_two_currencies_is_refused() -> None:
    nothing: dict[str, Any] = {name: np.zeros(1, dtype=np.int64) for name in EFFORT}
    with pytest.raises(LedgerError, match=r"EUR and its recognition in USD"):
        book_interactions(load_plan("cloud"), **nothing)
    with pytest.raises(LedgerError, match="coarser step"):
        book_interactions(
            replace(
                load_plan("home"),
                recognition=Recognition(
                    method="per_minute", price=Decimal(1), increment_seconds=Decimal("0.0000005"), source="s"
                ),
            ),
            **nothing,
        )
