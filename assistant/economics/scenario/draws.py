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


def draw(
    figures: Figures, *, exponent: int = EXPONENT, seed: int = SEED, beside: Figures | None = None
) -> dict[str, Number]:
    """2**exponent draws of the figures that are reckoned with; those without a range stay single numbers.

    A figure is as likely below its value as above it, and evenly spread on either side. Different figures are
    independent.

    Args:
        figures: What is drawn.
        exponent: Of two.
        seed: Of the scrambling.
        beside: Figures that this is compared with: drawn with each other's, a key has the same chance in both, so that
            the difference of the two is that of the figures and not of the draws.
    """
    from scipy.stats import qmc  # takes most of a second to load; tables of figures do without

    values = point_values(figures)
    keys = [key for key in values if not figures[key].is_known]
    if beside is not None:
        everything = {**figures, **beside}
        # A figure with a range on one side only needs its dimension on both.
        keys = sorted(
            key
            for key, each in everything.items()
            if each.is_input and not (each.is_known and figures.get(key, each).is_known)
        )
    if not keys:
        return values
    points = qmc.Sobol(d=len(keys), scramble=True, rng=seed).random_base2(exponent)
    for column, key in enumerate(keys):
        if key in values:
            each = figures[key]
            values[key] = spread(points[:, column], float(each.low), float(each.value), float(each.high))
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
