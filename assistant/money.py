"""Money as integer millionths of a currency unit. Never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MICROS_PER_UNIT: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, order=True)
class Money:
    """An exact amount of one currency."""

    currency: str
    """ISO 4217 code."""
    micros: int
    """Millionths of the currency unit; may be negative."""

    def __post_init__(self) -> None:
        if type(self.micros) is not int:
            raise TypeError(f"money is counted in whole millionths, not in {type(self.micros).__name__}")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in `currency`."""
        return cls(currency=currency, micros=0)

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Money:
        """The exact amount in currency units; ValueError when it is finer than a millionth."""
        value = Decimal(amount)
        if not value.is_finite():
            raise ValueError(f"{amount} {currency} is not an amount of money")
        micros = Fraction(value) * MICROS_PER_UNIT
        if micros.denominator != 1:
            raise ValueError(f"{amount} {currency} is finer than a millionth")
        return cls(currency=currency, micros=micros.numerator)

    @classmethod
    def rounded_up(cls, amount: Fraction, currency: str) -> Money:
        """`amount` currency units, up to the next millionth: the prudent rounding of a cost."""
        return cls(currency=currency, micros=-((-amount * MICROS_PER_UNIT) // 1))

    @classmethod
    def nearest(cls, amount: Fraction, currency: str) -> Money:
        """`amount` currency units to the nearest millionth, a half to the even one: it favours nobody."""
        return cls(currency=currency, micros=round(amount * MICROS_PER_UNIT))

    @property
    def units(self) -> Fraction:
        """The exact amount in currency units."""
        return Fraction(self.micros, MICROS_PER_UNIT)

    def __add__(self, other: Money) -> Money:
        return Money(currency=self._same_currency(other), micros=self.micros + other.micros)

    def __sub__(self, other: Money) -> Money:
        return Money(currency=self._same_currency(other), micros=self.micros - other.micros)

    def __neg__(self) -> Money:
        return Money(currency=self.currency, micros=-self.micros)

    def __bool__(self) -> bool:
        return self.micros != 0

    def __str__(self) -> str:
        """Currency units with all six decimals and no currency: "-0.000123"."""
        whole, millionths = divmod(abs(self.micros), MICROS_PER_UNIT)
        return f"{'-' if self.micros < 0 else ''}{whole}.{millionths:06d}"

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Split by non-negative `weights` into parts that sum to exactly this, by the largest remainder.

        Raises:
            ValueError: no weight is positive, or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError(f"cannot allocate by the weights {list(weights)}: they must be >= 0 and one > 0")
        shares = [divmod(self.micros * weight, total) for weight in weights]
        left_over = self.micros - sum(quotient for quotient, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
        bonus = set(by_remainder[:left_over])
        return tuple(
            Money(currency=self.currency, micros=quotient + (i in bonus))
            for i, (quotient, _) in enumerate(shares)
        )

    def _same_currency(self, other: Money) -> str:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {self.currency} and {other.currency}")
        return self.currency


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, all in `currency`; zero when there are none."""
    return sum(amounts, Money.zero(currency))
