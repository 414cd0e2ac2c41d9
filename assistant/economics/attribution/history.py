"""Touches and purchases of households, as arrays: what every model works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assistant.money import Money

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

NO_TOUCH: Final = "(no touch)"
"""The row of what was bought with no touch before it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Touches sorted by household and time, and purchases in the order they were given. Times are UTC."""

    source: str
    """Where it is from, as a report names it."""
    simulated: bool
    """True when the purchases are: our own log."""
    currency: str
    """ISO 4217 code of every value."""
    households: int
    """How many there are; they are numbered from 0."""
    kinds: tuple[str, ...]
    """Kinds of touch (channels), sorted."""
    touch_household: Integers
    """(touches,) its household."""
    touch_us: Integers
    """(touches,) microseconds since 1970."""
    touch_kind: Integers
    """(touches,) index into `kinds`."""
    household: Integers
    """(purchases,) who bought."""
    us: Integers
    """(purchases,) microseconds since 1970."""
    micros: Integers
    """(purchases,) value in millionths; a refund is negative."""
    made_by: Integers | None
    """(purchases,) the touch that made the purchase, -1 for none; None when purchases do not say."""
    kind: Integers | None
    """(purchases,) index into `kinds` of what was bought, -1 for none of them; None when purchases do not say."""
    refund_of: Integers
    """(purchases,) the purchase that a refund takes back, or else the purchase itself."""
    holdout: Booleans | None
    """(households,) True for those kept without the device by lot; None when nobody was held out."""

    @property
    def is_refund(self) -> Booleans:
        """(purchases,) True where another purchase is taken back."""
        own: Booleans = self.refund_of != np.arange(len(self.refund_of))
        return own

    @cached_property
    def previous_of_kind(self) -> Integers:
        """(touches,) the household's touch of the same kind before this one, or -1."""
        key = self.touch_household * len(self.kinds) + self.touch_kind
        order = np.argsort(key, kind="stable")
        previous = np.full(len(key), -1, dtype=np.int64)
        same = key[order][1:] == key[order][:-1]
        previous[order[1:][same]] = order[:-1][same]
        return previous

    def money(self, micros: int) -> Money:
        """`micros` millionths of the currency."""
        return Money(currency=self.currency, micros=int(micros))
