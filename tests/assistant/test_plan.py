"""Plans: rebates of every shape, clouds, currencies, periods, fleets; and errors that say what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import bundled_names
from assistant.errors import ConfigError, LedgerError
from assistant.ledger import accounts
from assistant.ledger.accounts import bundled_chart, load_chart
from assistant.ledger.exchange import Rates, load_rates
from assistant.ledger.period import period_items
from assistant.ledger.plan import Rebate, Settlement, Tier
from assistant.ledger.plan_file import load_plan
from assistant.ledger.rules import book_interaction
from assistant.ledger.sources import source_of
from assistant.ledger.volume import OrderVolume, Volume, price_volume
from assistant.money import Money
from assistant.records import Effort, OrderState
from assistant.resources import configs_dir
from tests.assistant.examples import NOW, interaction
from tests.assistant.test_books import live, order_under

if TYPE_CHECKING:
    from pathlib import Path


def rebate(total: str, **terms: object) -> Fraction:
    return Fraction(Rebate(source="x", **terms).exact(Fraction(total)))  # type: ignore[arg-type]


TIERS = (
    Tier(at=Decimal(10), share=Decimal("0.05")),
    Tier(at=Decimal(20), share=Decimal("0.10")),
)


@pytest.mark.parametrize(
    ("total", "volume", "graduated"),
    [
        ("9.99", "0", "0"),
        ("10", "0.5", "0"),
        ("19", "0.95", "0.45"),
        ("20", "2", "0.5"),
        # 10 at 5 % and 10 at 10 %.
        ("30", "3", "1.5"),
    ],
)
def test_tiers_hold_for_the_whole_total_or_for_the_part_that_lies_in_them(
    total: str, volume: str, graduated: str
) -> None:
    assert rebate(total, tiers=TIERS) == Fraction(volume)
    assert rebate(total, tiers=TIERS, tiering="graduated") == Fraction(graduated)


def test_a_rebate_is_a_share_and_a_fixed_amount_or_the_minimum() -> None:
    terms = {"share": Decimal("0.05"), "fixed": Decimal("0.10"), "minimum": Decimal("0.50")}
    assert rebate("10", **terms) == Fraction("0.60")
    assert rebate("7", **terms) == Fraction("0.50")
    words = Rebate(source="x", **terms).words(Money.of("7", "USD"))  # type: ignore[arg-type]
    assert words == "0.05 of 7.000000 plus 0.10 USD, at least 0.50 USD"
    assert Rebate(source="x", tiers=TIERS).words(Money.of("7", "USD")) == (
        "0.05 from 10, 0.10 from 20 (volume) of 7.000000 plus 0 USD"
    )


# ---- clouds and currencies


def test_a_cloud_is_booked_at_its_price_in_the_currency_of_the_books() -> None:
    """A worked example: 1.5 s at 0.024 dollars a minute and one request at 0.00075 dollars, 1.17 dollars a euro."""
    plan = load_plan("cloud")
    (transaction,) = book_interaction(interaction(plan="cloud"), plan)
    lines = {p.account: p.amount for p in transaction.postings}
    # 0.0006 / 1.17 = 0.000512820..., 0.00075 / 1.17 = 0.000641025..., together 0.00135 / 1.17 = 0.001153846...
    assert lines[accounts.RECOGNITION] == Money.of("0.000513", "EUR")
    assert lines[accounts.CLOUD] == Money.of("-0.001154", "EUR")
    # The bill as a whole is 0.001154 and so are its lines, 0.000513 and 0.000641: no difference here.
    assert accounts.ROUNDING not in lines
    assert "1 USD = 0.854701 EUR on 2026-01-05, rates example" in transaction.description
    # The machine's own share: listening alone, for the rest is bought.
    listening = plan.energy_cost(30_000) + plan.wear_cost(1_500_000)
    assert lines[accounts.LISTENING] == Money.rounded_up(listening, "EUR")


def test_lines_that_do_not_add_up_to_the_bill_leave_a_rounding_difference() -> None:
    rates = Rates(name="x", base="EUR", source="x", per_base={"USD": {"2026-01-01": Decimal(1)}})
    # Two lines of 0.4 millionths are nothing each; together they are a millionth.
    part = Fraction(4, 10**7)
    converted, whole, difference = rates.convert_parts([part, part], "USD", "EUR", date(2026, 1, 1))
    assert [each.micros for each in converted] == [0, 0]
    assert (whole.micros, difference.micros) == (1, 1)
    plan = load_plan("cloud")
    price = Decimal("0.00000046")
    cheap = replace(
        plan,
        recognition=replace(plan.recognition, method="per_request", price=price),
        understanding=replace(plan.understanding, price=price),
    )
    (transaction,) = book_interaction(interaction(), cheap)
    lines = {p.account: p.amount.micros for p in transaction.postings}
    # 0.39 millionths each, 0.79 together.
    assert (lines[accounts.CLOUD], lines[accounts.ROUNDING]) == (-1, 1)
    assert accounts.RECOGNITION not in lines


def test_what_is_typed_needs_no_recognition() -> None:
    effort = Effort(understanding_cpu_us=300, understanding_us=300)
    typed = interaction(source="typed", effort=effort, intent="weather")
    heard = replace(typed, source="file")
    costs = [
        {p.account: str(p.amount) for p in book_interaction(it, load_plan("maker"))[0].postings if p.amount}
        for it in (typed, heard)
    ]
    assert costs == [{}, {accounts.RECOGNITION: "0.004000", accounts.CLOUD: "-0.004000"}]


def test_speech_is_charged_in_steps_where_the_plan_says_so() -> None:
    plan = load_plan("cloud")
    by_steps = replace(plan, recognition=replace(plan.recognition, increment_seconds=Decimal(15)))
    assert plan.recognition_price(1_500_000) == Fraction("0.0006")
    assert by_steps.recognition_price(1) == by_steps.recognition_price(15_000_000) == Fraction("0.006")
    assert by_steps.recognition_price(15_000_001) == Fraction("0.012")


def test_an_advert_earns_its_share_of_a_thousandth_after_an_answer_to_its_intents() -> None:
    plan = load_plan("maker")
    _, advert = book_interaction(interaction(), plan)
    assert {p.account: str(p.amount) for p in advert.postings} == {
        "Assets:Receivable:Advertising": "0.000360",
        "Income:Advertising": "-0.000360",
    }
    for other in ({"intent": "weather"}, {"outcome": "failed"}):
        assert [t.kind for t in book_interaction(interaction(**other), plan)] == ["compute"]


def test_a_settlement_in_another_currency_balances_in_each_at_the_rate_of_its_day() -> None:
    plan = replace(load_plan("cloud"), settlement=Settlement(currency="USD"))
    bought = order_under(plan, 19_980_000)
    states: tuple[OrderState, ...] = ("quoted", "confirmed", "placed", "completed", "settled", "refunded")
    _, booked = live(bought, states, plan)
    settlement = next(t for t in booked if t.kind == "settlement")
    # 3 % of 19.98 is 0.5994; the fee is 1.5 % of it and 0.05: 0.058991. 0.540409 EUR are 0.632279 USD at 1.17.
    assert {(p.account, str(p.amount), p.amount.currency) for p in settlement.postings} == {
        ("Assets:Cash", "0.632279", "USD"),
        ("Equity:Conversion", "-0.632279", "USD"),
        ("Equity:Conversion", "0.540409", "EUR"),
        ("Expenses:PaymentFees:Pizza", "0.058991", "EUR"),
        ("Assets:Receivable:Pizza", "-0.599400", "EUR"),
    }
    refund = next(t for t in booked if t.kind == "refund")
    assert ("Assets:Cash", "-0.701298", "USD") in {
        (p.account, str(p.amount), p.amount.currency) for p in refund.postings
    }
    with pytest.raises(LedgerError, match="settled in USD and there are no exchange rates"):
        live(bought, states, replace(plan, exchange=None))


def test_the_rate_is_that_of_the_day_and_the_days_before_the_first_have_none() -> None:
    rates = load_rates("example")
    assert rates.rate("EUR", "USD", date(2025, 3, 31)) == Fraction("1.04")
    assert rates.rate("EUR", "USD", date(2025, 4, 1)) == Fraction("1.08")
    assert rates.rate("USD", "KRW", date(2026, 2, 1)) == Fraction(1690) / Fraction("1.17")
    assert rates.convert(Money.of("1", "EUR"), "EUR", date(1999, 1, 1)) == Money.of("1", "EUR")
    with pytest.raises(LedgerError, match="no USD as early as 2024-12-31; they begin on 2025-01-01"):
        rates.rate("EUR", "USD", date(2024, 12, 31))
    with pytest.raises(LedgerError, match="have no JPY; they have EUR, KRW, USD"):
        rates.rate("JPY", "USD", date(2026, 1, 1))


# ---- errors


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "cloud",
            'rates = "example"',
            "",
            r"recognition\.currency is USD and the plan is in EUR; expected `rates`",
        ),
        ("cloud", 'rates = "example"', 'rates = "exmaple"', r"did you mean 'example'"),
        (
            "cloud",
            'currency = "USD"',
            'currency = "JPY"',
            r"recognition\.currency: the exchange rates example have no JPY",
        ),
        (
            "cloud",
            "{ at = 20, share = 0.06 }",
            "{ at = 0, share = 0.06 }",
            r"tiers begin at 0, 0; expected rising totals",
        ),
        (
            "cloud",
            "{ at = 20, share = 0.06 }",
            "{ at = 20, shaer = 0.06 }",
            r"'rebates\.pizza\.tiers\.1\.shaer'",
        ),
        (
            "cloud",
            "{ at = 20, share = 0.06 }",
            "{ at = 20, share = 6 }",
            r"tiers\.1\.share is 6; a share is at most 1",
        ),
        ("cloud", "minimum = 0.25", "minimum = 0.25\nshare = 0.1", r"rebates\.pizza has a share and tiers"),
        (
            "cloud",
            'method = "per_minute"',
            'method = "by_ear"',
            r"recognition\.method: Invalid enum value 'by_ear'",
        ),
        ("maker", "fill = 0.02", "fill = 2", r"advertising\.fill is 2; a share is at most 1"),
        ("maker", "fill = 0.02", "fil = 0.02", r"'advertising\.fil' \(did you mean 'advertising\.fill'"),
        (
            "maker",
            "chargeback = 15.00",
            "chargeback = -1",
            r"payment\.chargeback is -1; expected a number from 0",
        ),
        (
            "maker",
            "placed = 0.03",
            "placed = 0.0000001",
            r"support\.placed: 1E-7 USD is finer than a millionth",
        ),
        ("maker", "per_month = 0.80", "per_month = nan", r"overhead\.per_month is NaN; expected a number"),
        ("maker", 'name = "maker"', 'name = "maker"\n[exchange]', r"exchange"),
    ],
)
def test_a_plan_that_makes_no_sense_says_where_and_what_was_expected(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    text = (configs_dir() / "pricing" / f"{name}.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_plan(str(path))
    assert "exmaple" in new or str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[per_base.KRW]", "[per_base.EUR]", "is the base itself"),
        ("[per_base.KRW]", "[per_base.won]", "'won' is no currency"),
        ("2025-07-01 = 1590", "2025-7-1 = 1590", "'2025-7-1' is no date"),
        ("2025-07-01 = 1590", "2025-07-01 = 0", r"per_base\.KRW\.2025-07-01 is 0; expected a number above 0"),
        ("2025-07-01 = 1590", '2025-07-01 = "x"', "per_base"),
        ('base = "EUR"', 'base = "euro"', "base"),
    ],
)
def test_a_table_of_rates_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((configs_dir() / "rates" / "example.toml").read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_rates(str(path))
    assert str(path) in str(caught.value)


def test_a_plan_finds_its_rates_beside_itself(tmp_path: Path) -> None:
    text = (configs_dir() / "pricing" / "cloud.toml").read_text()
    (tmp_path / "plan.toml").write_text(text.replace('rates = "example"', 'rates = "./rates.toml"'))
    (tmp_path / "rates.toml").write_text((configs_dir() / "rates" / "example.toml").read_text())
    plan = load_plan(str(tmp_path / "plan.toml"))
    assert plan.exchange == load_rates("example")
    assert plan.rates == str(tmp_path / "rates.toml")


# ---- the chart


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'type = "asset"',
            'type = "expense"',
            "expense account 'Assets:Cash' is misnamed; expected Expenses:",
        ),
        ('name = "Assets:Cash"', 'name = "Assets:cash"', "misnamed"),
        ('name = "Assets:Cash"', 'name = "Assets:Receivable:*"', "stands there twice"),
        ('normal = "debit"', 'normal = "left"', "accounts"),
    ],
)
def test_a_chart_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "chart.toml"
    path.write_text((configs_dir() / "accounts.toml").read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        load_chart(path)


def test_a_name_comes_before_a_pattern_and_a_star_is_one_part() -> None:
    chart = bundled_chart()
    found = {name: chart.find(name) for name in ("Assets:Receivable:Affiliates", "Assets:Receivable:Pizza")}
    assert [each and each.name for each in found.values()] == [
        "Assets:Receivable:Affiliates",
        "Assets:Receivable:*",
    ]
    for none in (
        "Assets:Receivable",
        "Assets:Receivable:Pizza:Large",
        "Assets:Receivable:pizza",
        "assets:cash",
    ):
        assert chart.find(none) is None
    assert accounts.rebate_income("smart_home") == "Income:Rebates:Smart-Home"


# ---- by period, and for a fleet


def test_a_month_of_one_device() -> None:
    month = Fraction(365, 12)
    items = {
        item.account: (str(item.amount), item.source)
        for item in period_items(load_plan("maker"), device_days=month)
    }
    assert {account: amount for account, (amount, _) in items.items()} == {
        accounts.SUBSCRIPTIONS: "19.990000",
        # 29 and 31 over 48 months.
        accounts.DEVICE_SALES: "0.604167",
        accounts.DEVICE_PARTS: "0.645833",
        accounts.OVERHEAD: "0.800000",
    }
    assert all(source for _, source in items.values())
    (free,) = (
        item
        for item in period_items(load_plan("maker"), device_days=month, subscriber_days=0)
        if item.account == accounts.SUBSCRIPTIONS
    )
    assert not free.amount
    assert period_items(load_plan("home"), device_days=30) == ()


@given(
    st.lists(st.integers(0, 20_000_000), min_size=1, max_size=30),
    st.sampled_from(["home", "laptop", "cloud", "maker"]),
)
@settings(deadline=None)
def test_a_log_and_its_volume_come_to_the_same(lengths: list[int], name: str) -> None:
    """The rules of one device's log are those of a fleet: they differ by the rounding of each booking only."""
    plan = load_plan(name)
    efforts = [
        Effort(
            audio_us=us,
            listening_cpu_us=us // 50,
            recognition_cpu_us=us // 9,
            understanding_cpu_us=900,
            recognition_us=us // 8,
            understanding_us=1_000,
        )
        for us in lengths
    ]
    booked = [
        t for n, e in enumerate(efforts) for t in book_interaction(interaction(id=f"i{n}", effort=e), plan)
    ]
    bought = [order_under(plan, 10_000_000, id=f"o{n}") for n in range(3)]
    lives: tuple[tuple[OrderState, ...], ...] = (
        ("quoted", "confirmed", "placed", "completed", "settled"),
        ("quoted", "confirmed", "placed", "completed", "refunded"),
        ("quoted", "confirmed", "placed", "completed", "settled", "charged_back"),
    )
    for each, states in zip(bought, lives, strict=True):
        booked += live(each, states, plan)[1]

    volume = Volume(
        heard=len(efforts),
        places=len(efforts),
        audio_us=sum(effort.audio_us for effort in efforts),
        listening_cpu_us=sum(effort.listening_cpu_us for effort in efforts),
        recognition_cpu_us=sum(effort.recognition_cpu_us for effort in efforts),
        understanding_cpu_us=sum(effort.understanding_cpu_us for effort in efforts),
        recognition_us=sum(effort.recognition_us for effort in efforts),
        understanding_us=sum(effort.understanding_us for effort in efforts),
        orders={
            "pizza": (
                OrderVolume(
                    total=bought[0].total, placed=3, completed=3, settled=2, refunded=1, charged_back=1
                ),
            )
        },
    )
    priced = price_volume(volume, plan, on=NOW.date())
    for item in priced:
        sign = -1 if item.account.startswith("Income:") else 1
        posted = sign * sum(p.amount.micros for t in booked for p in t.postings if p.account == item.account)
        # Compute is rounded once for three stages, a bill line once; orders are exact.
        assert abs(posted - item.amount.micros) <= (
            2 * len(lengths) if "Compute" in item.account or item.account == accounts.ADVERTISING else 0
        ), item
        assert item.source
    # A cost that is next to nothing is booked as a millionth, and a rounding difference is nothing in itself.
    dust = {accounts.LISTENING, accounts.RECOGNITION, accounts.UNDERSTANDING, accounts.ROUNDING}
    posted_to = {
        p.account for t in booked for p in t.postings if p.account.startswith(("Income:", "Expenses:"))
    }
    given_back = {accounts.rebate_income("pizza"), accounts.affiliate_income("pizza")}
    assert posted_to - {item.account for item in priced} <= dust | given_back


