"""What a scenario comes to: exact sums, known arithmetic, bands, and how strategies compose."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.economics.scenario.counts import Drawn, Expected, Whole
from assistant.economics.scenario.draws import ZERO, draw, exact_values, point_values, spread
from assistant.economics.scenario.economy import evaluate
from assistant.economics.scenario.files import load_scenario, scenario_names, strategy_names
from assistant.economics.scenario.statement import make_statement, statement_json
from assistant.ledger import accounts
from assistant.ledger.accounts import bundled_chart
from assistant.money import Money, total

if TYPE_CHECKING:
    from assistant.economics.scenario.files import Scenario
    from assistant.ledger.arithmetic import Number

EVERYTHING = [name for name in strategy_names() if name != "device-at-cost"]


def margin(scenario: Scenario, **changes: Number) -> float:
    """At the values of the figures but for `changes`, whose keys have two underscores for a point."""
    values = point_values(scenario.figures)
    values |= {key.replace("__", "."): np.float64(value) for key, value in changes.items()}
    return float(evaluate(values, Expected(), currency=scenario.currency, zero=ZERO).margin)


@pytest.mark.parametrize("name", [*scenario_names(), "alexa-2022+" + "+".join(EVERYTHING)])
def test_totals_are_the_exact_sums_of_lines_that_the_chart_has(name: str) -> None:
    statement = make_statement(load_scenario(name), exponent=8)
    currency = statement.scenario.currency
    for summed, prefix in ((statement.revenue, "Income:"), (statement.cost, "Expenses:")):
        lines = [line.value for line in statement.lines if line.account.startswith(prefix)]
        assert summed.value == total(lines, currency)
    assert statement.margin.value == statement.revenue.value - statement.cost.value
    for line in statement.lines:
        assert bundled_chart().find(line.account)
        assert line.behind, line.account
        assert line.low <= line.high


def test_a_billion_a_week_at_the_list_price_is_the_published_arithmetic() -> None:
    """52 billion interactions at 0.004 dollars are 208 million; a loss of 10 billion is 0.19 on each."""
    statement = make_statement(load_scenario("alexa-2022"), exponent=4)
    assert statement.interactions == 52 * 10**9
    (compute,) = [line for line in statement.lines if line.account == accounts.RECOGNITION]
    assert compute.value == Money.of("208000000", "USD")
    assert compute.kind == "computed"
    reported = statement.scenario.figures["reported.loss"].value
    assert round(float(reported / statement.interactions), 2) == 0.19


@pytest.mark.parametrize("name", [*scenario_names(), "alexa-2022+" + "+".join(EVERYTHING)])
def test_drawn_numbers_go_through_the_formulas_of_the_exact_ones(name: str) -> None:
    """The oracle of the vectorised way: fractions, figure by figure, at points of the draws."""
    scenario = load_scenario(name)
    drawn = draw(scenario.figures, exponent=3)
    together = evaluate(drawn, Expected(), currency=scenario.currency, zero=ZERO)
    for row in range(8):
        values = {key: Fraction(float(np.broadcast_to(value, 8)[row])) for key, value in drawn.items()}
        alone = evaluate(values, Expected(), currency=scenario.currency)
        for account, amount in alone.amounts.items():
            found = float(np.broadcast_to(together.amounts[account], 8)[row])
            # An order's amounts are rounded to the millionth, which may fall on either side.
            tolerance = 1e-6 * max(float(alone.interactions), 1) * (":" in account)
            assert found == pytest.approx(float(amount), rel=1e-9, abs=min(tolerance, 2e-6 * 52e9)), account


@pytest.mark.parametrize("name", scenario_names())
def test_a_band_holds_the_median_of_what_is_drawn(name: str) -> None:
    scenario = load_scenario(name)
    statement = make_statement(scenario, exponent=9)
    drawn = draw(scenario.figures, exponent=9)
    year = evaluate(drawn, Expected(), currency=scenario.currency, zero=ZERO)
    for line in (statement.revenue, statement.cost, statement.margin):
        median = float(np.median(np.broadcast_to(getattr(year, line.account), 512)))
        assert float(line.low.units) <= median <= float(line.high.units)


def test_a_figure_without_ranges_leaves_no_band_but_that_of_counting() -> None:
    """In 52 billion, chance is nothing; in the 7,300 of a household it is not."""
    for name, widest in (("alexa-2022", 1e-3), ("pennyworth-home", 2)):
        scenario = load_scenario(name)
        fixed = point_values(scenario.figures)
        drawn = evaluate(fixed, Drawn(np.random.default_rng(1), 2000), currency="USD", zero=ZERO)
        expected = evaluate(point_values(scenario.figures), Expected(), currency="USD", zero=ZERO)
        low, high = np.quantile(drawn.revenue, (0.05, 0.95))
        assert low < float(expected.revenue) < high
        width = (high - low) / float(expected.revenue)
        assert width < widest
        assert width > widest / 1e6
    assert width > 0.1


def test_drawn_counts_have_the_mean_and_the_variance_of_a_multinomial() -> None:
    shares = {"a": np.float64(0.5), "b": np.float64(0.3), "c": np.float64(0.2)}
    number = np.full(20_000, 1_000.0)
    parts = Drawn(np.random.default_rng(2), 20_000).split(number, shares)
    assert np.array_equal(sum(parts.values()), number)
    for name, share in shares.items():
        assert np.mean(parts[name]) == pytest.approx(1_000 * share, abs=0.5)
        assert np.var(parts[name]) == pytest.approx(1_000 * share * (1 - share), rel=0.05)
    covariance = np.cov(parts["a"], parts["b"])[0, 1]
    assert covariance == pytest.approx(-1_000 * 0.5 * 0.3, rel=0.1)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any))
def test_whole_parts_sum_to_the_whole(number: int, weights: list[int]) -> None:
    shares = {str(place): Fraction(weight, sum(weights)) for place, weight in enumerate(weights)}
    parts = Whole().split(number, shares)
    assert sum(parts.values()) == number
    assert all(abs(parts[name] - number * share) <= 1 + number / 10**11 for name, share in shares.items())


def test_the_value_is_the_median_of_a_range_and_the_ends_are_its_ends() -> None:
    points = (np.arange(1000) + 0.5) / 1000
    drawn = spread(points, 1.0, 2.0, 10.0)
    assert np.median(drawn) == pytest.approx(2, abs=0.01)
    assert (drawn.min(), drawn.max()) == (pytest.approx(1, abs=0.01), pytest.approx(10, abs=0.01))


@given(st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None, max_examples=40)
def test_a_larger_rebate_earns_more(one: float, other: float) -> None:
    scenario = load_scenario("alexa-2022")
    low, high = sorted((one, other))
    assert margin(scenario, rebates__pizza__share=low) <= margin(scenario, rebates__pizza__share=high) + 1e-3


@given(st.floats(0, 0.9), st.floats(0, 0.9))
@settings(deadline=None, max_examples=40)
def test_more_requests_for_pizza_earn_more(one: float, other: float) -> None:
    scenario = load_scenario("alexa-2022")
    low, high = sorted((one, other))
    assert margin(scenario, mix__pizza=low) <= margin(scenario, mix__pizza=high) + 1


@pytest.mark.parametrize(
    ("one", "other"), [("subscription", "halo"), ("display-adverts", "halo"), ("paid-skills", "halo")]
)
def test_strategies_that_do_not_touch_each_other_add_up(one: str, other: str) -> None:
    base = margin(load_scenario("alexa-2022"))
    alone = [margin(load_scenario("alexa-2022", with_=[name])) - base for name in (one, other)]
    both = margin(load_scenario("alexa-2022", with_=[one, other])) - base
    assert both == pytest.approx(sum(alone), rel=1e-9)


def test_factors_of_strategies_multiply() -> None:
    usage = [
        make_statement(load_scenario(f"alexa-2022{name}"), exponent=2).interactions
        for name in ("", "+audio-adverts", "+price-war", "+audio-adverts+price-war")
    ]
    assert usage[3] * usage[0] == usage[1] * usage[2]


def test_a_device_at_cost_loses_nothing_on_the_device_and_a_war_of_prices_does() -> None:
    def on_devices(name: str) -> Fraction:
        lines = {
            line.account: line.value.units for line in make_statement(load_scenario(name), exponent=2).lines
        }
        return lines[accounts.DEVICE_SALES] - lines[accounts.DEVICE_PARTS]

    assert on_devices("alexa-2022") == -5 * 65_000_000
    assert on_devices("alexa-2022+device-at-cost") == 0
    each = on_devices("alexa-2022+device-at-margin") / (65_000_000 * Fraction("0.4"))
    assert float(each) == pytest.approx(50 * 0.38 / 0.62)
    # 0.7 of 45 dollars, parts of 50, and 1.4 times as many.
    assert on_devices("alexa-2022+price-war") == (Fraction("31.5") - 50) * 65_000_000 * Fraction("1.4")


def test_local_recognition_takes_the_cloud_away_and_costs_parts() -> None:
    lines = {
        name: {
            line.account: line.value.units for line in make_statement(load_scenario(name), exponent=2).lines
        }
        for name in ("alexa-2022", "alexa-2022+local-recognition")
    }
    before, after = lines.values()
    assert after[accounts.RECOGNITION] == before[accounts.RECOGNITION] / 10
    assert after[accounts.DEVICE_PARTS] - before[accounts.DEVICE_PARTS] == 3 * 65_000_000


def test_the_household_pays_for_its_machine_by_use_and_by_time() -> None:
    """The plan `home`: what use has borne of the machine is not borne again by time."""
    scenario = load_scenario("pennyworth-home")
    values = exact_values(scenario.figures)
    year = evaluate(values, Whole(), currency="USD")
    wear_and_idle = sum(
        amount
        for account, amount in year.amounts.items()
        if account.startswith("Expenses:Compute:") or account == accounts.IDLE_MACHINE
    )
    energy = Fraction("0.215") * 7300 * Fraction("0.17") / 3_600_000
    assert wear_and_idle == Fraction(90, 4) + energy


def test_the_document_says_what_is_fact_and_what_is_assumed() -> None:
    document = statement_json(make_statement(load_scenario("alexa-2022"), exponent=6))
    assert {"scenario", "year", "currency", "interactions", "lines", "per_interaction"} <= set(document)
    by_account = {line["account"]: line for line in document["lines"]}
    assert by_account["Expenses:Compute:Recognition"]["kind"] == "computed"
    assert by_account["Expenses:People"]["kind"] == "assumption"
    assert "Amazon Lex" in by_account["Expenses:Compute:Recognition"]["source"]
    assert "assumption: people.headcount, people.cost" in by_account["Expenses:People"]["source"]
    assert {each["kind"] for each in document["figures"]} == {"fact", "assumption"}
    assert by_account["margin"]["value"].count(".") == 1


def test_the_same_seed_draws_the_same() -> None:
    scenario = load_scenario("alexa-2022")
    assert make_statement(scenario, exponent=6) == make_statement(scenario, exponent=6)
    assert make_statement(scenario, exponent=6) != make_statement(scenario, exponent=6, seed=1)
