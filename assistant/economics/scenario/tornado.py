"""Which ranges matter: the margin with one figure at either end of its range and all others where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.economics.scenario.counts import Expected
from assistant.economics.scenario.draws import ZERO, point_values, rows
from assistant.economics.scenario.economy import evaluate

if TYPE_CHECKING:
    from assistant.economics.scenario.figures import Figure
    from assistant.economics.scenario.files import Scenario


@dataclass(frozen=True, kw_only=True)
class Swing:
    """What one figure does."""

    figure: Figure
    at_low: float
    """The margin with the figure at its low end, currency units."""
    at_high: float
    """The margin with the figure at its high end."""

    @property
    def width(self) -> float:
        """How far the margin swings."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True, kw_only=True)
class Tornado:
    """All swings, the widest first."""

    scenario: Scenario
    margin: float
    """With every figure where it is."""
    swings: tuple[Swing, ...]


def tornado(scenario: Scenario) -> Tornado:
    """The swings of all figures that have a range."""
    figures = scenario.figures
    ranged = [each for each in figures.values() if each.is_input and not each.is_known]
    values = rows(point_values(figures), 2 * len(ranged) + 1)
    for place, each in enumerate(ranged):
        values[each.key][2 * place], values[each.key][2 * place + 1] = float(each.low), float(each.high)
    year = evaluate(values, Expected(), currency=scenario.currency, zero=ZERO)
    margins = np.broadcast_to(year.margin, 2 * len(ranged) + 1)
    swings = [
        Swing(figure=each, at_low=float(margins[2 * place]), at_high=float(margins[2 * place + 1]))
        for place, each in enumerate(ranged)
    ]
    return Tornado(
        scenario=scenario,
        margin=float(margins[-1]),
        swings=tuple(sorted(swings, key=lambda each: (-each.width, each.figure.key))),
    )


def tornado_json(found: Tornado) -> dict[str, Any]:
    """The machine-readable swings."""
    return {
        "simulated": True,
        "scenario": found.scenario.name,
        "currency": found.scenario.currency,
        "margin": f"{found.margin:.6f}",
        "swings": [
            {
                "key": each.figure.key,
                "kind": "fact" if each.figure.is_fact else "assumption",
                "low": float(each.figure.low),
                "high": float(each.figure.high),
                "margin_at_low": f"{each.at_low:.6f}",
                "margin_at_high": f"{each.at_high:.6f}",
                "swing": f"{each.width:.6f}",
            }
            for each in found.swings
        ],
    }
