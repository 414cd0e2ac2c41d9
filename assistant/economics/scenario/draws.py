"""Draws of a scenario's figures by quasi-Monte Carlo: Sobol's points, one dimension a figure with a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assistant.economics.scenario.figures import Figures
    from assistant.ledger.arithmetic import Number

EXPONENT: Final = 12
"""2**12 = 4,096 draws: Sobol's points are balanced in powers of two."""
SEED: Final = 2022

ZERO: Final = np.float64(0)


def draw(figures: Figures, *, exponent: int = EXPONENT, seed: int = SEED) -> dict[str, Number]:
    """2**exponent draws of the figures that are reckoned with; those without a range stay single numbers.

    A figure is as likely below its value as above it, and evenly spread on either side. Different figures are
    independent. One key has the same draws in every scenario of the same seed and figures.
    """
    from scipy.stats import qmc  # takes most of a second to load; tables of figures do without

    inputs = {key: each for key, each in figures.items() if each.is_input}
    ranged = [each for each in inputs.values() if not each.is_known]
    values: dict[str, Number] = {key: np.float64(each.value) for key, each in inputs.items()}
    if not ranged:
        return values
    points = qmc.Sobol(d=len(ranged), scramble=True, rng=seed).random_base2(exponent)
    for column, each in enumerate(ranged):
        values[each.key] = spread(points[:, column], float(each.low), float(each.value), float(each.high))
    return values


def spread(points: NDArray[np.float64], low: float, middle: float, high: float) -> NDArray[np.float64]:
    """Points of [0, 1) over a range whose median is `middle`."""
    below = low + (middle - low) * 2 * points
    above = middle + (high - middle) * (2 * points - 1)
    return np.where(points < 0.5, below, above)


def point_values(figures: Figures) -> dict[str, Number]:
    """The values of the figures that are reckoned with, in floats."""
    return {key: np.float64(each.value) for key, each in figures.items() if each.is_input}


def exact_values(figures: Figures) -> dict[str, Number]:
    """The values of the figures that are reckoned with, in fractions."""
    return {key: each.value for key, each in figures.items() if each.is_input}


def rows(values: Mapping[str, Number], number: int) -> dict[str, Number]:
    """Every figure as a writable array of `number` values."""
    return {key: np.full(number, value) for key, value in values.items()}
