"""Properties of the books over random plans, orders, lives, currencies and tampering."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from assistant.ledger import accounts
from assistant.ledger.accounts import bundled_chart
from assistant.ledger.exchange import Rates
from assistant.ledger.plan import (
    Advertising,
    Energy,
    Machine,
    Payment,
    PricingPlan,
    Rebate,
    Recognition,
    Settlement,
    ShareAndFixed,
    Support,
    Tier,
    Understanding,
)
from assistant.ledger.rules import book_interaction, book_order_event, reverse
from assistant.ledger.transactions import imbalance
from assistant.money import Money, total
from assistant.records import LIFE, Effort, OrderEvent, OrderState
from assistant.store.audit import audit
from assistant.store.store import Store
from assistant.store.totals import totals
from tests.assistant.examples import NOW, interaction, order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.ledger.transactions import Transaction
    from assistant.records import Interaction, Order

CURRENCIES = ("EUR", "KRW", "USD")
DAY = date(2026, 1, 1)


def decimals(least: int = 0, most: int = 100, places: int = 6) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=least, max_value=most, places=places)


shares = decimals(0, 1, 4)
maybe_foreign = st.none() | st.sampled_from(CURRENCIES)


@st.composite
def rate_tables(draw: st.DrawFn) -> Rates:
    base = draw(st.sampled_from(CURRENCIES))
    days = draw(st.lists(st.integers(0, 400), min_size=0, max_size=3, unique=True))
    dates = ["2025-01-01", *((DAY + timedelta(days=day)).isoformat() for day in days)]
    worth = decimals(0, 2000, 4).filter(bool)
    others = [code for code in CURRENCIES if code != base]
    return Rates(
        name="random",
        base=base,
        source="drawn",
        per_base={code: {day: draw(worth) for day in dates} for code in others},
    )


@st.composite
def rebates(draw: st.DrawFn) -> Rebate:
    starts = draw(st.lists(decimals(0, 80, 2), max_size=3, unique=True))
    return Rebate(
        share=Decimal(0) if starts else draw(shares),
        tiers=tuple(Tier(at=at, share=draw(shares)) for at in sorted(starts)),
        tiering=draw(st.sampled_from(["volume", "graduated"])),
        fixed=draw(decimals(0, 3)),
        minimum=draw(decimals(0, 3)),
        notification=draw(decimals(0, 1)),
        source="drawn",
    )


share_and_fixed = st.builds(ShareAndFixed, share=shares, fixed=decimals(0, 3), source=st.just("drawn"))


@st.composite
def pricing_plans(draw: st.DrawFn) -> PricingPlan:
    currency = draw(st.sampled_from(CURRENCIES))
    price = decimals(0, 1, 8)
    return PricingPlan(
        name=draw(st.sampled_from(["one", "two", "three"])),
        currency=currency,
        rates="random",
        exchange=draw(rate_tables()),
        machine=Machine(
            name="m",
            price=draw(decimals(0, 2000, 2)),
            life_years=draw(decimals(1, 9, 1)),
            watts_per_busy_core=draw(decimals(0, 50, 2)),
            source="drawn",
        ),
        energy=Energy(price_per_kwh=draw(decimals(0, 500, 3)), source="drawn"),
        recognition=Recognition(
            method=draw(st.sampled_from(["measured", "per_request", "per_minute"])),
            price=draw(price),
            increment_seconds=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(15)])),
            currency=draw(maybe_foreign),
            source="drawn",
        ),
        understanding=Understanding(
            method=draw(st.sampled_from(["measured", "per_request"])),
            price=draw(price),
            currency=draw(maybe_foreign),
            source="drawn",
        ),
        rebates={"pizza": draw(rebates())},
        affiliates={"pizza": draw(share_and_fixed)} if draw(st.booleans()) else {},
        fulfilment={"pizza": draw(share_and_fixed)} if draw(st.booleans()) else {},
        support=draw(
            st.none()
            | st.builds(
                Support,
                placed=decimals(0, 1),
                refunded=decimals(0, 5),
                charged_back=decimals(0, 5),
                source=st.just("drawn"),
            )
        ),
        payment=draw(
            st.none()
            | st.builds(
                Payment,
                share=shares,
                fixed=decimals(0, 1),
                refund=decimals(0, 1),
                chargeback=decimals(0, 20),
                source=st.just("drawn"),
            )
        ),
        settlement=draw(st.none() | st.builds(Settlement, currency=st.sampled_from(CURRENCIES))),
        advertising=draw(
            st.none()
            | st.builds(
                Advertising,
                per_thousand=decimals(0, 30),
                fill=shares,
                intents=st.just(("music",)),
                currency=maybe_foreign,
                source=st.just("drawn"),
            )
        ),
    )


@st.composite
def lives(draw: st.DrawFn) -> tuple[OrderState, ...]:
    """A walk from quoted, ended anywhere."""
    states: list[OrderState] = []
    last: OrderState | None = None
    for _ in range(draw(st.integers(1, 6))):
        following = sorted(LIFE[last])
        if not following:
            break
        states.append(draw(st.sampled_from(following)))
        last = states[-1]
    return tuple(states)


microseconds = st.integers(0, 60_000_000)
efforts = st.builds(
    Effort,
    audio_us=microseconds,
    listening_cpu_us=microseconds,
    recognition_cpu_us=microseconds,
    understanding_cpu_us=microseconds,
    recognition_us=microseconds,
    understanding_us=microseconds,
)


def order_under(plan: PricingPlan, micros: int, *, intent: str = "pizza", **changes: Any) -> Order:
    """An order of so many millionths, with the terms that the plan sets when it is quoted."""
    amount = Money(currency=plan.currency, micros=micros)
    rebate, words = plan.rebate(intent, amount)
    return order(
        intent=intent,
        total=amount,
        plan=plan.name,
        rebate=rebate,
        rebate_terms=words,
        notification=plan.notification(intent),
        terms=plan.terms(intent, amount),
        **changes,
    )


def live(
    bought: Order, states: Sequence[OrderState], plan: PricingPlan
) -> tuple[list[OrderEvent], list[Transaction]]:
    """The events of a life, a day apart, and all that they book."""
    events = [
        OrderEvent(
            order_id=bought.id,
            state=state,
            at=NOW + timedelta(days=number),
            interaction_id=bought.interaction_id,
            reason="drawn",
        )
        for number, state in enumerate(states)
    ]
    booked = [
        transaction
        for number, step in enumerate(events)
        for transaction in book_order_event(bought, step, events[:number], plan.exchange)
    ]
    return events, booked


def earns(bought: Order) -> int:
    """Millionths that a completed order earns, the commission included."""
    affiliate = bought.terms.charges.get("affiliate")
    return bought.rebate.micros + (affiliate.amount.micros if affiliate else 0)


def kept(states: Sequence[OrderState]) -> bool:
    """Whether an order completed and was neither refunded nor charged back."""
    return "completed" in states and not {"refunded", "charged_back"} & set(states)


@given(pricing_plans(), st.integers(0, 200_000_000), lives())
@settings(deadline=None)
def test_any_life_of_an_order_under_any_plan_leaves_the_right_balances(
    plan: PricingPlan, micros: int, states: tuple[OrderState, ...]
) -> None:
    bought = order_under(plan, micros)
    _, booked = live(bought, states, plan)
    assert len({transaction.id for transaction in booked}) == len(booked)
    balance: Counter[tuple[str, str]] = Counter()
    for transaction in booked:
        assert not imbalance(transaction.postings)
        for posting in transaction.postings:
            found = bundled_chart().find(posting.account)
            assert found
            assert found.booked == "order"
            balance[posting.account, posting.amount.currency] += posting.amount.micros
    income = -sum(micros for (account, _), micros in balance.items() if account.startswith("Income:"))
    claims = sum(
        micros for (account, _), micros in balance.items() if account.startswith("Assets:Receivable:")
    )
    assert income == (earns(bought) if kept(states) else 0)
    # A claim stands from completion until it is paid or given back.
    assert claims == (earns(bought) if states[-1] == "completed" else 0)
    assert {currency for (account, currency) in balance if account.startswith(("Income:", "Expenses:"))} <= {
        plan.currency
    }
    if not bought.terms.settlement_currency:
        fee = bought.terms.charges.get("payment_fee")
        paid = (earns(bought) if kept(states) else 0) - (fee.amount.micros if fee else 0)
        assert balance[accounts.CASH, plan.currency] == (paid if "settled" in states and earns(bought) else 0)


@given(pricing_plans(), efforts, st.sampled_from(["file", "typed"]), st.sampled_from(["music", "weather"]))
@settings(deadline=None)
def test_any_interaction_under_any_plan_is_booked_balanced_at_its_exact_cost(
    plan: PricingPlan, effort: Effort, source: str, intent: str
) -> None:
    said = interaction(effort=effort, source=source, intent=intent, plan=plan.name)
    booked = book_interaction(said, plan)
    assert booked[0].id == f"{said.id}:compute"
    spent, lines = 0, 0
    for transaction in booked:
        assert not imbalance(transaction.postings)
        for posting in transaction.postings:
            found = bundled_chart().find(posting.account)
            assert found
            assert found.booked == "interaction"
            assert posting.amount.currency == plan.currency
            if posting.account.startswith("Expenses:"):
                spent, lines = spent + posting.amount.micros, lines + 1
    here = plan.recognition.method == "measured", plan.understanding.method == "measured"
    cpu = (
        effort.listening_cpu_us + effort.recognition_cpu_us * here[0] + effort.understanding_cpu_us * here[1]
    )
    busy = effort.audio_us + effort.recognition_us * here[0] + effort.understanding_us * here[1]
    exact = plan.energy_cost(cpu) + plan.wear_cost(busy)
    for terms, price in (
        (plan.recognition, plan.recognition_price(effort.audio_us) if source != "typed" else Fraction(0)),
        (plan.understanding, plan.understanding_price()),
    ):
        exact += price * plan.exchange_rate(terms.currency or plan.currency, NOW.date())
    # The machine is rounded up by less than a millionth, each of two bills to the nearest.
    assert abs(Fraction(spent, 10**6) - exact) < Fraction(2, 10**6)


@given(rate_tables(), st.lists(st.fractions(0, 1000), min_size=1, max_size=6), st.permutations(CURRENCIES))
def test_a_bill_converted_line_by_line_and_its_rounding_difference_are_the_bill_converted_at_once(
    rates: Rates, parts: list[Fraction], codes: list[str]
) -> None:
    currency, into, _ = codes
    converted, whole, difference = rates.convert_parts(parts, currency, into, DAY)
    assert total(converted, into) + difference == whole
    exact = sum(parts) * rates.rate(currency, into, DAY)
    assert abs(whole.units - exact) <= Fraction(1, 2 * 10**6)
    assert abs(difference.micros) <= (len(parts) + 1) / 2
    assert rates.rate(currency, into, DAY) * rates.rate(into, currency, DAY) == 1


# ---- the same in a database


def write(
    store: Store,
    plans: Sequence[PricingPlan],
    orders: Sequence[tuple[int, int, tuple[OrderState, ...], bool]],
) -> Counter[str]:
    """Write interactions with orders as drawn: (plan, millionths, states, corrected); returns what was kept."""
    earned: Counter[str] = Counter()
    for number, (which, micros, states, corrected) in enumerate(orders):
        plan = plans[which % len(plans)]
        said: Interaction = interaction(
            id=f"i{number}",
            intent="pizza",
            kind="commerce",
            outcome="ordered",
            order_id=f"o{number}",
            plan=plan.name,
            at=NOW,
        )
        bought = order_under(plan, micros, id=f"o{number}", interaction_id=said.id)
        events, booked = live(bought, states, plan)
        store.append(
            said, orders=[bought], events=events, transactions=[*book_interaction(said, plan), *booked]
        )
        earned[plan.currency] += earns(bought) if kept(states) else 0
        if corrected and booked:
            last = booked[-1]
            store.correct(last.id, lambda original: reverse(original, reason="drawn", at=NOW))
            earned[plan.currency] += sum(
                posting.amount.micros for posting in last.postings if posting.account.startswith("Income:")
            )
    return earned


drawn_orders = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 90_000_000), lives(), st.booleans()), min_size=1, max_size=4
)


@given(st.lists(pricing_plans(), min_size=1, max_size=3), drawn_orders)
@settings(deadline=None, max_examples=20)
def test_any_books_are_in_order_and_revenue_is_what_completed_and_was_kept(
    plans: list[PricingPlan], orders: list[tuple[int, int, tuple[OrderState, ...], bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "log.db") as store:
        earned = write(store, plans, orders)
        found = audit(store)
        assert found.problems == ()
        assert audit(store, head=found.head).problems == ()
        stated: Counter[str] = Counter()
        for row in totals(store, "intent"):
            stated[str(row["currency"])] += int(str(row["revenue_micros"]))
        assert +stated == +earned
        sums: Counter[str] = Counter()
        for _, money in store.balances():
            sums[money.currency] += money.micros
        assert not any(sums.values())


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


@given(
    st.lists(pricing_plans(), min_size=1, max_size=2),
    drawn_orders,
    st.sampled_from(["transactions", "postings"]),
    st.data(),
)
@settings(deadline=None, max_examples=40)
def test_a_change_to_any_value_of_any_row_of_the_books_is_found(
    plans: list[PricingPlan],
    orders: list[tuple[int, int, tuple[OrderState, ...], bool]],
    table: str,
    data: st.DataObject,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with Store.open(path) as store:
            write(store, plans, orders)
        db = sqlite3.connect(path)
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        names = columns(db, table)
        rows = db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        row = data.draw(st.sampled_from(rows), label="row")
        name = data.draw(st.sampled_from([*names, "the whole row"]), label="column")
        key = " AND ".join(f'"{each}" = ?' for each in names[:2])
        if name == "the whole row":
            db.execute(f"DELETE FROM {table} WHERE {key}", row[:2])
        else:
            old = row[names.index(name)]
            if isinstance(old, int):
                new: int | str = old + data.draw(st.integers(-(10**6), 10**6).filter(bool), label="by")
            elif name == "hash":
                new = data.draw(st.text("0123456789abcdef", min_size=64, max_size=64), label="hash")
            else:
                new = data.draw(st.text(max_size=8).filter(lambda text: text != old), label="text")
            # A text that SQLite cannot hold is nothing that a row could be changed to.
            if isinstance(new, str) and not new.isprintable():
                new = f"{old}."
            try:
                db.execute(f'UPDATE {table} SET "{name}" = ? WHERE {key}', (new, *row[:2]))
            except sqlite3.IntegrityError:
                # There is another row of that key already.
                db.close()
                reject()
        for _, sql in triggers:
            db.execute(sql)
        db.commit()
        db.close()
        with Store.open(path, mode="read") as store:
            assert audit(store).problems
