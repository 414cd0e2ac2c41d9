"""A year of 52 billion interactions with its bands; and the same statement from single events."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from assistant.economics.fleet.simulate import simulate
from assistant.economics.scenario.files import load_scenario
from assistant.economics.scenario.statement import make_statement
from tests.assistant.economics.scenario.fleet_proof import beside, scenario_of, simulation

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS: Final = 5
HOUSEHOLDS: Final = 1_000_000


def scenarios(folder: Path) -> list[tuple[str, str]]:
    """As whole processes, and by itself; then a million households, event by event."""
    command = [sys.executable, "-m", "assistant.cli", "scenario", "run", "alexa-2022", "--json"]
    whole = median(_process(command) for _ in range(ROUNDS))
    loading = median(_process([sys.executable, "-c", "import scipy.stats"]) for _ in range(ROUNDS))
    scenario = load_scenario("alexa-2022")
    make_statement(scenario)
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        statement = make_statement(scenario)
    alone = (time.perf_counter() - begun) / ROUNDS
    return [
        (
            f"`scenario run`: a year of {statement.interactions:,} interactions with its bands, start to exit",
            f"{whole:.2f} s",
        ),
        ("of that, starting Python and loading SciPy's statistics", f"{loading:.2f} s"),
        (f"the year and {statement.draws:,} draws of it, by itself", f"{1000 * alone:.0f} ms"),
        *_events(folder),
    ]


def _process(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _events(folder: Path) -> list[tuple[str, str]]:
    fleet = simulation(HOUSEHOLDS)
    begun = time.perf_counter()
    lake = simulate(fleet, folder / "fleet-of-scenario")
    took = time.perf_counter() - begun
    found = beside(lake, scenario_of(fleet, int((lake.truth or {})["treated"])))
    by_account = {each.account: each for each in found}
    said, furthest = by_account["interactions"], max(found, key=lambda each: abs(each.off_by))
    rebates = by_account["Income:Rebates:Pizza"]
    return [
        (
            f"{HOUSEHOLDS:,} households for a week, {said.events:,.0f} interactions simulated and booked one by one",
            f"{took:.0f} s",
        ),
        (
            f"their statement beside the scenario of the same figures: of {len(found)} lines the furthest off",
            f"{abs(furthest.off_by):.1f} standard errors ({furthest.account})",
        ),
        (
            "interactions, and rebates on pizza, beside the scenario",
            f"{said.events / said.scenario - 1:+.2%} and {rebates.events / rebates.scenario - 1:+.2%}",
        ),
    ]
