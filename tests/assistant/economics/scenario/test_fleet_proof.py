"""An event-by-event simulation gives the statement of the scenario within its error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.economics.fleet.simulate import simulate
from tests.assistant.economics.scenario.fleet_proof import beside, compare, scenario_of, simulation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assistant.economics.scenario.fleet_proof import Compared

FAR = 4.0
"""Standard errors; of some twenty lines one is further off by chance in less than one of 700 seeds."""


def check(found: list[Compared]) -> None:
    accounts = {each.account for each in found}
    assert {"interactions", "margin", "Income:Rebates:Pizza", "Income:Advertising"} <= accounts
    assert {
        "Expenses:Compute:Recognition",
        "Expenses:Chargebacks:Pizza",
        "Expenses:PaymentFees:Pizza",
    } <= accounts
    off = {each.account: round(each.off_by, 2) for each in found if abs(each.off_by) > FAR}
    assert not off, off


def test_a_small_fleet_gives_the_statement_of_its_scenario(tmp_path: Path) -> None:
    check(compare(simulation(20_000), tmp_path / "lake"))


def test_a_scenario_that_is_a_little_wrong_is_told_from_it(tmp_path: Path) -> None:
    """So that the comparison could fail: half as much again granted, or said."""
    fleet = simulation(20_000)
    lake = simulate(fleet, tmp_path / "lake")
    scenario = scenario_of(fleet, int((lake.truth or {})["treated"]))
    for key, account in (
        ("rebates.pizza.share", "Income:Rebates:Pizza"),
        ("usage.interactions_per_week", "Expenses:Compute:Recognition"),
    ):
        figure = scenario.own[key]
        wrong = replace(figure, value=figure.value * 3 / 2, high=figure.high * 3 / 2)
        off = {
            each.account: each.off_by
            for each in beside(lake, replace(scenario, own={**scenario.own, key: wrong}))
        }
        assert abs(off[account]) > FAR


@pytest.mark.slow
def test_a_million_households_give_the_statement_of_their_scenario(tmp_path: Path) -> None:
    found = compare(simulation(1_000_000), tmp_path / "lake")
    check(found)
    # And the error is small: a line that was off by three per cent would be seen.
    by_account = {each.account: each for each in found}
    for account in ("interactions", "Expenses:Compute:Recognition", "Income:Rebates:Pizza"):
        each = by_account[account]
        assert abs(each.error / each.scenario) < 0.007
