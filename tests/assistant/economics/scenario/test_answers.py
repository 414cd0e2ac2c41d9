"""Solving, calibrating, swings, remedies and years: against arithmetic by hand and against each other."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.economics.scenario.calibrate import calibrate
from assistant.economics.scenario.counts import Expected
from assistant.economics.scenario.draws import ZERO, draw, point_values
from assistant.economics.scenario.economy import evaluate
from assistant.economics.scenario.files import load_scenario, strategy_names
from assistant.economics.scenario.groups import GROUPS
from assistant.economics.scenario.remedies import remedies
from assistant.economics.scenario.solve import solve
from assistant.economics.scenario.statement import make_statement
from assistant.economics.scenario.targets import Target, year_with
from assistant.economics.scenario.timeline import load_timeline, run_timeline
from assistant.economics.scenario.tornado import tornado
from assistant.errors import ConfigError
from assistant.money import Money, total

if TYPE_CHECKING:
    from pathlib import Path

YEAR = "[years.2014.usage.devices]\nvalue = 1\nunit = 'x'\nkind = 'official'\nsource = 'x'\n"
BREAK_EVEN = Target.parse("break-even")


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("break-even", "margin", 0.0),
        ("margin=1e9", "margin", 1e9),
        ("loss=5_000_000_000", "loss", 5e9),
        ("each=-0.1", "each", -0.1),
    ],
)
def test_targets(text: str, measure: str, value: float) -> None:
    assert Target.parse(text) == Target(measure=measure, value=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "profit", "profit=1", "margin=", "margin=nan", "margin=inf", "margin=x"]
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected break-even or one like margin=1e9"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("name", "figure", "target"),
    [
        ("alexa-2022", "pizza_share", "break-even"),
        ("alexa-2022", "mix.ride", "margin=-5e9"),
        ("alexa-2022", "device.margin", "break-even"),
        ("alexa-2022", "headcount", "loss=4e9"),
        ("alexa-2022", "compute.recognition", "loss=10e9"),
        ("alexa-2022", "usage.interactions_per_week", "cost=9e9"),
        ("alexa-plus-2025", "subscription.share", "break-even"),
        ("homepod-2018", "device.units", "break-even"),
        ("pennyworth-home", "usage.interactions_per_device_day", "each=0"),
    ],
)
def test_what_is_solved_reaches_the_target(name: str, figure: str, target: str) -> None:
    scenario, wanted = load_scenario(name), Target.parse(target)
    found = solve(scenario, figure, wanted)
    assert found.value is not None
    year = year_with(scenario, point_values(scenario.figures), found.figure.key, found.value)
    size = max(abs(float(year.cost)), abs(wanted.value), 1)
    assert abs(float(wanted.missed_by(year))) < 1e-6 * size
    assert found.least <= found.value <= found.most


def test_a_share_of_pizza_by_hand() -> None:
    """What a request for pizza brings over one that brings nothing, and so how many there would have to be."""
    scenario = load_scenario("alexa-2022")
    found = solve(scenario, "pizza_share", BREAK_EVEN)
    kept = Fraction("0.3") * Fraction("0.97") * Fraction("0.98")
    rebate = Fraction(22) * Fraction("0.05")
    fee = Fraction("0.029") * rebate * Fraction("0.3") * Fraction("0.97")
    refunds = Fraction("1.5") * Fraction("0.3") * Fraction("0.97") * Fraction("0.02")
    brings = rebate * kept - fee - (Fraction("0.0075") + Fraction("0.03")) * Fraction("0.3") - refunds
    loss = -make_statement(scenario, exponent=2).margin.value.units
    by_hand = Fraction("0.002") + loss / (brings * 52 * 10**9)
    assert found.value == pytest.approx(float(by_hand), rel=1e-6)
    assert found.times == pytest.approx(float(by_hand) / 0.002, rel=1e-6)
    assert not found.within_range


def test_there_is_no_solution_above_a_share_of_one_and_it_says_what_it_would_take() -> None:
    found = solve(load_scenario("alexa-2022"), "rebates.pizza.share", BREAK_EVEN)
    assert found.value is None
    assert found.best == 1
    assert found.beyond is not None
    assert found.beyond > 1
    assert found.missed_by < 0
    assert found.moves


def test_not_even_without_people() -> None:
    found = solve(load_scenario("alexa-2022"), "headcount", BREAK_EVEN)
    assert (found.value, found.best) == (None, 0)
    # Devices, overhead and the cloud are left, less what orders bring.
    assert -found.missed_by == pytest.approx(795_559_625.6, rel=1e-9)
    assert found.possible < 0.05


def test_a_figure_that_nothing_depends_on_is_called_so() -> None:
    found = solve(load_scenario("alexa-2022"), "device.price", BREAK_EVEN)
    assert not found.moves
    assert found.value is None


def test_a_solution_has_a_band_over_the_other_ranges() -> None:
    found = solve(load_scenario("homepod-2018"), "device.units", BREAK_EVEN)
    assert found.low is not None
    assert found.high is not None
    assert found.value is not None
    assert found.low < found.value < found.high
    assert found.possible > 0.95


@given(st.floats(0.001, 0.9))
@settings(deadline=None, max_examples=8)
def test_solving_goes_back_to_where_a_year_came_from(share: float) -> None:
    scenario = load_scenario("alexa-2022")
    year = year_with(scenario, point_values(scenario.figures), "mix.pizza", share)
    found = solve(scenario, "mix.pizza", Target(measure="margin", value=float(year.margin)))
    assert found.value == pytest.approx(share, rel=1e-6)


def test_the_parts_of_a_calibration_are_the_loss() -> None:
    found = calibrate(load_scenario("alexa-2022"))
    assert total((part.cost for part in found.parts), "USD") == found.modelled.cost
    assert found.modelled.cost + found.unexplained.cost == Money.of("10000000000", "USD")
    by_name = {part.group: part.cost.units for part in found.parts}
    assert by_name["compute"] == 208_000_000
    assert by_name["people"] == 13_000 * 350_000
    assert by_name["devices"] == 5 * 65_000_000
    assert set(by_name) <= set(GROUPS)
    compute, people, _ = found.levers
    assert compute.value == pytest.approx((208e6 + float(found.unexplained.cost.units)) / 52e9)
    assert people.value == pytest.approx(13_000 + float(found.unexplained.cost.units) / 350_000)


def test_without_a_reported_loss_there_is_nothing_to_calibrate() -> None:
    with pytest.raises(ConfigError, match="no loss was published for it"):
        calibrate(load_scenario("homepod-2018"))


def test_a_swing_is_the_difference_of_two_years() -> None:
    scenario = load_scenario("alexa-2022")
    found = tornado(scenario)
    widths = [each.width for each in found.swings]
    assert widths == sorted(widths, reverse=True)
    for each in found.swings[:5]:
        for end, margin in ((each.figure.low, each.at_low), (each.figure.high, each.at_high)):
            values = point_values(scenario.figures) | {each.figure.key: np.float64(end)}
            year = evaluate(values, Expected(), currency="USD", zero=ZERO)
            assert float(year.margin) == pytest.approx(margin, rel=1e-12)
    assert {each.figure.key for each in found.swings} == {
        each.key for each in scenario.figures.values() if each.is_input and not each.is_known
    }


def test_every_strategy_is_compared_and_what_is_on_is_counted_from_without_it() -> None:
    found = {each.strategy.name: each for each in remedies("alexa-2022", exponent=8)}
    assert set(found) == set(strategy_names())
    assert {name for name, each in found.items() if each.usual} == {"partner-rebates", "voice-shopping"}
    with_, without = (
        make_statement(load_scenario("alexa-2022", without=without), exponent=2).margin.value.units
        for without in ((), ("partner-rebates",))
    )
    assert found["partner-rebates"].gain == pytest.approx(float(with_ - without), rel=1e-6)
    for each in found.values():
        assert each.low <= each.high
    assert found["price-war"].high < 0


def test_strategies_are_compared_with_what_is_on_and_contradictions_are_left_out() -> None:
    found = {
        each.strategy.name: each
        for each in remedies(
            "alexa-2022", with_=["device-at-cost", "subscription"], without=["voice-shopping"], exponent=4
        )
    }
    assert set(found) == set(strategy_names()) - {"device-at-cost", "device-at-margin", "subscription"}
    shopping = found["voice-shopping"]
    assert not shopping.usual
    base, more = (
        make_statement(load_scenario("alexa-2022+device-at-cost+subscription", without=without), exponent=2)
        for without in (["voice-shopping"], [])
    )
    gain = more.margin.value.units - base.margin.value.units
    assert shopping.gain == pytest.approx(float(gain), rel=1e-6)


def test_draws_side_by_side_differ_by_the_strategy_alone() -> None:
    plain, more = load_scenario("alexa-2022"), load_scenario("alexa-2022+subscription")
    one = draw(plain.figures, exponent=6, beside=more.figures)
    other = draw(more.figures, exponent=6, beside=plain.figures)
    for key, values in one.items():
        assert np.array_equal(values, other[key]), key


def test_the_years_of_alexa() -> None:
    timeline = load_timeline("alexa")
    years = run_timeline(timeline)
    assert [each.year for each in years] == list(range(2014, 2023))
    assert [each.year for each in years if each.reported_loss] == [2018, 2022]
    assert years[-1].cumulative_cost == total((each.statement.cost.value for each in years), "USD")
    revenue = [each.cumulative_continuing.micros for each in years]
    assert revenue == sorted(revenue)
    # No continuing stream: in nine years use has earned less than a hundredth of the cost.
    assert years[-1].cumulative_continuing.units * 100 < years[-1].cumulative_cost.units
    assert sum(len(each.events) for each in years) == len(timeline.events)
    assert years[4].statement.interactions == 52 * 10**9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\nyaers = 1\n', r"unknown key 'yaers' \(did you mean 'years'\?\)"),
        ('name = "x"\ntitle = "x"\nabout = "x"\nscenario = "alexa-2022"\n', "years is missing"),
        ('name = "x"\n[years.soon.usage.devices]\nvalue = 1\n', "years.soon: expected a year"),
        ("[years.2014.usage.devises]\nvalue = 1\n", r"unknown key 'years.2014.usage.devises'"),
        ('name = "x"\ntitle = "x"\nabout = "x"\nscenario = "x"\n' + YEAR + "[[events]]\nyear = 'x'\n",
         "events.0.year is 'x'; expected a year"),
    ],
)  # fmt: skip
def test_a_wrong_timeline_is_refused_by_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_timeline(str(path))
