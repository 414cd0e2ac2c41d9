"""A fleet simulated event by event, and a scenario of what its households are told to do: two ways to one statement.

The figures of the scenario come from the behaviour that the simulator is given, never from what it makes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Final

from assistant.economics.fleet.behaviour import load_behaviour
from assistant.economics.fleet.engines import on_duckdb
from assistant.economics.fleet.simulate import Simulation, simulate
from assistant.economics.scenario.economy import WEEKS_PER_YEAR
from assistant.economics.scenario.figures import Figure
from assistant.economics.scenario.files import Scenario
from assistant.economics.scenario.statement import make_statement
from assistant.ledger.plan_file import load_plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assistant.economics.fleet.behaviour import Behaviour
    from assistant.economics.fleet.lake import Lake

MOMENT: Final = 1e-6
"""As good as at once, in days and in minutes: a fleet of a week has no orders under way at its end."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One line, by both ways."""

    account: str
    """Of the chart, or "margin", or "interactions"."""
    events: float
    """The sum of single events, currency units or a count."""
    scenario: float
    """What the scenario expects."""
    error: float
    """Standard error of `events`, from how households differ."""

    @property
    def off_by(self) -> float:
        """Standard errors between the two."""
        return (self.events - self.scenario) / self.error


def steady(behaviour: Behaviour | None = None) -> Behaviour:
    """Households as different as ever, in a state that does not change with the weeks, as a scenario has it."""
    behaviour = behaviour or load_behaviour("household")
    return replace(
        behaviour,
        habit=replace(behaviour.habit, floor=1.0),
        buying=replace(
            behaviour.buying,
            repeated=0.0,
            completed_after_minutes=MOMENT,
            settled_after_days=MOMENT / 1e3,
            given_back_after_days=MOMENT,
        ),
    )


def simulation(households: int, *, weeks: int = 1, seed: int = 3) -> Simulation:
    """The fleet."""
    return Simulation(
        households=households, weeks=weeks, seed=seed, behaviour=steady(), plan=load_plan("maker")
    )


def scenario_of(fleet: Simulation, devices: int) -> Scenario:
    """The scenario whose figures are the behaviour and the plan of `fleet`, with `devices` not held out."""
    talk, buying, plan = fleet.behaviour.talk, fleet.behaviour.buying, fleet.plan
    turns_an_order = 2 * (1 + Fraction(buying.abandoned))
    weekly: dict[str, Fraction] = {
        name: Fraction(talk.a_week) * Fraction(share) for name, share in talk.mix.items()
    }
    figures: dict[str, Fraction] = {}
    for name, good in buying.goods.items():
        ordered = Fraction(good.a_week) * (Fraction(buying.by_voice) + Fraction(good.caused))
        weekly[name] = ordered * turns_an_order
        disputed = Fraction(good.charged_back) / (1 - Fraction(good.refunded))
        figures |= {
            f"orders.{name}.placed": 1 / turns_an_order,
            f"orders.{name}.completed": Fraction(1),
            f"orders.{name}.refunded": Fraction(good.refunded),
            f"orders.{name}.charged_back": disputed,
            f"orders.{name}.total": sum(
                (Fraction(price.total) * Fraction(price.share) for price in good.prices), Fraction(0)
            ),
        }
        rebate = plan.rebates.get(name)
        if rebate:
            figures[f"rebates.{name}.share"] = Fraction(rebate.share)
            figures[f"rebates.{name}.fixed"] = Fraction(rebate.fixed)
            figures[f"rebates.{name}.notification"] = Fraction(rebate.notification)
        for group, terms in (("affiliates", plan.affiliates), ("fulfilment", plan.fulfilment)):
            if name in terms:
                figures[f"{group}.{name}.share"] = Fraction(terms[name].share)
                figures[f"{group}.{name}.fixed"] = Fraction(terms[name].fixed)
    said = sum(weekly.values(), Fraction(0))
    figures |= {f"mix.{name}": each / said for name, each in weekly.items()}
    figures["usage.interactions_per_week"] = said * devices * fleet.weeks / WEEKS_PER_YEAR
    figures["compute.recognition"] = plan.recognition_price(0)
    figures["compute.understanding"] = plan.understanding_price()
    for group, tables in (("support", plan.support), ("payment", plan.payment)):
        for name in ("placed", "refunded", "charged_back", "share", "fixed", "refund", "chargeback"):
            if hasattr(tables, name):
                figures[f"{group}.{name}"] = Fraction(getattr(tables, name))
    if plan.advertising:
        figures["advertising.per_thousand"] = Fraction(plan.advertising.per_thousand)
        figures["advertising.fill"] = Fraction(plan.advertising.fill)
        figures["advertising.places"] = sum(
            (weekly[name] / said for name in plan.advertising.intents), Fraction(0)
        )
    return Scenario(
        name="fleet",
        title="A fleet",
        about="The behaviour of a simulated fleet",
        year=2026,
        currency=plan.currency,
        own={
            key: Figure(
                key=key,
                value=value,
                low=value,
                high=value,
                unit="-",
                kind="assumption",
                source="the behaviour",
            )
            for key, value in figures.items()
        },
    )


