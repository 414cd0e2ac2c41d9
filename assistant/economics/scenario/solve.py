"""What would have to be true: the value of one figure at which the year comes to a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.economics.scenario.draws import SEED, draw, point_values
from assistant.economics.scenario.figures import text_of
from assistant.economics.scenario.keys import find_key
from assistant.economics.scenario.targets import year_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assistant.economics.scenario.figures import Figure
    from assistant.economics.scenario.files import Scenario
    from assistant.economics.scenario.targets import Target
    from assistant.ledger.arithmetic import Number

_GRID: Final = 2001
_REACH: Final = 1e7
"""A figure without a highest value is looked for up to so many times what it is."""
_HALVINGS: Final = 80
_NOISE: Final = 1e-12
_EXPONENT: Final = 10
"""2**10 draws, each solved by itself."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What a figure would have to be."""

    figure: Figure
    """As it is in the scenario."""
    target: Target
    least: float
    """The lowest value that it can have."""
    most: float
    """The highest; infinite where there is none."""
    value: float | None
    """What it would have to be, the nearest to what it is; None: no value that it can have will do."""
    beyond: float | None
    """Without a solution: where the line would reach the target if it went on; None where it does not lead there."""
    moves: bool
    """The target depends on the figure at all."""
    missed_by: float
    """Without a solution: by how much the best possible value misses, currency units; 0 with one."""
    best: float
    """That best value."""
    low: float | None
    """5 of 100 of the draws that have a solution need less."""
    high: float | None
    """5 of 100 of them need more."""
    possible: float
    """Share of the draws over the ranges of all other figures that have a solution."""

    @property
    def times(self) -> float | None:
        """How many times what it is; None where that says nothing."""
        needed = self.value if self.value is not None else self.beyond
        now = float(self.figure.value)
        return None if needed is None or now <= 0 or needed <= 0 else needed / now

    @property
    def within_range(self) -> bool:
        """It is a value that the scenario thinks possible."""
        return self.value is not None and float(self.figure.low) <= self.value <= float(self.figure.high)


def solve(scenario: Scenario, name: str, target: Target, *, seed: int = SEED) -> Solution:
    """The value of the figure `name` at which `scenario` comes to `target`, and its band over all other ranges.

    Raises:
        ConfigError: there is no such figure.
    """
    figure = scenario.figure(name)
    point = point_values(scenario.figures)
    least, most = _bounds(scenario, figure)

    def missed(points: NDArray[np.float64], values: Mapping[str, Number] = point) -> NDArray[np.float64]:
        found = target.missed_by(year_with(scenario, values, figure.key, points))
        return np.broadcast_to(np.asarray(found, dtype=float), points.shape)

    grid = _grid(float(figure.value), least, most)
    curve = missed(grid)
    year = year_with(scenario, point, figure.key, grid)
    # Floats of this size cannot tell a smaller difference from none.
    noise = _NOISE * float(np.max(np.abs(year.revenue) + np.abs(year.cost)))
    moves = bool(np.ptp(curve) > (noise if target.measure != "each" else 0.0))
    value = _nearest_root(grid, curve, float(figure.value), missed) if moves else None
    best = float(grid[np.argmin(np.abs(curve))])
    drawn = draw(scenario.figures, exponent=_EXPONENT, seed=seed)
    needed = _needed(drawn, figure.key, grid, missed) if moves else np.array([])
    found = needed[np.isfinite(needed)]
    return Solution(
        figure=figure,
        target=target,
        least=least,
        most=most,
        value=value,
        beyond=None if value is not None or not moves else _beyond(grid, curve),
        moves=moves,
        missed_by=0.0 if value is not None else float(curve[np.argmin(np.abs(curve))]),
        best=best,
        low=float(np.quantile(found, 0.05)) if found.size else None,
        high=float(np.quantile(found, 0.95)) if found.size else None,
        possible=found.size / needed.size if needed.size else 0.0,
    )


