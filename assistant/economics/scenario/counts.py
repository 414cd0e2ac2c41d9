"""How many of a number of things: expected, in whole numbers, or drawn. A year's events are never made one by one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from assistant.ledger.arithmetic import Number

_ONE_IN: int = 10**12
"""Weights are whole numbers of this fineness."""


class Counts(Protocol):
    """A way of counting."""

    def happened(self, expected: Number) -> Number:
        """How often something happened that happens `expected` times on average."""

    def some(self, number: Number, share: Number) -> Number:
        """How many of `number` things are of a sort that has this share."""

    def split(self, number: Number, shares: Mapping[str, Number]) -> dict[str, Number]:
        """How many of `number` things are of each sort; the shares come to 1."""


class Whole:
    """Expected numbers, rounded to whole ones: what the statement of one year stands on. Parts sum to the whole."""

    def happened(self, expected: Number) -> Number:
        return round(expected)

    def some(self, number: Number, share: Number) -> Number:
        return round(number * share)

    def split(self, number: Number, shares: Mapping[str, Number]) -> dict[str, int]:
        weights = [round(Fraction(share) * _ONE_IN) for share in shares.values()]
        # Splitting money and splitting interactions is the same: the largest remainder.
        parts = Money(currency="XXX", micros=number).allocate(weights)
        return dict(zip(shares, (part.micros for part in parts), strict=True))


class Expected:
    """Expected numbers as they are, smooth in every figure: for solving and for sensitivities."""

    def happened(self, expected: Number) -> Number:
        return expected

    def some(self, number: Number, share: Number) -> Number:
        return number * share

    def split(self, number: Number, shares: Mapping[str, Number]) -> dict[str, Number]:
        return {name: number * share for name, share in shares.items()}


class Drawn:
    """Numbers as they would come: Poisson, binomial, multinomial. Their cost does not grow with the numbers."""

    def __init__(self, generator: np.random.Generator, draws: int) -> None:
        self._generator = generator
        self._draws = draws

    def happened(self, expected: Number) -> Number:
        return _in_floats(self._generator.poisson(expected, self._draws))

    def some(self, number: Number, share: Number) -> Number:
        return _in_floats(self._generator.binomial(number.astype("int64"), share))

    def split(self, number: Number, shares: Mapping[str, Number]) -> dict[str, Number]:
        """A multinomial as a chain of binomials, each of what the ones before have left."""
        left, share_left = number, 1.0
        parts: dict[str, Number] = {}
        names: Sequence[str] = list(shares)
        for name in names[:-1]:
            within = _bounded(shares[name], share_left)
            parts[name] = self.some(left, within)
            left = left - parts[name]
            share_left = share_left - shares[name]
        parts[names[-1]] = left
        return parts


def _in_floats(whole: Number) -> Number:
    """Drawn integers, to be multiplied by money."""
    return whole * 1.0


def _bounded(share: Number, of: Number) -> Number:
    import numpy as np  # with `Drawn` it is there already

    return np.clip(
        np.divide(share, of, out=np.zeros(np.broadcast(share, of).shape), where=np.asarray(of) > 0), 0, 1
    )
