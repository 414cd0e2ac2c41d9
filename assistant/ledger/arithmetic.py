"""The numbers that the rules reckon with: exact fractions for the books, arrays of drawn values for a band.

The rules are written once, for both. A plan whose rates are arrays of floats (a scenario draws them) is priced by the
same formulas as the plan of a device, whose rates are decimals and become exact fractions.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from assistant.money import MICROS_PER_UNIT

Number: TypeAlias = Any
"""A `Fraction` (or an int), or an array of floats; all that is reckoned together is of one sort."""

_DECIMALS: Final = 6
"""Of the millionths that money is counted in."""


def exact(rate: Number) -> Number:
    """A rate as it is reckoned with: decimals become exact fractions; what is a float or an array already stays."""
    return Fraction(rate) if isinstance(rate, Decimal | int) else rate


def to_millionths(amount: Number) -> Number:
    """`amount` currency units to the nearest millionth, a half to the even one, and still in currency units."""
    if isinstance(amount, Fraction):
        return Fraction(round(amount * MICROS_PER_UNIT), MICROS_PER_UNIT)
    return amount.round(_DECIMALS)


def at_least(amount: Number, least: Number) -> Number:
    """The larger of the two."""
    if isinstance(amount, Fraction):
        return max(amount, least)
    import numpy as np  # only where numbers are drawn: the books need no arrays

    return np.maximum(amount, least)


def share_of(part: Number, whole: Number, otherwise: int) -> Number:
    """part/whole; `otherwise` where the whole is nothing."""
    if isinstance(whole, int | Fraction):
        return Fraction(part) / Fraction(whole) if whole else Fraction(otherwise)
    import numpy as np

    filled = np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, part / filled, float(otherwise))