def _bounds(scenario: Scenario, figure: Figure) -> tuple[float, float]:
    """The values that the figure can have; a share of the mix leaves the others what can be ordered."""
    known = find_key(figure.key)
    quantity = known.quantity if known else None
    least = float("-inf") if quantity is None or quantity.least is None else float(quantity.least)
    most = float("inf") if quantity is None or quantity.most is None else float(quantity.most)
    if figure.key.startswith("mix."):
        figures = scenario.figures
        ordered = {key.split(".")[1] for key in figures if key.startswith("orders.")}
        others = (figures[f"mix.{intent}"] for intent in ordered if f"mix.{intent}" != figure.key)
        most = 1 - float(sum(each.value for each in others))
    return least, most


def _grid(now: float, least: float, most: float) -> NDArray[np.float64]:
    """Values to look at, close where the figure is and far where it might have to be."""
    scale = max(abs(now), 1e-6)
    if np.isfinite(least) and np.isfinite(most):
        return np.unique(np.concatenate([np.linspace(least, most, _GRID), [now]]))
    far = np.geomspace(scale / _REACH, scale * _REACH, _GRID)
    floor = least if np.isfinite(least) else -np.inf
    return np.unique(np.concatenate([-far[-far >= floor], [max(0.0, floor), now], far[far <= most]]))


def _nearest_root(
    grid: NDArray[np.float64], curve: NDArray[np.float64], now: float, missed: Any
) -> float | None:
    """The crossing nearest to what the figure is."""
    exact = grid[curve == 0]
    if exact.size:
        return float(exact[np.argmin(np.abs(exact - now))])
    crossings = np.flatnonzero(np.sign(curve[:-1]) * np.sign(curve[1:]) < 0)
    if not crossings.size:
        return None
    place = int(crossings[np.argmin(np.abs((grid[crossings] + grid[crossings + 1]) / 2 - now))])
    ends = _halved(grid[place : place + 1], grid[place + 1 : place + 2], missed)
    return float(ends[0])


def _halved(low: NDArray[np.float64], high: NDArray[np.float64], missed: Any) -> NDArray[np.float64]:
    """Bisection of all at once; the ends have different signs."""
    below = np.sign(missed(low))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = np.sign(missed(middle)) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.asarray((low + high) / 2)


def _needed(
    drawn: Mapping[str, Number], key: str, grid: NDArray[np.float64], missed: Any
) -> NDArray[np.float64]:
    """What each draw of the other figures needs; not a number where none will do."""
    number = 2**_EXPONENT
    others = {each: value for each, value in drawn.items() if each != key}

    def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(missed(points, others))

    first, last = (np.full(number, end) for end in (grid[0], grid[-1]))
    crosses = np.sign(at(first)) * np.sign(at(last)) < 0
    return np.where(crosses, _halved(first, last, at), np.nan)


def _beyond(grid: NDArray[np.float64], curve: NDArray[np.float64]) -> float | None:
    """Straight on from the end that comes nearest."""
    place = 0 if abs(curve[0]) < abs(curve[-1]) else len(grid) - 1
    inner = 1 if place == 0 else place - 1
    slope = (curve[place] - curve[inner]) / (grid[place] - grid[inner])
    if not slope:
        return None
    on = float(grid[place] - curve[place] / slope)
    return on if (on < grid[0] if place == 0 else on > grid[-1]) else None


def solution_json(scenario: Scenario, solution: Solution) -> dict[str, Any]:
    """The machine-readable answer; numbers as they are, money too, for they are solved in floats."""
    return {
        "simulated": True,
        "scenario": scenario.name,
        "figure": solution.figure.to_json(),
        "target": {"measure": solution.target.measure, "value": solution.target.value},
        "solved": solution.value is not None,
        "value": solution.value,
        "low": solution.low,
        "high": solution.high,
        "times_what_it_is": solution.times,
        "within_range": solution.within_range,
        "possible": round(solution.possible, 4),
        "beyond": solution.beyond,
        "missed_by": solution.missed_by,
        "admissible": [_end(solution.least), _end(solution.most)],
        "given": text_of(solution.figure.value),
    }


def _end(value: float) -> float | None:
    return value if np.isfinite(value) else None
