"""What an interaction must have cost for the loss that was reported, and what our figures leave unexplained."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.economics.scenario.counts import Expected, Whole
from assistant.economics.scenario.draws import SEED, ZERO, draw, exact_values
from assistant.economics.scenario.economy import evaluate
from assistant.economics.scenario.groups import GROUPS, group_of, nets
from assistant.economics.scenario.solve import solution_json, solve
from assistant.economics.scenario.statement import BAND, figures_behind
from assistant.economics.scenario.targets import Target
from assistant.errors import ConfigError
from assistant.money import Money, total

if TYPE_CHECKING:
    from assistant.economics.scenario.figures import Figure
    from assistant.economics.scenario.files import Scenario
    from assistant.economics.scenario.groups import Group
    from assistant.economics.scenario.solve import Solution
    from assistant.economics.scenario.statement import Basis

LOSS: Final = "reported.loss"
_LEVERS: Final = ("compute.recognition", "people.headcount", "device.margin", "device.parts")
"""What alone might have to be otherwise: one for compute, one for people, one for devices."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One group of lines."""

    group: Group | str
    cost: Money
    """What it costs the year, net of what it earns."""
    low: float
    high: float
    """Of the draws, currency units."""
    kind: Basis
    """Computed from published figures alone, or on an assumption of ours."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The reported loss, taken apart."""

    scenario: Scenario
    loss: Figure
    """As reported."""
    interactions: int
    parts: tuple[Part, ...]
    """Groups that cost or earn anything; together the loss that the figures come to."""
    modelled: Part
    """Their sum."""
    unexplained: Part
    """The reported loss less that."""
    levers: tuple[Solution, ...]
    """What compute, people or devices alone would have to be for the reported loss."""

    def each(self, cost: Money) -> Fraction:
        """Currency units by interaction."""
        return cost.units / max(self.interactions, 1)


def calibrate(scenario: Scenario, *, seed: int = SEED) -> Calibration:
    """The loss that was reported beside what the figures come to.

    Raises:
        ConfigError: no loss is reported for the scenario.
    """
    figures, currency = scenario.figures, scenario.currency
    if LOSS not in figures:
        raise ConfigError(
            f"{scenario.name} has no {LOSS}: no loss was published for it; put one into a scenario of your own "
            f'that extends it, as a figure named "{LOSS}"'
        )
    loss = figures[LOSS]
    year = evaluate(exact_values(figures), Whole(), currency=currency)
    drawn = evaluate(draw(figures, seed=seed), Expected(), currency=currency, zero=ZERO)
    lines = {
        account: Money.nearest(Fraction(amount), currency).units for account, amount in year.amounts.items()
    }
    whole, spread = nets(lines), nets(drawn.amounts)
    assumed = {
        group_of(account)
        for account, behind in figures_behind(figures, currency).items()
        if lines.get(account) and not all(each.is_fact for each in behind)
    }

    def part(name: Group | str, cost: Money, draws: Any) -> Part:
        low, high = np.quantile(np.atleast_1d(np.asarray(draws, dtype=float)), BAND)
        rests: Basis = "assumption" if name in assumed or (assumed and name not in GROUPS) else "computed"
        return Part(group=name, cost=cost, low=float(low), high=float(high), kind=rests)

    parts = tuple(
        part(group, Money.nearest(-Fraction(whole[group]), currency), -spread[group])
        for group in GROUPS
        if whole[group] or np.any(spread[group])
    )
    modelled = part("modelled", total((each.cost for each in parts), currency), -drawn.margin)
    reported = Money.nearest(loss.value, currency)
    target = Target(measure="loss", value=float(loss.value))
    return Calibration(
        scenario=scenario,
        loss=loss,
        interactions=year.interactions,
        parts=parts,
        modelled=modelled,
        unexplained=part("unexplained", reported - modelled.cost, float(loss.value) + drawn.margin),
        levers=tuple(solve(scenario, key, target, seed=seed) for key in _LEVERS if key in figures),
    )


def calibration_json(found: Calibration) -> dict[str, Any]:
    """The machine-readable calibration."""

    def part(each: Part) -> dict[str, Any]:
        return {
            "part": each.group,
            "cost": str(each.cost),
            "low": f"{each.low:.6f}",
            "high": f"{each.high:.6f}",
            "kind": each.kind,
            "per_interaction": f"{float(found.each(each.cost)):.6f}",
            "share_of_loss": round(float(each.cost.units / found.loss.value), 6)
            if found.loss.value
            else None,
        }

    return {
        "simulated": True,
        "scenario": found.scenario.name,
        "currency": found.scenario.currency,
        "interactions": found.interactions,
        "reported_loss": found.loss.to_json(),
        "reported_loss_per_interaction": f"{float(found.loss.value / max(found.interactions, 1)):.6f}",
        "parts": [part(each) for each in found.parts],
        "modelled": part(found.modelled),
        "unexplained": part(found.unexplained),
        "levers": [solution_json(found.scenario, each) for each in found.levers],
    }