def test_steps_of_speech_cannot_be_priced_by_their_sum() -> None:
    plan = load_plan("cloud")
    by_steps = replace(plan, recognition=replace(plan.recognition, increment_seconds=Decimal(15)))
    with pytest.raises(LedgerError, match=r"set recognition\.increment_seconds to 0"):
        price_volume(Volume(heard=1, audio_us=5), by_steps, on=NOW.date())


def test_a_billion_interactions_a_week_at_the_price_of_a_request() -> None:
    """The arithmetic of the fact table: 52 billion a year at 0.004 dollars are 208 million."""
    (line,) = (
        item
        for item in price_volume(Volume(heard=52 * 10**9), load_plan("maker"), on=NOW.date())
        if item.account == accounts.RECOGNITION
    )
    assert line.amount == Money.of("208000000", "USD")


@pytest.mark.parametrize("name", bundled_names("pricing"))
def test_every_rate_of_income_and_expense_has_a_source(name: str) -> None:
    plan = load_plan(name)
    for intent in plan.rebates:
        amount = Money.of("19.98", plan.currency)
        placed = order_under(plan, amount.micros, intent=intent)
        _, booked = live(placed, ("quoted", "confirmed", "placed", "completed", "settled", "refunded"), plan)
        booked += book_interaction(interaction(), plan)
        for transaction in booked:
            for posting in transaction.postings:
                if posting.account.startswith(("Income:", "Expenses:")):
                    assert source_of(plan, posting.account), posting.account
    assert source_of(plan, accounts.CASH) == ""
