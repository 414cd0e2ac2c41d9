"""The incremental effect: what treated households bought more than those held out by lot."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtrit

from assistant.errors import AttributionError

if TYPE_CHECKING:
    from assistant.economics.attribution.history import History


FEWEST: Final = 2
"""Households of a group; of one alone there is no variance."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An estimate and its confidence interval, in millionths over all treated households."""

    micros: int
    """The difference of mean spending times the treated households, to the nearest millionth."""
    low: int
    """Lower end of the interval, rounded down."""
    high: int
    """Upper end of the interval, rounded up."""
    treated: int
    """Households that had the device."""
    held_out: int
    """Households kept without it."""
    exposed: int
    """Households held out that have touches all the same: the estimate is then of having been meant to have it."""


def incremental(history: History, confidence: float) -> Effect:
    """Mean spending of treated less that of held-out households, times the treated, with Welch's t interval.

    It assumes that households were assigned at random, that nobody's spending depends on another's device, and
    households enough for means to be near normal. Purchases of the whole history count, touched or not.

    Raises:
        AttributionError: nobody was held out, or a group has fewer than two households.
    """
    if history.holdout is None:
        raise AttributionError(
            "the incremental effect needs households held out by lot, and none are named; give a table of households"
        )
    spent = np.zeros(history.households, dtype=np.int64)
    np.add.at(spent, history.household, history.micros)
    treated, held_out = spent[~history.holdout], spent[history.holdout]
    for name, group in (("treated", treated), ("held out", held_out)):
        if len(group) < FEWEST:
            raise AttributionError(
                f"the incremental effect needs at least {FEWEST} households {name}, and there are {len(group)}"
            )
    effect = Fraction(sum(treated.tolist())) - len(treated) * Fraction(sum(held_out.tolist()), len(held_out))
    errors = [float(group.var(ddof=1)) / len(group) for group in (treated, held_out)]
    half = 0.0
    if sum(errors) > 0:
        # Welch-Satterthwaite.
        freedom = sum(errors) ** 2 / sum(
            error**2 / (len(group) - 1) for error, group in zip(errors, (treated, held_out), strict=True)
        )
        half = float(stdtrit(freedom, (1 + confidence) / 2)) * sum(errors) ** 0.5 * len(treated)
    touched = np.zeros(history.households, dtype=bool)
    touched[history.touch_household] = True
    return Effect(
        micros=round(effect),
        low=floor(effect - Fraction(half)),
        high=ceil(effect + Fraction(half)),
        treated=len(treated),
        held_out=len(held_out),
        exposed=int((touched & history.holdout).sum()),
    )