def compare(fleet: Simulation, folder: Path) -> list[Compared]:
    """Simulate `fleet` into `folder`, sum up its events, and set its scenario beside them."""
    lake = simulate(fleet, folder)
    return beside(lake, scenario_of(fleet, int((lake.truth or {})["treated"])))


def beside(lake: Lake, scenario: Scenario) -> list[Compared]:
    """Each line of the books of a lake beside that of a scenario."""
    devices = int((lake.truth or {})["treated"])
    statement = make_statement(scenario, exponent=9)
    expected: Mapping[str, float] = {
        **{line.account: float(line.value.units) for line in statement.lines},
        "margin": float(statement.margin.value.units),
        "interactions": float(statement.interactions),
    }
    found = []
    for account, total, squares in _moments(lake):
        mean = total / devices
        error = sqrt(devices * max(squares / devices - mean**2, 0))
        size = 1 if account == "interactions" else 10**6
        if error:
            found.append(
                Compared(
                    account=account,
                    events=total / size,
                    scenario=expected.get(account, 0.0),
                    error=error / size,
                )
            )
    # What has no events in it has to be so rare in the scenario that there may be none.
    lowest = {line.account: float(line.low.units) for line in statement.lines}
    for account, value in expected.items():
        if value and account not in {each.account for each in found}:
            error = abs(value) if lowest.get(account, 1.0) <= 0 else 1e-9
            found.append(Compared(account=account, events=0.0, scenario=value, error=error))
    return found


_HOUSEHOLDS: Final = """
WITH lines AS (
    SELECT household, account,
        sum(CASE WHEN account LIKE 'Income:%' THEN -amount_micros ELSE amount_micros END) AS micros
    FROM postings WHERE account LIKE 'Income:%' OR account LIKE 'Expenses:%' GROUP BY ALL
), said AS (
    SELECT household, count(*) AS interactions, sum(listening_micros) AS listening,
        sum(recognition_micros) AS recognition, sum(understanding_micros) AS understanding,
        sum(advertising_micros) AS advertising
    FROM interactions GROUP BY ALL
), everything AS (
    SELECT * FROM lines
    UNION ALL SELECT household, 'interactions', interactions FROM said
    UNION ALL SELECT household, 'Expenses:Compute:Listening', listening FROM said
    UNION ALL SELECT household, 'Expenses:Compute:Recognition', recognition FROM said
    UNION ALL SELECT household, 'Expenses:Compute:Understanding', understanding FROM said
    UNION ALL SELECT household, 'Income:Advertising', advertising FROM said
), margins AS (
    SELECT household, 'margin' AS account,
        sum(CASE WHEN account LIKE 'Income:%' THEN micros ELSE -micros END) AS micros
    FROM everything WHERE account <> 'interactions' GROUP BY ALL
)
SELECT account, CAST(sum(micros) AS DOUBLE), sum(CAST(micros AS DOUBLE) * micros)
FROM (SELECT * FROM everything UNION ALL SELECT * FROM margins) GROUP BY account ORDER BY account
"""


def _moments(lake: Lake) -> list[tuple[str, float, float]]:
    """By account: the sum over households, and that of squares; millionths."""
    with on_duckdb(lake) as engine:
        return list(engine.connection.execute(_HOUSEHOLDS).fetchall())
