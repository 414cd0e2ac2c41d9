"""Every strategy by itself: what it changes in the margin of a scenario, drawn side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.economics.scenario.counts import Expected
from assistant.economics.scenario.draws import EXPONENT, SEED, ZERO, draw, point_values
from assistant.economics.scenario.economy import evaluate
from assistant.economics.scenario.files import (
    ContradictionError,
    load_scenario,
    load_strategy,
    strategy_names,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.scenario.files import Scenario, Strategy
    from assistant.ledger.arithmetic import Number


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """One strategy, switched on where it is off."""

    strategy: Strategy
    usual: bool
    """It is on in the scenario: what it changes is counted from the scenario without it."""
    gain: float
    """What it adds to the margin, currency units."""
    low: float
    high: float
    """Of the draws."""
    margin: float
    """The margin with it."""
    helps: float
    """Share of the draws in which it adds anything."""
    enough: float
    """Share of the draws in which the year is no loss with it."""


def remedies(
    name: str,
    *,
    with_: Sequence[str] = (),
    without: Sequence[str] = (),
    seed: int = SEED,
    exponent: int = EXPONENT,
) -> tuple[Remedy, ...]:
    """All bundled strategies in a scenario as `load_scenario` has it, the most helpful first.

    Those that were switched on by name are what the others are compared with; one that contradicts them is left out.
    """
    base = load_scenario(name, with_=with_, without=without)
    on = {each.name for each in base.strategies}
    found = []
    for strategy in map(load_strategy, strategy_names()):
        usual = strategy.name in on
        if usual and strategy.name not in base.usual:
            continue
        try:
            other = (
                load_scenario(name, with_=with_, without=[*without, strategy.name])
                if usual
                else load_scenario(
                    name,
                    with_=[*with_, strategy.name],
                    without=[each for each in without if each != strategy.name],
                )
            )
        except ContradictionError:
            continue
        before, after = (other, base) if usual else (base, other)
        found.append(_remedy(strategy, before, after, usual, seed, exponent))
    return tuple(sorted(found, key=lambda each: (-each.gain, each.strategy.name)))


def _remedy(
    strategy: Strategy, without: Scenario, with_: Scenario, usual: bool, seed: int, exponent: int
) -> Remedy:
    def margins(scenario: Scenario, beside: Scenario) -> tuple[float, Number]:
        point = evaluate(point_values(scenario.figures), Expected(), currency=scenario.currency, zero=ZERO)
        values = draw(scenario.figures, exponent=exponent, seed=seed, beside=beside.figures)
        drawn = evaluate(values, Expected(), currency=scenario.currency, zero=ZERO)
        return float(point.margin), np.broadcast_to(drawn.margin, 2**exponent)

    before, drawn_before = margins(without, with_)
    after, drawn_after = margins(with_, without)
    gains = drawn_after - drawn_before
    low, high = np.quantile(gains, (0.05, 0.95))
    return Remedy(
        strategy=strategy,
        usual=usual,
        gain=after - before,
        low=float(low),
        high=float(high),
        margin=after,
        helps=float(np.mean(gains > 0)),
        enough=float(np.mean(drawn_after >= 0)),
    )


def remedies_json(scenario: Scenario, found: tuple[Remedy, ...]) -> dict[str, Any]:
    """The machine-readable comparison."""
    return {
        "simulated": True,
        "scenario": scenario.name,
        "currency": scenario.currency,
        "strategies": [
            {
                "strategy": each.strategy.name,
                "on": each.usual,
                "gain": f"{each.gain:.6f}",
                "low": f"{each.low:.6f}",
                "high": f"{each.high:.6f}",
                "margin": f"{each.margin:.6f}",
                "helps": round(each.helps, 4),
                "enough": round(each.enough, 4),
            }
            for each in found
        ],
    }
